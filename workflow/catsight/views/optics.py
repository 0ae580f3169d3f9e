"""The optics: modulation transfer in cycles per degree (c/deg), from the aperture by wave optics."""

import math
from collections.abc import Callable

import numpy as np
from scipy.interpolate import RectBivariateSpline
from scipy.optimize import brentq

from catsight.views.pupil import Pupil

#: Wavelength in m at which an eye is in focus and its transfer is computed: the peak of photopic vision.
WAVELENGTH = 555e-9

#: Points of the quadrature over the aperture's height.
_POINTS = 192


def aperture_otf(
    pupil: Pupil, fx: np.ndarray, fy: np.ndarray, defocus: float = 0.0, wavelength: float = WAVELENGTH
) -> np.ndarray:
    """Optical transfer of a pupil out of focus by ``defocus`` dioptres, at frequencies ``fx``, ``fy`` (c/deg).

    ``fx`` and ``fy`` broadcast. The autocorrelation of the generalised pupil (Goodman, Introduction to Fourier Optics,
    ch. 6): a frequency shifts the pupil against itself by ``s = wavelength * frequency``, and over the overlap the
    defocus leaves a phase that is linear in position, ``2 pi defocus (s . x) / wavelength``. The integral across the
    pupil is closed, that along its height a quadrature. Real, because the pupil is symmetric; negative where contrast
    is reversed.
    """
    shift = wavelength * math.degrees(1) * 1e3  # mm per c/deg
    sx, sy = np.broadcast_arrays(np.abs(fx) * shift, np.abs(fy) * shift)
    phase = 2 * math.pi * defocus * 1e-6 / wavelength  # rad per mm of shift and mm of position
    # y = reach sin(t) takes the square-root ends out of the integrand
    t = (np.arange(_POINTS) + 0.5) / _POINTS * math.pi - math.pi / 2
    total = np.zeros(sx.shape)
    reach = np.maximum(pupil.height / 2 - sy / 2, 0)
    for sine, cosine in zip(np.sin(t), np.cos(t)):
        y = reach * sine
        below, above = pupil.half_width(y - sy / 2), pupil.half_width(y + sy / 2)
        left = np.maximum(sx / 2 - below, -sx / 2 - above)
        right = np.minimum(sx / 2 + below, -sx / 2 + above)
        chord = np.maximum(right - left, 0)
        middle = phase * (sx * (left + right) / 2 + sy * y)
        total += chord * np.cos(middle) * np.sinc(phase * sx * chord / (2 * math.pi)) * reach * cosine
    return total * (math.pi / _POINTS) / pupil.area


def aperture_otf_grid(pupil: Pupil, fx: np.ndarray, fy: np.ndarray, defocus: float = 0.0) -> np.ndarray:
    """:func:`aperture_otf` on the grid of the axes ``fx`` (w,) and ``fy`` (h,), both rising from 0; float64 (h, w).

    Computed at knots and interpolated by a cubic spline: the transfer is as smooth as the point spread is narrow, so
    the knots lie ever closer with the angle over which the defocus smears.
    """
    cutoffs = [math.radians(extent * 1e-3 / WAVELENGTH) for extent in (pupil.width, pupil.height)]
    smear = math.degrees(pupil.height * 1e-3 * abs(defocus))
    knots = []
    for axis, cutoff in zip((fx, fy), cutoffs):
        last = min(max(axis[-1], 1e-9), cutoff)
        knots.append(np.linspace(0, last, int(np.clip(12 * smear * last, 96, 768))))
    values = aperture_otf(pupil, knots[0][None, :], knots[1][:, None], defocus)
    spline = RectBivariateSpline(knots[1], knots[0], values, s=0)
    inside = spline(np.minimum(fy, cutoffs[1]), np.minimum(fx, cutoffs[0]))
    return np.where((fy[:, None] <= cutoffs[1]) & (fx[None, :] <= cutoffs[0]), inside, 0)


def disc_mtf(frequency: np.ndarray, diameter: float, wavelength: float = WAVELENGTH) -> np.ndarray:
    """Diffraction-limited modulation transfer of a round pupil of ``diameter`` mm; ``frequency`` in c/deg."""
    x = np.minimum(np.abs(frequency) / math.radians(diameter * 1e-3 / wavelength), 1)
    return 2 / math.pi * (np.arccos(x) - x * np.sqrt(1 - x**2))


def watson2013(frequency: np.ndarray, diameter: float) -> np.ndarray:
    """Mean modulation transfer of 200 well corrected human eyes; ``frequency`` in c/deg, ``diameter`` 2 to 6 mm.

    Watson 2013, J. Vision 13(6):18. Its ``u1`` has a minimum at 7.03 mm; wider pupils are taken for that.
    """
    wide = min(diameter, 7.03)
    u1 = 21.95 - 5.512 * wide + 0.3922 * wide**2
    return (1 + np.square(frequency / u1)) ** -0.62 * np.sqrt(disc_mtf(frequency, diameter))


def equivalent_defocus_mtf(frequency: np.ndarray, pupil: Pupil, dioptres: float) -> np.ndarray:
    """In-focus residual blur of an eye as a Gaussian with the half-modulation frequency of a blur disc.

    A disc of angular diameter ``beta = diameter * dioptres`` (rad) has modulation 0.5 at 0.705/beta cycles per radian;
    ``diameter`` is that of the equal-area disc, because measured cat acuity is the same for both orientations (Clark &
    Clark 2013). Bonds, Enroth-Cugell & Pinto 1972 gives the same number of dioptres for pupils of 4.4 and 12 mm.
    """
    return np.exp(-math.log(2) * np.square(frequency / equivalent_defocus_half(pupil, dioptres)))


def equivalent_defocus_half(pupil: Pupil, dioptres: float) -> float:
    """Frequency (c/deg) at which :func:`equivalent_defocus_mtf` is one half."""
    return math.radians(0.705 / (pupil.equal_area_diameter * 1e-3 * dioptres))


def residual_half(residual: dict, pupil: Pupil) -> float:
    """Frequency (c/deg) at which an eye in focus, but for its aperture's slit, passes half the modulation."""
    if residual["model"] == "watson2013":
        return brentq(lambda f: watson2013(f, pupil.width) - 0.5, 1e-3, 60)
    return equivalent_defocus_half(pupil, residual["dioptres"])


def optical_transfer(
    residual: dict, pupil: Pupil, radial: np.ndarray, aperture: Callable[[float], np.ndarray], defocus: float
) -> np.ndarray:
    """Transfer of all the optics together at frequencies of length ``radial`` (c/deg).

    ``residual`` is the eye's own blur in focus, ``aperture(dioptres)`` the transfer of its pupil at these frequencies.
    Watson's measured transfer holds the diffraction already, so there the pupil adds only what defocus takes away.
    """
    if residual["model"] == "equivalent_defocus":
        return equivalent_defocus_mtf(radial, pupil, residual["dioptres"]) * aperture(defocus)
    measured = watson2013(radial, pupil.width)
    if defocus == 0:
        return measured
    sharp, blurred = aperture(0.0), aperture(defocus)
    return measured * np.divide(blurred, sharp, out=np.zeros_like(blurred), where=sharp > 1e-6)
