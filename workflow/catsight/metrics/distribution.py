"""Distances between the distributions of two sets of features: MMD², energy, 1-Wasserstein.

``x`` (n, features) and ``y`` (m, features) are float arrays of the same features; frames need not
be paired, and n and m may differ. Energy and Wasserstein distances are in the features' units:
divide both arrays by :func:`scale` to compare layers. An undefined value is ``nan``.
"""

from collections.abc import Sequence

import numba
import numpy as np

from catsight.metrics import between
from catsight.metrics.arrays import pair, square_distances, upper
from catsight.metrics.bandwidths import pooled_median
from catsight.metrics.grouping import Grouping, grouped


def mmd2(
    x: np.ndarray,
    y: np.ndarray,
    *,
    unbiased: bool = False,
    bandwidth: float = 1.0,
    paired: bool = False,
    groups: Sequence | None = None,
) -> float:
    """Squared maximum mean discrepancy with the kernel exp(-d² / (2 s²)).

    Gretton et al. 2012, JMLR 13. s is ``bandwidth`` times the median Euclidean distance between any
    two of the pooled frames. The V-statistic (their eq. 5) is at least 0; ``unbiased`` is the
    U-statistic (eq. 3), which may be negative. If row i of both is the same frame, the similarity
    of a frame's two views biases the U-statistic as well; ``paired`` omits these n terms (eq. 4).
    With ``groups`` (n,), it is over frames of distinct groups, each group with equal weight, and so
    is the median (:func:`catsight.metrics.bandwidths.pooled_median`); row i must then be the same
    frame. nan if the median is 0, because most frames are the same, and for the U-statistic with
    fewer than 2 frames or groups. Raises :class:`ValueError` if ``groups`` are given for the
    V-statistic.
    """
    if groups is not None:
        if not unbiased:
            raise ValueError("groups are given, but the V-statistic is of all frames")
        squares, grouping = _sorted(x, y, groups)
        kernel, _ = kernel_of_width(squares, bandwidth * pooled_median(squares, grouping))
        return _over_groups(kernel, grouping)
    x, y = pair(x, y, same_features=True, paired=paired)
    kernel, _ = kernel_of(pooled_squares(x, y), bandwidth)
    return float(mmd2_of(kernel, labels(len(x), len(y)), unbiased=unbiased, paired=paired)[0])


def energy_distance(x: np.ndarray, y: np.ndarray, *, groups: Sequence | None = None) -> float:
    """2 E|x-y| - E|x-x'| - E|y-y'| over all pairs, including each frame with itself (V).

    Székely & Rizzo 2013, J. Stat. Plan. Inference 143, 1249, without a square root. 0 only for
    equal distributions; in the features' unit. With ``groups`` (n,) it is the U-statistic over
    frames of distinct groups, each group with equal weight, which may be negative; row i of both
    must then be the same frame, and there must be 2 groups.
    """
    if groups is not None:
        squares, grouping = _sorted(x, y, groups)
        return _over_groups(-np.sqrt(squares), grouping)
    x, y = pair(x, y, same_features=True, paired=False)
    return float(energy_of(np.sqrt(pooled_squares(x, y)), labels(len(x), len(y)))[0])


def wasserstein(x: np.ndarray, y: np.ndarray) -> float:
    """The 1-Wasserstein distance of each single feature, averaged; in the features' unit."""
    x, y = pair(x, y, same_features=True, paired=False)
    if len(x) == len(y):
        # the cheapest transport joins equal ranks; transposed, so that sorting runs along memory
        x, y = (np.sort(np.ascontiguousarray(values.T), axis=1) for values in (x, y))
        return float(np.mean(np.abs(np.subtract(x, y, dtype=np.float64))))
    return float(wasserstein_of(np.concatenate([x, y]), labels(len(x), len(y)))[0])


def sliced_wasserstein(
    x: np.ndarray, y: np.ndarray, *, projections: int = 500, p: float = 1, seed: int = 0
) -> float:
    """The p-th root of the mean W_p^p of features projected on random directions.

    Bonneel et al. 2015. ``projections`` unit vectors are drawn uniformly from the sphere with
    ``seed``. x and y must have the same number of frames unless ``p`` is 1. Raises
    :class:`ValueError` for p < 1 or no projections.
    """
    x, y = pair(x, y, same_features=True, paired=p != 1)
    if not (p >= 1 and projections >= 1):
        raise ValueError(f"p is {p} and projections {projections}; both must be at least 1")
    directions = unit_vectors(x.shape[1], projections, seed)
    x, y = x @ directions, y @ directions
    if p == 1:
        return wasserstein(x, y)
    return float(np.mean(np.abs(np.sort(x, axis=0) - np.sort(y, axis=0)) ** p) ** (1 / p))


def scale(x: np.ndarray) -> float:
    """The pooled standard deviation of ``x`` (n, features): the root of the mean variance.

    Variances are over n - 1.
    """
    return float(np.sqrt(np.var(np.asarray(x, dtype=np.float64), axis=0, ddof=1).mean()))


def scale_of(squares: np.ndarray, features: int, keep: np.ndarray) -> np.ndarray:
    """:func:`scale` (subsets,) of each subset of frames, from squared distances (n, n).

    ``keep`` (subsets, n) holds 1 for the frames of a subset and 0 for the others.
    """
    n = keep.sum(axis=1)
    total = np.einsum("sn,sn->s", keep @ squares, keep)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(total / (2 * n * (n - 1) * features))


