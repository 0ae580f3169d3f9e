"""Ends jobs whose Snakemake has died, and a job's own Snakemake whose cluster has lost it.

Without this, the jobs of a killed Snakemake would continue to compute and write beside those of the
next run. So Snakemake identifies itself in the environment of its jobs, and each job checks every
second that Snakemake is alive. On a cluster, a job is itself a Snakemake, or two, started by the
cluster's daemon; each checks likewise that it is still a descendant of that.
"""

import atexit
import os
import socket
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

from catsight.errors import CatsightError
from catsight.run import locks

#: Environment variable with the host, process id and start time of Snakemake.
_VARIABLE = "CATSIGHT_RUN"
#: Seconds between two checks.
_EVERY = 1.0
#: Seconds that processes have to end after SIGTERM; srun takes up to ten if its daemon is gone.
_GRACE = 15.0
#: Daemons that start a cluster's jobs; their own parents may change, as when slurmd restarts.
_DAEMONS = ("slurmstepd",)


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


def follow() -> None:
    """Ends this process, a Snakemake that runs one job for another, and all that it has started, as
    soon as what started it has ended: its parent or, on a cluster, any process from there up to the
    daemon.

    Call it before :func:`announce`. If the daemon is killed, no one else ends these processes, and
    a Snakemake that waits for a job ignores SIGTERM.
    """
    import psutil  # which Snakemake brings

    me = psutil.Process()
    parents = _above(me, os.environ.get(_VARIABLE) or "- 0 -")

    def check() -> None:
        while _unchanged(parents):
            time.sleep(_EVERY)
        started = me.children(recursive=True)
        try:
            print("catsight: what started this job is gone, so the job ends too", file=sys.stderr)
        finally:
            _end(started)
            os._exit(1)

    watch = threading.Thread(target=check, name="follow", daemon=True)
    watch.start()
    # if Snakemake ends meanwhile, as its job has, processes may be left
    atexit.register(lambda: None if _unchanged(parents) else watch.join())


def _above(process: Any, run: str) -> dict[Any, int]:
    """A process and those above it, up to its cluster's daemon or to the ``run`` that announced
    itself, with the ids of their parents; only the ``process`` if there is neither.
    """
    import psutil

    host, pid, _ = run.split()
    announced = int(pid) if host == socket.gethostname() else 0
    chain = [process]
    with suppress(psutil.NoSuchProcess):
        while above := chain[-1].parent():
            if above.pid == announced or above.name() in _DAEMONS:
                return {one: one.ppid() for one in chain}
            chain.append(above)
        if chain[-1].ppid() > 1:  # a node may hide other users' processes, the daemon among them
            return {one: one.ppid() for one in chain}
    return {process: process.ppid()}


def _unchanged(parents: Mapping[Any, int]) -> bool:
    """Whether all processes live and have the parents with these ids."""
    import psutil

    try:
        return all(one.ppid() == parent for one, parent in parents.items())
    except psutil.NoSuchProcess:
        return False


def _end(processes: list[Any]) -> None:
    """Ends processes: asks them, and kills those that remain after the grace.

    It does not wait for them as a parent does: Snakemake, which does, would miss how they ended.
    """
    import psutil

    for seconds, how in ((_GRACE, psutil.Process.terminate), (_EVERY, psutil.Process.kill)):
        for one in processes:
            with suppress(psutil.Error):
                how(one)
        end = time.monotonic() + seconds
        while any(map(_lives, processes)) and time.monotonic() < end:
            time.sleep(0.1)


def _lives(process: Any) -> bool:
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


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
