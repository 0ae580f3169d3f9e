"""The hub's cache on this machine: whether its files are what their names say.

``snapshots/<commit>/<path>`` are links to ``blobs/<hash>``: the SHA-256 of a large file, or git's
SHA-1 of a small one (https://huggingface.co/docs/huggingface_hub/guides/manage-cache).
"""

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from catsight.inputs.files import list_files

#: Bytes that are read at once.
_CHUNK = 1 << 20


def sound(path: Path) -> bool:
    """Whether a file in a snapshot has the hash that its blob's name states.

    True if the name is no hash: a cache without links, or a mirror of the hub with names of its
    own.
    """
    if not path.is_file():
        return False
    name = os.path.basename(os.readlink(path)) if path.is_symlink() else ""
    if re.fullmatch("[0-9a-f]{64}", name):
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == name
    if re.fullmatch("[0-9a-f]{40}", name):
        return name in _sha1(path)
    return True


def damaged(folder: Path, patterns: Sequence[str] | None) -> list[Path]:
    """The files of a snapshot (those that match ``patterns``) that are cut or altered."""
    return [path for path in map(Path, list_files(folder, patterns)) if not sound(path)]


def incomplete(folder: Path) -> list[Path]:
    """The unfinished downloads beside a snapshot whose whole file never came."""
    blobs = folder.parents[1] / "blobs"
    return sorted(
        part
        for part in blobs.glob("*.incomplete")
        if not (blobs / part.name.partition(".")[0]).exists()
    )


def _sha1(path: Path) -> tuple[str, str]:
    """SHA-1 of a file as git counts it (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects),
    and of its bytes alone, as some mirrors of the hub do.
    """
    as_git = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    alone = hashlib.sha1(usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            as_git.update(chunk)
            alone.update(chunk)
    return as_git.hexdigest(), alone.hexdigest()
