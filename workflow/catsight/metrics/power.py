"""How many groups it takes to tell a difference, from the spread of a study that has been made.

A standard error falls with the root of the number of groups, so σ, the standard error times √G,
belongs to the frames and not to their number. A difference Δ is told with power 1 - β by a test at
level α if n = ((t_{1-α/2} + t_{1-β}) σ / Δ)² groups (Cohen 1988), Student's t with the degrees of
freedom that n groups will have.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import chdtri, ndtr, ndtri, stdtrit

#: The power that is asked for if nothing else is.
POWER = 0.8
#: Fewer have no interval (:data:`catsight.metrics.estimate.FEWEST_GROUPS`).
_FEWEST = 4
#: More than anybody will photograph.
MOST = 10**9


class Spread(NamedTuple):
    """What a study says of the spread of a difference, each (contrasts,).

    ``sigma``: the standard error times √groups, on the scale of the difference. ``df``: its degrees
    of freedom. ``groups``: those of the study.
    """

    sigma: np.ndarray
    df: np.ndarray
    groups: np.ndarray


class Needed(NamedTuple):
    """Numbers of groups (contrasts,), whole numbers or inf, and the ends of their 95 % range."""

    groups: np.ndarray
    low: np.ndarray
    high: np.ndarray


def spread(error: np.ndarray, df: np.ndarray, groups: np.ndarray) -> Spread:
    """The spread from standard errors, their degrees of freedom and numbers of groups."""
    error, df, groups = np.broadcast_arrays(
        *(np.asarray(one, dtype=np.float64) for one in (error, df, groups))
    )
    return Spread(error * np.sqrt(groups), df, groups)


def needed(
    difference: np.ndarray, of: Spread, level: np.ndarray | float = 0.05, power: float = POWER
) -> Needed:
    """How many groups tell a ``difference`` (contrasts,) with this ``power`` at this ``level``.

    The range is that of σ, a standard deviation with ``df`` degrees of freedom: χ² of them. The
    difference is taken as given. No number is below 4, and what takes over 10⁹ is inf.
    """
    low, high = (of.sigma * np.sqrt(of.df / chdtri(of.df, tail)) for tail in (0.025, 0.975))
    return Needed(
        *(
            _needed(difference, of._replace(sigma=one), level, power)
            for one in (of.sigma, low, high)
        )
    )


def power_of(groups: np.ndarray, difference: float, of: Spread, level: float = 0.05) -> np.ndarray:
    """The power (numbers of ``groups``,) to tell a ``difference`` of one contrast.

    The non-central t, as a mean over 1,000 quantiles of the standard error: scipy's series is nan
    for heavy tails and large differences. See :func:`needed`.
    """
    groups = np.asarray(groups, dtype=np.float64)[..., None]
    df = _future_df(groups, of)
    shift = np.abs(difference) * np.sqrt(groups) / of.sigma
    tails = (np.arange(1000) + 0.5) / 1000
    critical = stdtrit(df, 1 - level / 2) * np.sqrt(chdtri(df, tails) / df)
    return np.asarray((ndtr(shift - critical) + ndtr(-shift - critical)).mean(axis=-1))


def _needed(
    difference: np.ndarray, of: Spread, level: np.ndarray | float, power: float
) -> np.ndarray:
    """The smallest whole n that is at least what the formula asks for with the t of n groups."""
    with np.errstate(divide="ignore"):
        ratio = np.square(of.sigma / np.abs(difference))

    def asked(n: np.ndarray) -> np.ndarray:
        df = _future_df(n, of)
        return np.square(stdtrit(df, 1 - level / 2) + stdtrit(df, power)) * ratio

    # what is asked falls as n rises, so the root lies between n and what n asks for
    low = np.clip(np.square(-ndtri(level / 2) + ndtri(power)) * ratio, _FEWEST, MOST)
    high = asked(low)
    for _ in range(16):
        middle = (low + high) / 2
        too_few = asked(middle) > middle
        low, high = np.where(too_few, middle, low), np.where(too_few, high, middle)
    return np.where(high < MOST, np.ceil(high - 1e-3), np.inf)


def _future_df(n: np.ndarray, of: Spread) -> np.ndarray:
    """Degrees of freedom of ``n`` groups whose tails are as heavy as those of the study."""
    return np.maximum(of.df / (of.groups - 1) * (n - 1), 1)
