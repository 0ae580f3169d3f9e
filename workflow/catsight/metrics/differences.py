"""Differences between values of a study, on the scales on which their errors are nearest to normal.

Of two cosines the difference is that of Fisher's z; of two positive distances, or shares of a loss,
that of their logarithms; of others, and of values outside these, their own.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from catsight.metrics import jackknife
from catsight.metrics.jackknife import Scale

SCALES: dict[str, Scale] = {
    "fisher": jackknife.FISHER,
    "log": jackknife.LOG,
    "plain": jackknife.PLAIN,
}


class Differences(NamedTuple):
    """Differences a - b of pairs of values (contrasts,), all of one study.

    ``scale``: the name of each one's scale; ``z``: the difference on it; ``error`` and ``df``: its
    standard error and their degrees of freedom; ``middle``: the mean of a and b on that scale;
    ``influences`` (contrasts, blocks).
    """

    scale: np.ndarray
    z: np.ndarray
    error: np.ndarray
    df: np.ndarray
    middle: np.ndarray
    influences: np.ndarray

    def take(self, which: np.ndarray) -> "Differences":
        """Those at ``which`` places."""
        return Differences(*(column[which] for column in self))


def differences(
    values: np.ndarray, pairs: np.ndarray, scale: str, parts: Sequence[int] = ()
) -> Differences:
    """The differences of the ``pairs`` (contrasts, 2) of rows of ``values`` (members, 1 + blocks),
    each a value of all groups and those without each block.

    ``scale``: fisher or log, used for pairs of which all values lie in its range (-1..1, or above
    0), or plain. Means over layers or encoders are taken before this.
    """
    a, b = pairs.T
    usable = _in_range(values, scale)
    both = (usable[a] & usable[b])[:, None]
    # values out of range are replaced before they are transformed, and then not used
    scaled = SCALES[scale].to(np.where(usable[:, None], values, 0.5))
    x, y = (np.where(both, scaled[side], values[side]) for side in (a, b))
    influences = jackknife.influences((x - y)[:, 1:], parts)
    return Differences(
        scale=np.where(both[:, 0], scale, "plain"),
        z=x[:, 0] - y[:, 0],
        error=np.sqrt(np.square(influences).sum(axis=1)),
        df=jackknife.degrees_of_freedom(influences, parts),
        middle=(x[:, 0] + y[:, 0]) / 2,
        influences=influences,
    )


def on_values(found: Differences, z: np.ndarray) -> np.ndarray:
    """What differences ``z`` (contrasts,) are on the scale of the values, about the same middle.

    0 stays 0 and the order stays, so an interval of z and its image exclude 0 together.
    """
    result = np.empty_like(z)
    for name, scale in SCALES.items():
        which = found.scale == name
        middle, half = found.middle[which], z[which] / 2
        result[which] = scale.back(middle + half) - scale.back(middle - half)
    return result


def loss_ratios(found: Differences, z: np.ndarray) -> np.ndarray:
    """How many times the first loses what the second does, for differences ``z`` (contrasts,).

    exp(-2z) of cosines, which is (1 - a) / (1 - b) × (1 + b) / (1 + a): within 5 % of the ratio of
    losses above .9. exp(z) of distances and of losses: a / b. nan on the values' own scale.
    """
    factor = np.select([found.scale == "fisher", found.scale == "log"], [-2.0, 1.0], np.nan)
    with np.errstate(over="ignore"):
        return np.exp(factor * z)


def bounds(found: Differences, margin: float) -> np.ndarray:
    """The differences z (contrasts,) at which the loss ratio is ``margin``; nan without a ratio."""
    return np.log(margin) * np.select(
        [found.scale == "fisher", found.scale == "log"], [0.5, 1.0], np.nan
    )


def _in_range(values: np.ndarray, scale: str) -> np.ndarray:
    """Which rows of values (members, 1 + blocks) a scale takes."""
    inside = np.ones(values.shape, dtype=bool)
    if scale == "fisher":
        inside = np.abs(values) < 1
    elif scale == "log":
        inside = values > 0
    return np.asarray(inside.all(axis=1))
