"""What jobs ask a cluster for: memory and time, from the size of what they read.

The formulas are fitted to what jobs were measured to take (docs/cluster.md), with a margin of two
in memory and more in time: a limit that is too low ends a job, one that is too high costs some
waiting. A job that was ended asks for more at its next attempt. Without a cluster nothing is held
to them, unless Snakemake is told how much there is (``--resources mem_mb=16000``).
"""

import math
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from catsight.tables import lists

#: MB of memory that a job takes which reads ``read`` MB, of which ``weights`` MB are an encoder's.
MEMORY: dict[str, Callable[[float, float], float]] = {
    # photos, however many, are in memory a few at a time; frames in views and features batch by
    # batch
    "manifest": lambda read, weights: 2000,
    "frames": lambda read, weights: 4000,
    "views": lambda read, weights: 4000,
    "features": lambda read, weights: 3000 + 4 * weights,
    # a layer at a time, of which some 2000 frames are compared at once
    "metrics": lambda read, weights: 3000 + read,
}
#: Minutes that it takes, on one core, or on those that its rule asks for.
MINUTES: dict[str, Callable[[float, float], float]] = {
    "manifest": lambda read, weights: 10 + 0.002 * read,
    "frames": lambda read, weights: 10 + 0.02 * read,
    "views": lambda read, weights: 10 + 0.1 * read,
    # the weights stand for how much is computed of each frame: some 200 multiplications for each of
    # them
    "features": lambda read, weights: 20 + 0.0002 * weights * (read - weights),
    "metrics": lambda read, weights: 20 + 0.05 * read,
}


def memory(job: str, read: float, weights: float = 0, attempt: int = 1) -> int:
    """MB of memory that a ``job`` asks for at that ``attempt``, from 1: twice as much at the
    second, and so on.
    """
    return math.ceil(MEMORY[job](read, weights)) * attempt


def minutes(job: str, read: float, weights: float = 0, attempt: int = 1) -> int:
    """Minutes that a ``job`` asks for at that ``attempt``, from 1: twice as many at the second, and
    so on.
    """
    return math.ceil(MINUTES[job](read, weights)) * attempt


def of(job: str, read: float | None = None, view: str = "*") -> dict[str, Callable]:
    """The ``resources:`` of a rule, as Snakemake asks for them when a job's inputs are there.

    ``read`` is how many MB it reads, where they are not those of its inputs; ``view`` the one view
    that it reads of the encoders whose tables are listed in its inputs, where it does not read all.
    """

    def sizes(input) -> tuple[float, float]:
        return _sizes(input, view) if read is None else (read, 0)

    return {
        "mem_mb": lambda wildcards, input, attempt: memory(job, *sizes(input), attempt),
        "runtime": lambda wildcards, input, attempt: minutes(job, *sizes(input), attempt),
    }


def _sizes(input, view: str) -> tuple[float, float]:
    """MB of all inputs of a job, and of the weights among them."""
    every, weights = (
        sum(_size(path, view) for path in files) / 1e6
        for files in (input, input.get("weights", []))
    )
    return every, weights


def _size(path: str, view: str) -> int:
    """Bytes of a file; of a list of an encoder's tables, of those that it lists (of a view, or of
    all: ``*``).
    """
    about = os.stat(path)  # which says by name what is not there yet
    return (
        _listed(path, view, about.st_mtime_ns) if path.endswith("/all.parquet") else about.st_size
    )


@cache
def _listed(path: str, view: str, changed: int) -> int:
    """Bytes of the tables in a list, as far as they are there. All metrics of an encoder ask, each
    for memory and for time, and 4,000 tables take 40 ms: so it is found out once, until the list
    has ``changed``."""
    # not all that lies beside it, which may be left of views or shards that the study had once
    tables = [
        table for name, table in lists.listed(Path(path), Path()) if name and view in ("*", name)
    ]
    return sum(table.stat().st_size for table in tables if table.exists())
