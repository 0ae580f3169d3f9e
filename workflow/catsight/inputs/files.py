"""The user's own files."""

import fnmatch
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from catsight.errors import FULL, CatsightError

#: What file managers leave behind.
_IGNORED = {".ds_store", "thumbs.db", "desktop.ini"}


def list_files(folder: str | os.PathLike[str], patterns: Sequence[str] | None = None) -> list[str]:
    """All files under ``folder``, sorted; without hidden ones and what file managers leave behind.

    With ``patterns`` (``*.jpg``, ``train/*``) only those whose path below ``folder`` matches one of
    them. Links to files are followed when they are opened. A link to a folder is listed as if it
    were a file, and not entered: so a loop of links comes to its end, and no folder is read that
    was not named.
    """
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        found += [
            os.path.join(root, name)
            for name in [*files, *links]
            if not name.startswith(".") and name.lower() not in _IGNORED
        ]
    if patterns is not None:
        found = [
            path
            for path in found
            if _matches(os.path.relpath(path, folder).replace(os.sep, "/"), patterns)
        ]
    return sorted(found)


def below(path: str | os.PathLike, patterns: Sequence[str] | None = None) -> tuple[str, list[str]]:
    """A folder, and the paths below it of the files that ``path`` stands for: a single file, or all
    of a folder.
    """
    path = os.fspath(path)
    if not os.path.isdir(path):
        return os.path.dirname(path), [os.path.basename(path)]
    return path, [os.path.relpath(file, path) for file in list_files(path, patterns)]


def digest(path: str | os.PathLike) -> str | None:
    """SHA-256 of a file's bytes, 64 hex digits; None where it is no regular file or cannot be read."""
    if not os.path.isfile(path):  # opening a named pipe would wait for ever
        return None
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def stamp(path: str | os.PathLike) -> tuple[int, int, int] | None:
    """What changes when a file is written to or replaced: its inode, size and time of change; None
    for no file.
    """
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_ino, about.st_size, about.st_mtime_ns


def as_id(path: str) -> str:
    """A path as it stands in ids: with forward slashes; bytes that are no UTF-8 (a name may hold
    any) as ``\\xe9``.
    """
    return os.fsencode(Path(path).as_posix()).decode("utf-8", "backslashreplace")


def as_text(path: str) -> str:
    """A path as text that a table can hold, and :func:`from_text` can read: as :func:`as_id`,
    backslashes doubled.
    """
    return os.fsencode(Path(path).as_posix().replace("\\", "\\\\")).decode(
        "utf-8", "backslashreplace"
    )


def from_text(text: str) -> str:
    """The path that :func:`as_text` wrote. Raises ValueError where it would leave the folder that
    it starts from.
    """
    raw = re.sub(
        rb"\\(\\|x[0-9a-f]{2})",
        lambda m: b"\\" if m[1] == b"\\" else bytes.fromhex(m[1][1:].decode()),
        text.encode(),
    )
    path = os.fsdecode(raw)
    if os.path.isabs(path) or ".." in Path(path).parts:
        raise ValueError(f"{text} leaves its folder")
    return path


def nameable(path: str) -> bool:
    """Whether Snakemake can take this path for an input: not where it reads ``{x}`` or ``<x>`` in
    it, or two lines.
    """
    utf8 = all(not 0xDC80 <= ord(letter) <= 0xDCFF for letter in path)
    return (
        utf8
        and path == path.strip()
        and not re.search(r"[\n\r]|\{\s*\w+\s*(,.*)?\}|<[a-z][a-z0-9_]*>", path)
    )


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def publish(part: Path, path: Path) -> None:
    """Makes the finished file ``part`` appear as ``path``: its bytes reach the disk before its name
    does.
    """
    with open(part, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, path)


@contextmanager
def appearing(path: str | os.PathLike) -> Iterator[Path]:
    """A path beside ``path`` to write to in the block: it appears as ``path`` when that ends, and
    not at all if it ends in an error. Raises :class:`CatsightError`, naming ``path``, where it
    cannot be written."""
    path = Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield part
            publish(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def writing(path) -> Iterator[None]:
    """Turns what the system says about a full disk, or one that takes no file, into one line that
    names the file.
    """
    try:
        yield
    except OSError as error:
        advice = "make room" if error.errno in FULL else "mend that"
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CatsightError(
            f"{path} cannot be written: {reason.lower()}. Nothing else is lost; {advice} and run again"
        ) from None
