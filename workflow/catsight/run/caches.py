"""Folders where libraries keep what they compile, on machines where code and home are read only."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from catsight.errors import say

#: Where it is looked for whether the code's own folder can be written, as numba does.
_CODE = Path(__file__).parents[1] / "__pycache__"


def provide() -> None:
    """Lets numba and matplotlib write to ``results/.cache`` if neither the code's folder nor the
    user's cache can be written, as in a container.

    Without this numba stops (it compiles nothing that it cannot keep), and matplotlib warns. Where
    there are no results, a folder serves that ends with this process, and a line on standard error
    says so. What the environment says already (NUMBA_CACHE_DIR, MPLCONFIGDIR) stays.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    missing = [name for name in ("NUMBA_CACHE_DIR", "MPLCONFIGDIR") if not os.environ.get(name)]
    if not missing or _writable(home):
        return
    if _writable(_CODE) and "NUMBA_CACHE_DIR" in missing:
        missing.remove("NUMBA_CACHE_DIR")
    folder = Path("results/.cache").absolute()
    kept = folder.parent.is_dir() and _writable(folder)
    if not kept:
        folder = Path(tempfile.mkdtemp(prefix="catsight-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in missing:
        os.environ[name] = str(folder / name.partition("_")[0].lower())
    if not kept and "NUMBA_CACHE_DIR" in missing:
        say(
            f"catsight: neither {_CODE.parent} nor {home} can be written, so each command compiles "
            "anew; NUMBA_CACHE_DIR may name a folder that keeps it"
        )


def _writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made if need be.

    By trying, because to root everything seems permitted.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
