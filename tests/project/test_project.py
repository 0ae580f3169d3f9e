"""What stands beside the library: environments, lock, licence, rules."""

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
        assert len(text.splitlines()) <= (60 if rules.name == "common.smk" else 160), rules.name
    assert len((ROOT / "Snakefile").read_text().splitlines()) <= 40


def test_a_rule_that_is_made_of_a_local_one_is_local_too():
    """`use rule a as b` does not take over `localrule:`, so that b, however small, would go to the
    cluster.
    """
    text = "\n".join(
        path.read_text() for path in sorted((ROOT / "workflow" / "rules").glob("*.smk"))
    )
    starts = r"^ *(?:use rule (?P<base>\w+) as (?P<derived>\w+) with|rule (?P<name>\w+)):$"
    found = list(re.finditer(starts, text, re.M))
    ends = [*(match.start() for match in found[1:]), len(text)]
    local = {
        m["name"] or m["derived"]: "localrule: True" in text[m.end() : end]
        for m, end in zip(found, ends)
    }
    derived = {m["derived"]: m["base"] for m in found if m["derived"]}
    assert {"gather_features", "summary", "eyes"} <= set(derived) and sum(local.values()) >= 12
    assert {name: local[name] for name in derived} == {
        name: local[base] for name, base in derived.items()
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
    assert settings["check_untyped_defs"] and settings["packages"] == ["catsight"]
    assert "ignore_errors" not in str(settings)
    assert all(
        set(override) == {"module", "ignore_missing_imports"} for override in settings["overrides"]
    )
    assert "mypy" in (ROOT / "Makefile").read_text().partition("lint: ")[2].partition("\n\n")[0]
    for path in (ROOT / "workflow" / "catsight").rglob("*.py"):
        assert not re.search(r"type: ignore(?!\[)", path.read_text()), path


def test_a_metric_is_known_wherever_it_is_named():
    """In the schema, in the suite and in the figures: CONTRIBUTING.md says where."""
    from catsight.figures import choices
    from catsight.inputs import schema
    from catsight.metrics.suite import METRICS

    names = schema.load("config")["properties"]["metrics"]["properties"]["names"]["items"]["enum"]
    assert set(names) == set(METRICS) == set(choices._METRICS)


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
    text = (ROOT / study).read_text().replace("path/to/your/frames", str(ROOT / "docs"))
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
