"""Time: receptors add up the light of the moments before."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import optimize, special

#: Contrast at which flicker fuses that alternates between light and dark: a human in good light
#: sees 1 % of the frequencies that pass whole (De Lange 1958, J. Opt. Soc. Am. 48, 777).
FUSION = 0.01
#: Orders of the filter that are searched: from an exponential decay to nearly a Gaussian.
_ORDERS = (1.0, 200.0)


class Response(NamedTuple):
    """The response to a flash, t^(order - 1) exp(-t / constant): a cascade of leaky integrators.

    After Watson 1986, Handbook of Perception and Human Performance, ch. 6, without the later
    negative phase of good light, which is adaptation.
    """

    order: float
    constant: float  #: s


@lru_cache(maxsize=64)
def response(integration_time: float, flicker: float) -> Response:
    """The response with an ``integration_time`` in s and a critical ``flicker`` frequency in Hz.

    The integration time is the integral of the response over its peak: Bloch's, in which light
    adds up. At the critical frequency the transfer is :data:`FUSION`. Their product must be within
    :data:`catsight.inputs.eyes.TIME_PRODUCTS`.
    """

    def constant(order: float) -> float:
        n = order - 1
        return integration_time / math.exp(math.lgamma(order) + n - special.xlogy(n, n))

    def excess(order: float) -> float:
        return float(np.log(transfer(flicker, Response(order, constant(order))) / FUSION))

    order = float(optimize.brentq(excess, *_ORDERS))
    return Response(order, constant(order))


def transfer(frequency: np.ndarray | float, response: Response) -> np.ndarray:
    """Modulation transfer at temporal frequencies in Hz."""
    x = 2 * math.pi * response.constant * np.asarray(frequency, dtype=float)
    return (1 + np.square(x)) ** (-response.order / 2)


def weights(ages: Sequence[float], response: Response) -> np.ndarray:
    """The weight of each of n pictures that were shown one after another, (n,); the sum is 1.

    ``ages`` are the seconds since each appeared, the latest first; each was shown until the next
    appeared, the latest until now. Before the oldest the scene is taken to have stood still.
    """
    counted = special.gammainc(response.order, np.asarray(ages) / response.constant)
    counted[-1] = 1
    return np.diff(counted, prepend=0.0)


def at(curve: Mapping, luminance: float) -> tuple[float, float]:
    """Integration time (s) and critical flicker frequency (Hz) at a ``luminance`` (cd/m²).

    ``curve`` holds those in good light. Below its ``dim_luminance`` time stretches as a power of
    luminance: the time grows, and the frequency falls (as Ferry and Porter's law, from 100 to 1
    cd/m² within 2 Hz).
    """
    stretch = max(1.0, curve["dim_luminance"] / luminance) ** curve["dim_exponent"]
    return curve["integration_time"] * stretch, curve["flicker"] / stretch
