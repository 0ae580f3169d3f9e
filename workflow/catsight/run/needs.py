"""The memory and time that jobs request of a cluster, from the size of their inputs.

The formulas are fitted to measured jobs (docs/cluster.md), with a margin of two in memory and more
in time: too low a limit ends a job, too high a limit costs some waiting. A job that was ended
requests more at its next attempt. Without a cluster nothing enforces the limits, unless Snakemake
is given a total (``--resources mem_mb=16000``).
"""

import math
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from catsight.tables import lists

#: MB of memory that a job takes if it reads ``read`` MB, of which ``weights`` MB are an encoder's.
MEMORY: dict[str, Callable[[float, float], float]] = {
    # a few photos at a time, however many there are; views and features in batches of frames
    "manifest": lambda read, weights: 2000,
    "frames": lambda read, weights: 4000,
    "views": lambda read, weights: 4000,
    "features": lambda read, weights: 3000 + 4 * weights,
    # one layer at a time, of which about 2000 frames are compared at once
    "metrics": lambda read, weights: 3000 + read,
}
#: Minutes that it takes, on one core or on those that its rule requests.
MINUTES: dict[str, Callable[[float, float], float]] = {
    "manifest": lambda read, weights: 10 + 0.002 * read,
    "frames": lambda read, weights: 10 + 0.02 * read,
    "views": lambda read, weights: 10 + 0.1 * read,
    # the size of the weights stands for the work per frame: about 200 multiplications per weight
    "features": lambda read, weights: 20 + 0.0002 * weights * (read - weights),
    "metrics": lambda read, weights: 20 + 0.05 * read,
}


def memory(job: str, read: float, weights: float = 0, attempt: int = 1) -> int:
    """MB of memory that a ``job`` requests; twice as much at its second ``attempt``, and so on."""
    return math.ceil(MEMORY[job](read, weights)) * attempt


def minutes(job: str, read: float, weights: float = 0, attempt: int = 1) -> int:
    """Minutes that a ``job`` requests; twice as many at its second ``attempt``, and so on."""
    return math.ceil(MINUTES[job](read, weights)) * attempt


def of(job: str, read: float | None = None, view: str = "*") -> dict[str, Callable[..., int]]:
    """The ``resources:`` of a rule, as functions that Snakemake calls when a job's inputs exist.

    ``read`` is how many MB a job reads, if not the size of its inputs. ``view`` is the only view
    that it reads of the tables listed in its inputs; ``*`` is all of them.
    """

    def sizes(input: Any) -> tuple[float, float]:
        return _sizes(input, view) if read is None else (read, 0)

    return {
        "mem_mb": lambda wildcards, input, attempt: memory(job, *sizes(input), attempt),
        "runtime": lambda wildcards, input, attempt: minutes(job, *sizes(input), attempt),
    }


def _sizes(input: Any, view: str) -> tuple[float, float]:
    """MB of all inputs of a job, and of the weights among them."""
    every = sum(_size(path, view) for path in input)
    weights = sum(_size(path, view) for path in input.get("weights", []))
    return every / 1e6, weights / 1e6


def _size(path: str, view: str) -> int:
    """Bytes of a file; for a list of tables, of those tables that are of the ``view``."""
    about = os.stat(path)  # FileNotFoundError with the path: Snakemake asks again when it is there
    if path.endswith("/all.parquet"):
        return _listed_size(path, view, about.st_mtime_ns)
    return about.st_size


@cache
def _listed_size(path: str, view: str, changed: int) -> int:
    """Bytes of the tables in a list that exist.

    Cached until the list has ``changed``: each analysis of an encoder calls this twice, for memory
    and time, and 4,000 tables take 40 ms.
    """
    # not every file beside the list, some of which an earlier study may have left
    tables = [
        table
        for name, table in lists.listed_tables(Path(path), Path())
        if name and view in ("*", name)
    ]
    return sum(table.stat().st_size for table in tables if table.exists())
