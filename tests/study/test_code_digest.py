import shutil
from importlib import metadata
from pathlib import Path

import pytest

from catsight import CatsightError
from catsight.study import code_digest as module
from catsight.study.figures_registry import FIGURES
from catsight.study.metrics import ANALYSES
from catsight.study.sources import SOURCES
from catsight.study.spec import ROOTS

FILES = {
    "__init__.py": '"""Package."""\n',
    "tables.py": '"""Tables."""\nROWS = 1\n',
    "store.py": "from catsight import tables\nfrom catsight.run import job\n",
    "run/__init__.py": "",
    "run/job.py": "import catsight.deep.options\nX = 1\n",
    "deep/options.py": "X = 1\n",
    "views/__init__.py": "",
    "views/command.py": "from catsight.store import find\nfrom catsight.views import eye\n\ndef main():\n    return 1\n",
    "views/eye.py": "import catsight.inputs.deeper, json\nfrom . import far, optics\n",
    "views/far.py": "from .. import above\nX = 1\n\nclass A:\n    x = 1\n\nasync def wait():\n    return 1\n",
    "above.py": "X = 1\n",
    "inputs/__init__.py": "",
    "inputs/deeper.py": "import catsight.inputs.schema\nfrom catsight.inputs import hub, yaml_files\nX = 1\n",
    "inputs/schema.py": "X = 1\n",
    "inputs/yaml_files.py": "X = 1\n",
    "inputs/hub.py": "X = 1\n",
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
        return module.code_digest(of, folder=tmp_path)

    yield tmp_path / "catsight", digest
    module.code_digest.cache_clear()
    module._read.cache_clear()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("views/command.py", "return 1", "return 3"),
        ("views/optics.py", "return 2", "return 3"),  # a relative import away
        ("views/far.py", "X = 1", "X = 2"),  # from . import a, b
        ("inputs/deeper.py", "X = 1", "X = 2"),  # import a, b
        ("deep/inside.py", "X = 1", "X = 2"),  # imported inside a function
        ("tables.py", "ROWS = 1", "ROWS = 2"),  # two imports away
        ("above.py", "X = 1", "X = 2"),  # from .. import it, and from ..above import a name
        ("views/__init__.py", "", "print(1)\n"),  # a package that the import runs
        ("deep/__init__.py", "", "print(1)\n"),  # of a module that is imported inside a function
        ("__init__.py", "", "print(1)\n"),
        ("views/table.csv", "", "1"),  # data beside the code
        ("views/shapes/page/a.html", "", "<b>"),  # below it, in folders that are no packages
        ("inputs/__init__.py", "", "print(1)\n"),
    ],
)
def test_changes_that_count(package, file, old, new):
    folder, digest = package
    before, figures = digest(), digest("catsight.figures.command")
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    text = (folder / file).read_text() if old else ""
    (folder / file).write_text(text.replace(old, new) if old else new)
    assert digest() != before
    other = digest("catsight.figures.command") != figures
    assert other == (file in ("tables.py", "__init__.py"))


def test_a_file_of_data_counts_by_its_name_and_its_bytes(package):
    folder, digest = package
    digests = [digest()]
    for name, data in (("a.csv", "1"), ("b.csv", "1"), ("b.csv", "2")):
        (folder / "views" / name).write_text(data)
        digests.append(digest())
        (folder / "views" / name).unlink()
    assert len(set(digests)) == 4 and digest() == digests[0]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "views/optics.py",
            'def blur():\n    """Another."""\n    import catsight.deep.inside\n\n    # why\n    return 2\n',
        ),
        (
            "views/far.py",
            '"""Far."""\nfrom .. import above\nX = 1\n\n\nclass A:\n    """B."""\n\n    x = 1\n\n\nasync def wait():\n    """C."""\n    return 1\n',
        ),
        ("tables.py", "ROWS = 1  # one\n"),
        ("figures/command.py", "import catsight.tables\nX = 1\n"),  # not imported from here
        ("run/job.py", "X = 2\n"),  # how jobs run
        ("inputs/schema.py", "X = 2\n"),  # checks of YAML
        ("inputs/yaml_files.py", "X = 2\n"),
        ("inputs/hub.py", "X = 2\n"),
        ("views/__pycache__/optics.txt", "1"),
        ("views/optics.pyc", "1"),
        ("views/.hidden", "1"),
        ("table.csv", "1"),  # beside all packages
        ("elsewhere/table.csv", "1"),
        ("views/inner/table.csv", "1"),  # of a package that is not imported
    ],
)
def test_changes_that_do_not(package, file, text):
    folder, digest = package
    (folder / "views" / "inner").mkdir()
    (folder / "views" / "inner" / "__init__.py").write_text("")
    before = digest()
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(text)
    assert digest() == before


