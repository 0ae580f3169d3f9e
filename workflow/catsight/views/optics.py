"""The optics: modulation transfer by wave optics, at frequencies in cycles per degree (c/deg)."""

import functools
import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from scipy.interpolate import RectBivariateSpline

from catsight.views.models import model
from catsight.views.pupil import Pupil

#: Wavelength in nm at which an eye is in focus and its transfer is computed, unless a receptor is
#: given: the peak of photopic vision.
WAVELENGTH = 555.0

#: Cycles across the point spread of a defocused pupil beyond which its transfer, below 0.002, is
#: taken as 0.
_CYCLES = 60
#: Points of the quadrature along the aperture's height: without oscillation, and in addition for
#: each cycle. See ``test_quadrature_is_converged``.
_POINTS, _POINTS_PER_CYCLE = 128, 4
#: Knots along each side of a tile.
_TILE = 96


def aperture_otf(
    pupil: Pupil,
    fx: np.ndarray,
    fy: np.ndarray,
    defocus: float = 0.0,
    wavelength: float = WAVELENGTH,
    refinement: float = 1,
) -> np.ndarray:
    """Optical transfer of a pupil that is out of focus by ``defocus`` dioptres.

    At frequencies ``fx`` (to the right) and ``fy`` (upwards) in c/deg, which broadcast;
    ``wavelength`` is in nm. The transfer is the autocorrelation of the generalised pupil (Goodman,
    Introduction to Fourier Optics, ch. 6): a frequency shifts the pupil against itself by
    ``s = wavelength * frequency``, and over the overlap the defocus leaves a phase that is linear
    in position, ``2 pi defocus (s . x) / wavelength``. The integral across the pupil has a closed
    form; that along its height is a quadrature with ``refinement`` times the usual number of
    points. The transfer is real, because the pupil is symmetric, and negative where contrast is
    reversed.
    """
    across, along = _into_pupil(pupil, fx, fy)
    shift = wavelength * 1e-6 * math.degrees(1)  # mm per c/deg
    sx, sy = np.broadcast_arrays(np.abs(across) * shift, np.abs(along) * shift)
    phase = 2 * math.pi * defocus / wavelength * 1e3  # rad per mm of shift and mm of position
    total = np.zeros(sx.shape)
    reach = np.maximum(pupil.height / 2 - sy / 2, 0)
    # along the height the phase varies with sy, and with sx as the chord and its middle change
    cycles = [
        abs(phase) * path.max(initial=0) / math.pi for path in (sy * reach, sx * pupil.width / 2)
    ]
    points = math.ceil(
        refinement * (_POINTS + _POINTS_PER_CYCLE * sum(min(count, _CYCLES) for count in cycles))
    )
    # y = reach sin(t) removes the square-root singularities at the ends of the integrand
    t = (np.arange(points) + 0.5) / points * math.pi - math.pi / 2
    for sine, cosine in zip(np.sin(t), np.cos(t)):
        y = reach * sine
        below, above = pupil.half_width(y - sy / 2), pupil.half_width(y + sy / 2)
        left = np.maximum(sx / 2 - below, -sx / 2 - above)
        right = np.minimum(sx / 2 + below, -sx / 2 + above)
        chord = np.maximum(right - left, 0)
        middle = phase * (sx * (left + right) / 2 + sy * y)
        total += (
            chord * np.cos(middle) * np.sinc(phase * sx * chord / (2 * math.pi)) * reach * cosine
        )
    total *= math.pi / points / pupil.area
    within = (np.abs(across) <= _resolved(pupil.width, defocus)) & (
        np.abs(along) <= _resolved(pupil.height, defocus)
    )
    return np.where(within, total, 0)


