"""Links that lead nowhere, among results, while Snakemake plans.

`catsight check --redo` leaves such links, and results that were moved without their store are full
of them. Snakemake stops with an error when it sees one.
"""

import atexit
import os
from contextlib import suppress

from catsight.errors import CatsightError

#: How the names of files end that are links into the store.
_STORED = (".parquet", ".safetensors")


def check_folder(path: str) -> None:
    """Raises :class:`CatsightError` if a folder is a link to one that is not there."""
    if os.path.islink(path) and not os.path.exists(path):
        raise CatsightError(
            f"{path} is a link to {os.readlink(path)}, which is not there: mount its file system, "
            "or remove the link to compute everything in it anew"
        )


def hide(folder: str) -> set[str]:
    """Removes links of files to nothing, in a folder of results and below, until this process ends.

    Returns their paths. Those in whose place nothing was made come back for the next run to find.
    Links whose names begin with a dot stay. Folders that are links are not followed. Raises
    :class:`CatsightError` if one leads nowhere.
    """
    hidden = set()
    with suppress(OSError), os.scandir(folder) as entries:  # what cannot be written to stays
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                hidden |= hide(entry.path)
            elif entry.name.startswith("."):  # no result: Emacs locks a file by a link to nothing
                continue
            elif entry.is_symlink() and not os.path.exists(entry.path):
                if not entry.name.endswith(_STORED):
                    check_folder(entry.path)
                # Snakemake may leave the folder that it runs in (--directory) before it ends
                atexit.register(_put_back, os.path.abspath(entry.path), os.readlink(entry.path))
                os.unlink(entry.path)
                hidden.add(entry.path)
    return hidden


def _put_back(path: str, target: str) -> None:
    with suppress(OSError):  # there is a file, or not even a folder
        os.symlink(target, path)
