"""Items: the pictures of a source, not read yet; why some cannot be used; notes on others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NoReturn

import numpy as np

from catsight.errors import CatsightError, say
from catsight.inputs import files, sources


class Rejected(Exception):
    """A picture that cannot be used: ``reason`` is one of a few short words, ``detail`` a sentence.

    Reasons for a file: "unreadable", "empty", "not an image", "not a clip", "unsupported", "too
    large", "truncated", "bad depth"; for a table or a row of it "no pictures", "no bytes"; for a
    pair "unmatched", "unequal sizes"; and "duplicate".
    """

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raises :class:`Rejected` if ``width`` times ``height`` is more than ``max_pixels``."""
    if width * height > max_pixels:
        raise Rejected(
            "too large",
            f"{width} × {height} px are more than frames.max_pixels, which is {max_pixels}",
        )


@contextmanager
def rejected_if_it_fails() -> Iterator[None]:
    """Turns any error in the block into a :class:`Rejected` with its cause: libraries raise all
    kinds on files that they did not expect, and one item must not stop a study.

    Errors of catsight itself pass, since they are about more than one item.
    """
    try:
        yield
    except (Rejected, CatsightError):
        raise
    except MemoryError:
        raise Rejected("too large", "it needs more memory than there is") from None
    except Exception as error:
        cause = f"{type(error).__name__}: {error}".rstrip(": ")
        raise Rejected("unreadable", f"reading it failed ({cause})") from error


_NOTES: ContextVar[list[str]] = ContextVar("notes")


def note(name: str | Path, text: str) -> None:
    """Says what is odd about a picture that is used, in the log and to :func:`noting`."""
    say(f"frames: {name}: {text}")
    _NOTES.get([]).append(text)


@contextmanager
def noting() -> Iterator[list[str]]:
    """What is noted in the block, by the same thread."""
    notes: list[str] = []
    token = _NOTES.set(notes)
    try:
        yield notes
    finally:
        _NOTES.reset(token)


@dataclass(frozen=True)
class Picture:
    """A picture: uint8 sRGB (h, w, 3), upright."""

    rgb: np.ndarray
    depth: np.ndarray | None = None  #: distance of each pixel in metres, float32 (h, w)
    partner: np.ndarray | None = None  #: recorded together with it, uint8 sRGB, of any size
    #: pictures of the same shape before it, the latest first, each with the seconds in between
    past: Sequence[tuple[float, np.ndarray]] = ()


@dataclass(frozen=True)
class Item:
    """A picture that frames are made from.

    ``name`` becomes the frames' id, ``credits`` are columns of their table. ``load`` reads the
    picture, in another thread; it may raise :class:`Rejected`.
    """

    name: str
    group: str
    load: Callable[[], Picture]
    credits: Mapping[str, str | None] = field(default_factory=dict)
    mark: str = "#"  #: separates the name from the number of a glance
    pixels: int = 0  #: of what it holds already, before it is loaded


@dataclass(frozen=True)
class File:
    """One of the user's files, as listed in the manifest."""

    name: str  #: its path below the source's folder, as written in ids
    path: Path
    sha256: str | None  #: None if the file could not be read, or was too large, when it was listed

    @contextmanager
    def unchanged(self) -> Iterator[Path]:
        """The path, to be read in the block.

        Raises :class:`Rejected` if it is too large to be read, and :class:`CatsightError` if the
        bytes are not those that the manifest lists. They are
        hashed before the block, in constant memory; inode, size and time of change, which show
        whether a file was written to or replaced, are compared before and after.
        """
        before = files.stamp(self.path)
        if before and before[1] > (most := sources.largest(self.path)):
            raise Rejected("too large", f"its {before[1]:,} bytes are more than {most:,}")
        if sources.digest(self.path) != self.sha256:
            raise self._changed()
        try:
            yield self.path
        finally:
            if files.stamp(self.path) != before:
                raise self._changed()

    def _changed(self) -> CatsightError:
        return CatsightError(
            f"{self.path} has changed since it was listed: its SHA-256 is not the one in the "
            "manifest. Delete manifest.parquet in the study's frames folder and run again"
        )


#: The files of one source, by the key of the source that names them, in the manifest's order.
Found = Mapping[str, Sequence[File]]


def group_of(name: str, group_by: str) -> str:
    """The group of a file's pictures: the file, or its folder ("." for the topmost)."""
    return name if group_by == "file" else str(PurePosixPath(name).parent)


def rejecting(name: str, group: str, problem: Rejected) -> Item:
    """An item whose ``load`` raises ``problem``."""

    def load() -> NoReturn:
        raise problem

    return Item(name, group, load)
