"""Faults of a real Slurm, and what the user sees of them."""

import os
import signal
from contextlib import ExitStack

import pytest

from support.disturbed import alive, wait_for
from support.on_slurm import create, skip_without_slurm, start
from support.single_node import SingleNode

pytestmark = pytest.mark.slow

#: The module of the encoder's network: its job on the cluster does what the file `fault` says.
NETWORK = """
import os, signal, time
from pathlib import Path
import timm

def build():
    fault = Path("fault")
    if "SLURM_JOB_ID" in os.environ and fault.exists():
        if fault.read_text() == "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        Path("waits").touch()
        time.sleep(600)
    return timm.create_model("test_vit")
"""
RUN = (
    "--workflow-profile", "profiles/slurm", "--retries", "0", "--max-threads", "2",
    "--slurm-init-seconds-before-status-checks", "10",
)  # fmt: skip


@pytest.fixture(scope="module")
def node():
    skip_without_slurm()
    with SingleNode(cpus=2) as node:
        yield node


@pytest.fixture(scope="module")
def workflow(tmp_path_factory):
    workflow = create(tmp_path_factory.mktemp("faults") / "study", NETWORK)
    workflow.run(
        "--cores", "2", "results/tiny/views/all.parquet", "results/tiny/weights/vit.safetensors"
    )
    return workflow


@pytest.fixture
def ended():
    with ExitStack() as ended:
        yield ended


def start_with(fault, workflow, ended):
    """Starts a run in which the extraction of features ``fault``; waits if that waits."""
    (workflow.folder / "waits").unlink(missing_ok=True)
    (workflow.folder / "fault").write_text(fault)
    run = start(workflow, ended, *RUN)
    if fault == "waits":
        wait_for((workflow.folder / "waits").exists)
    return run


def report(run):
    """What a run says until a job has failed; it ends half a minute later."""
    wait_for(
        lambda: (
            "Error in rule features" in run.said.read_text() and "====\n" in run.said.read_text()
        )
    )
    return run.said.read_text()


def log(workflow):
    return (workflow.results() / "logs" / "features" / "vit" / "0.log").read_text()


def test_a_slurm_that_forgets_jobs_at_once_is_refused(node, workflow, ended):
    """There is no accounting, so Snakemake would never hear of them, and wait for ever."""
    node.change("MinJobAge", 2)
    try:
        run = start(workflow, ended, *RUN)
        assert run.wait(timeout=120) == 1
    finally:
        node.change("MinJobAge", 3600)
    line = run.said.read_text().splitlines()[-1]
    assert line.startswith("catsight: error: Snakemake would wait for ever: it asks s")
    assert "MinJobAge is 2 s" in line and not node.jobs()


def test_a_killed_job_names_signal_cause_and_request(node, workflow, ended):
    said = report(start_with("is killed", workflow, ended))
    requested = int(
        next(job for job in node.jobs() if job["JobState"] == "FAILED")[
            "MinMemoryNode"
        ].removesuffix("M")
    )
    cause = (
        "catsight: ended by signal 9 (SIGKILL): most likely memory ran out. It requested "
        f"{requested} MB of memory; request more under set-resources in the profile, features: "
        f"{{mem_mb: {2 * requested}}} (docs/cluster.md)"
    )
    assert log(workflow).splitlines()[-1] == cause
    assert cause in said.splitlines()


def test_a_cancelled_job_says_so(node, workflow, ended):
    run = start_with("waits", workflow, ended)
    node.cancel()
    said = report(run)
    cause = "CANCELLED: a user or the administrator cancelled it (scancel)"
    assert cause in said and cause in log(workflow)


def test_jobs_whose_daemon_is_killed_end(node, workflow, ended):
    """As when a node goes down and comes back."""
    run = start_with("waits", workflow, ended)
    assert node.lose_jobs() == 2  # that of the batch script, and that of its step
    os.killpg(run.pid, signal.SIGKILL)
    wait_for(lambda: not alive(workflow.folder), seconds=60)
