"""CKA and RSA from matrices of frames (n, n): kernels, dissimilarities, ranks, HSIC.

As functions of features they are in :mod:`catsight.metrics.alignment`, and over distinct groups in
:mod:`catsight.metrics.between`. An undefined value is ``nan``. Conventions: Kornblith et al. 2019
(CKA), Song et al. 2012 (unbiased HSIC), Kriegeskorte et al. 2008 (RSA).
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import squareform

from catsight.metrics.arrays import centre, square_distances, upper
from catsight.metrics.grouping import Grouping, weighted_median

DISTANCES = ("correlation", "cosine", "euclidean")
COMPARISONS = ("spearman", "pearson", "kendall")
#: Dissimilarities that differ by less than this fraction of the largest are equal.
EQUAL = 1e-12


def gram(x: np.ndarray) -> np.ndarray:
    """Gram matrix (n, n) of the frames, float64.

    Features are centred first, so that large offsets cost no precision.
    """
    x = centre(np.asarray(x, dtype=np.float64))
    return x @ x.T


def rbf(squares: np.ndarray, bandwidth: float = 1.0) -> tuple[np.ndarray, float]:
    """The Gaussian kernel exp(-d² / (2 m)) (n, n) of squared distances, and m.

    Both are nan if the median is 0.
    """
    median = float(np.median(upper(squares))) if len(squares) > 1 else np.nan
    return gaussian(squares, bandwidth * median)


def gaussian(squares: np.ndarray, m: float) -> tuple[np.ndarray, float]:
    """The kernel exp(-d² / (2 m)) of squared distances, and m; both nan unless m is above 0."""
    if not m > 0:
        return np.full_like(squares, np.nan), np.nan
    return np.exp(squares / (-2 * m)), m


def rbf_over_groups(
    squares: np.ndarray, grouping: Grouping, bandwidth: float = 1.0
) -> tuple[np.ndarray, float]:
    """:func:`rbf` whose median is over pairs of frames of different groups, each group as often.

    The frames of ``squares`` (n, n) are sorted by group.
    """
    pairs = grouping.pairs
    return gaussian(squares, bandwidth * weighted_median(squares[pairs.places], pairs.weights))


def cka(k: np.ndarray, m: np.ndarray, keep: np.ndarray, *, unbiased: bool = False) -> np.ndarray:
    """CKA of two kernel matrices (n, n), centred or not, of each of several subsets of the frames.

    ``keep`` (subsets, n), float64, holds 1 for the frames of a subset and 0 for the others. Returns
    one value for each subset, nan if undefined. All subsets together cost two matrix products, so a
    jackknife costs little more than the value.
    """
    k, m = (np.asarray(kernel, dtype=np.float64) for kernel in (k, m))
    keep = np.asarray(keep, dtype=np.float64)
    sums = [_row_sums(kernel, keep, unbiased) for kernel in (k, m)]
    cross, own_k, own_m = (
        _hsic(a, b, rows_a, rows_b, keep, unbiased)
        for (a, rows_a), (b, rows_b) in (
            ((k, sums[0]), (m, sums[1])),
            ((k, sums[0]), (k, sums[0])),
            ((m, sums[1]), (m, sums[1])),
        )
    )
    return ratio(cross, own_k, own_m)


def rdm(x: np.ndarray, distance: str = "correlation") -> np.ndarray:
    """The representational dissimilarity matrix (n, n): float64, symmetric, 0 on its diagonal.

    nan for a frame whose features do not vary (correlation) or are all 0 (cosine).
    """
    if distance not in DISTANCES:
        raise ValueError(f"distance is '{distance}'; it may be {', '.join(DISTANCES)}")
    x = np.asarray(x, dtype=np.float64)
    if distance == "euclidean":
        return np.sqrt(square_distances(x))
    if distance == "correlation":
        x = centre(x.T).T
    norm = np.linalg.norm(x, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = x / norm
    result = 1 - x @ x.T
    np.fill_diagonal(result, 0)
    return result


def rsa_of(a: np.ndarray, b: np.ndarray, keep: np.ndarray, comparison: str) -> np.ndarray:
    """RSA (subsets,) of dissimilarity matrices (n, n) over all pairs of frames of each subset.

    ``keep`` (subsets, n) holds 1 for the frames of a subset and 0 for the others.
    """
    a, b = upper(a), upper(b)
    kept = [upper(np.logical_and.outer(frames, frames)) for frames in keep.astype(bool)]
    if comparison != "spearman":
        return np.array([compare(a[pairs], b[pairs], comparison) for pairs in kept])
    one, other = Ranks(a), Ranks(b)  # ranks among the kept pairs, without sorting again
    return np.array([compare(one(pairs), other(pairs), "pearson") for pairs in kept])


def equal(values: np.ndarray) -> bool:
    """Whether all ``values`` are the same, but for rounding."""
    return bool(np.ptp(values) <= EQUAL * np.abs(values).max())


def compare(a: np.ndarray, b: np.ndarray, comparison: str = "spearman") -> float:
    """Correlation of the dissimilarities ``a`` and ``b`` (pairs,) of the same pairs of frames.

    nan if one of them is nan or varies by no more than rounding.
    """
    if comparison not in COMPARISONS:
        raise ValueError(f"comparison is '{comparison}'; it may be {', '.join(COMPARISONS)}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return np.nan
    if comparison != "pearson":
        a, b = Ranks(a)(), Ranks(b)()
    if not len(a) or equal(a) or equal(b):
        return np.nan
    if comparison == "kendall":
        from scipy.stats import kendalltau  # takes a second to import

        return float(kendalltau(a, b).statistic)
    a, b = a - a.mean(), b - b.mean()
    return float(ratio(a @ b, a @ a, b @ b))


class Ranks:
    """Average ranks of finite ``values`` (m,), and of any subset of them without another sort.

    Called with ``keep`` (m,), bool, it returns the ranks of the kept values among themselves. With
    their ``weights``, as many as are kept, a value counts as its weight of values. Values that
    differ by rounding alone (1e-12 of the largest) have equal ranks.
    """

    def __init__(self, values: np.ndarray):
        order = np.argsort(values)
        sorted_values = values[order]
        new = np.empty(len(values), dtype=bool)  # whether a sorted value differs from the previous
        new[:1] = True
        rounding = EQUAL * np.abs(sorted_values).max(initial=0)
        np.greater(np.diff(sorted_values), rounding, out=new[1:])
        places = np.cumsum(new) - 1
        self._places = np.empty(len(values), dtype=np.int64)
        self._places[order] = places
        self._count = int(new.sum())

    def __call__(
        self, keep: np.ndarray | slice = slice(None), weights: np.ndarray | None = None
    ) -> np.ndarray:
        places = self._places[keep]
        ties = np.bincount(places, weights, minlength=self._count)
        first = 1 if weights is None else 0
        return (np.cumsum(ties) - (ties - first) / 2)[places]


def as_matrix(pairs: np.ndarray) -> np.ndarray:
    """The symmetric matrix (n, n) of the values of the pairs i < j, 0 on its diagonal."""
    return squareform(pairs, checks=False)


# -- HSIC ------------------------------------------------------------------------------------------


def _row_sums(kernel: np.ndarray, keep: np.ndarray, unbiased: bool) -> np.ndarray:
    """Sums of the kernel's rows over each subset, (subsets, n); 0 for frames outside of it.

    If ``unbiased``, without the diagonal.
    """
    sums = keep @ kernel
    return (sums - np.diag(kernel) if unbiased else sums) * keep


def _hsic(
    a: np.ndarray,
    b: np.ndarray,
    rows_a: np.ndarray,
    rows_b: np.ndarray,
    keep: np.ndarray,
    unbiased: bool,
) -> np.ndarray:
    """HSIC of kernels ``a`` and ``b`` on each subset (subsets,), from their :func:`_row_sums`."""
    n = keep.sum(axis=1)
    total = ((keep @ (a * b)) * keep).sum(axis=1)
    if unbiased:
        on_diagonal = keep @ (np.diag(a) * np.diag(b))
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = [
                total - on_diagonal,
                rows_a.sum(1) * rows_b.sum(1) / ((n - 1) * (n - 2)),
                -2 * (rows_a * rows_b).sum(1) / (n - 2),
            ]
            value = unless_rounding(np.array(terms)) / (n * (n - 3))
        return np.where(n >= 4, value, np.nan)
    value = total - 2 * (rows_a * rows_b).sum(1) / n + rows_a.sum(1) * rows_b.sum(1) / n**2
    return np.where(n >= 2, value, np.nan)


def u_shift(groups: np.ndarray) -> np.ndarray:
    """What to subtract from the rows and columns of a kernel of diagonal 0 to U-centre it."""
    count, rows = len(groups), groups.sum(axis=1)
    return rows / (count - 2) - rows.sum() / (2 * (count - 1) * (count - 2))


def unless_rounding(terms: np.ndarray) -> np.ndarray:
    """The sums (...) of ``terms`` (terms, ...); 0 if one is no more than the terms' rounding error.

    One frame that differs from all others gives HSIC no evidence: the terms cancel.
    """
    value = terms.sum(axis=0)
    return np.where(np.abs(value) <= ROUNDING * np.abs(terms).sum(axis=0), 0, value)


#: Rounding leaves less than this fraction of terms that cancel.
ROUNDING = 1e-10


def hsic_unbiased(
    total: float, on_diagonal: float, rows_a: np.ndarray, rows_b: np.ndarray, n: int
) -> float:
    """Unbiased HSIC (Song et al. 2012, eq. 4) of two centred kernels (n, n).

    ``total``: the sum of their entries' products, and ``on_diagonal`` that of the diagonal alone.
    ``rows_a`` and ``rows_b`` (n,): sums of their rows without the diagonal.
    """
    terms = [
        total - on_diagonal,
        rows_a.sum() * rows_b.sum() / ((n - 1) * (n - 2)),
        -2 * rows_a @ rows_b / (n - 2),
    ]
    return float(unless_rounding(np.array(terms))) / (n * (n - 3))


def ratio(cross: ArrayLike, own_a: ArrayLike, own_b: ArrayLike) -> np.ndarray:
    """cross / sqrt(own_a own_b), exactly 1 if all three are the same number; nan if undefined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = cross / np.sqrt(np.multiply(own_a, own_b))
    return np.where((np.asarray(own_a) > 0) & (np.asarray(own_b) > 0), value, np.nan)


def unit(x: np.ndarray) -> np.ndarray:
    """``x`` over its largest value, so that products of squares neither overflow nor vanish.

    CKA and RSA do not depend on the scale.
    """
    largest = np.abs(x).max(initial=0)
    return x / largest if largest > 0 else x