def _sorted(x: np.ndarray, y: np.ndarray, groups: Sequence) -> tuple[np.ndarray, Grouping]:
    """The pooled squared distances of frames that are sorted by group, and the grouping."""
    x, y = pair(x, y, same_features=True)
    grouping = grouped(groups, len(x))
    return pooled_squares(x[grouping.order], y[grouping.order]), grouping


def _over_groups(pooled: np.ndarray, grouping: Grouping) -> float:
    everything = np.ones((1, len(grouping.sizes)))
    return float(between.mean_difference(between.differences(pooled, grouping), everything)[0])


# -- many divisions of the same frames at once -----------------------------------------------------
#
# Each column of weights (n + m, columns) divides the pooled frames between x and y: 1/n for a frame
# of x, -1/m for one of y, 0 for one that is left out. So a permutation test and a jackknife are
# matrix products.


def labels(n: int, m: int) -> np.ndarray:
    """The column of weights (n + m, 1) of the data's own division."""
    return np.concatenate([np.full(n, 1 / n), np.full(m, -1 / m)])[:, None]


def pooled_squares(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared distances (n + m, n + m) between all frames of ``x`` and ``y``, float64."""
    return square_distances(np.concatenate([x, y]))


def median_distance(squares: np.ndarray) -> float:
    """The median distance over pairs i < j, from squared distances; nan of one frame."""
    return float(np.median(np.sqrt(upper(squares)))) if len(squares) > 1 else np.nan


def kernel_of(squares: np.ndarray, bandwidth: float = 1.0) -> tuple[np.ndarray, float]:
    """The Gaussian kernel of pooled squared distances, and its s; nan if the median is 0."""
    return kernel_of_width(squares, bandwidth * median_distance(squares))


def kernel_of_width(squares: np.ndarray, s: float) -> tuple[np.ndarray, float]:
    """The kernel exp(-d² / (2 s²)) of squared distances, and s; both nan unless s is above 0."""
    if not s > 0:
        return np.full_like(squares, np.nan), np.nan
    return np.exp(squares / (-2 * s * s)), float(s)


def energy_of(distances: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Energy distance for each column of ``weights``, from pooled distances (n + m, n + m)."""
    return -_quadratic(distances, weights)


def mmd2_of(
    kernel: np.ndarray, weights: np.ndarray, *, unbiased: bool = False, paired: bool = False
) -> np.ndarray:
    """MMD² for each column of ``weights``, from the pooled kernel (n + m, n + m) of diagonal 1."""
    if not unbiased:
        return _quadratic(kernel, weights)
    if paired:
        # only terms of frames i ≠ j: those of i = j add 1 + 1 - 2 k(x_i, y_i) to the V-statistic
        half = len(kernel) // 2
        present = (weights[:half] != 0).astype(np.float64)
        count = present.sum(axis=0)
        own = present.T @ (2 - 2 * np.diag(kernel[:half, half:]))
        with np.errstate(divide="ignore", invalid="ignore"):
            value = (count**2 * _quadratic(kernel, weights) - own) / (count * (count - 1))
        return np.where(count > 1, value, np.nan)
    values = []
    first, second = np.maximum(weights, 0), np.maximum(-weights, 0)
    for part in (first, second):  # without the diagonal's 1 of each frame: Σ w = 1, every w is 1/n
        count = (part > 0).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            within = (_quadratic(kernel, part) - 1 / count) * count / (count - 1)
        values.append(np.where(count > 1, within, np.nan))
    return values[0] + values[1] - 2 * np.einsum("ij,ij->j", first, kernel @ second)


def wasserstein_of(pooled: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean 1-Wasserstein distance over the features of ``pooled`` (n + m, features).

    One value for each column of ``weights``: the integral of |F - G| of each feature, which needs
    only the order of the pooled frames, however they are divided.
    """
    order = np.argsort(np.ascontiguousarray(pooled.T), axis=1)
    gaps = np.diff(np.take_along_axis(pooled.T.astype(np.float64), order, axis=1), axis=1)
    weights = np.ascontiguousarray(weights, dtype=np.float64)
    total = np.zeros(weights.shape[1])
    for start in range(0, weights.shape[1], _COLUMNS):
        columns = slice(start, start + _COLUMNS)
        _walk(
            order.astype(np.int32), gaps, np.ascontiguousarray(weights[:, columns]), total[columns]
        )
    return total / pooled.shape[1]


def unit_vectors(features: int, count: int, seed: int) -> np.ndarray:
    """Unit vectors (features, count), float64, uniform on the sphere."""
    vectors = np.random.default_rng(seed).normal(size=(features, count))
    return vectors / np.linalg.norm(vectors, axis=0)


#: Columns of weights at a time: few enough to stay in the processor's cache.
_COLUMNS = 64


def _quadratic(matrix: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->j", weights, matrix @ weights)


@numba.njit(cache=True, fastmath=True)
def _walk(order: np.ndarray, gaps: np.ndarray, weights: np.ndarray, total: np.ndarray) -> None:
    """Adds the integral of |F - G| of each feature to ``total`` (columns,), value by value."""
    columns = weights.shape[1]
    difference = np.empty(columns)  # F - G below the current gap
    for feature in range(order.shape[0]):
        difference[:] = 0
        for i in range(gaps.shape[1]):
            gap = gaps[feature, i]
            row = weights[order[feature, i]]
            for column in range(columns):
                difference[column] += row[column]
                total[column] += gap * abs(difference[column])
