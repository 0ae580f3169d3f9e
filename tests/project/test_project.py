"""What stands beside the library: environments, lock, licence, rules."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
#: Names that differ between PyPI and conda-forge.
CONDA = {"torch": "pytorch", "huggingface-hub": "huggingface_hub", "matplotlib": "matplotlib-base"}
ENVS = sorted((ROOT / "envs").glob("*.yaml"))


def requirements():
    extras = PROJECT["project"]["optional-dependencies"].values()
    everything = [
        *PROJECT["project"]["dependencies"],
        *(entry for extra in extras for entry in extra),
    ]
    pairs = [re.match(r"([A-Za-z0-9_-]+)(.*)", requirement).groups() for requirement in everything]
    return {CONDA.get(name, name): pin for name, pin in pairs}


def pins(env):
    found = {}
    for entry in yaml.safe_load(env.read_text())["dependencies"]:
        for requirement in entry["pip"] if isinstance(entry, dict) else [entry]:
            name, pin = re.match(r"([A-Za-z0-9_-]+)(.*)", requirement).groups()
            found[name] = pin
    return found


@pytest.mark.parametrize("env", ENVS, ids=lambda env: env.stem)
def test_environments_pin_what_the_project_pins(env):
    wanted = requirements()
    found = pins(env)
    assert found.pop("python") == PROJECT["project"]["requires-python"]
    found.pop("pip")
    assert found == {name: wanted[name] for name in found}


def test_environments_together_hold_all_but_snakemake():
    wanted = {name for name in requirements() if not name.startswith("snakemake")}
    assert set().union(*(pins(env) for env in ENVS)) - {"python", "pip"} == wanted


def test_every_rule_names_an_environment_that_exists():
    for rules in (ROOT / "workflow" / "rules").glob("*.smk"):
        text = rules.read_text()
        named = re.findall(r'conda:\s+"(.+?)"', text)
        assert len(named) == len(re.findall(r"^rule ", text, re.M))
        for path in named:
            assert (rules.parent / path).is_file()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_is_hashed_and_names_no_host(name):
    text = (ROOT / name).read_text()
    assert not re.search(r"https?://|--(extra-)?index|--find-links|file:", text)
    entries = re.split(r"\n(?=[a-z])", text.strip())
    assert len(entries) > 60
    for entry in entries:
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_lock_holds_every_requirement():
    names = {
        re.split("==", line)[0]
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if "==" in line
    }
    back = {conda: name for name, conda in CONDA.items()}
    assert {back.get(name, name) for name in requirements()} <= names


def test_rules_hold_no_logic():
    """A rule is a sentence: no run:, no script:, short files."""
    for rules in (ROOT / "workflow" / "rules").glob("*.smk"):
        text = rules.read_text()
        assert not re.search(r"^\s+(run|script|notebook):", text, re.M), rules.name
        assert len(text.splitlines()) <= (75 if rules.name == "common.smk" else 240), rules.name
    assert len((ROOT / "Snakefile").read_text().splitlines()) <= 50


RULES = "\n".join(path.read_text() for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")))


def test_hashes_are_the_same_in_all_jobs():
    """A network that draws by the order of a set has the same weights in each."""
    (environment,) = re.findall(r"^os\.environ\.update\((.*)\)$", RULES, re.M)
    assert environment.endswith('PYTHONHASHSEED="0"')


def test_every_rule_shows_its_command():
    """A rule is written out: the command that runs is the one that its shell says."""
    shells = re.findall(r"^    (?: {4})?shell:\n((?: {8,}.*\n)+)", RULES, re.M)
    assert len(shells) == len(re.findall(r"^rule ", RULES, re.M)) >= 20
    for shell in shells:
        assert re.match(r' +"python -m catsight (gather --|[a-z]+ [a-z{])', shell), shell
    # the one exception: the same command for other views
    assert re.findall(r"use rule (\w+) as (\w+)", RULES) == [
        ("features", "features_of_swaps"),
        ("features", "features_of_draws"),
        ("features", "features_of_drawn_parts"),
    ]


def test_the_small_jobs_stay_on_the_submitting_host():
    """On a cluster, `localrule:` keeps them from queueing as jobs of their own."""
    rules = re.split(r"^rule ", RULES, flags=re.M)[1:]
    local = {rule.partition(":")[0] for rule in rules if "localrule: True" in rule}
    assert local >= {
        "weights",
        "portraits",
        "gather_views",
        "gather_features",
        "merge",
        "figure",
        "tables",
        "report",
    }
    assert local >= {"gallery", "parts", "retrieval", "figure_of_places", "summary", "eyes"}
    assert not local & {
        "frames",
        "views",
        "features",
        "metrics",
        "stability",
        "maps",
        "pairs",
        "places",
    }


def test_licence_and_citation():
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["project"]["version"] and citation["license"] == "MIT"


def test_what_is_said_of_make_is_so():
    targets = set(re.findall(r"^([a-z][a-z-]*):(?!=)", (ROOT / "Makefile").read_text(), re.M))
    listed = set(re.findall(r"^#   make ([a-z-]+)", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / "CONTRIBUTING.md").read_text()))
    assert listed <= targets and named <= targets
    assert targets - {"help", "setup", "setup-dev"} <= listed & (named | {"run"})


def test_links_between_documents_lead_somewhere():
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_the_changelog_ends_with_this_version():
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] == PROJECT["project"]["version"]
    assert (ROOT / "CHANGELOG.md").read_text().index("## Unreleased") < (
        ROOT / "CHANGELOG.md"
    ).read_text().index("## 0")


def test_types_are_checked_and_only_what_has_none_is_excused():
    settings = PROJECT["tool"]["mypy"]
    assert settings["strict"] and settings["packages"] == ["catsight"]
    assert "ignore_errors" not in str(settings)
    assert all(
        set(override) == {"module", "ignore_missing_imports"} for override in settings["overrides"]
    )
    assert "mypy" in (ROOT / "Makefile").read_text().partition("lint: ")[2].partition("\n\n")[0]
    for path in (ROOT / "workflow" / "catsight").rglob("*.py"):
        assert not re.search(r"type: ignore(?!\[)", path.read_text()), path


def test_what_can_be_named_is_what_there_is():
    """The schema's choices are those of the registries, and each has its code."""
    from importlib import import_module

    from catsight.features.convert import CONVERTERS
    from catsight.metrics.registry import PLAIN
    from catsight.metrics.suite import METRICS
    from catsight.study.figures_registry import FIGURES
    from catsight.study.filters import FILTERS
    from catsight.study.measures import MEASURES
    from catsight.study.sources import SOURCES
    from catsight.study.weights_sources import WEIGHTS_SOURCES
    from catsight.views.filters import FILTERS as FUNCTIONS

    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())
    sections = schema["properties"]
    names = sections["metrics"]["properties"]["names"]["items"]["enum"]
    assert set(names) == set(MEASURES) == {*METRICS, *PLAIN}
    maps = sections["metrics"]["properties"]["maps"]["properties"]["metrics"]["items"]["enum"]
    assert maps == [measure.name for measure in MEASURES.values() if measure.mappable]
    views = sections["views"]["additionalProperties"]["properties"]
    assert set(views["filter"]["enum"]) == set(FILTERS) == set(FUNCTIONS)
    assert set(sections["frames"]["properties"]["source"]["enum"]) == set(SOURCES)
    for kind in SOURCES:
        module = import_module(f"catsight.frames.{kind.replace(chr(45), chr(95))}")
        assert callable(module.items)
    weights = _find(sections["encoders"], "weights")["properties"]
    assert set(weights["source"]["enum"]) == set(WEIGHTS_SOURCES)
    assert set(weights["convert"]["enum"]) == set(CONVERTERS)
    for figure in FIGURES:
        assert (ROOT / "workflow" / "catsight" / "figures" / f"{figure}.py").is_file()


