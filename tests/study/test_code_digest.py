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
        return module.code_digest(of, folder=tmp_path)

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


@pytest.fixture
def library(tmp_path):
    """A copy of the library, and a function that gives the digest of every job."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "catsight", ignore=ignored)

    def digests():
        module.code_digest.cache_clear()
        module._read.cache_clear()
        return {job: module.code_digest(*of, folder=tmp_path) for job, of in JOBS.items()}

    yield tmp_path / "catsight", digests
    module.code_digest.cache_clear()
    module._read.cache_clear()


def changed_by(library, path: str, text: str = "\nEDITED = True\n") -> set[str]:
    """The jobs whose digest changes when ``text`` is added to a file of the library."""
    folder, digests = library
    before, original = digests(), (folder / path).read_text()
    (folder / path).write_text(original + text)
    after = digests()
    (folder / path).write_text(original)
    return {job for job in before if before[job] != after[job]}


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
        assert changed_by(library, path) == set(), path


@pytest.mark.parametrize("stage", STAGES)
def test_every_core_is_in_a_digest_of_its_stage(stage, library):
    of_stage = {
        job for job, of in JOBS.items() if any(root.startswith(f"catsight.{stage}.") for root in of)
    }
    for path in files(stage):
        if path.endswith("/command.py"):
            continue
        changed = changed_by(library, path)
        assert changed and changed <= of_stage, path


def test_how_tables_are_read_is_in_the_digest_of_those_that_read_them(library):
    assert {"metrics", "features", "report"} <= changed_by(library, "tables/table.py")


COLUMNS = {
    "manifest": {"manifest"},
    "frames": {"frames"},
    "rejected": {"frames"},
    "near_duplicates": {"frames"},
    "views": {"eye views", "filter views"},
    "portraits": {"portraits"},
    "features": {"features"},
    "metrics": {"metrics", "doses"},  # a dose's rows are those of metrics
    "stability": {"stability"},
    "maps": {"maps"},
    "attribution": {"attribution"},
    "doses": {"doses"},
    "pairs": {"pairs"},
    "gathered": set(),  # a list that no job reads
}


def test_a_column_of_a_table_changes_the_jobs_of_that_table_alone(library):
    for table, jobs in COLUMNS.items():
        assert changed_by(library, f"tables/columns/{table}.py") == jobs, table
    shared = {"image", "layer", "__init__"}
    assert {Path(path).stem for path in files("tables/columns")} == {*COLUMNS, *shared}


def test_a_template_changes_the_report_alone(library):
    pages = [path for path in (PACKAGE / "figures" / "page").iterdir() if path.suffix != ".py"]
    pages = [path for path in pages if path.is_file()]
    assert len(pages) >= 3
    for path in pages:
        assert changed_by(library, str(path.relative_to(PACKAGE)), " ") == {"report"}, path


def test_rooms_import_what_they_may():
    """Stages meet in tables: they know inputs, tables, run and errors, not each other or the study."""
    ground = {"inputs", "tables", "run", "errors"}
    allowed = {stage: ground | {stage} for stage in STAGES}
    allowed |= {"inputs": {"inputs", "errors", "run"}, "tables": {"tables", "inputs", "errors"}}
    allowed |= {"run": {"run", "tables", "inputs", "errors"}}
    allowed |= {"study": {"study", "inputs", "tables", "run", "errors"}}
    for room, may in allowed.items():
        for path in files(room):
            name = f"catsight.{path.removesuffix('.py').replace('/', '.')}".removesuffix(
                ".__init__"
            )
            imported = module._read(name, PACKAGE.parent)[1]
            rooms = {one.split(".")[1] for one in imported if one.count(".")}
            assert rooms <= may, path


def test_there_are_no_import_circles():
    names = {
        f"catsight.{path.removesuffix('.py').replace('/', '.')}".removesuffix(".__init__")
        for path in files("study", "tables", "run", "inputs", "look", *STAGES)
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
    assert changed_by(library, "views/filters.py") == {"filter views"}
    assert changed_by(library, "views/acuity.py") == {"eye views", "filter views", "portraits"}
