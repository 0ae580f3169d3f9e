"""What every source gives: pictures yet to be read, one after the other."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from catsight.errors import CatsightError
from catsight.inputs import files


@dataclass(frozen=True)
class Picture:
    """A picture: uint8 sRGB (h, w, 3), upright."""

    rgb: np.ndarray
    depth: np.ndarray | None = None  #: distance of each pixel in metres, float32 (h, w)
    partner: np.ndarray | None = (
        None  #: what was recorded with it, uint8 sRGB, of a size of its own
    )


@dataclass(frozen=True)
class Item:
    """A picture that frames are made from. ``name`` becomes their id, ``credits`` are columns of
    their table.

    ``load`` gives it, in another thread; or raises :class:`catsight.frames.decode.Rejected`.
    """

    name: str
    group: str
    load: Callable[[], Picture]
    credits: Mapping[str, str | None] = field(default_factory=dict)
    mark: str = "#"  #: what stands between its name and the number of a glance


@dataclass(frozen=True)
class File:
    """A file of the user's, as the manifest knows it."""

    name: str  #: its path below the source's folder, as it stands in ids
    path: Path
    sha256: str | None  #: None where it could not be read

    @contextmanager
    def unchanged(self) -> Iterator[Path]:
        """The path, to be read in the block.

        Raises :class:`CatsightError` where the file's bytes are not those of the manifest: they are
        hashed before, in constant memory, and what tells of a write or a replacement (inode, size,
        time) is compared before and after.
        """
        before = files.stamp(self.path)
        if files.digest(self.path) != self.sha256:
            raise self._changed()
        try:
            yield self.path
        finally:
            if files.stamp(self.path) != before:
                raise self._changed()

    def _changed(self) -> CatsightError:
        return CatsightError(
            f"{self.path} has changed since it was listed: its bytes are no longer those in the manifest. Delete "
            "manifest.parquet in the study's frames folder and run again"
        )


def rejecting(name: str, group: str, problem: Exception) -> Item:
    """An item that cannot be used."""

    def load() -> Picture:
        raise problem

    return Item(name, group, load)