def _find(node, key):
    """The first value of a key, however deep."""
    if isinstance(node, dict):
        if isinstance(node.get(key), dict):
            return node[key]
        return next((found for child in node.values() if (found := _find(child, key))), None)
    if isinstance(node, list):
        return next((found for child in node if (found := _find(child, key))), None)
    return None


LIBRARY = sorted((ROOT / "workflow" / "catsight").rglob("*.py"))


def test_modules_and_functions_stay_small():
    for path in LIBRARY:
        text = path.read_text()
        assert len(text.splitlines()) <= 320, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 60, f"{path}: {node.name}"
            if isinstance(node, ast.ClassDef) and node.name == "Study":
                assert node.end_lineno - node.lineno < 200


def test_no_cleverness_with_booleans():
    """No list or string is multiplied by a condition."""
    clever = re.compile(
        r"[\])\"'] \* (\(?len\([^)]*\) [!=<>]|\(?[a-z_.\[\]]+ (?:[!=<>]=?|is|in) |bool\()"
    )
    for path in LIBRARY:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert not clever.search(line), f"{path}:{number}: {line.strip()}"


STUDIES = [
    "config.yaml",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "resources/studies").glob("*.yaml")),
]
PROFILES = sorted(path.name for path in (ROOT / "profiles").iterdir())


