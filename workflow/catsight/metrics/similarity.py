"""Similarity of two representations of the same frames: CKA (linear and RBF) and RSA.

``x`` and ``y`` are float arrays (n frames, features); row i of both is the same frame. A value is
``nan`` where it is undefined. Conventions: Kornblith et al. 2019 (CKA), Song et al. 2012 (unbiased
HSIC), Kriegeskorte et al. 2008 (RSA).
"""

import numpy as np
from scipy.spatial.distance import squareform

from catsight.metrics.arrays import centre, pair, square_distances, upper

DISTANCES = ("correlation", "cosine", "euclidean")
COMPARISONS = ("spearman", "pearson", "kendall")


def cka_linear(x: np.ndarray, y: np.ndarray, *, unbiased: bool = False) -> float:
    """Linear centred kernel alignment (Kornblith, Norouzi, Lee & Hinton 2019, eq. 4 with linear
    kernels).

    1 where the two are the same up to rotation and scale; the biased value lies in 0..1 and is high
    for few frames and many features even by chance. ``unbiased`` uses the U-statistic of HSIC
    (Song, Smola, Gretton, Bedo & Borgwardt 2012, eq. 4) in all three places: near 0 for unrelated
    data, and possibly below. Needs 2 frames, 4 if unbiased.

    Features are centred in float64; their products have the precision of the input, so float32
    features give a value within 1e-5 of that of float64 ones. Raises :class:`ValueError` for what
    is not two finite (n, features).
    """
    x, y = (_unit(centre(values)) for values in pair(x, y))
    if len(x) < (4 if unbiased else 2):
        return np.nan
    if len(x) < max(x.shape[1], y.shape[1]):
        everything = np.ones((1, len(x)))
        return float(cka(x @ x.T, y @ y.T, everything, unbiased=unbiased)[0])
    # |X'Y|² = sum of K∘M: in feature space, no matrix of n × n (numpy takes half the time for x.T @
    # x)
    xy, xx, yy = (_square_sum(product) for product in (x.T @ y, x.T @ x, y.T @ y))
    if not unbiased:
        return float(ratio(xy, xx, yy))
    k, m = (np.einsum("ij,ij->i", values, values, dtype=np.float64) for values in (x, y))
    return cka_unbiased(xy, xx, yy, k, m)


def cka_rbf(
    x: np.ndarray, y: np.ndarray, *, unbiased: bool = False, bandwidth: float = 1.0
) -> float:
    """CKA with a Gaussian kernel, exp(-d² / (2 m)), where m is ``bandwidth`` times the median
    squared distance.

    The median is over pairs i < j, duplicates included, of each representation by itself (Kornblith
    et al. 2019 count the n zeros of the diagonal too). Near linear CKA where the bandwidth is
    large. Needs 2 frames, 4 if unbiased.
    """
    x, y = pair(x, y)
    k, m = (rbf(square_distances(values), bandwidth)[0] for values in (x, y))
    return float(cka(k, m, np.ones((1, len(x))), unbiased=unbiased)[0])


def rsa(
    x: np.ndarray, y: np.ndarray, *, distance: str = "correlation", comparison: str = "spearman"
) -> float:
    """Correlation of the two representational dissimilarity matrices (RDMs), over all pairs of
    frames i < j.

    ``distance``: correlation (1 - Pearson r), cosine (1 - cosine) or euclidean. ``comparison``:
    spearman (average ranks), pearson or kendall (tau-b). Needs 3 frames; undefined where a frame's
    features do not vary (correlation) or are all 0 (cosine).
    """
    x, y = pair(x, y)
    if len(x) < 3:
        return np.nan
    return float(compare(upper(rdm(x, distance)), upper(rdm(y, distance)), comparison))


def cka_unbiased(cross: float, own_x: float, own_y: float, k: np.ndarray, m: np.ndarray) -> float:
    """Unbiased linear CKA from the sums of squares of X'Y, X'X, Y'Y and the frames' squared lengths
    (n,); centred.
    """
    pairs = ((cross, k, m), (own_x, k, k), (own_y, m, m))
    return float(ratio(*(hsic_unbiased(total, a @ b, -a, -b, len(k)) for total, a, b in pairs)))


# -- out of matrices (n, n) ------------------------------------------------------------------------


def gram(x: np.ndarray) -> np.ndarray:
    """Gram matrix (n, n) of the frames, float64, of features centred first (large offsets cost no
    precision).
    """
    x = centre(np.asarray(x, dtype=np.float64))
    return x @ x.T


def rbf(squares: np.ndarray, bandwidth: float = 1.0) -> tuple[np.ndarray, float]:
    """The Gaussian kernel (n, n) of squared distances, and the m in exp(-d² / (2 m)): nan where the
    median is 0.
    """
    m = bandwidth * float(np.median(upper(squares))) if len(squares) > 1 else np.nan
    if not m > 0:
        return np.full_like(squares, np.nan), np.nan
    return np.exp(squares / (-2 * m)), m


