from importlib import metadata
from pathlib import Path

import pytest

from catsight import CatsightError
from catsight.study import code_digest as module

FILES = {
    "__init__.py": '"""Package."""\n',
    "tables.py": '"""Tables."""\nROWS = 1\n',
    "store.py": "from catsight import tables\n",
    "views/__init__.py": "",
    "views/command.py": "from catsight.tables.store import find\nfrom catsight.views import eye\n\ndef main():\n    return 1\n",
    "views/eye.py": "from . import optics\n",
    "views/optics.py": "def blur():\n    'Doc.'\n    import catsight.deep.inside\n    return 2\n",
    "deep/__init__.py": "",
    "deep/inside.py": "X = 1\n",
    "figures/__init__.py": "",
    "figures/command.py": "import catsight.tables\n",
}


@pytest.fixture
def package(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "catsight" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)

    def digest(of="catsight.views.command"):
        module.code_digest.cache_clear()
        module._read.cache_clear()
        return module.code_digest(of, tmp_path)

    yield tmp_path / "catsight", digest
    module.code_digest.cache_clear()
    module._read.cache_clear()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("views/command.py", "return 1", "return 3"),
        ("views/optics.py", "return 2", "return 3"),  # a relative import away
        ("deep/inside.py", "X = 1", "X = 2"),  # imported inside a function
        ("tables.py", "ROWS = 1", "ROWS = 2"),  # two imports away
        ("views/__init__.py", "", "print(1)\n"),  # a package that the import runs
    ],
)
def test_changes_that_count(package, file, old, new):
    folder, digest = package
    before, figures = digest(), digest("catsight.figures.command")
    (folder / file).write_text((folder / file).read_text().replace(old, new) if old else new)
    assert digest() != before
    assert (digest("catsight.figures.command") != figures) == (file == "tables.py")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "views/optics.py",
            'def blur():\n    """Another."""\n    import catsight.deep.inside\n\n    # why\n    return 2\n',
        ),
        ("tables.py", "ROWS = 1  # one\n"),
        ("figures/command.py", "import catsight.tables\nX = 1\n"),  # not imported from here
    ],
)
def test_changes_that_do_not(package, file, text):
    folder, digest = package
    before = digest()
    (folder / file).write_text(text)
    assert digest() == before


def test_stages_do_not_import_each_other():
    """Rule 1 of the house: what a stage's code reaches is itself and the ground floor."""
    stages = {"frames", "views", "features", "metrics", "figures"}
    for stage in stages:
        seen, waiting = set(), [f"catsight.{stage}.command"]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += module._read(name, module._FOLDER)[1]
        others = {name.split(".")[1] for name in seen if name.count(".")} & stages
        assert others == {stage}
        # nor does any of them need the study's configuration
        assert "catsight.study" not in seen


def test_a_factorys_code_counts(tmp_path, monkeypatch):
    """The user's own code, with what it imports from the working folder; an installed package by
    its version.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "import torch\nfrom helpers.blocks import block\n\ndef build():\n    return 1\n"
    )
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "blocks.py").write_text("def block():\n    return 1\n")

    def digest(factory="mine:build"):
        module.code_digest.cache_clear()
        module._read.cache_clear()
        return module.factory_digest(factory)

    before = digest()
    (tmp_path / "mine.py").write_text((tmp_path / "mine.py").read_text() + "# a comment\n")
    assert digest() == before
    (tmp_path / "helpers" / "blocks.py").write_text("def block():\n    return 2\n")
    assert digest() != before
    assert digest("timm.models.resnet:resnet18") == f"timm {metadata.version('timm')}"
    with pytest.raises(
        CatsightError,
        match=r"the factory 'nothing\.here:build': there is no module nothing\.here in",
    ):
        digest("nothing.here:build")
    (tmp_path / "mine.py").write_text("def build(:\n")
    with pytest.raises(CatsightError, match=r"mine\.py, line 1: "):
        digest()


#: The modules of whose code a digest stands in the specs of each stage.
COMMANDS = {
    "frames": ["frames.command", "frames.manifest"],
    "views": ["views.command", "views.portrait"],
    "features": ["features.command", "features.weights"],
    "metrics": [
        f"metrics.{name}"
        for name in ("compare", "stability", "maps", "attribution", "doses", "pairs")
    ],
    "figures": ["figures.command"],
}


@pytest.mark.parametrize("stage", COMMANDS)
def test_every_file_of_a_stage_is_in_a_digest(stage, tmp_path):
    """Else an edit would redo nothing."""
    import shutil

    source = Path(module.__file__).parent
    shutil.copytree(source, tmp_path / "catsight", ignore=shutil.ignore_patterns("__pycache__"))

    def digests():
        module.code_digest.cache_clear()
        module._read.cache_clear()
        return [module.code_digest(f"catsight.{name}", tmp_path) for name in COMMANDS[stage]]

    before = digests()
    for path in sorted((tmp_path / "catsight" / stage).glob("*.py")):
        if (stage, path.name) == ("metrics", "command.py"):
            continue  # which only hands on
        text = path.read_text()
        path.write_text(text + "\nEDITED = True\n")
        assert digests() != before, path.name
        path.write_text(text)
    assert digests() == before


def test_reading_a_finished_study_is_in_no_jobs_digest():
    for names in COMMANDS.values():
        for name in names:
            seen, waiting = set(), [f"catsight.{name}"]
            while waiting:
                if (one := waiting.pop()) not in seen:
                    seen.add(one)
                    waiting += module._read(one, module._FOLDER)[1]
            assert "catsight.results" not in seen
