"""Light of many wavelengths: the transfer of a pupil, integrated over what a receptor catches."""

import functools
import math
from collections.abc import Mapping
from functools import partial

import numpy as np
from scipy.interpolate import CubicSpline, RectBivariateSpline

from catsight.views import optics
from catsight.views.colour import WAVELENGTHS
from catsight.views.optics import aperture_otf, chromatic_defocus
from catsight.views.pupil import Pupil


def _equal_steps(count: int) -> np.ndarray:
    """Wavelengths in nm from 400 to 700, equal steps of chromatic defocus apart."""
    dioptres = [chromatic_defocus(nm, 1) for nm in WAVELENGTHS]
    return np.interp(np.linspace(dioptres[0], dioptres[-1], count), dioptres, WAVELENGTHS)


#: Wavelengths in nm of the quadrature; see ``test_the_quadrature_over_a_band_is_converged``.
NODES = _equal_steps(16)


def onto_nodes(caught: np.ndarray) -> np.ndarray:
    """Weights (..., nodes) of the wavelengths :data:`NODES`, which sum to 1.

    ``caught`` (..., wavelengths) holds the quanta caught at :data:`colour.WAVELENGTHS`. Each is
    divided between the two nodes next to it, so that the mean chromatic defocus is kept.
    """
    dioptres = [chromatic_defocus(nm, 1) for nm in NODES]
    place = np.interp([chromatic_defocus(nm, 1) for nm in WAVELENGTHS], dioptres, range(len(NODES)))
    shares = np.maximum(1 - np.abs(place[:, None] - np.arange(len(NODES))), 0)
    weights = caught @ shares
    return weights / weights.sum(axis=-1, keepdims=True)


def band_otf(
    pupil: Pupil,
    fx: np.ndarray,
    fy: np.ndarray,
    lights: np.ndarray,
    chromatic: Mapping[str, float],
    defocus: float = 0.0,
) -> np.ndarray:
    """Optical transfer (n, ...) of a pupil for each of n ``lights`` (n, nodes).

    At frequencies ``fx`` and ``fy`` in c/deg, which broadcast. ``lights`` are the weights of
    :func:`onto_nodes`; ``chromatic`` holds the eye's ``focus`` (nm) and ``strength``; ``defocus``
    is in dioptres. Intensities add, so the transfer is the mean of :func:`optics.aperture_otf` over
    the wavelengths.
    """
    used = lights.max(axis=0) > 0
    passed = [
        aperture_otf(pupil, fx, fy, dioptres, nm)
        for nm, dioptres in zip(NODES[used], _dioptres(chromatic, defocus)[used])
    ]
    return np.tensordot(lights[:, used], passed, 1)


def band_otf_grid(
    pupil: Pupil,
    fx: np.ndarray,
    fy: np.ndarray,
    lights: np.ndarray,
    chromatic: Mapping[str, float],
    defocus: float = 0.0,
) -> np.ndarray:
    """:func:`band_otf` on the grid of the axes ``fx`` (w,) and ``fy`` (h,); float64 (n, h, w).

    Computed at knots and interpolated by cubic splines: along the radius for a disc, in the plane
    for a slit. The density of knots grows with the angle by which the defocus smears.
    """
    across, along = optics.into_pupil(pupil, fx[None, :], fy[:, None])
    across, along = np.abs(across), np.abs(along)
    conditions = (lights.tobytes(), chromatic["focus"], chromatic["strength"], defocus)
    if pupil.width == pupil.height:
        radius = np.hypot(across, along)
        last = _last(radius, pupil.width, _dioptres(chromatic, defocus))
        knots, values = _radial_otf(pupil.width, *conditions, last)
        return np.array([np.interp(radius, knots, row, right=0) for row in values])
    lasts = [
        _last(axis, extent, _dioptres(chromatic, defocus))
        for axis, extent in ((across, pupil.width), (along, pupil.height))
    ]
    splines = _slit_splines(pupil.width, pupil.height, *conditions, *lasts)
    inside = (across <= lasts[0]) & (along <= lasts[1])
    x, y = np.minimum(across, lasts[0]), np.minimum(along, lasts[1])
    if pupil.tilt % 180:
        passed = [spline(y, x, grid=False) for spline in splines]
    else:
        passed = [_on_axes(spline, y[:, 0], x[0]) for spline in splines]
    return np.where(inside, passed, 0)


