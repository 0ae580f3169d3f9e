"""Blocks of groups that are left out, the Mantel test, p-values, and their correction over layers.

Frames of one photo or clip are not independent, so groups are kept together when frames are left
out or rearranged. A naive bootstrap of rows is no alternative: it repeats frames, and repeated
frames look aligned (unbiased CKA of independent data: 0.24, not 0).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from catsight.metrics import permutations as arrangements
from catsight.metrics.arrays import pair
from catsight.metrics.between import Rsa
from catsight.metrics.grouping import Grouping
from catsight.metrics.similarity import rdm

#: More groups than this are joined into this many blocks, so that the cost does not grow with the
#: square of the number of frames.
MOST_BLOCKS = 40


def blocks(groups: Sequence[str], seed: int = 0, most: int = MOST_BLOCKS) -> list[np.ndarray]:
    """The frames (indices) of each block that the jackknife leaves out.

    A block is one group, or, of more than ``most`` groups, several: these are divided among
    ``most`` blocks in random order (``seed``).
    """
    names, membership = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    block = np.arange(len(names))
    if len(names) > most:
        block = np.random.default_rng(seed).permutation(len(names)) % most
    return [np.flatnonzero(block[membership] == b) for b in range(block.max() + 1)]


def kept(n: int, out: Sequence[np.ndarray]) -> np.ndarray:
    """Which of ``n`` frames stay, 1 or 0 (1 + blocks, n).

    The first row keeps all frames; each other row leaves one block ``out``.
    """
    keep = np.ones((1 + len(out), n))
    for row, frames in zip(keep[1:], out):
        row[frames] = 0
    return keep


# -- tests -----------------------------------------------------------------------------------------


class Test(NamedTuple):
    """The result of a permutation test.

    ``p_value`` is nan, and ``reason`` says why, if there is no test. ``null_mean``: the mean
    statistic of the rearranged data, without the data's own. ``permutations``: how many
    rearrangements there were.
    """

    statistic: float
    p_value: float
    null_mean: float
    permutations: int
    reason: str | None = None


def mantel(
    x: np.ndarray,
    y: np.ndarray,
    *,
    distance: str = "correlation",
    comparison: str = "spearman",
    permutations: int = 9999,
    alternative: str = "greater",
    groups: Sequence | None = None,
    seed: int = 0,
) -> Test:
    """The Mantel test (Mantel 1967) of whether two representations share their dissimilarities.

    ``x`` and ``y`` are features (n, d) and (n, e) of the same frames; the statistic is their RSA
    (:func:`catsight.metrics.rsa`), of pairs of different ``groups`` (n,) if these are given. The
    groups of ``y`` are relabelled ``permutations`` times at random (``seed``), or in all ways if
    there are fewer; see :meth:`catsight.metrics.between.Rsa.null`. ``alternative``: greater, less
    or two-sided (of the absolute value). p is (b + 1) / (m + 1), where b of m values are at least
    the data's own.
    """
    x, y = pair(x, y)
    grouping = Grouping(range(len(x)) if groups is None else groups)
    a, b = (rdm(values[grouping.order], distance) for values in (x, y))
    both = Rsa(a, b, grouping, comparison)
    statistic = float(both.values(np.ones((1, len(grouping.sizes))))[0])
    if not np.isfinite(statistic):
        return Test(
            np.nan, np.nan, np.nan, 0, "undefined: too few frames, or features that do not vary"
        )
    each = arrangements.relabellings(len(grouping.sizes), permutations, seed)
    if groups is not None and each.reason:
        return Test(statistic, np.nan, np.nan, len(each.each) - 1, each.reason)
    null = both.null(each.each)
    others = null[1:]  # the first is the data's own
    mean = float(others.mean()) if len(others) else np.nan
    return Test(statistic, p_value(null, alternative), mean, len(others))


def p_value(null: np.ndarray, alternative: str = "greater") -> float:
    """The share of ``null`` (1 + m,) that is at least as extreme as its first value.

    The first value is the data's own. Values that differ from it by rounding alone count as equal.
    """
    if alternative not in ("greater", "less", "two-sided"):
        raise ValueError(f"alternative is '{alternative}'; it may be greater, less or two-sided")
    null = {"greater": null, "less": -null, "two-sided": np.abs(null)}[alternative]
    if not np.isfinite(null).all():
        return np.nan
    return float(np.mean(null >= null[0] - _ROUNDING * np.abs(null).max()))


def corrected(nulls: np.ndarray) -> np.ndarray:
    """p-values (layers,) of one test on each layer, corrected for the number of layers.

    By the smallest p-value (Westfall & Young 1993, algorithm 2.8): ``nulls`` (layers, 1 + m) hold
    the values of the same rearrangements in each layer, the data's own first. Each is replaced by
    its p-value among those of its layer, so that all layers have the same weight, whatever the
    spread and the shape of their nulls. Layers with values that are not finite are nan, and do not
    count.
    """
    result = np.full(len(nulls), np.nan)
    known = np.isfinite(nulls).all(axis=1)
    if known.any():
        p = np.array([_p_of_each(null) for null in nulls[known]])
        smallest = np.sort(p.min(axis=0))
        # equal shares may differ in their last bit
        counts = np.searchsorted(smallest, p[:, 0] * (1 + 1e-9), side="right")
        result[known] = counts / len(smallest)
    return result


def _p_of_each(null: np.ndarray) -> np.ndarray:
    """The share of ``null`` (m,) that is at least as large as each of its values."""
    ranked = np.sort(null)
    rounding = _ROUNDING * np.abs(null).max()
    return (len(null) - np.searchsorted(ranked, null - rounding, side="left")) / len(null)


#: Sums of the same float32 products in different orders agree to this relative precision.
_ROUNDING = 1e-6