def test_what_is_reached_is_what_python_imports(package):
    folder, _ = package
    assert module.reached("catsight.views.command", folder=folder.parent) == {
        f"catsight{name}"
        for name in (
            "", ".store", ".tables", ".above", ".views", ".views.command", ".views.eye", ".views.optics", ".views.far",
            ".deep", ".deep.inside", ".inputs", ".inputs.deeper",
        )
    }  # fmt: skip
    module._read.cache_clear()
    with pytest.raises(ModuleNotFoundError, match=r"there is no module catsight\.none in .*"):
        module._read("catsight.none", folder.parent)


def test_a_factorys_package_counts(tmp_path, monkeypatch):
    """Python runs it when it imports the module."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").write_text("WIDTH = 1\n")
    (tmp_path / "mine" / "net.py").write_text("def build():\n    return 1\n")
    (tmp_path / "mine" / "weights.bin").write_bytes(b"large")
    assert module.reached("mine.net", folder=tmp_path) == {"mine", "mine.net"}
    before = module.code_digest("mine.net", folder=tmp_path)
    module.code_digest.cache_clear()
    module._read.cache_clear()
    (tmp_path / "mine" / "weights.bin").write_bytes(b"larger")  # a user's data are not read
    assert module.code_digest("mine.net", folder=tmp_path) == before


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


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("import torch.nn as build", True),
        ("import build.of.blocks", True),
        ("from helpers import build", True),
        ("from helpers import other as build", True),
        ("from helpers import build as other", False),
        ("from helpers import *", True),  # may bind anything
        ("build = print", True),
        ("if True:\n    def build():\n        return 1", True),
        ("class build:\n    pass", True),
        ("def other():\n    def build():\n        return 1", False),
        ("class other:\n    build = 1", False),
    ],
)
def test_a_factory_must_be_bound_in_its_module(tmp_path, monkeypatch, line, known):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(f"{line}\n")
    if known:
        assert len(module.factory_digest("mine:build")) == 16
        return
    with pytest.raises(CatsightError) as raised:
        module.factory_digest("mine:build")
    said = f"the factory 'mine:build': {tmp_path}/mine.py has no function build"
    assert str(raised.value) == said


def test_a_factory_on_the_python_path_is_found_after_the_working_folder(tmp_path, monkeypatch):
    """And before what is installed; an installed package of several distributions names all."""
    digests = {}
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "timm.py").write_text(f"def build():\n    return '{place}'\n")
        monkeypatch.chdir(tmp_path / place)
        digests[place] = module.factory_digest("timm:build")
    (tmp_path / "neither").mkdir()
    monkeypatch.chdir(tmp_path / "neither")
    monkeypatch.setenv("PYTHONPATH", f":{tmp_path / 'there'}:{tmp_path / 'here'}")
    assert module.factory_digest("timm:build") == digests["there"] != digests["here"]
    monkeypatch.chdir(tmp_path / "here")
    assert module.factory_digest("timm:build") == digests["here"]
    monkeypatch.setattr(
        metadata, "packages_distributions", lambda: {"mine": ["torch", "timm", "torch"]}
    )
    found = module.factory_digest("mine.net:build")
    assert found == f"timm {metadata.version('timm')}, torch {metadata.version('torch')}"


@pytest.mark.parametrize(
    ("module_name", "hint"), [("none.here", ""), ("none.py", "; leave out .py")]
)
def test_a_factory_that_is_nowhere_is_named(tmp_path, monkeypatch, module_name, hint):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatsightError) as raised:
        module.factory_digest(f"{module_name}:build")
    assert str(raised.value) == (
        f"the factory '{module_name}:build': there is no module {module_name} in {tmp_path}, "
        f"nor a package none{hint}"
    )


STAGES = ("frames", "views", "features", "metrics", "figures")
PACKAGE = Path(module.__file__).parents[1]


def roots() -> dict[str, tuple[str, ...]]:
    """The roots of every job's digest, as the study gives them."""
    analyses = {analysis.name: analysis.roots for analysis in ANALYSES.values()}
    every = {job: tuple(f"catsight.{r}" for r in of) for job, of in (ROOTS | analyses).items()}
    kinds = tuple(f"catsight.frames.{kind.replace('-', '_')}" for kind in SOURCES)
    every["frames"] += kinds
    return every | {
        f"figure {name}": (f"catsight.figures.{name}",) for name in (*FIGURES, "tables")
    }