def cka(k: np.ndarray, m: np.ndarray, keep: np.ndarray, *, unbiased: bool = False) -> np.ndarray:
    """CKA of two kernel matrices (n, n), centred or not, on each of several subsets of the frames.

    ``keep`` (subsets, n) holds 1 for the frames of a subset and 0 for the others; float64. Gives
    one value a subset, nan where undefined. All subsets cost two matrix products, so that a
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
    """Dissimilarities of all pairs of frames as a symmetric matrix (n, n), float64, with 0 on its
    diagonal.

    A frame whose features do not vary (correlation) or are all 0 (cosine) has no dissimilarity:
    nan.
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


def compare(a: np.ndarray, b: np.ndarray, comparison: str = "spearman") -> float:
    """Correlation of the dissimilarities of the same pairs (pairs,): nan where one is nan or
    nothing varies.
    """
    if comparison not in COMPARISONS:
        raise ValueError(f"comparison is '{comparison}'; it may be {', '.join(COMPARISONS)}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return np.nan
    if comparison == "kendall":
        from scipy.stats import kendalltau  # takes a second to import

        return float(kendalltau(a, b).statistic)
    if comparison == "spearman":
        a, b = Ranks(a)(), Ranks(b)()
    a, b = a - a.mean(), b - b.mean()
    return float(ratio(a @ b, a @ a, b @ b))


class Ranks:
    """Average ranks of finite ``values`` (m,), and of any part of them without another sort.

    Calling it with ``keep`` (m,), bool, gives the ranks that the kept values have among themselves.
    """

    def __init__(self, values: np.ndarray):
        order = np.argsort(values)
        new = np.empty(
            len(values), dtype=bool
        )  # whether a value in order differs from the one before
        new[:1] = True
        sorted_values = values[order]
        np.not_equal(sorted_values[1:], sorted_values[:-1], out=new[1:])
        places = np.cumsum(new) - 1
        self._places = np.empty(len(values), dtype=np.int64)
        self._places[order] = places
        self._count = int(places[-1]) + 1

    def __call__(self, keep: np.ndarray | slice = slice(None)) -> np.ndarray:
        places = self._places[keep]
        ties = np.bincount(places, minlength=self._count)
        return (np.cumsum(ties) - (ties - 1) / 2)[places]


def as_matrix(pairs: np.ndarray) -> np.ndarray:
    """The symmetric matrix (n, n) of the values of the pairs i < j, 0 on its diagonal."""
    return squareform(pairs, checks=False)


# -- HSIC ------------------------------------------------------------------------------------------


def _row_sums(kernel: np.ndarray, keep: np.ndarray, unbiased: bool) -> np.ndarray:
    """Sums of the kernel's rows over each subset (subsets, n), 0 for others; without the diagonal
    if unbiased.
    """
    sums = keep @ kernel
    return (sums - np.diag(kernel) if unbiased else sums) * keep


def _hsic(a, b, rows_a, rows_b, keep, unbiased: bool) -> np.ndarray:
    n = keep.sum(axis=1)
    total = ((keep @ (a * b)) * keep).sum(axis=1)
    if unbiased:
        on_diagonal = keep @ (np.diag(a) * np.diag(b))
        with np.errstate(divide="ignore", invalid="ignore"):
            value = total - on_diagonal + rows_a.sum(1) * rows_b.sum(1) / ((n - 1) * (n - 2))
            value = (value - 2 * (rows_a * rows_b).sum(1) / (n - 2)) / (n * (n - 3))
        return np.where(n >= 4, value, np.nan)
    value = total - 2 * (rows_a * rows_b).sum(1) / n + rows_a.sum(1) * rows_b.sum(1) / n**2
    return np.where(n >= 2, value, np.nan)


def hsic_unbiased(total, on_diagonal, rows_a, rows_b, n: int) -> float:
    """Song et al. 2012, eq. 4, of centred kernels whose rows, without the diagonal, add up to
    ``rows``.
    """
    value = total - on_diagonal + rows_a.sum() * rows_b.sum() / ((n - 1) * (n - 2))
    return (value - 2 * rows_a @ rows_b / (n - 2)) / (n * (n - 3))


def ratio(cross, own_a, own_b):
    """cross / sqrt(own_a own_b), which is exactly 1 where all three are the same number; nan where
    it is undefined.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        value = cross / np.sqrt(np.multiply(own_a, own_b))
    return np.where((np.asarray(own_a) > 0) & (np.asarray(own_b) > 0), value, np.nan)


def _square_sum(a: np.ndarray) -> float:
    return float(np.einsum("ij,ij->", a, a, dtype=np.float64))


def _unit(x: np.ndarray) -> np.ndarray:
    """``x`` over its largest value, so that squares of float32 neither overflow nor vanish; CKA has
    no scale.
    """
    largest = np.abs(x).max(initial=0)
    return x / largest if largest > 0 else x
