"""A small study to run on the private Slurm of :mod:`support.single_node`."""

import copy
import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.single_node import why_not
from support.tiny_study import TINY, Workflow

TARGETS = ("results/tiny/metrics.parquet", "results/tiny/figures/profiles.png")


def create(folder: Path, network: str) -> Workflow:
    """The tiny study with one view besides the reference, one shard, and one encoder, whose network
    the code of a module builds.
    """
    workflow, config = Workflow.create(folder), copy.deepcopy(TINY)
    del config["encoders"]["cnn"], config["views"]["original"]
    vit = config["encoders"]["vit"]
    del vit["timm"]
    vit |= {
        "factory": "network:build",
        "preprocessing": {"size": 160, "mean": [0.5] * 3, "std": [0.5] * 3},
    }
    config["frames"]["shards"] = 1
    workflow.write(config)
    (workflow.folder / "network.py").write_text(network)
    return workflow


def start(workflow: Workflow, ended: ExitStack, *arguments: str):
    """Starts a run that is killed, at the latest, at the end of the block of ``ended``."""
    run = workflow.start(*arguments, *TARGETS)
    ended.callback(lambda: run.poll() is None and os.killpg(run.pid, signal.SIGKILL))
    return run


def skip_without_slurm() -> None:
    """Skips the test where no private Slurm can start; fails it where one is required."""
    if reason := why_not():
        if os.environ.get("CATSIGHT_REQUIRE_SLURM"):
            pytest.fail(f"CATSIGHT_REQUIRE_SLURM is set, but {reason}")
        pytest.skip(reason)