JOBS = roots()


class Library:
    """A copy of the library. What is read of a module is kept until a file of it is edited: every
    digest anew after each of 150 edits would take minutes.
    """

    def __init__(self, folder: Path):
        self.folder, self._kept = folder, {}
        self.before = self.digests()

    def digests(self) -> dict[str, str]:
        """The digest of every job."""
        read = module._read.__wrapped__

        def remembered(name, folder):
            if name not in self._kept:
                self._kept[name] = read(name, folder)
            return self._kept[name]

        module.code_digest.cache_clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_read", remembered)
            return {job: module.code_digest(*of, folder=self.folder) for job, of in JOBS.items()}

    def changed_by(self, path: str, text: str = "\nEDITED = True\n") -> set[str]:
        """The jobs whose digest changes when ``text`` is added to a file of the library."""
        file = self.folder / "catsight" / path
        original, kept = file.read_text(), self._kept
        file.write_text(original + text)
        # a file of data is read with the package that it lies in, some folders above
        owners = {
            ".".join(("catsight", *Path(path).parts[:i])) for i in range(len(Path(path).parts))
        }
        edited = owners if file.suffix != ".py" else {_module_name(path)}
        self._kept = {name: read for name, read in kept.items() if name not in edited}
        after = self.digests()
        file.write_text(original)
        self._kept = kept
        return {job for job in after if self.before[job] != after[job]}


def _module_name(path: str) -> str:
    return f"catsight.{path.removesuffix('.py').replace('/', '.')}".removesuffix(".__init__")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    shutil.copytree(PACKAGE, folder / "catsight", ignore=shutil.ignore_patterns("__pycache__"))
    yield Library(folder)
    module.code_digest.cache_clear()


def test_every_root_is_a_module():
    for of in JOBS.values():
        for name in of:
            assert module._file(name, PACKAGE.parent), name


def files(*rooms: str) -> list[str]:
    return [
        str(path.relative_to(PACKAGE))
        for room in rooms
        for path in sorted((PACKAGE / room).glob("**/*.py"))
    ]


def test_how_jobs_run_is_in_no_digest(library):
    """Options, logs, progress, locks, what a cluster is asked for, the study, commands by hand."""
    commands = [path for path in files(*STAGES) if path.endswith("/command.py")]
    assert len(commands) == len(STAGES)
    checks = [f"inputs/{name}.py" for name in ("schema", "yaml_files", "hub")]
    housekeeping = ["tables/lists.py", "tables/store.py", "results.py", "__main__.py"]
    for path in [*files("run", "look", "study"), *commands, *checks, *housekeeping]:
        assert library.changed_by(path) == set(), path


#: Functions of features and groups, and of checkpoints, that no job calls.
FOR_USERS = ("metrics/alignment.py", "features/checkpoint.py")


