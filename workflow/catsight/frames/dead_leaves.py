"""The source ``dead-leaves``: synthetic scenes with the statistics of natural pictures.

The distance of every pixel is known.
"""

import hashlib
import math
from collections.abc import Iterator
from functools import cache, partial

import numba
import numpy as np

from catsight.frames.item import Found, Item, Picture
from catsight.inputs.pictures import srgb_encode
from catsight.run.specs import SourceSpec

#: Radii of leaves: the smallest in px, the largest in widths of the frame.
_SMALLEST, _LARGEST = 1.0, 0.5
#: Distances, m.
_NEAREST, _FARTHEST = 0.5, 50.0
#: A pixel is the mean of this many points squared; odd, so that one point is in its middle.
_POINTS = 5
_ALL = 2 ** (_POINTS**2) - 1  #: all bits of a pixel ...
_MIDDLE = 2 ** (_POINTS**2 // 2)  #: ... and that of its middle
#: Places and radii are multiples of 1/64 of the points' spacing, so that what a leaf covers is
#: decided without rounding.
_GRID = 64
#: Leaves drawn at once.
_CHUNK = 4096

# log10 of linear R, G, B: a lightness common to all three, yellow against blue along (1, 1, -2),
# and red against green along (1, -1, 0)
_LIGHTNESS, _LIGHTNESS_SD = -0.81, 0.41
_YELLOW_SD, _RED_SD, _CORRELATION = 0.13, 0.15, 0.85


def items(source: SourceSpec, found: Found, max_pixels: int) -> Iterator[Item]:
    """``source["count"]`` scenes called ``scene-000000`` and so on, each a group of its own.

    A scene depends on the study's seed and its own number alone, so a larger count changes none.
    """
    for number in range(source["count"]):
        name = f"scene-{number:06}"
        yield Item(name, name, partial(_picture, source, number))


def _picture(source: SourceSpec, number: int) -> Picture:
    rgb, depth = scene(source["size"], seed=source["seed"], number=number)
    return Picture(rgb, depth if source["depth"] else None)


def scene(size: int, *, seed: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """A scene: uint8 sRGB (size, size, 3), and the distance of each pixel in metres, float32.

    Opaque disks one behind the other, from the nearest on, until they fill the frame (Matheron's
    model; Ruderman 1997, Vision Research 37, 3385; Lee, Mumford & Huang 2001, Int. J. Computer
    Vision 41, 35). Their centres are uniform; their radii r have a density of r⁻³, the one that is
    scale invariant, between 1 px and half the frame's width. Every leaf faces the eye at one
    distance. The logarithm of a point's distance is uniform between those of 0.5 and 50 m, and
    independent of the radius of the visible leaf, as scale invariance requires.

    The logarithms of linear R, G and B are distributed as in the photographs of the default study
    (medians over the seven of each one's mean lightness, standard deviation of lightness and of
    both colour axes, and correlation of the axes: red goes with yellow, green with blue. Only
    pixels with all channels from 16 to 253 count, since darker ones are noise), around a grey of
    0.15; values above 1 become 1. Each deviation is a sum of three uniform variables: nearly
    normal, and never beyond three standard deviations.

    Edges are antialiased in linear light, over 5 × 5 points for each pixel; a distance is that of
    the leaf in a pixel's middle, never a mean. A scene depends on its arguments alone, on any
    machine: coverage is decided by exact arithmetic, light is summed in integers, and logarithms
    are rounded coarsely. Another size gives another scene.

    The power of log luminance falls as frequency to the -1.9, from 4 cycles per frame to 1/8 cycles
    per pixel, and contrasts are heavy-tailed at every scale, as in natural pictures
    (tests/frames/test_dead_leaves.py). A scene takes one thread 1.7, 3.9, 12 and 62 ms at 64, 128,
    256 and 512 px, and about 25 bytes of memory for each pixel.
    """
    key = hashlib.sha256(f"dead leaves/{seed}/{number}".encode()).digest()
    random = np.random.Generator(np.random.PCG64(int.from_bytes(key)))
    covered = np.zeros((size, size), np.uint32)
    free = np.tile(np.arange(size + 1, dtype=np.int32), (size, 1))
    light = np.zeros((size, size, 3), np.uint32)
    distance = np.zeros((size, size), np.float32)
    full, drawn = 0, 0
    while full < size * size:
        full += _paint(*_leaves(random, size, drawn), covered, free, light, distance)
        drawn += _CHUNK
    return _ENCODED[light // _POINTS**2], distance


def _leaves(
    random: np.random.Generator, size: int, first: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, y, radius, colour and distance of the leaves from number ``first`` on (0: the nearest).

    x, y and radius are in units of the points' spacing, with point 0 at 0; colours are uint16 of
    linear light (n, 3), distances float32 in metres.
    """
    draws = random.random((_CHUNK, 12))
    radii, cumulative = _radii(size)
    total = cumulative[-1]
    radius = np.interp(draws[:, 0] * total, cumulative, radii)
    x, y = (draws[:, i] * (size + 2 * radius) - radius - 0.5 / _POINTS for i in (1, 2))
    x, y, radius = (np.rint(value * _POINTS * _GRID) / _GRID for value in (x, y, radius))

    # the part of the frame that one leaf covers on average; (1 - part) ** n is behind n leaves
    part = math.pi * math.log(radii[-1] / radii[0]) / total
    behind = (1 - part) ** (np.arange(first, first + _CHUNK) + 1)
    distance = np.round(_NEAREST * (_FARTHEST / _NEAREST) ** (1 - behind), 4).astype(np.float32)

    # a sum of three uniform variables has a variance of 1/4
    normal = 2 * (draws[:, 3:].reshape(-1, 3, 3).sum(axis=2) - 1.5)
    lightness = _LIGHTNESS + _LIGHTNESS_SD * normal[:, 0]
    red = _RED_SD * normal[:, 1]
    yellow = _YELLOW_SD * (
        _CORRELATION * normal[:, 1] + math.sqrt(1 - _CORRELATION**2) * normal[:, 2]
    )
    logarithm = np.stack(
        [lightness + yellow + red, lightness + yellow - red, lightness - 2 * yellow], axis=1
    )
    colour = np.rint(65535 * 10 ** np.minimum(logarithm, 0)).astype(np.uint16)
    return x, y, radius, colour, distance


@cache
def _radii(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Radii in px, and the number of leaves of at most that radius that reach into a frame.

    The number is that for a density of leaves of r⁻³ for each px² of the plane. A leaf of radius r
    reaches into the frame from anywhere in a square of side size + 2 r, so large leaves are more
    frequent in the frame than r⁻³ says.
    """
    radii = np.geomspace(_SMALLEST, max(2 * _SMALLEST, _LARGEST * size), 4097)
    count = 4 * np.log(radii) - 4 * size / radii - size**2 / (2 * radii**2)
    return radii, count - count[0]


@numba.njit(cache=True, nogil=True)
def _paint(
    x: np.ndarray,
    y: np.ndarray,
    radius: np.ndarray,
    colour: np.ndarray,
    distance: np.ndarray,
    covered: np.ndarray,
    free: np.ndarray,
    light: np.ndarray,
    depth: np.ndarray,
) -> int:
    """Puts leaves behind those that are there already; returns the number of pixels they complete.

    ``covered`` holds a bit for each point of a pixel. ``free[i, j]`` leads towards the first pixel
    of row i, from j on, that has points not covered yet; such a pixel leads to itself.
    """
    size = len(covered)
    first, last = np.empty(_POINTS, np.int64), np.empty(_POINTS, np.int64)
    full = 0
    for leaf in range(len(x)):
        centre, squared = x[leaf], radius[leaf] ** 2
        top = max(0, math.ceil(y[leaf] - radius[leaf])) // _POINTS
        bottom = min(size * _POINTS - 1, math.floor(y[leaf] + radius[leaf])) // _POINTS
        for i in range(top, bottom + 1):
            left, right = size * _POINTS, -1
            for k in range(_POINTS):  # first and last point that the leaf covers in each row
                half = squared - (i * _POINTS + k - y[leaf]) ** 2
                first[k], last[k] = 0, -1
                if half >= 0:
                    half = math.sqrt(half)
                    first[k] = max(0, math.ceil(centre - half))
                    last[k] = min(size * _POINTS - 1, math.floor(centre + half))
                    if first[k] <= last[k]:
                        left, right = min(left, first[k]), max(right, last[k])
            j = _first_free(free, i, left // _POINTS)
            while j <= right // _POINTS:
                new = 0
                for k in range(_POINTS):
                    low, high = (
                        max(first[k] - j * _POINTS, 0),
                        min(last[k] - j * _POINTS, _POINTS - 1),
                    )
                    if low <= high:
                        new |= ((1 << (high - low + 1)) - 1) << (k * _POINTS + low)
                new &= ~covered[i, j]
                covered[i, j] |= new
                if new & _MIDDLE:
                    depth[i, j] = distance[leaf]
                count = 0
                while new:
                    new &= new - 1  # clears the lowest bit
                    count += 1
                for k in range(3):
                    light[i, j, k] += count * colour[leaf, k]
                if covered[i, j] == _ALL:
                    free[i, j] = j + 1
                    full += 1
                j = _first_free(free, i, j + 1)
    return full


@numba.njit(cache=True, nogil=True)
def _first_free(free: np.ndarray, i: int, j: int) -> int:
    """The first pixel of row ``i``, from ``j`` on, with points that are not covered yet."""
    while free[i, j] != j:
        free[i, j] = free[i, free[i, j]]  # path halving: the next search takes half the steps
        j = free[i, j]
    return j


#: uint8 sRGB of linear light in 1/65535.
_ENCODED = np.rint(255 * srgb_encode(np.arange(65536) / 65535)).astype(np.uint8)
