"""Who is at work in a folder of results: locks on two files there.

A lock on an open file dies with its process, however that ends, so none is ever left behind.
``.running`` belongs to one ``workflow/run`` at a time. ``.at-work`` is shared by every Snakemake
and every job, those too that outlive what started them; whoever gets it alone knows that nothing
here is being written.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from catsight.errors import CatsightError

#: Seconds that somebody who clears up is waited for; workflow/run needs a fraction of one.
_PATIENCE = 10


def share(results: str | os.PathLike = "results") -> IO | None:
    """Says that this process is at work in ``results``, for as long as what is returned is kept.

    None where that cannot be said: on a file system without locks, or one that is read only. Raises
    :class:`CatsightError` where somebody has the folder to himself, as ``catsight features prune`` does.
    """
    try:
        Path(results).mkdir(parents=True, exist_ok=True)
        file = open(Path(results) / ".at-work", "a")  # noqa: SIM115
        found = _taken(file.fileno(), fcntl.LOCK_SH, _PATIENCE)
    except OSError:
        return None
    if not found:
        raise CatsightError(
            f"{results} is being cleared up (by catsight features prune, or check); wait for that"
        )
    return file


@contextmanager
def alone(results: str | os.PathLike) -> Iterator[None]:
    """Holds off all runs in ``results`` meanwhile. Raises :class:`CatsightError` where one is at
    work.
    """
    Path(results).mkdir(parents=True, exist_ok=True)
    with (
        open(Path(results) / ".running", "a") as run,
        open(Path(results) / ".at-work", "a") as jobs,
    ):
        if not (taken(run.fileno()) and taken(jobs.fileno())):
            raise CatsightError(f"a run is at work in {results}; wait for it to end")
        yield


def taken(file: int, seconds: float = 0.0) -> bool:
    """Takes the lock of the open ``file`` for this process alone; False where others hold it for
    ``seconds``.
    """
    return _taken(file, fcntl.LOCK_EX, seconds)


def _taken(file: int, kind: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.05)
