"""Catsight imported into another workflow, as a module of Snakemake."""

import os
import subprocess
import sys

from support.tiny_study import ROOT, Workflow

IMPORTING = """
configfile: "tiny.yaml"

module cats:
    snakefile: "{snakefile}"
    config: config
    {more}

use rule * from cats as cat_*
"""


def importing(tmp_path, *arguments, more="", before=""):
    """What Snakemake says of a workflow in another folder than the catsight that it imports."""
    module = Workflow.create(tmp_path / "clone")
    with open(module.folder / "workflow" / "catsight" / "__init__.py", "a") as file:
        file.write('\nimport sys\nprint("the one in the clone", file=sys.stderr)\n')
    work = tmp_path / "work"
    work.mkdir()
    (module.folder / "tiny.yaml").rename(work / "tiny.yaml")
    (module.folder / "photos").rename(work / "photos")
    snakefile = before + IMPORTING.format(snakefile=module.folder / "Snakefile", more=more)
    (work / "Snakefile").write_text(snakefile)
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", *arguments],
        cwd=work,
        env=module.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr, work


def test_a_module_runs_its_own_library(tmp_path):
    """Here and in its jobs; not the installed one, although the importing workflow lies elsewhere."""
    target = "results/tiny/frames/manifest.parquet"
    code, said, work = importing(tmp_path, target)
    assert code == 0, said
    assert os.path.exists(work / target) and "the one in the clone" in said
    assert "the one in the clone" in (work / "results/tiny/logs/manifest.log").read_text()


def test_a_module_with_a_prefix_stops_and_says_what_to_do(tmp_path):
    code, said, _ = importing(tmp_path, "-n", more='prefix: "cats"')
    assert code == 1 and "Traceback" not in said
    assert "catsight: error: a module of catsight takes no `prefix`" in said
    assert "another `study:` name keeps them apart" in said


def test_a_module_beside_another_catsight_stops_and_says_what_to_do(tmp_path):
    other = f"import sys; sys.path.insert(0, {str(ROOT / 'workflow')!r})\nimport catsight\n"
    code, said, _ = importing(tmp_path, "-n", before=other)
    assert code == 1 and "Traceback" not in said
    assert (
        f"catsight: error: the workflow in {tmp_path / 'clone'} would run the catsight in " in said
    )
    assert "import no other catsight before it" in said