@pytest.mark.parametrize(
    ("study", "profile"),
    [
        *((study, "default") for study in STUDIES),
        *(("config.yaml", profile) for profile in PROFILES[1:]),
    ],
)
def test_snakemakes_lint_is_clean(study, profile, tmp_path):
    """Of every study, since studies differ in the rules that they have, and with every profile."""
    if profile == "slurm":
        pytest.importorskip("snakemake_executor_plugin_slurm")
    text = re.sub("path/to/your/[a-z]+", str(ROOT / "docs"), (ROOT / study).read_text())
    (tmp_path / "study.yaml").write_text(text)
    command = ["snakemake", "--snakefile", ROOT / "Snakefile", "--directory", tmp_path, "--lint"]
    command += [
        "--configfile",
        tmp_path / "study.yaml",
        "--workflow-profile",
        ROOT / "profiles" / profile,
    ]
    found = subprocess.run(
        [Path(sys.executable).parent / command[0], *command[1:]], capture_output=True, text=True
    )
    assert found.returncode == 0 and "in a good condition" in found.stderr + found.stdout, (
        found.stderr
    )


#: What only Linux has, of what Python offers (https://docs.python.org/3/library/os.html). A place is
#: fine if its function asks first.
LINUX = re.compile(
    r"sched_\w+|pidfd_\w+|memfd_\w+|eventfd\w*|posix_fadvise|posix_fallocate|copy_file_range|splice"
    r"|getrandom|unshare|setns|prctl|PR_SET_\w+|O_TMPFILE|O_DIRECT|O_PATH|SIGRT\w+|epoll|inotify\w*"
)
ASKED = {"sched_getaffinity": "hasattr(os, ", "/proc": 'os.path.exists("/proc/self/stat")'}


def linux_only(source):
    """Names of the list above and paths in /proc or /sys in a source text, and whether its module
    asks for them.
    """
    for node in ast.walk(ast.parse(source)):
        name = getattr(node, "attr", getattr(node, "id", None))
        if isinstance(name, str) and LINUX.fullmatch(name):
            yield name, ASKED.get(name, "-") + f'"{name}"' in source
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and re.match("/(proc|sys)/", text):
            yield text, ASKED["/proc"] in source


def test_nothing_that_only_linux_has_is_taken_for_granted():
    """`device: mps` runs on macOS, and with it all stages."""
    assert list(linux_only("import os\nos.sched_getaffinity(0)")) == [("sched_getaffinity", False)]
    assert list(linux_only("open('/proc/self/stat')")) == [("/proc/self/stat", False)]
    found = {
        (str(path.relative_to(ROOT)), name): asked
        for path in (ROOT / "workflow").rglob("*.py")
        for name, asked in linux_only(path.read_text())
    }
    assert all(found.values()), found
    assert ("workflow/catsight/run/job.py", "sched_getaffinity") in found


def test_the_page_on_security_names_tests_that_there_are():
    text = (ROOT / "docs" / "security.md").read_text()
    files = set(re.findall(r"`(?:tests/)?(?:\w+/)*(test_\w+\.py)`", text))
    assert len(files) > 9 and files <= {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    for file, part in re.findall(r"`(?:tests/)?(?:\w+/)*(test_\w+\.py)` \(`(\w+)`\)", text):
        (path,) = (ROOT / "tests").rglob(file)
        assert re.search(rf"def test_\w*{part}", path.read_text()), (file, part)
