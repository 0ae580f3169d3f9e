"""The optics: modulation transfer by wave optics, at frequencies in cycles per degree (c/deg)."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

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
#: Products of points and frequencies that are computed at once.
_AT_ONCE = 1 << 14


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
    across, along = into_pupil(pupil, fx, fy)
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
    # several points at once if there are few frequencies, which the loop would spend its time on
    for angles in np.array_split(t, math.ceil(points * max(sx.size, 1) / _AT_ONCE)):
        sine, cosine = (f(angles).reshape(-1, *[1] * sx.ndim) for f in (np.sin, np.cos))
        y = reach * sine
        below, above = pupil.half_width(y - sy / 2), pupil.half_width(y + sy / 2)
        left = np.maximum(sx / 2 - below, -sx / 2 - above)
        right = np.minimum(sx / 2 + below, -sx / 2 + above)
        chord = np.maximum(right - left, 0)
        middle = phase * (sx * (left + right) / 2 + sy * y)
        total += np.sum(
            chord * np.cos(middle) * np.sinc(phase * sx * chord / (2 * math.pi)) * reach * cosine,
            axis=0,
        )
    total *= math.pi / points / pupil.area
    within = (np.abs(across) <= _resolved(pupil.width, defocus)) & (
        np.abs(along) <= _resolved(pupil.height, defocus)
    )
    return np.where(within, total, 0)


def into_pupil(pupil: Pupil, fx: np.ndarray, fy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies across and along the slit."""
    tilt = math.radians(pupil.tilt)
    return fx * math.cos(tilt) - fy * math.sin(tilt), fx * math.sin(tilt) + fy * math.cos(tilt)


def smear(extent: float, defocus: float) -> float:
    """Degrees by which ``defocus`` dioptres smear a point along an axis of the pupil.

    The pupil measures ``extent`` mm along that axis.
    """
    return math.degrees(extent * 1e-3 * abs(defocus))


def _resolved(extent: float, defocus: float) -> float:
    """Frequency (c/deg) along such an axis beyond which the defocused transfer is taken as 0."""
    return _CYCLES / max(smear(extent, defocus), 1e-9)


def passed(extent: float, defocus: float, wavelength: float) -> float:
    """Frequency (c/deg) up to which a pupil of ``extent`` mm along an axis passes light."""
    return min(math.radians(extent * 1e6 / wavelength), _resolved(extent, defocus))


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


def veil(planes: np.ndarray, share: float) -> np.ndarray:
    """Planes (n, h, w) of which a ``share`` of the light is scattered over the whole retina.

    It lies as an even veil over the picture, as bright as its mean. Scatter falls as the square of
    the angle (Vos & van den Berg 1999, CIE 135), so what falls near its source is the optics' blur.
    """
    if not share:
        return planes
    mean = planes.mean(axis=(1, 2), keepdims=True, dtype=np.float64).astype(planes.dtype)
    return planes + np.float32(share) * (mean - planes)


class Residual(NamedTuple):
    """A model of the blur of an eye in focus.

    ``transfer``: the transfer at frequencies in c/deg, through a pupil, with the numbers of the
    eye's ``residual``. ``measured``: whether it was measured in white light, and so includes
    diffraction at the pupil and chromatic aberration.
    """

    transfer: Callable[[np.ndarray | float, Pupil, Mapping], np.ndarray]
    measured: bool


RESIDUALS = {
    "equivalent_defocus": Residual(
        lambda frequency, pupil, residual: equivalent_defocus_mtf(
            frequency, pupil, residual["dioptres"]
        ),
        measured=False,
    ),
    "watson2013": Residual(
        lambda frequency, pupil, _: watson2013(frequency, pupil.width), measured=True
    ),
}

#: Diameter in mm of the widest pupil that defocus and chromatic aberration act on in an eye whose
#: transfer was measured; see :func:`defocused_pupil`.
_MARGIN = 4.25


def defocused_pupil(pupil: Pupil) -> Pupil:
    """The perfect pupil that defocus blurs as much as it does a real eye's.

    Aberrations spread the light of a pupil's margin anyway, and cones take less of it (Stiles &
    Crawford 1933). So defocus costs a real eye less than a perfect one. The diameter ``d`` acts as
    ``1 / sqrt(1/d² + 1/4.25²)`` mm. The 4.25 mm are fitted by hand to virtual eyes drawn from the
    wavefronts of Thibos 2009, Ophthalmic Physiol. Opt. 29, 288 (docs/eyes.md).
    """
    diameter = pupil.width / math.hypot(1, pupil.width / _MARGIN)
    return Pupil(diameter, diameter)


#: From a pupil, weights of wavelengths (n, nodes) and dioptres to transfers (n, ...).
Aperture = Callable[[Pupil, np.ndarray, float], np.ndarray]


def optical_transfer(
    residual: Mapping,
    pupil: Pupil,
    radial: np.ndarray,
    aperture: Aperture,
    lights: np.ndarray,
    white: np.ndarray,
    defocus: float,
) -> np.ndarray:
    """Transfer (n, ...) of the whole optics for n ``lights`` at frequencies of length ``radial``.

    ``residual`` is the eye's own blur in focus. ``aperture`` gives the transfer of a pupil at these
    frequencies, integrated over the wavelengths of each light (:func:`bands.band_otf`). A transfer
    that was measured is that of ``white`` light (nodes,) in focus. It includes diffraction and
    chromatic aberration, so that the pupil adds only what other light, or defocus, changes.
    """
    found = model(RESIDUALS, residual["model"], "pupil.residual.model")
    in_focus = found.transfer(radial, pupil, residual)
    if not found.measured:
        return in_focus * aperture(pupil, lights, defocus)
    acting = defocused_pupil(pupil)
    sharp, blurred = aperture(acting, white[None], 0.0), aperture(acting, lights, defocus)
    ratio = np.divide(blurred, sharp, out=np.zeros_like(blurred), where=sharp > 1e-3)
    return in_focus * ratio
