"""Neural resolution: what the retina and brain lose on top of the optics, without blurring twice."""

import math

import numpy as np

#: A Gaussian with modulation 0.5 at f has standard deviation _HALF / f degrees.
_HALF = math.sqrt(2 * math.log(2)) / (2 * math.pi)
#: Full width at half height of a Gaussian in standard deviations.
_WIDTH = 2 * math.sqrt(2 * math.log(2))


def neural_sigma(cutoff: float, optics_half: float) -> float:
    """Standard deviation in degrees of the neural blur, by the variance budget.

    ``cutoff`` is the behavioural grating acuity in c/deg; the whole visual system is a Gaussian whose full width at
    half height is the smallest resolvable angle, 1/cutoff (AcuityView: Caves & Johnsen 2018, Methods Ecol. Evol. 9,
    793). The optics in focus, with modulation 0.5 at ``optics_half`` c/deg, account for part of its variance; the rest
    is neural. Where the optics alone are worse than behaviour in good light, the neural term is 0.
    """
    return math.sqrt(max(0.0, (1 / (_WIDTH * cutoff)) ** 2 - (_HALF / optics_half) ** 2))


def neural_mtf(frequency: np.ndarray, sigma: float) -> np.ndarray:
    """Modulation transfer of a Gaussian blur with standard deviation ``sigma`` degrees; ``frequency`` in c/deg."""
    return np.exp(-2 * np.square(math.pi * sigma * np.asarray(frequency)))
