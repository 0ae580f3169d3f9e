"""A small study to be disturbed: its processes, found by the folder that they work in, and ways to
end them.
"""

import copy
import os
import time
from pathlib import Path

from support.tiny_study import TINY, Workflow

#: As far as the study goes here: all stages but the figures, which no other job reads.
TARGET = "results/tiny/metrics.parquet"


def small(folder: Path) -> Workflow:
    """One tiny encoder, two views, two shards: ten jobs."""
    workflow = Workflow.create(folder)
    config = copy.deepcopy(TINY)
    del config["encoders"]["cnn"], config["views"]["original"]
    config["features"] = {"pooling": ["mean"]}
    config["metrics"] = {"names": ["cka_linear"]}
    workflow.write(config)
    return workflow


def alive(folder: Path) -> dict[int, list[str]]:
    """The living processes that work in ``folder``: their command lines by number."""
    found = {}
    for entry in os.listdir("/proc"):
        try:
            if not (entry.isdigit() and os.readlink(f"/proc/{entry}/cwd") == str(folder)):
                continue
            if Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                found[int(entry)] = Path(f"/proc/{entry}/cmdline").read_text().split("\0")
        except OSError:
            pass  # it has just ended
    return found


def jobs(folder: Path) -> list[int]:
    """The living jobs themselves, without the shells that wait for them."""
    return sorted(pid for pid, line in alive(folder).items() if line[1:3] == ["-m", "catsight"])


def at_work(folder: Path) -> bool:
    """Whether a job has begun: it has said that it is at work."""

    def files(pid):
        try:
            return [os.readlink(f"/proc/{pid}/fd/{file}") for file in os.listdir(f"/proc/{pid}/fd")]
        except OSError:
            return []

    return any(str(folder / "results" / ".at-work") in files(pid) for pid in jobs(folder))


def wait_for(condition, seconds=120):
    """Waits until ``condition`` holds; an error where it does not within far more time than it
    needs.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
