"""The plan of a study, as Snakemake makes it: every job with its inputs, outputs and command."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # it imports catsight, but here Snakemake is to import that of the study
    from support.tiny_study import Workflow


class Job(NamedTuple):
    """A job of a plan; paths are relative to the study's folder of results, where they lie in it."""

    rule: str
    input: list[str]
    output: list[str]
    command: str
    spec: str | None
    log: list[str]
    #: whether the job runs where Snakemake runs, not on a cluster
    local: bool
    threads: int
    #: what the job asks of a cluster, by name
    resources: list[str]
    environment: str | None
    params: dict[str, str]
    #: the whole command, as the shell gets it
    shell: str


def plan(workflow: "Workflow") -> dict[str, Job]:
    """The plan of a whole study, by each job's first output."""
    jobs = [_job(*values) for values in _ask(workflow, "jobs")]
    found = {job.output[0] if job.output else job.rule: job for job in jobs}
    assert len(found) == len(jobs)
    return found


def makers(workflow: "Workflow", *paths: str) -> dict[str, list[str]]:
    """Path -> the rules that could make it."""
    found = _ask(workflow, "makers", *(f"results/tiny/{path}" for path in paths))
    return dict(zip(paths, found))


def _ask(workflow: "Workflow", *what: str) -> list:
    done = subprocess.run(
        [sys.executable, __file__, *what],
        cwd=workflow.folder,
        env={**workflow.environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _job(rule, input, output, command, *rest) -> Job:
    words, spec = shlex.split(command or ""), None
    if "--spec" in words:
        place = words.index("--spec") + 1
        spec, words[place] = words[place], "SPEC"
    input, output, words = (
        [word.removeprefix("results/tiny/") for word in some] for some in (input, output, words)
    )
    return Job(rule, input, output, " ".join(words), spec, *rest, shell=command or "")


def _say(what: str, *paths: str) -> None:
    """Prints the plan of the study in the working folder, as JSON, or who makes these paths.
    Snakemake's Python interface shows what its command line does not: inputs, and where a job runs.
    """
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import (
        ConfigSettings,
        DAGSettings,
        OutputSettings,
        Quietness,
        ResourceSettings,
    )  # fmt: skip

    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=8),
            config_settings=ConfigSettings(configfiles=[Path("tiny.yaml")]),
            snakefile=Path("Snakefile"),
        )
        workflow.dag(DAGSettings(forceall=True)).execute_workflow(executor="dryrun")
        inner = workflow._workflow
        found = [[rule.name for rule in inner.rules if rule.is_producer(path)] for path in paths]
        found = found if what == "makers" else [
            (
                job.rule.name,
                list(map(str, job.input)),
                list(map(str, job.output)),
                job.shellcmd,
                list(map(str, job.log)),
                job.rule.name in inner._localrules or job.rule.norun,
                job.threads,
                # what depends on the size of inputs is not known before they are there
                sorted({"mem_mb", "runtime", "gpu"} & set(job.resources.keys())),
                job.rule.conda_env and str(job.rule.conda_env),
                {name: str(value) for name, value in job.params.items()},
            )
            for job in inner.dag.jobs
        ]  # fmt: skip
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    _say(*sys.argv[1:])
