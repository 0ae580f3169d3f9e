"""Ends jobs whose Snakemake has died.

Without this, the jobs of a killed Snakemake would continue to compute and write beside those of the
next run. So Snakemake identifies itself in the environment of its jobs, and each job checks every
second that Snakemake is alive.
"""

import os
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import IO

from catsight.errors import CatsightError
from catsight.run import locks

#: Environment variable with the host, process id and start time of Snakemake.
_VARIABLE = "CATSIGHT_RUN"
#: Seconds between two checks.
_EVERY = 1.0


def announce() -> None:
    """Identifies this process in the environment of all processes that it starts."""
    os.environ[_VARIABLE] = f"{socket.gethostname()} {os.getpid()} {_started(os.getpid())}"


def watch() -> None:
    """Ends this process as soon as the process that announced itself has ended.

    Does nothing if none did, or on another host. An unfinished file stays as ``.part``, which the
    next run deletes.
    """
    host, pid, started = (os.environ.get(_VARIABLE) or "- 0 -").split()
    if host != socket.gethostname():
        return
    kept = None
    with suppress(CatsightError):  # files are being cleared away, so the run has ended
        kept = locks.share()  # no other process deletes what this job writes

    def check(kept: IO | None = kept) -> None:  # the thread keeps the lock's file open
        while _started(int(pid)) in (started, "unknown"):
            time.sleep(_EVERY)
        try:
            print(
                "catsight: the run that started this job is gone, so the job ends too",
                file=sys.stderr,
                flush=True,
            )
        finally:
            os._exit(1)

    threading.Thread(target=check, name="watch", daemon=True).start()


def _started(pid: int) -> str:
    """When a process started, to tell it from a later one with the same id: in clock ticks on
    Linux, in seconds elsewhere.

    "gone" if it has ended; "unknown" if the system does not say, so that all that is known is that
    the process lives.
    """
    try:
        os.kill(pid, 0)
        return _by_proc(pid) if os.path.exists("/proc/self/stat") else _by_psutil(pid)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        return "of another user"  # the id was reused, or the process changed its user
    except OSError:
        return "unknown"


def _by_proc(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()  # the name before may hold anything
    return "gone" if fields[0] in "ZX" else fields[19]


def _by_psutil(pid: int) -> str:
    """As macOS says it. Snakemake brings psutil; a rule's own environment may lack it."""
    try:
        import psutil
    except ImportError:
        return "unknown"
    try:
        process = psutil.Process(pid)
        dead = process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        return "gone" if dead else str(process.create_time())
    except psutil.NoSuchProcess:
        return "gone"
    except psutil.Error:
        return "unknown"