def aperture_otf_grid(
    pupil: Pupil,
    fx: np.ndarray,
    fy: np.ndarray,
    defocus: float = 0.0,
    wavelength: float = WAVELENGTH,
) -> np.ndarray:
    """:func:`aperture_otf` on the grid of the axes ``fx`` (w,) and ``fy`` (h,); float64 (h, w).

    Computed at knots and interpolated by a cubic spline. The narrower the point spread, the
    smoother the transfer. So the density of knots along each axis grows with the angle by which
    the defocus smears along it.
    """
    turned = pupil.tilt % 180 != 0
    across, along = _into_pupil(pupil, fx[None, :], fy[:, None])
    across, along = np.abs(across), np.abs(along)
    last = []
    for frequencies, extent in ((across, pupil.width), (along, pupil.height)):
        diffraction = math.radians(extent * 1e6 / wavelength)
        needed = _rounded_up(max(frequencies.max(), 1e-9))
        last.append(min(needed, diffraction, _resolved(extent, defocus)))
    spline = _aperture_spline(pupil.width, pupil.height, defocus, wavelength, *last)
    x, y = np.minimum(across, last[0]), np.minimum(along, last[1])
    inside = spline(y, x, grid=False) if turned else _on_axes(spline, y[:, 0], x[0])
    return np.where((across <= last[0]) & (along <= last[1]), inside, 0)


def _rounded_up(frequency: float) -> float:
    """The next power of √2, so that pictures of nearly the same size share a spline."""
    return 2 ** (math.ceil(2 * math.log2(frequency)) / 2)


@functools.lru_cache(maxsize=64)
def _aperture_spline(
    width: float,
    height: float,
    defocus: float,
    wavelength: float,
    last_across: float,
    last_along: float,
) -> RectBivariateSpline:
    """:func:`aperture_otf` of an upright pupil, ``width`` by ``height`` mm.

    Up to ``last_across`` and ``last_along`` c/deg across and along it.
    """
    knots = [
        np.linspace(0, last, max(math.ceil(12 * _smear(extent, defocus) * last), 96))
        for last, extent in ((last_across, width), (last_along, height))
    ]
    level = Pupil(width, height)
    # in tiles, which fit the processor's cache, and each of which takes only the number of points
    # that its own frequencies need
    columns, rows = (np.array_split(axis, math.ceil(len(axis) / _TILE)) for axis in knots)
    tiles = [
        [aperture_otf(level, x[None, :], y[:, None], defocus, wavelength) for x in columns]
        for y in rows
    ]
    return RectBivariateSpline(knots[1], knots[0], np.block(tiles), s=0)


