"""The width of the Gaussian kernel of MMD: the median distance of pooled frames, and how it changes
if groups are left out.

MMD² depends on its kernel's width, roughly as 1 / width². With a fixed width, replicates would vary
too little: 95 % intervals held the truth in 78 to 83 % of studies (benchmarks/calibration.py).
"""

import numpy as np

from catsight.metrics.between import quadratic
from catsight.metrics.grouping import Grouping, weighted_median


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
    n, median = len(squares) // 2, pooled_median(squares, grouping)
    below = (squares <= median**2).astype(np.float64)
    within = grouping.blocks(below[:n, :n]) + grouping.blocks(below[n:, n:])
    np.fill_diagonal(within, 0)
    count = keep.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = quadratic(within / 2 + grouping.blocks(below[:n, n:]), keep)
        share = share / (count * (count - 1) + count**2)
    everything = np.ones((1, len(grouping.sizes)))
    whole = quadratic(within / 2 + grouping.blocks(below[:n, n:]), everything)[0]
    whole = whole / (len(grouping.sizes) * (2 * len(grouping.sizes) - 1))
    levels = np.clip(np.nan_to_num(0.5 + whole - share, nan=0.5), 0.01, 0.99)
    values, weights = _pooled(squares, grouping)
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
    """The quantiles of weighted ``values`` (m,) at ``levels``."""
    if weights is None:
        return np.quantile(values, levels)
    order = np.argsort(values)
    up_to = np.cumsum(weights[order])
    return np.interp(levels, (up_to - weights[order] / 2) / up_to[-1], values[order])
