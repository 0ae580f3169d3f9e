"""Jobs that do not outlive the Snakemake that started them.

A Snakemake that is killed leaves its jobs behind: nothing tells them, and they would go on
computing, and writing, beside those of the next run. So Snakemake says who it is in the environment
of its jobs, and each looks whether it is still there.
"""

import os
import socket
import sys
import threading
import time
from contextlib import suppress

from catsight.errors import CatsightError
from catsight.run import locks

_VARIABLE = "CATSIGHT_RUN"
#: Seconds between two looks.
_EVERY = 1.0


def announce() -> None:
    """Says in the environment of all processes started from here that they are this process's."""
    os.environ[_VARIABLE] = f"{socket.gethostname()} {os.getpid()} {_started(os.getpid())}"


def watch() -> None:
    """Ends this process when the one that announced itself to it is gone; nothing where none did,
    or not on this host.

    What it was writing is left as a ``.part`` beside, which the next run deletes.
    """
    host, pid, started = (os.environ.get(_VARIABLE) or "- 0 -").split()
    if host != socket.gethostname():
        return
    kept = None
    with suppress(CatsightError):  # somebody clears up, so the run is gone
        kept = locks.share()  # nobody deletes what this job writes while it lives

    def look(kept=kept) -> None:
        while _started(int(pid)) == started:
            time.sleep(_EVERY)
        try:
            print(
                "catsight: the run that started this job is gone, so the job ends too",
                file=sys.stderr,
                flush=True,
            )
        finally:
            os._exit(1)

    threading.Thread(target=look, name="watch", daemon=True).start()


def _started(pid: int) -> str:
    """When a process started, so that another with its number is not taken for it; "gone" where it
    does not live.
    """
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()  # what stands before may hold anything
        return "gone" if fields[0] in "ZX" else fields[19]
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        return "unknown"  # another user's: the number was given anew, or it changed its own
    except OSError:
        return "unknown"  # no /proc here; it lives, and that is all there is to know
