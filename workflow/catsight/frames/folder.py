"""The source ``folder``: all pictures under one of the user's folders, with their depth maps."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

import numpy as np

from catsight.frames.decode import decode, read_depth
from catsight.frames.item import File, Found, Item, Picture, Rejected, group_of
from catsight.run.specs import SourceSpec

#: How the name of a depth map ends.
_DEPTH = ".depth.npy"


@dataclass(frozen=True)
class Photo:
    """One of the user's photographs, and its depth map if it has one."""

    file: File
    group: str
    depth: File | None = None
    depth_unit: str | None = None

    def read(self, max_pixels: int) -> np.ndarray:
        """uint8 sRGB (h, w, 3)."""
        with self.file.unchanged() as path:
            return decode(path, max_pixels)

    def picture(self, max_pixels: int) -> Picture:
        """The photograph with its depth map."""
        if self.file.name.endswith(_DEPTH):
            raise Rejected("unmatched", "it is a depth map, but no photograph of its name is here")
        rgb = self.read(max_pixels)
        if self.depth is None:
            return Picture(rgb)
        with self.depth.unchanged() as path:
            return Picture(rgb, read_depth(path, rgb.shape[:2], self.depth_unit))


def items(source: SourceSpec, found: Found, max_pixels: int) -> list[Item]:
    """One item for each file, whatever it holds, in the manifest's order."""
    return [
        Item(photo.file.name, photo.group, partial(photo.picture, max_pixels))
        for photo in photos(found["path"], source["group_by"], source.get("depth_unit"))
    ]


def photos(found: Sequence[File], group_by: str, depth_unit: str | None = None) -> list[Photo]:
    """The files other than depth maps; ``photo.depth.npy`` beside ``photo.jpg`` is its depth map.

    A photo's group is the photo itself (``group_by`` "file") or its folder ("folder").
    """
    depths = {file.name.removesuffix(_DEPTH): file for file in found if file.name.endswith(_DEPTH)}
    of_photos = {file: str(PurePosixPath(file.name).with_suffix("")) for file in found}
    taken = {depths[stem] for stem in of_photos.values() if stem in depths}
    return [
        Photo(file, group_of(file.name, group_by), depths.get(stem), depth_unit)
        for file, stem in of_photos.items()
        if file not in taken
    ]
