"""Similarity of two representations of the same frames: CKA (linear and RBF) and RSA.

``x`` and ``y`` are float arrays (n frames, features); row i of both is the same frame. An undefined
value is ``nan``. Conventions: Kornblith et al. 2019 (CKA), Song et al. 2012 (unbiased
HSIC), Kriegeskorte et al. 2008 (RSA).
"""

from collections.abc import Sequence

import numpy as np

from catsight.metrics import between
from catsight.metrics.arrays import centre, pair, square_distances, upper
from catsight.metrics.grouping import Grouping, grouped
from catsight.metrics.similarity import (
    cka,
    compare,
    gram,
    hsic_unbiased,
    ratio,
    rbf,
    rbf_over_groups,
    rdm,
    unit,
)


def cka_linear(
    x: np.ndarray, y: np.ndarray, *, unbiased: bool = False, groups: Sequence | None = None
) -> float:
    """Linear centred kernel alignment (CKA).

    Kornblith, Norouzi, Lee & Hinton 2019, eq. 4 with linear kernels. 1 if the two are the same up
    to rotation and scale. The biased value lies in 0..1 and, with few frames and many features, is
    high even by chance. ``unbiased`` uses the U-statistic of HSIC (Song, Smola, Gretton, Bedo &
    Borgwardt 2012, eq. 4) in all three places: near 0 for unrelated data, and possibly below. With
    ``groups`` (n,), it is over frames of distinct groups, each group with equal weight
    (:func:`catsight.metrics.between.hsic`). Needs 2 frames, 4 frames or groups if unbiased.

    Computed in float64, so that 1 - CKA is right to 1e-3 of itself down to 1e-6. Raises
    :class:`ValueError` unless both are finite arrays (n, features), or if ``groups`` are given for
    the biased value.
    """
    if groups is not None:
        x, y, grouping = _sorted(x, y, groups, unbiased)
        k, m = (gram(unit(centre(values))) for values in (x, y))
        return _over_groups(k, m, grouping)
    x, y = (unit(centre(values.astype(np.float64))) for values in pair(x, y))
    if len(x) < (4 if unbiased else 2):
        return np.nan
    if len(x) < max(x.shape[1], y.shape[1]):
        everything = np.ones((1, len(x)))
        return float(cka(x @ x.T, y @ y.T, everything, unbiased=unbiased)[0])
    # |X'Y|² = sum of K∘M: in feature space there is no n × n matrix (and numpy computes x.T @ x in
    # half the time)
    xy, xx, yy = (_square_sum(product) for product in (x.T @ y, x.T @ x, y.T @ y))
    if not unbiased:
        return float(ratio(xy, xx, yy))
    k, m = (np.einsum("ij,ij->i", values, values, dtype=np.float64) for values in (x, y))
    return _cka_unbiased(xy, xx, yy, k, m)


def cka_rbf(
    x: np.ndarray,
    y: np.ndarray,
    *,
    unbiased: bool = False,
    bandwidth: float = 1.0,
    groups: Sequence | None = None,
) -> float:
    """CKA with the Gaussian kernel exp(-d² / (2 m)).

    m is ``bandwidth`` times the median squared distance, over pairs i < j, duplicates included, of
    each representation by itself (Kornblith et al. 2019 count the n zeros of the diagonal too).
    With a large bandwidth, near linear CKA. ``groups`` as in :func:`cka_linear`: the median is then
    over frames of distinct groups, too. Needs 2 frames, 4 frames or groups if unbiased.
    """
    if groups is not None:
        x, y, grouping = _sorted(x, y, groups, unbiased)
        squares = [square_distances(values) for values in (x, y)]
        k, m = (rbf_over_groups(values, grouping, bandwidth)[0] for values in squares)
        return _over_groups(k, m, grouping)
    x, y = pair(x, y)
    k, m = (rbf(square_distances(values), bandwidth)[0] for values in (x, y))
    return float(cka(k, m, np.ones((1, len(x))), unbiased=unbiased)[0])


def rsa(
    x: np.ndarray,
    y: np.ndarray,
    *,
    distance: str = "correlation",
    comparison: str = "spearman",
    groups: Sequence | None = None,
) -> float:
    """Representational similarity analysis (RSA): how the two dissimilarity matrices correlate.

    Over all pairs of frames i < j. ``distance``: correlation (1 - Pearson r), cosine (1 - cosine)
    or euclidean. ``comparison``: spearman (average ranks), pearson or kendall (tau-b). With
    ``groups`` (n,), over pairs of frames of different groups, all pairs of groups with equal weight
    (:class:`catsight.metrics.between.Rsa`). Needs 3 frames or groups; undefined if a frame's
    features do not vary (correlation) or are all 0 (cosine).
    """
    if groups is not None:
        x, y, grouping = _sorted(x, y, groups)
        both = between.Rsa(rdm(x, distance), rdm(y, distance), grouping, comparison)
        return float(both.values(np.ones((1, len(grouping.sizes))))[0])
    x, y = pair(x, y)
    if len(x) < 3:
        return np.nan
    return float(compare(upper(rdm(x, distance)), upper(rdm(y, distance)), comparison))


def _cka_unbiased(cross: float, own_x: float, own_y: float, k: np.ndarray, m: np.ndarray) -> float:
    """Unbiased linear CKA of centred features, from sums of squares.

    ``cross``, ``own_x`` and ``own_y``: of X'Y, X'X and Y'Y. ``k`` and ``m`` (n,): the squared
    lengths of the frames of x and y.
    """
    pairs = ((cross, k, m), (own_x, k, k), (own_y, m, m))
    return float(ratio(*(hsic_unbiased(total, a @ b, -a, -b, len(k)) for total, a, b in pairs)))


def _sorted(
    x: np.ndarray, y: np.ndarray, groups: Sequence, unbiased: bool = True
) -> tuple[np.ndarray, np.ndarray, Grouping]:
    """The features, float64, sorted by group, and the grouping."""
    if not unbiased:
        raise ValueError("groups are given, but biased CKA is of all frames; set unbiased=True")
    x, y = pair(x, y)
    grouping = grouped(groups, len(x))
    x, y = (values[grouping.order].astype(np.float64) for values in (x, y))
    return x, y, grouping


def _over_groups(k: np.ndarray, m: np.ndarray, grouping: Grouping) -> float:
    kernels = between.Kernel(k, grouping), between.Kernel(m, grouping)
    return float(between.cka(*kernels, np.ones((1, len(grouping.sizes))))[0])


def _square_sum(a: np.ndarray) -> float:
    return float(np.einsum("ij,ij->", a, a, dtype=np.float64))
