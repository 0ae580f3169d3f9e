"""Lists and digests the user's files; writes files completely or not at all."""

import fnmatch
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unicodedata import normalize

from catsight.errors import FULL, CatsightError

#: Files that file managers leave behind.
_IGNORED = {".ds_store", "thumbs.db", "desktop.ini"}
#: Letters of a name, of up to 4 bytes each, to which a suffix is added.
_KEPT = 40


def list_files(folder: str | os.PathLike[str], patterns: Sequence[str] | None = None) -> list[str]:
    """All files under ``folder``, sorted, without hidden files and those of file managers.

    With ``patterns`` (``*.jpg``, ``train/*``), only files whose path below ``folder`` matches one.
    A link to a folder is listed as if it were a file and is not entered: loops of links end, and
    only the named folder is read.
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
    """A folder and the paths of files below it: ``path`` is a single file, or a folder of them."""
    path = os.fspath(path)
    if not os.path.isdir(path):
        return os.path.dirname(path), [os.path.basename(path)]
    return path, [os.path.relpath(file, path) for file in list_files(path, patterns)]


def digest(path: str | os.PathLike) -> str | None:
    """SHA-256 of a file's bytes, 64 hex digits; None unless it is a readable regular file."""
    if not os.path.isfile(path):  # opening a named pipe would wait forever
        return None
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def stamp(path: str | os.PathLike) -> tuple[int, int, int] | None:
    """A file's inode, size and time of change, to notice edits; None if there is no file."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_ino, about.st_size, about.st_mtime_ns


def composed(text: str) -> str:
    """Text in Unicode's composed form, NFC; file systems write accents in two ways (NFC, NFD)."""
    return normalize("NFC", text)


def as_id(path: str) -> str:
    """A path as it stands in ids: forward slashes, accents composed (so that the same folder has
    the same ids everywhere), and bytes that are not UTF-8 as ``\\xe9``.
    """
    return composed(_utf8(path))


def as_text(path: str) -> str:
    """A path as text for a table: forward slashes, backslashes doubled, and bytes that are not
    UTF-8 as ``\\xe9``. :func:`from_text` reverses it.
    """
    return _utf8(path.replace("\\", "\\\\"))


def from_text(text: str) -> str:
    """The path that :func:`as_text` wrote.

    Raises ValueError if it is absolute or leaves its folder by ``..``.
    """
    path = os.fsdecode(re.sub(rb"\\(\\|x[0-9a-f]{2})", _unescaped, text.encode()))
    if os.path.isabs(path) or ".." in Path(path).parts:
        raise ValueError(f"{text} leaves its folder")
    return path


def nameable(path: str) -> bool:
    """Whether Snakemake reads this path as it is.

    It misreads ``{x}``, ``<x>``, line breaks, and spaces at the ends.
    """
    utf8 = all(not 0xDC80 <= ord(letter) <= 0xDCFF for letter in path)
    return (
        utf8
        and path == path.strip()
        and not re.search(r"[\n\r]|\{\s*\w+\s*(,.*)?\}|<[a-z][a-z0-9_]*>", path)
    )


def part_of(path: Path) -> Path:
    """The file beside ``path`` that a process writes before it is published as ``path``.

    Its name is random, so that no other process has it, on whichever machine, and nobody can have
    put a link there. Of a long name only the start is kept, since a file system allows 255 bytes.
    """
    return path.with_name(f"{path.name[:_KEPT]}.{secrets.token_hex(8)}.part")


def create(part: Path) -> None:
    """Creates the empty file ``part``, which must not exist: not even as a link, which is not
    followed. Raises OSError.
    """
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))


def publish(part: Path, path: Path) -> None:
    """Renames the finished file ``part`` to ``path``, after its bytes have reached the disk.

    It gets the mode of a new file, by the process's umask, also if a library wrote it as a
    temporary one, which its owner alone may read.
    """
    with open(part, "rb+") as file:
        if not stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            os.fchmod(file.fileno(), _usual_mode(part))
        os.fsync(file.fileno())
    os.replace(part, path)


def _usual_mode(part: Path) -> int:
    """The mode of a new file beside ``part``: the umask itself can only be read by setting it."""
    probe = part.with_suffix(".mode.part")
    try:
        probe.touch()
        return stat.S_IMODE(probe.stat().st_mode)
    finally:
        probe.unlink(missing_ok=True)


@contextmanager
def appearing(path: str | os.PathLike) -> Iterator[Path]:
    """A path to write to in the block; what is written appears as ``path`` when the block ends.

    After an error ``path`` is as it was before. Raises :class:`CatsightError`, naming ``path``, if
    it cannot be written.
    """
    path = Path(path)
    part = part_of(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        create(part)
        try:
            yield part
            publish(part, path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def writing(path: str | os.PathLike) -> Iterator[None]:
    """Turns an OSError in the block into a :class:`CatsightError` that names ``path``."""
    try:
        yield
    except OSError as error:
        advice = "make room" if error.errno in FULL else "correct that"
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CatsightError(
            f"{path} cannot be written: {reason.lower()}. Nothing else is lost; {advice} and run "
            "again"
        ) from None


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(composed(path), composed(pattern)) for pattern in patterns)


def _utf8(path: str) -> str:
    return os.fsencode(Path(path).as_posix()).decode("utf-8", "backslashreplace")


def _unescaped(match: re.Match[bytes]) -> bytes:
    """The byte that ``\\\\`` or ``\\xe9`` stands for."""
    return b"\\" if match[1] == b"\\" else bytes.fromhex(match[1][1:].decode())