@pytest.mark.parametrize("stage", STAGES)
def test_every_core_is_in_a_digest_of_its_stage(stage, library):
    of_stage = {
        job for job, of in JOBS.items() if any(root.startswith(f"catsight.{stage}.") for root in of)
    }
    for path in files(stage):
        if path.endswith("/command.py") or path in FOR_USERS:
            continue
        changed = library.changed_by(path)
        assert changed and changed <= of_stage, path


def test_how_tables_are_read_is_in_the_digest_of_those_that_read_them(library):
    assert {"metrics", "features", "report"} <= library.changed_by("tables/table.py")


COLUMNS = {
    "manifest": {"manifest"},
    "frames": {"frames"},
    "rejected": {"frames"},
    "near_duplicates": {"frames"},
    "views": {"eye views", "filter views"},
    "portraits": {"portraits"},
    "features": {"features", "places"},
    "places": {"places"},
    "metrics": {
        "metrics",
        "doses",
        "physiology",
        "renderings",
        "matrix",
    },  # rows at a dose, of a draw, in a rendering or of two other views are those of metrics
    "stability": {"stability"},
    "maps": {"maps"},
    "attribution": {"attribution", "drawn_parts"},
    "drawn_parts": {"drawn_parts"},
    "doses": {"doses"},
    "physiology": {"physiology"},
    "matrix": {"matrix"},
    "renderings": {"renderings"},
    "per_frame": {"per_frame"},
    "pairs": {"pairs"},
    "readout": {"readout"},
    "contrasts": {"contrasts"},
    "best": {"contrasts"},
    "gathered": set(),  # a list that no job reads
}


def test_a_column_of_a_table_changes_the_jobs_of_that_table_alone(library):
    for table, jobs in COLUMNS.items():
        assert library.changed_by(f"tables/columns/{table}.py") == jobs, table
    shared = {"image", "layer", "replicates", "__init__"}
    assert {Path(path).stem for path in files("tables/columns")} == {*COLUMNS, *shared}


def test_a_template_changes_the_report_alone(library):
    pages = [path for path in (PACKAGE / "figures" / "page").iterdir() if path.suffix != ".py"]
    pages = [path for path in pages if path.is_file()]
    assert len(pages) >= 3
    for path in pages:
        assert library.changed_by(str(path.relative_to(PACKAGE)), " ") == {"report"}, path


def test_rooms_import_what_they_may():
    """Stages meet in tables: they know inputs, tables, run and errors, not each other or the study."""
    ground = {"inputs", "tables", "run", "errors"}
    allowed = {stage: ground | {stage} for stage in STAGES}
    allowed |= {"inputs": {"inputs", "errors", "run"}, "tables": {"tables", "inputs", "errors"}}
    allowed |= {"run": {"run", "tables", "inputs", "errors"}}
    allowed |= {"study": {"study", "inputs", "tables", "run", "errors"}}
    for room, may in allowed.items():
        for path in files(room):
            imported = module._read(_module_name(path), PACKAGE.parent)[1]
            rooms = {one.split(".")[1] for one in imported if one.count(".")}
            assert rooms <= may, path


def test_there_are_no_import_circles():
    names = {
        _module_name(path) for path in files("study", "tables", "run", "inputs", "look", *STAGES)
    }
    # that a module's own package runs when it is imported is no circle
    left = {
        name: {
            one
            for one in module._read(name, PACKAGE.parent)[1]
            if one in names and one != name and not name.startswith(f"{one}.")
        }
        for name in names
    }
    while done := {name for name, imported in left.items() if not imported & set(left)}:
        left = {name: imported for name, imported in left.items() if name not in done}
    assert left == {}


def test_no_core_imports_a_command_or_the_store():
    for job, of in JOBS.items():
        seen = module.reached(*of)
        assert not {
            one for one in seen if one.endswith(".command") or one == "catsight.tables.store"
        }, job


def test_a_filter_changes_the_views_of_filters_alone(library):
    assert library.changed_by("views/filters.py") == {"filter views"}
    assert library.changed_by("views/acuity.py") == {"eye views", "filter views", "portraits"}
