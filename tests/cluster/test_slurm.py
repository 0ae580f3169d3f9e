"""The workflow through a real Slurm: a private one of a single node, if the machine allows it."""

import re
from collections import Counter
from contextlib import ExitStack

import pytest

from catsight import tables
from catsight.run import needs
from support.on_slurm import create, skip_without_slurm, start
from support.single_node import SingleNode

#: The module of the encoder's network. Its first job on the cluster fails, and prints which GPU
#: Slurm assigned.
NETWORK = """
import os
from pathlib import Path
import timm

def build():
    if "SLURM_JOB_ID" in os.environ and not (failed := Path("failed")).exists():
        failed.touch()
        raise RuntimeError(f"failing once, on purpose; CUDA_VISIBLE_DEVICES={os.environ['CUDA_VISIBLE_DEVICES']}")
    return timm.create_model("test_vit")
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The study after a local run and a run through Slurm, Slurm's jobs, and Snakemake's output."""
    skip_without_slurm()
    folder = tmp_path_factory.mktemp("cluster")
    here, there = (create(folder / name, NETWORK) for name in ("here", "there"))
    with SingleNode(cpus=2) as node, ExitStack() as ended:
        local = start(here, ended, "--cores", "2")  # at the same time: jobs on Slurm mostly wait
        slurm = start(
            there, ended, "--workflow-profile", "profiles/slurm",
            # settings of the profile that a test on two cores changes
            "--slurm-init-seconds-before-status-checks", "1", "--max-threads", "2",
        )  # fmt: skip
        for run in (slurm, local):
            assert run.wait(timeout=900) == 0, run.said.read_text()
        jobs, said = node.jobs(), slurm.said.read_text()
    for job in jobs:
        job["rule"] = re.match(r"rule_([a-z]+?)(_wildcards|$)", job["Comment"])[1]
    return here, there, jobs, said


def test_tables_are_those_of_a_local_run(done):
    here, there, _, _ = done
    assert here.contents() == there.contents()
    assert (there.results() / "figures" / "profiles.png").read_bytes().startswith(b"\x89PNG")


def test_small_jobs_and_weights_run_on_the_submitting_host(done):
    _, there, jobs, _ = done
    # weights, lists, merged tables and the figure are made on the submitting host
    assert Counter(job["rule"] for job in jobs) == {
        "manifest": 1,
        "frames": 1,
        "views": 2,
        "features": 2,
        "metrics": 1,
    }
    assert (there.results() / "weights" / "vit.safetensors").exists()
    assert all(
        job["JobName"].startswith("catsight_") and len({job["JobName"] for job in jobs}) == 1
        for job in jobs
    )


def test_only_extraction_requests_a_gpu_and_gets_it(done):
    here, there, jobs, said = done
    for job in jobs:
        extraction = job["rule"] == "features"
        assert job["Partition"] == ("gpu" if extraction else "main")
        assert ("gpu" in job.get("TresPerJob", "")) == extraction, job
    assert "CUDA_VISIBLE_DEVICES=0" in said
    # Slurm's GPU is a dummy: with `device: auto` torch chooses, and the table records the device
    devices = {
        tables.provenance(one.results() / "features" / "vit" / "cat" / "0.parquet")["device"]
        for one in (here, there)
    }
    assert len(devices) == 1


def test_a_failure_reaches_the_user_and_the_next_attempt_requests_more(done):
    _, there, jobs, said = done
    first, second = sorted(
        (job for job in jobs if job["rule"] == "features"), key=lambda job: int(job["JobId"])
    )
    assert (first["JobState"], second["JobState"]) == ("FAILED", "COMPLETED")
    assert (
        "RuntimeError: failing once, on purpose" in said
        and "results/tiny/logs/features/vit/0.log" in said
    )
    results = there.results()
    weights = (results / "weights" / "vit.safetensors").stat().st_size / 1e6
    read = (
        weights
        + sum((results / "views" / view / "0.parquet").stat().st_size for view in ("human", "cat"))
        / 1e6
    )
    for attempt, job in enumerate((first, second), 1):
        assert job["MinMemoryNode"] in spellings(needs.memory("features", read, weights, attempt))
        assert job["TimeLimit"] == f"00:{needs.minutes('features', read, weights, attempt):02}:00"


def spellings(megabytes: int) -> set[str]:
    """How Slurm may write an amount of memory."""
    return {f"{megabytes}M", f"{megabytes / 1024:g}G"}
