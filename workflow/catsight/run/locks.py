"""Locks on a folder of results, which say who is active there.

A lock on an open file ends with its process, however that ends, so none is ever left behind. One
``workflow/run`` at a time holds ``.running``. Every Snakemake and every job shares ``.at-work``,
even a job that outlives its Snakemake; a process that holds ``.at-work`` exclusively knows that
nothing else is writing here.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from catsight.errors import CatsightError

#: Seconds to wait while another process clears away files; workflow/run needs less than one.
_PATIENCE = 10


def share(results: str | os.PathLike = "results") -> IO | None:
    """Marks this process as active in ``results``, as long as the returned file is kept open.

    None if the file system has no locks or is read-only. Raises :class:`CatsightError` if another
    process holds the exclusive lock, as ``catsight prune`` does.
    """
    try:
        Path(results).mkdir(parents=True, exist_ok=True)
        file = opened(Path(results) / ".at-work")
        shared = _acquire(file.fileno(), fcntl.LOCK_SH, _PATIENCE)
    except OSError:
        return None
    if not shared:
        raise CatsightError(
            f"{results} is being cleared up (by catsight prune, or check); wait for that"
        )
    return file


@contextmanager
def alone(results: str | os.PathLike) -> Iterator[None]:
    """Keeps all runs out of ``results`` in the block.

    Raises :class:`CatsightError` if one is active, or if that cannot be told.
    """
    with ExitStack() as stack:
        try:
            Path(results).mkdir(parents=True, exist_ok=True)
            files = [stack.enter_context(opened(Path(results) / ".at-work"))]
            # in another user's folder it cannot be made; a run that begins needs .at-work as well
            with suppress(FileNotFoundError):
                files.append(stack.enter_context(opened(Path(results) / ".running")))
            free = all(acquire(file.fileno()) for file in files)
        except OSError as error:
            raise CatsightError(
                f"{results} cannot be locked ({error.strerror}), so it is not known whether a run "
                "is at work there; ask the owner of .running and .at-work to let you read them"
            ) from None
        if not free:
            raise CatsightError(f"a run is at work in {results}; wait for it to end")
        yield


def opened(path: Path) -> IO:
    """A file to lock, made if need be. Another user's, who lets others read it, is locked as well.

    Raises OSError.
    """
    try:
        return open(path, "a")
    except PermissionError:
        return open(path)


def acquire(file: int, seconds: float = 0.0) -> bool:
    """Takes the exclusive lock of the open ``file``; False if others hold it for ``seconds``."""
    return _acquire(file, fcntl.LOCK_EX, seconds)


def _acquire(file: int, kind: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.05)
