"""Where an encoder's places lie in the picture that it was given, and what is in them."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from catsight.inputs.pictures import SRGB_LINEAR

#: The luminance of linear R, G and B (IEC 61966-2-1).
_LUMINANCE = (0.2126, 0.7152, 0.0722)


class Window(NamedTuple):
    """The part of a picture that a network is given, as fractions of its width and height.

    Beyond 0 and 1 lies padding.
    """

    left: float
    top: float
    right: float
    bottom: float


def window(shape: tuple[int, int], steps: Mapping[str, Any]) -> Window:
    """The part of a picture of this ``shape`` (h, w) that is left after the preprocessing ``steps``
    (:func:`catsight.features.encoders.preprocessing`), which timm resizes and crops by.
    """
    size = steps["size"]
    scaled = math.floor(size / steps["crop"])
    ends = []
    for resized in _resized(shape, scaled, steps["crop_mode"]):
        start = round((resized - size) / 2) if resized >= size else -((size - resized) // 2)
        ends.append((start / resized, (start + size) / resized))
    (top, bottom), (left, right) = ends
    return Window(left, top, right, bottom)


def _resized(shape: tuple[int, int], size: int, mode: str) -> tuple[int, int]:
    """The shape (h, w) to which timm resizes a picture before the crop."""
    if mode == "squash":
        return size, size
    if mode == "border":
        ratio = max(shape) / size
        return round(shape[0] / ratio), round(shape[1] / ratio)
    short = min(shape)
    return int(size * shape[0] / short), int(size * shape[1] / short)


def shares(count: int, cells: int, start: float = 0, end: float = 1) -> np.ndarray:
    """The weight (cells, count) of each of ``count`` even pieces of 0 to 1 in the mean over each of
    the ``cells`` that divide ``start`` to ``end`` evenly: the part of the cell that it covers.

    The rows of cells that lie beyond all pieces are 0; all others sum to 1.
    """
    edges = np.linspace(start, end, cells + 1) * count
    pieces = np.arange(count)
    ends = np.minimum(edges[1:, None], pieces + 1)
    covered = np.maximum(ends - np.maximum(edges[:-1, None], pieces), 0)
    covered[covered < 1e-9] = 0  # rounding of the edges
    total = covered.sum(axis=1, keepdims=True)
    return np.divide(covered, total, out=covered, where=total > 0)


def pooled(values: np.ndarray, cells: int) -> np.ndarray:
    """The means (c, c) of a map (h, w) over at most ``cells`` a side; nan does not count, unless
    all of a cell is.
    """
    down, right = (shares(side, min(side, cells)) for side in values.shape)
    known = np.isfinite(values)
    weights = down @ known @ right.T
    sums = down @ np.where(known, values, 0) @ right.T
    return np.divide(sums, weights, out=np.full(sums.shape, np.nan), where=weights > 0)


def contrasts(luminance: np.ndarray, part: Window, cells: tuple[int, int]) -> np.ndarray:
    """The RMS contrast in each of the ``cells`` (rows, columns) of a ``part`` of a picture: the
    standard deviation of its ``luminance`` (h, w) over its mean (Bex & Makous 2002, JOSA A 19,
    1096). nan in cells that are black or hold no picture.
    """
    down = shares(luminance.shape[0], cells[0], part.top, part.bottom)
    right = shares(luminance.shape[1], cells[1], part.left, part.right)
    mean, square = (down @ values @ right.T for values in (luminance, luminance**2))
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    return np.divide(spread, mean, out=np.full(mean.shape, np.nan), where=mean > 0)


def luminance(rgb: np.ndarray) -> np.ndarray:
    """The relative luminance (h, w), 0 to 1, of a uint8 sRGB picture (h, w, 3)."""
    return SRGB_LINEAR[rgb] @ _LUMINANCE


def eccentricities(
    shape: tuple[int, int],
    part: Window,
    cells: tuple[int, int],
    field_of_view: float,
    perspective: bool,
) -> np.ndarray:
    """How many degrees the middle of each of the ``cells`` (rows, columns) of a ``part`` of a
    picture of this ``shape`` (h, w) lies from its own middle.

    ``field_of_view``: degrees across the picture, even over its pixels or, in ``perspective``,
    those of an ideal camera, as for the eye's view (:mod:`catsight.views.camera`).
    """
    down, right = (
        (start + (np.arange(count) + 0.5) / count * (end - start) - 0.5) * side
        for start, end, count, side in (
            (part.top, part.bottom, cells[0], shape[0]),
            (part.left, part.right, cells[1], shape[1]),
        )
    )
    apart = np.hypot(down[:, None], right[None, :])
    if not perspective:
        return apart * field_of_view / shape[1]
    focal = shape[1] / 2 / math.tan(math.radians(field_of_view / 2))
    return np.degrees(np.arctan(apart / focal))
