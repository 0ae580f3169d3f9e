"""Neural resolution: what the retina and brain lose on top of the optics, without blurring twice."""

import math
from collections.abc import Callable, Mapping

import numpy as np

#: What is passed at the limit of acuity, 0.028: the whole system is a Gaussian whose full width at
#: half height is the smallest angle resolved, 1/cutoff (AcuityView: Caves & Johnsen 2018, Methods
#: Ecol. Evol. 9, 793).
THRESHOLD = math.exp(-(math.pi**2) / (4 * math.log(2)))


def cutoff(part: Mapping, luminance: float, eccentricity: float = 0.0) -> float:
    """Grating acuity in c/deg at an adapting ``luminance`` (cd/m²), ``eccentricity`` degrees from
    the line of sight.

    ``part`` is an eye's part ``acuity``: ``cutoff`` in good light, falling as a power of luminance
    below ``dim_luminance``, and to a half at ``half_eccentricity`` degrees.
    """
    dim = min(1.0, luminance / part["dim_luminance"]) ** part["dim_exponent"]
    return part["cutoff"] * dim / (1 + eccentricity / part["half_eccentricity"])


def neural_sigma(cutoff: float, optics: float) -> float:
    """Standard deviation in degrees of the neural blur, by the variance budget.

    ``cutoff`` is the behavioural grating acuity in c/deg, where the whole visual system passes
    :data:`THRESHOLD` of the contrast. The ``optics`` in focus pass so much of it there; what is
    still to be lost is neural, and a Gaussian. For optics that are Gaussian too the two variances
    add up to the whole system's. Where the optics alone are worse than behaviour, the neural term
    is 0.
    """
    left = math.log(max(optics, THRESHOLD) / THRESHOLD)
    return math.sqrt(left / 2) / (math.pi * cutoff)


def neural_mtf(frequency: np.ndarray, sigma: float) -> np.ndarray:
    """Modulation transfer of a Gaussian blur with standard deviation ``sigma`` degrees;
    ``frequency`` in c/deg.
    """
    return np.exp(-2 * np.square(math.pi * sigma * np.asarray(frequency)))


def contrast_sensitivity(frequency: np.ndarray, part: Mapping) -> np.ndarray:
    """Sensitivity (1 / threshold contrast) to a grating of ``frequency`` c/deg in good light; 0
    where it is unseen.

    The HPmH function of Watson & Ahumada 2005, J. Vision 5(9):6, with the numbers of an eye's
    ``contrast``. It says what can be detected. It is no filter: what is above threshold keeps its
    apparent contrast (Georgeson & Sullivan 1975), so :meth:`Eye.see` does not use it.
    """
    f = np.asarray(frequency, dtype=float)
    low = part["attenuation"] / np.cosh(f / part["low"])
    return np.maximum(part["gain"] * (1 / np.cosh((f / part["high"]) ** part["power"]) - low), 0)


def blend_by_eccentricity(
    degrees: np.ndarray, sigma: Callable[[float], float], blur: Callable[[float], np.ndarray]
) -> np.ndarray:
    """Planes (n, h, w) blurred more the farther from the line of sight.

    ``degrees`` (h, w) is each pixel's eccentricity, ``sigma(degrees)`` the neural blur's standard
    deviation there and ``blur(sigma)`` the planes blurred by it all alike. Computed at few sigmas,
    each at most a quarter above the one before, and mixed between neighbours so that the variance
    is right everywhere; the weights sum to 1.
    """
    wanted = np.interp(
        degrees, probes := np.linspace(0, degrees.max(), 65), [sigma(e) for e in probes]
    )
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
