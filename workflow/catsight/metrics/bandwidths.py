"""The width of the Gaussian kernel of MMD: the median distance of pooled frames, and how it changes
if groups are left out.

MMD² depends on its kernel's width, roughly as 1 / width². With a fixed width, replicates would vary
too little: 95 % intervals held the truth in 78 to 83 % of studies (benchmarks/calibration.py).
"""

import numpy as np

from catsight.metrics.between import quadratic
from catsight.metrics.grouping import Grouping, weighted_median
from catsight.metrics.similarity import EQUAL


def pooled_median(squares: np.ndarray, grouping: Grouping) -> float:
    """The median distance of the pooled frames of two views, from squared ones (2 n, 2 n).

    Of different groups within a view, and of any groups between the views; each pair of groups has
    the same weight. If every group is one frame, the median of all pooled pairs.
    """
    values, weights = _pooled(squares, grouping)
    return float(weighted_median(np.sqrt(values), weights))


def changes(squares: np.ndarray, grouping: Grouping, keep: np.ndarray) -> np.ndarray:
    """The logarithm (subsets,) of each subset's median distance over that of all groups.

    ``keep`` (subsets, groups) holds 1 for the groups of a subset and 0 for the others. To first
    order: if a share of a subset's distances larger by δ lies below the median of all, its own
    median is the quantile ½ - δ of all.
    """
    n, (values, weights) = len(squares) // 2, _pooled(squares, grouping)
    median = weighted_median(np.sqrt(values), weights)
    below = (squares <= median**2 * (1 + EQUAL)).astype(np.float64)
    within = grouping.blocks(below[:n, :n]) + grouping.blocks(below[n:, n:])
    np.fill_diagonal(within, 0)
    rows = np.vstack([np.ones(len(grouping.sizes)), keep])  # all groups first
    count = rows.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = quadratic(within / 2 + grouping.blocks(below[:n, n:]), rows)
        share = share / (count * (2 * count - 1))
    levels = np.clip(np.nan_to_num(0.5 + share[0] - share[1:], nan=0.5), 0.01, 0.99)
    found = _quantiles(values, weights, np.append(levels, 0.5))
    return np.log(found[:-1] / found[-1]) / 2  # of squares


def _pooled(squares: np.ndarray, grouping: Grouping) -> tuple[np.ndarray, np.ndarray | None]:
    """The squared distances of the pooled pairs, and their weights; None if all are equal."""
    n, pairs, w = len(squares) // 2, grouping.pairs, grouping.weights
    within = [squares[i : i + n, i : i + n][pairs.places] for i in (0, n)]
    values = np.concatenate([*within, squares[:n, n:].ravel()])
    if pairs.weights is None:
        return values, None
    return values, np.concatenate([pairs.weights, pairs.weights, np.outer(w, w).ravel()])


def _quantiles(values: np.ndarray, weights: np.ndarray | None, levels: np.ndarray) -> np.ndarray:
    """The quantiles of weighted ``values`` (m,) at ``levels``, between the values' middles.

    Values that differ by rounding alone are one, so that a frame may be shown several times.
    """
    if weights is None:
        values, up_to = np.sort(values), np.arange(1.0, len(values) + 1)
    else:
        order = np.argsort(values)
        values, up_to = values[order], np.cumsum(weights[order])
    rounding, last = EQUAL * values[-1], len(values) - 1
    below = np.append(0, up_to)  # the weight of the values before each

    def runs(places: np.ndarray) -> tuple[np.ndarray, ...]:
        """Where the values that equal those at ``places`` start and stop, and their middles."""
        start = np.searchsorted(values, values[places] - rounding)
        stop = np.searchsorted(values, values[places] + rounding, side="right")
        return start, stop, (below[start] + below[stop]) / 2

    at = levels * up_to[-1]
    here = np.minimum(np.searchsorted(up_to, at), last)
    start, stop, middle = runs(here)
    there = np.clip(np.where(at < middle, start - 1, stop), 0, last)
    gap = runs(there)[2] - middle  # 0 at the ends
    share = np.where(gap == 0, 0, (at - middle) / np.where(gap == 0, 1, gap))
    return values[here] + share * (values[there] - values[here])
