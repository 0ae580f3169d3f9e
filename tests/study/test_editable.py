"""Factories in editable installs: found without an import, and an edit counts."""

import sys
from importlib import metadata

import pytest

from catsight import CatsightError
from catsight.inputs import modules
from catsight.study import code_digest as module

NET = "from {relative} import blocks\n\n\ndef build():\n    return blocks.block()\n"


def package(folder, relative="."):
    """A package ``net`` and ``blocks``, which it imports, in ``folder``."""
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("WIDTH = 1\n")
    (folder / "net.py").write_text(NET.format(relative=relative))
    (folder / "blocks.py").write_text("def block():\n    return 1\n")
    return folder


def on_the_path(source, name, monkeypatch):
    """As hatch, poetry, flit and old setuptools install it: a .pth file adds its folder."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(source.parents[name.count(".")])])


def by_a_finder(source, name, monkeypatch):
    """As setuptools installs a src layout: code in a .pth file adds a finder of its own."""
    editable = pytest.importorskip("setuptools.command.editable_wheel")
    code = editable._finder_template(name, {name: str(source)}, {})
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.setattr(sys, "path_hooks", [*sys.path_hooks])
    monkeypatch.setattr(sys, "path", [*sys.path])
    finder: dict = {"__name__": "__editable___finder"}
    exec(code, finder)
    finder["install"]()


def digest(factory):
    module.code_digest.cache_clear()
    module._read.cache_clear()
    return module.factory_digest(factory)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """The study is run in another folder than those of the packages."""
    (tmp_path / "study").mkdir()
    monkeypatch.chdir(tmp_path / "study")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    yield
    module.code_digest.cache_clear()
    module._read.cache_clear()


@pytest.mark.parametrize("style", [on_the_path, by_a_finder])
@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("mine_flat", "mine_flat"),
        ("mine_src", "src/mine_src"),
        ("mine_space.inner", "src/mine_space/inner"),  # inside a namespace package
        ("mine_space.deeper.inner", "src/mine_space/deeper/inner"),
    ],
)
@pytest.mark.parametrize("relative", [True, False])
def test_an_edit_of_an_editable_package_counts(
    tmp_path, monkeypatch, style, name, folder, relative
):
    source = package(tmp_path / folder, "." if relative else name)
    style(source, name, monkeypatch)
    factory = f"{name}.net:build"
    digests = [digest(factory)]
    for file, text in (
        ("net.py", NET.format(relative=".") + "\n\nX = 2\n"),
        ("blocks.py", "def block():\n    return 2\n"),
        ("__init__.py", "WIDTH = 2\n"),
    ):
        (source / file).write_text(text)
        digests.append(digest(factory))
    assert len(set(digests)) == 4
    (source / "blocks.py").write_text("def block():  # a comment\n    return 2\n")
    (source / "unused.py").write_text("X = 1\n")
    assert digest(factory) == digests[-1]
    assert not {one for one in sys.modules if one.startswith("mine_")}, "something was imported"


def test_a_finder_may_give_a_package_another_name_than_its_folder(tmp_path, monkeypatch):
    source = package(tmp_path / "lib")
    by_a_finder(source, "mine_named", monkeypatch)
    before = digest("mine_named.net:build")
    (source / "blocks.py").write_text("def block():\n    return 2\n")
    assert digest("mine_named.net:build") != before


def test_what_a_module_here_imports_of_an_editable_package_counts(tmp_path, monkeypatch):
    """And not what it imports of installed packages, or of those whose versions the spec states."""
    source = package(tmp_path / "src" / "mine_src")
    on_the_path(source, "mine_src", monkeypatch)
    (tmp_path / "study" / "here.py").write_text(
        "import json, numpy.linalg, pyarrow, timm, torch\nfrom mine_src.net import build\n"
    )
    before = digest("here:build")
    places = module.Places(tmp_path / "study", (), module._VERSIONED)
    names = {"here", "mine_src", "mine_src.net", "mine_src.blocks"}
    assert module.reached("here", folder=places) == names
    apart = places._replace(apart=frozenset({"mine_src"}))
    assert module.reached("here", folder=apart) == {"here"}
    (source / "blocks.py").write_text("def block():\n    return 2\n")
    assert digest("here:build") != before


def test_mistakes_in_an_editable_package_are_named(tmp_path, monkeypatch):
    source = package(tmp_path / "src" / "mine_src")
    on_the_path(source, "mine_src", monkeypatch)
    with pytest.raises(CatsightError) as raised:
        digest("mine_src.net:built")
    said = f"the factory 'mine_src.net:built': {source}/net.py has no function built"
    assert str(raised.value) == f"{said} (did you mean build?)"
    with pytest.raises(CatsightError, match=r"there is no module mine_src\.nets in "):
        digest("mine_src.nets:build")
    (source / "net.py").write_text("def build(:\n")
    with pytest.raises(CatsightError, match=r"net\.py, line 1: "):
        digest("mine_src.net:build")


def test_what_is_installed_counts_by_its_version_and_a_loose_file_there_by_its_code(
    tmp_path, monkeypatch
):
    site = tmp_path / "site-packages"
    package(site / "mine_loose")
    on_the_path(site / "mine_loose", "mine_loose", monkeypatch)
    before = digest("mine_loose.net:build")
    (site / "mine_loose" / "blocks.py").write_text("def block():\n    return 2\n")
    assert digest("mine_loose.net:build") != before
    assert digest("timm.models.resnet:resnet18") == f"timm {metadata.version('timm')}"
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {"mine_loose": ["timm"]})
    assert digest("mine_loose.net:build") == f"timm {metadata.version('timm')}"


def test_packages_that_are_installed_into_a_folder_of_pythonpath_are_not_read(
    tmp_path, monkeypatch
):
    """As on clusters, whose modules put thousands of files there."""
    own = package(tmp_path / "own" / "mine_own").parent
    target, site = tmp_path / "target", tmp_path / "lib" / "site-packages"
    for folder, name in ((target, "mine_large"), (site, "mine_larger")):
        package(folder / name)
    (target / "mine_large-1.0.dist-info").mkdir()
    (tmp_path / "study" / "here.py").write_text(
        "import mine_large.net, mine_larger.net\nfrom mine_own.net import build\n"
    )
    monkeypatch.setenv("PYTHONPATH", ":".join(map(str, (target, site, own))))
    before = digest("here:build")
    for folder, name, counts in (
        (target, "mine_large", False),
        (site, "mine_larger", False),
        (own, "mine_own", True),
    ):
        (folder / name / "net.py").write_text("build = 2\n")
        assert (digest("here:build") != before) == counts, name


def test_a_compiled_module_counts_by_its_bytes(tmp_path, monkeypatch):
    source = package(tmp_path / "src" / "mine_src")
    on_the_path(source, "mine_src", monkeypatch)
    end = modules._ENDS[0]
    (source / "blocks.py").unlink()
    (source / f"blocks{end}").write_bytes(b"1")
    before = digest("mine_src.net:build")
    (source / f"blocks{end}").write_bytes(b"2")
    assert digest("mine_src.net:build") != before


def test_finders_that_fail_are_passed_over(monkeypatch):
    class Broken:
        def find_spec(self, name, path, target=None):
            raise KeyError(name)

    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    assert modules.imported_from("mine_nowhere") is None
    assert modules.imported_from("json").name == "__init__.py"
    assert modules.installed(modules.imported_from("json"))
    assert modules.installed(modules.imported_from("numpy.linalg"))
    assert not modules.installed(__file__)