def _last(frequencies: np.ndarray, extent: float, dioptres: np.ndarray) -> float:
    """The frequency (c/deg) up to which light of some wavelength passes and is asked for.

    Along an axis of the pupil of ``extent`` mm.
    """
    needed = _rounded_up(max(frequencies.max(), 1e-9))
    return min(needed, max(map(partial(optics.passed, extent), dioptres, NODES)))


def _dioptres(chromatic: Mapping[str, float], defocus: float) -> np.ndarray:
    return defocus + np.array(
        [chromatic_defocus(nm, chromatic["strength"], chromatic["focus"]) for nm in NODES]
    )


def _lights(held: bytes) -> np.ndarray:
    return np.frombuffer(held).reshape(-1, len(NODES))


#: Knots along each side of a tile.
_TILE = 96
#: Points of a radial transfer between two knots, which are joined by straight lines.
_BETWEEN = 16


@functools.lru_cache(maxsize=256)
def _radial_otf(
    diameter: float, lights: bytes, focus: float, strength: float, defocus: float, last: float
) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies up to ``last`` c/deg, and :func:`band_otf` of a disc there, (n, frequencies)."""
    chromatic = {"focus": focus, "strength": strength}
    knots = _knots(diameter, chromatic, defocus, last)
    values = band_otf(
        Pupil(diameter, diameter), knots, np.zeros(1), _lights(lights), chromatic, defocus
    )
    fine = np.linspace(0, last, _BETWEEN * len(knots))
    return fine, CubicSpline(knots, values, axis=1)(fine)


@functools.lru_cache(maxsize=64)
def _slit_splines(
    width: float,
    height: float,
    lights: bytes,
    focus: float,
    strength: float,
    defocus: float,
    last_across: float,
    last_along: float,
) -> list[RectBivariateSpline]:
    """:func:`band_otf` of an upright slit up to ``last_across`` and ``last_along`` c/deg."""
    chromatic = {"focus": focus, "strength": strength}
    x, y = (
        _knots(extent, chromatic, defocus, last)
        for extent, last in ((width, last_across), (height, last_along))
    )
    level, weights = Pupil(width, height), _lights(lights)
    # in tiles, which fit the processor's cache, and each of which takes only the number of points
    # that its own frequencies need
    columns, rows = (np.array_split(axis, -(-len(axis) // _TILE)) for axis in (x, y))
    values = np.block(
        [
            [band_otf(level, c[None, :], r[:, None], weights, chromatic, defocus) for c in columns]
            for r in rows
        ]
    )
    return [RectBivariateSpline(y, x, plane, s=0) for plane in values]


def _knots(
    extent: float, chromatic: Mapping[str, float], defocus: float, last: float
) -> np.ndarray:
    """Frequencies at which a transfer is computed along an axis of the pupil of ``extent`` mm."""
    most = np.abs(_dioptres(chromatic, defocus)).max()
    return np.linspace(0, last, max(math.ceil(6 * optics.smear(extent, most) * last), 48))


def _rounded_up(frequency: float) -> float:
    """The next power of √2, so that pictures of nearly the same size share a spline."""
    return 2 ** (math.ceil(2 * math.log2(frequency)) / 2)


def _on_axes(spline: RectBivariateSpline, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The spline on a grid whose axes need not be sorted."""
    (rows, row), (columns, column) = (np.unique(axis, return_inverse=True) for axis in (y, x))
    return spline(rows, columns)[row][:, column]
