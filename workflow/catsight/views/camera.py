"""A camera's perspective: from the pixels of a photograph to a grid that is even in degrees, and
back.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import ndimage

#: Side lengths of a photograph beyond its edges to which it is continued by mirror images.
_BEYOND = 3


class Lens(NamedTuple):
    """Where the points of an even grid lie in a photograph, and its pixels in the grid.

    Distances from the line of sight are exact in every direction (the azimuthal equidistant
    projection); lengths across that direction are too short by sin(a) / a, 1.1 % at 15 and 4.5 % at
    30 degrees.
    """

    px_per_degree: float  #: of the grid
    sight: tuple[float, float]  #: the line of sight: row and column in the grid
    #: rows and columns in the photograph, (2, grid's h, grid's w); None if the grid is the pixels
    grid: np.ndarray | None
    pixels: np.ndarray | None  #: rows and columns in the grid, (2, h, w)
    density: np.ndarray | float  #: pixels of the photograph per degree, (h, w): by solid angle

    def onto_grid(self, planes: np.ndarray, order: int = 3) -> np.ndarray:
        """Planes (n, h, w) of the photograph on the grid; beyond its edges it is mirrored."""
        return planes if self.grid is None else _sampled(planes, self.grid, order)

    def onto_pixels(self, planes: np.ndarray) -> np.ndarray:
        """Planes on the grid at the photograph's pixels."""
        return planes if self.pixels is None else _sampled(planes, self.pixels, 3)


def flat(shape: tuple[int, int], field_of_view: float, gaze: tuple[float, float]) -> Lens:
    """No lens: degrees are taken as even over the pixels."""
    sight = gaze[1] * shape[0] - 0.5, gaze[0] * shape[1] - 0.5
    px_per_degree = shape[1] / field_of_view
    return Lens(px_per_degree, sight, None, None, px_per_degree)


@lru_cache(maxsize=2)
def lens(shape: tuple[int, int], field_of_view: float, gaze: tuple[float, float]) -> Lens:
    """The lens of a camera whose picture of ``shape`` (h, w) spans ``field_of_view`` degrees.

    The camera is an ideal one, whose picture is the scene's projection onto a plane, and the middle
    of the picture is its axis. The line of sight goes through ``gaze``, fractions of width and
    height. The grid is as fine as the photograph is in the middle of the edges that lie farthest
    out; in the corners the photograph has a few more pixels per degree.
    """
    height, width = shape
    half = math.radians(field_of_view / 2)
    focal = width / 2 / math.tan(half)
    px_per_degree = math.radians(focal) * (1 + (max(shape) / 2 / focal) ** 2)
    middle = (height - 1) / 2, (width - 1) / 2
    turned = _turn((gaze[0] - 0.5) * width / focal, (gaze[1] - 0.5) * height / focal)

    rows, columns = np.mgrid[:height, :width].astype(float)
    rays = np.stack(
        [(columns - middle[1]) / focal, (rows - middle[0]) / focal, np.ones(shape)], axis=-1
    )
    distance = np.linalg.norm(rays, axis=-1)  # 1 / the cosine of the angle to the axis
    x, y = np.moveaxis(_degrees(rays @ turned.T), -1, 0)
    left, top = x.min(), y.min()
    size = [math.ceil((along.max() - along.min()) * px_per_degree) + 1 for along in (y, x)]
    down, right = np.mgrid[: size[0], : size[1]] / px_per_degree
    rays = _rays(np.stack([right + left, down + top], axis=-1)) @ turned
    ahead = np.maximum(rays[..., 2], 1e-3)
    grid = np.stack(
        [
            np.clip(middle[axis] + focal * rays[..., 1 - axis] / ahead, -_BEYOND * n, _BEYOND * n)
            for axis, n in enumerate(shape)
        ]
    )
    return Lens(
        px_per_degree,
        (-top * px_per_degree, -left * px_per_degree),
        grid.astype(np.float32),
        np.stack([(y - top) * px_per_degree, (x - left) * px_per_degree]).astype(np.float32),
        # a pixel's solid angle falls as the cube of the cosine
        math.radians(focal) * distance**1.5,
    )


def _turn(right: float, down: float) -> np.ndarray:
    """The rotation (3, 3) of rays (right, down, ahead) that brings such a ray straight ahead.

    First the eye turns sideways, then up or down, so that an upright slit stays upright.
    """
    yaw, pitch = math.atan(right), math.atan2(down, math.hypot(1, right))
    sideways = [
        [math.cos(yaw), 0, -math.sin(yaw)],
        [0, 1, 0],
        [math.sin(yaw), 0, math.cos(yaw)],
    ]
    upright = [
        [1, 0, 0],
        [0, math.cos(pitch), -math.sin(pitch)],
        [0, math.sin(pitch), math.cos(pitch)],
    ]
    return np.array(upright) @ np.array(sideways)


def _degrees(rays: np.ndarray) -> np.ndarray:
    """Degrees to the right and down (..., 2) from the line of sight of rays (..., 3)."""
    across = np.hypot(rays[..., 0], rays[..., 1])
    away = np.degrees(np.arctan2(across, rays[..., 2]))
    scale = np.divide(away, across, out=np.zeros_like(away), where=across > 0)
    return rays[..., :2] * scale[..., None]


def _rays(degrees: np.ndarray) -> np.ndarray:
    """Rays (..., 3) of length 1 in directions given as :func:`_degrees` gives them."""
    away = np.radians(np.hypot(degrees[..., 0], degrees[..., 1]))
    across = np.radians(degrees) * np.sinc(away / math.pi)[..., None]
    return np.concatenate([across, np.cos(away)[..., None]], axis=-1)


def _sampled(planes: np.ndarray, where: np.ndarray, order: int) -> np.ndarray:
    return np.stack(
        [ndimage.map_coordinates(plane, where, order=order, mode="mirror") for plane in planes]
    )
