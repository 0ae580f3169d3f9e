"""A small study to kill or damage, and its processes, which are found by their working folder."""

import copy
import os
import time
from collections.abc import Callable
from pathlib import Path

from support.tiny_study import TINY, Workflow

#: The target of a run: all stages but the figures, which no other job needs.
TARGET = "results/tiny/metrics.parquet"


def small(folder: Path) -> Workflow:
    """A study of one tiny encoder, two views and two shards."""
    workflow = Workflow.create(folder)
    config = copy.deepcopy(TINY)
    del config["encoders"]["cnn"], config["views"]["original"]
    config["features"] = {"pooling": ["mean"]}
    config["metrics"] = {"names": ["cka_linear"]}
    workflow.write(config)
    return workflow


def alive(folder: Path) -> dict[int, list[str]]:
    """The command lines, by process id, of the living processes that work in ``folder``."""
    found = {}
    for entry in os.listdir("/proc"):
        try:
            if not (entry.isdigit() and os.readlink(f"/proc/{entry}/cwd") == str(folder)):
                continue
            if Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                found[int(entry)] = Path(f"/proc/{entry}/cmdline").read_text().split("\0")
        except OSError:
            pass  # the process has just ended
    return found


def jobs(folder: Path) -> list[int]:
    """The process ids of the running jobs, without the shells that wait for them."""
    return sorted(pid for pid, line in alive(folder).items() if line[1:3] == ["-m", "catsight"])


def at_work(folder: Path) -> bool:
    """Whether a job has started, that is, shares the lock ``.at-work``."""

    def files(pid: int) -> list[str]:
        try:
            return [os.readlink(f"/proc/{pid}/fd/{file}") for file in os.listdir(f"/proc/{pid}/fd")]
        except OSError:
            return []

    return any(str(folder / "results" / ".at-work") in files(pid) for pid in jobs(folder))


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    """Waits until ``condition`` holds; fails after ``seconds``, many times what it needs."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"still waiting after {seconds} s"
        time.sleep(0.02)