def _on_axes(spline: RectBivariateSpline, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The spline on a grid whose axes need not be sorted."""
    (rows, row), (columns, column) = (np.unique(axis, return_inverse=True) for axis in (y, x))
    return spline(rows, columns)[row][:, column]


def _into_pupil(pupil: Pupil, fx: np.ndarray, fy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies across and along the slit."""
    tilt = math.radians(pupil.tilt)
    return fx * math.cos(tilt) - fy * math.sin(tilt), fx * math.sin(tilt) + fy * math.cos(tilt)


def _smear(extent: float, defocus: float) -> float:
    """Degrees by which ``defocus`` dioptres smear a point along an axis of the pupil.

    The pupil measures ``extent`` mm along that axis.
    """
    return math.degrees(extent * 1e-3 * abs(defocus))


def _resolved(extent: float, defocus: float) -> float:
    """Frequency (c/deg) along such an axis beyond which the defocused transfer is taken as 0."""
    return _CYCLES / max(_smear(extent, defocus), 1e-9)


def chromatic_defocus(wavelength: float, strength: float, focus: float = WAVELENGTH) -> float:
    """Dioptres by which light of ``wavelength`` nm is out of focus.

    The eye is in focus at ``focus`` nm. The chromatic eye of Thibos, Ye, Zhang & Bradley 1992,
    Appl. Opt. 31, 3594, times ``strength`` (1 for a human). Negative for blue light, which is
    focused too strongly, like an object that is too far away.
    """
    return strength * (0.63346 / (focus * 1e-3 - 0.21410) - 0.63346 / (wavelength * 1e-3 - 0.21410))


def disc_mtf(
    frequency: np.ndarray | float, diameter: float, wavelength: float = WAVELENGTH
) -> np.ndarray:
    """Diffraction-limited modulation transfer of a round pupil of ``diameter`` mm.

    ``frequency`` is in c/deg, ``wavelength`` in nm.
    """
    x = np.minimum(np.abs(frequency) / math.radians(diameter * 1e6 / wavelength), 1)
    return 2 / math.pi * (np.arccos(x) - x * np.sqrt(1 - x**2))


def watson2013(frequency: np.ndarray | float, diameter: float) -> np.ndarray:
    """Mean modulation transfer of 200 well corrected human eyes.

    ``frequency`` is in c/deg, ``diameter`` 2 to 6 mm. Watson 2013, J. Vision 13(6):18. Its ``u1``
    has a minimum at 7.03 mm; wider pupils are taken as that wide.
    """
    wide = min(diameter, 7.03)
    u1 = 21.95 - 5.512 * wide + 0.3922 * wide**2
    return (1 + np.square(frequency / u1)) ** -0.62 * np.sqrt(disc_mtf(frequency, diameter))


def equivalent_defocus_mtf(
    frequency: np.ndarray | float, pupil: Pupil, dioptres: float
) -> np.ndarray:
    """Residual blur of an eye in focus, as a Gaussian with the half-modulation frequency of a disc.

    A blur disc of angular diameter ``beta = diameter * dioptres`` (rad) has modulation 0.5 at
    0.705/beta cycles per radian; ``diameter`` is that of the equal-area disc, because measured cat
    acuity is the same for both orientations (Clark & Clark 2013). Bonds, Enroth-Cugell & Pinto 1972
    gives the same number of dioptres for pupils of 4.4 and 12 mm.
    """
    return np.exp(-math.log(2) * np.square(frequency / equivalent_defocus_half(pupil, dioptres)))


def equivalent_defocus_half(pupil: Pupil, dioptres: float) -> float:
    """Frequency (c/deg) at which :func:`equivalent_defocus_mtf` is one half."""
    return math.radians(0.705 / (pupil.equal_area_diameter * 1e-3 * dioptres))


class Residual(NamedTuple):
    """A model of the blur of an eye in focus.

    ``transfer``: the transfer at frequencies in c/deg, through a pupil, with the numbers of the
    eye's ``residual``. ``diffracted``: whether it includes the diffraction at the pupil.
    """

    transfer: Callable[[np.ndarray | float, Pupil, Mapping], np.ndarray]
    diffracted: bool


RESIDUALS = {
    "equivalent_defocus": Residual(
        lambda frequency, pupil, residual: equivalent_defocus_mtf(
            frequency, pupil, residual["dioptres"]
        ),
        diffracted=False,
    ),
    "watson2013": Residual(
        lambda frequency, pupil, _: watson2013(frequency, pupil.width), diffracted=True
    ),
}


def residual_transfer(residual: Mapping, pupil: Pupil, frequency: np.ndarray | float) -> np.ndarray:
    """Transfer of an eye in focus at ``frequency`` c/deg, without the diffraction at its slit."""
    return _residual(residual).transfer(frequency, pupil, residual)


def _residual(residual: Mapping) -> Residual:
    return model(RESIDUALS, residual["model"], "pupil.residual.model")


def optical_transfer(
    residual: Mapping,
    pupil: Pupil,
    radial: np.ndarray,
    aperture: Callable[[float], np.ndarray],
    defocus: float,
) -> np.ndarray:
    """Transfer of the whole optics at frequencies of length ``radial`` (c/deg).

    ``residual`` is the eye's own blur in focus, ``aperture(dioptres)`` the transfer of its pupil at
    these frequencies. Watson's measured transfer includes diffraction, so with it the pupil adds
    only the loss by defocus.
    """
    in_focus = residual_transfer(residual, pupil, radial)
    if not _residual(residual).diffracted:
        return in_focus * aperture(defocus)
    if defocus == 0:
        return in_focus
    sharp, blurred = aperture(0.0), aperture(defocus)
    return in_focus * np.divide(blurred, sharp, out=np.zeros_like(blurred), where=sharp > 1e-6)
