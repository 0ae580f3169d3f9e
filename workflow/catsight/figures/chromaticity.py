"""The chromaticity diagram CIE 1976 u', v' of the colours of sRGB."""

from typing import TYPE_CHECKING

import numpy as np

from catsight.figures import style
from catsight.inputs.pictures import srgb_encode

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: From linear sRGB to XYZ (IEC 61966-2-1).
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
#: What is shown of the plane: u' from and to, v' from and to.
_EXTENT = (0.1, 0.5, 0.13, 0.6)
#: Points of the painted gamut along either axis, and how much white its colours are mixed with.
_POINTS, _WHITE = 160, 0.45


def of_linear_srgb(colours: np.ndarray) -> np.ndarray:
    """Chromaticities u', v' (..., 2) of linear sRGB (..., 3) (CIE 15:2004); none of black."""
    x, y, z = np.moveaxis(colours @ _TO_XYZ.T, -1, 0)
    return np.stack([4 * x, 9 * y], axis=-1) / (x + 15 * y + 3 * z)[..., None]


def draw_gamut(axes: "Axes") -> None:
    """Draws the triangle of the colours of sRGB, pale, and a ring around white."""
    axes.imshow(_painted(), extent=_EXTENT, origin="lower", interpolation="bilinear")
    corners = of_linear_srgb(np.eye(3)[[0, 1, 2, 0]])
    axes.plot(*corners.T, color=style.GREY, linewidth=0.7)
    white = of_linear_srgb(np.ones(3))
    axes.plot(*white, "o", color=style.INK, markerfacecolor="white", zorder=3)
    axes.set(xticks=[0.2, 0.4], yticks=[0.2, 0.4], xlim=_EXTENT[:2], ylim=_EXTENT[2:])


def _painted() -> np.ndarray:
    """The plane, uint8 (v, u, 4): the brightest colour of each chromaticity that sRGB has."""
    left, right, low, high = _EXTENT
    u, v = np.meshgrid(np.linspace(left, right, _POINTS), np.linspace(low, high, _POINTS))
    xyz = np.stack([9 * u / (4 * v), np.ones_like(u), (12 - 3 * u - 20 * v) / (4 * v)], axis=-1)
    linear = xyz @ np.linalg.inv(_TO_XYZ).T
    within = (linear >= 0).all(axis=-1)
    colours = srgb_encode(np.clip(linear / linear.max(axis=-1, keepdims=True), 0, 1))
    pale = _WHITE + (1 - _WHITE) * colours
    return np.rint(255 * np.dstack([pale, within])).astype(np.uint8)
