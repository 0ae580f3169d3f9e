"""Neural resolution: the blur by retina and brain that is left after that of the optics."""

import math
from collections.abc import Callable, Mapping
from typing import Literal, get_args

import numpy as np

from catsight.views import mirror

#: Transfer of the whole visual system at the limit of acuity, 0.028. The system is taken as a
#: Gaussian whose full width at half height is the smallest angle resolved, 1/cutoff (AcuityView:
#: Caves & Johnsen 2018, Methods Ecol. Evol. 9, 793).
THRESHOLD = math.exp(-(math.pi**2) / (4 * math.log(2)))
#: What limits detection by photon noise, after Barten 1999, Contrast Sensitivity of the Human Eye:
#: a grating is seen at 3 times the noise, and at most 12 degrees and 15 cycles of it count.
_SIGNAL_TO_NOISE, _WIDEST_DEGREES, _MOST_CYCLES = 3.0, 12.0, 15.0
#: The share of counted quanta that detection uses: Barten's 3 % of those at the cornea, of which
#: human rods count 25 %. The same for all animals, as it is for cats and humans (Kang et al. 2009).
_USED = 0.03 / 0.25


#: What has a limit of resolution of its own: cones for detail, cones for colour, and rods.
Sense = Literal["cones", "colour", "rods"]
SENSES: tuple[Sense, ...] = get_args(Sense)


def cutoff(
    part: Mapping, luminance: float, eccentricity: float = 0.0, sense: Sense = "cones"
) -> float:
    """Finest grating in c/deg that the nerves resolve at an adapting ``luminance`` (cd/m²).

    ``part`` is an eye's part ``acuity``. Cones, rods and colour have limits of their own, each with
    a ``cutoff`` in good light that falls as a power of luminance below ``dim_luminance``: the
    cones' (``sense`` "cones"), those under ``rods``, and the ``chromatic_cutoff``, which falls as
    the cones' does. All fall to a half at ``half_eccentricity`` degrees; ``eccentricity`` is in
    degrees from the line of sight.
    """
    curve = part["rods"] if sense == "rods" else part
    best = part["chromatic_cutoff"] if sense == "colour" else curve["cutoff"]
    dim = min(1.0, luminance / curve["dim_luminance"]) ** curve["dim_exponent"]
    return best * dim / (1 + eccentricity / part["half_eccentricity"])


def neural_sigma(cutoff: float, optics: float) -> float:
    """Standard deviation in degrees of the neural blur, from the variance budget.

    ``cutoff`` is the behavioural grating acuity in c/deg, where the whole visual system transfers
    :data:`THRESHOLD` of the contrast. ``optics`` is the transfer of the optics in focus at that
    frequency; the rest of the loss is neural, and taken as a Gaussian. If the optics are Gaussian
    too, the two variances add up to that of the whole system. If the optics alone are worse than
    behaviour, the neural blur is 0.
    """
    left = math.log(max(optics, THRESHOLD) / THRESHOLD)
    return math.sqrt(left / 2) / (math.pi * cutoff)


def neural_mtf(frequency: np.ndarray, sigma: float) -> np.ndarray:
    """Modulation transfer of a Gaussian blur; ``frequency`` in c/deg, ``sigma`` in degrees."""
    return np.exp(-2 * np.square(math.pi * sigma * np.asarray(frequency)))


def contrast_sensitivity(frequency: np.ndarray, part: Mapping, fall: float = 1.0) -> np.ndarray:
    """Sensitivity (1 / threshold contrast) to a grating of ``frequency`` c/deg.

    0 for a grating that cannot be seen. The HPmH function of Watson & Ahumada 2005, J. Vision
    5(9):6, with the numbers of an eye's ``contrast``. In dim light its frequencies are those in
    good light times ``fall``, as acuity's. It describes detection, and is not a filter: above
    threshold the apparent contrast is kept (Georgeson & Sullivan 1975), so :meth:`Eye.see` does not
    use it.
    """
    f = np.asarray(frequency, dtype=float) / fall
    with np.errstate(over="ignore"):  # far beyond the finest grating, where both terms are 0
        low = part["attenuation"] / np.cosh(f / part["low"])
        seen = part["gain"] * (1 / np.cosh((f / part["high"]) ** part["power"]) - low)
    return np.maximum(seen, 0)


def photon_limit(frequency: np.ndarray, quanta: np.ndarray) -> np.ndarray:
    """Sensitivity to a large grating of ``frequency`` c/deg that photon noise alone would allow.

    ``quanta`` is the number counted of 1 deg², each weighted by the square of the contrast that is
    left (of any shape, as ``frequency``). A contrast c in n quanta is c √(n/2) times their noise
    (de Vries 1943, Rose 1948); n is the number in the largest area that counts (Barten 1999).
    """
    f = np.asarray(frequency, dtype=float)
    area = 1 / (_WIDEST_DEGREES**-2 + np.square(f / _MOST_CYCLES))
    return np.sqrt(_USED * quanta * area / 2) / _SIGNAL_TO_NOISE


def blur_by_eccentricity(
    planes: np.ndarray,
    px_per_degree: float,
    sight: tuple[float, float],
    streak: float,
    sigma: Callable[[float], float],
) -> np.ndarray:
    """Planes (n, h, w) blurred by the nerves, increasingly away from the line of sight.

    It goes through the row and column ``sight``. ``sigma(degrees)`` is the standard deviation of
    the blur along the horizon; up and down, a degree counts ``streak`` times.
    """
    shape = planes.shape[1:]
    spectra = mirror.spectra(planes, False)
    fx, fy = mirror.frequencies(shape, px_per_degree, False)
    radial = np.hypot(fx[None, :], fy[:, None])
    y, x = ((np.arange(n) - at) / px_per_degree for n, at in zip(shape, sight))

    def blur(sigma: float) -> np.ndarray:
        transfer = neural_mtf(radial, sigma).astype(np.float32)
        return mirror.planes(spectra * transfer, shape, False)

    return blend_by_eccentricity(np.hypot(x[None, :], streak * y[:, None]), sigma, blur)


def blend_by_eccentricity(
    degrees: np.ndarray, sigma: Callable[[float], float], blur: Callable[[float], np.ndarray]
) -> np.ndarray:
    """Planes (n, h, w) with a blur that grows away from the line of sight.

    ``degrees`` (h, w) is each pixel's eccentricity, ``sigma(degrees)`` the standard deviation of
    the neural blur there, and ``blur(sigma)`` the planes blurred uniformly by it. The planes are
    blurred by a few sigmas, each at most a quarter above the one before, and mixed between
    neighbours so that the variance is right at each pixel; the weights sum to 1.
    """
    probes = np.linspace(0, degrees.max(), 65)
    wanted = np.interp(degrees, probes, [sigma(e) for e in probes])
    least, most = wanted.min(), wanted.max()
    if most <= least:
        return blur(most)
    count = math.ceil(math.log(most / max(least, most / 64), 1.25)) + 1
    levels = np.geomspace(max(least, most / 64), most, max(count, 2))
    levels[0] = least
    place = np.interp(np.square(wanted), np.square(levels), np.arange(len(levels)))
    return sum(
        np.maximum(1 - np.abs(place - i), 0).astype(np.float32) * blur(level)
        for i, level in enumerate(levels)
    )
