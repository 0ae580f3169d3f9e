"""Estimates over distinct groups: HSIC and CKA, RSA, MMD and energy.

U-statistics in which every term joins frames of different groups, and every group has equal weight.
Frames of one group are alike in both views, and would count as evidence of alignment. With one
frame in each group these are the usual estimates; a frame that is shown six times changes nothing.
The estimand is the mean over groups, not over frames.

``keep`` (subsets, groups), float64, holds 1 for the groups of a subset and 0 for the others; each
function returns one value (subsets,) for each subset, nan if undefined. All subsets together cost a
few products of matrices, so a jackknife costs little more than the value.
"""

from collections.abc import Callable

import numpy as np

from catsight.metrics.arrays import upper
from catsight.metrics.grouping import Grouping
from catsight.metrics.permutations import permuted_products
from catsight.metrics.similarity import (
    EQUAL,
    Ranks,
    as_matrix,
    compare,
    ratio,
    u_shift,
    unless_rounding,
)


class Kernel:
    """A kernel matrix (n, n) of grouped frames, and its means over groups.

    ``frames`` (n, groups): means of each frame's row over each group, 0 for its own. ``groups``
    (groups, groups): the means of these over the frames of each group.
    """

    def __init__(self, kernel: np.ndarray, grouping: Grouping):
        self.kernel, self.grouping = kernel, grouping
        self.frames = np.where(grouping.own, 0, grouping.columns(kernel))
        self.groups = grouping.means(self.frames)


def cka(k: Kernel, m: Kernel, keep: np.ndarray) -> np.ndarray:
    """Unbiased CKA over distinct groups, the ratio of :func:`hsic`; nan if a kernel varies by no
    more than rounding.
    """
    return ratio(hsic(k, m, keep), hsic(k, k, keep), hsic(m, m, keep))


def hsic(k: Kernel, m: Kernel, keep: np.ndarray) -> np.ndarray:
    """The U-statistic of HSIC over distinct groups g, h, u, v, (subsets,).

    E k(g,h) m(g,h) - 2 E k(g,h) m(g,u) + E k(g,h) m(u,v) (Gretton et al. 2005), of one frame of
    each group, the same one in both kernels. If every group is one frame: Song et al. 2012, eq. 4.
    nan for fewer than 4 groups; 0 if it is smaller than the rounding error of its terms.
    """
    grouping = k.grouping
    count = keep.sum(axis=1)
    pairs = grouping.blocks(k.kernel * m.kernel)
    np.fill_diagonal(pairs, 0)
    of_frame = keep[:, grouping.of].T * grouping.weights[:, None]  # (n, subsets)
    in_group = keep.T
    rows_k, rows_m = k.frames @ in_group, m.frames @ in_group
    alike = (k.frames * m.frames) @ in_group
    sums_k, sums_m = (kernel.groups @ in_group * in_group for kernel in (k, m))
    both = ((keep @ (k.groups * m.groups)) * keep).sum(axis=1)
    first = ((keep @ pairs) * keep).sum(axis=1)
    second = (of_frame * (rows_k * rows_m - alike)).sum(axis=0)
    third = sums_k.sum(axis=0) * sums_m.sum(axis=0)
    third = third - 4 * (sums_k * sums_m).sum(axis=0) + 2 * both
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.array(
            [
                first / (count * (count - 1)),
                -2 * second / (count * (count - 1) * (count - 2)),
                third / (count * (count - 1) * (count - 2) * (count - 3)),
            ]
        )
        value = unless_rounding(terms)
    return np.where(count >= 4, value, np.nan)


def cka_null(k: Kernel, m: Kernel, orders: np.ndarray) -> np.ndarray:
    """Unbiased CKA (m,) with the groups of ``m`` in other ``orders`` (m, groups).

    The frames of a group are then paired with those of another at random; this is the mean over all
    such pairs, which groups of any sizes allow. So its value in the groups' own order is not that
    of :func:`cka` if there are several frames in a group.
    """
    everything = np.ones((1, len(k.groups)))
    own = np.sqrt(hsic(k, k, everything) * hsic(m, m, everything))
    count = len(k.groups)
    products = permuted_products(_u_centred(k.groups), _u_centred(m.groups), orders)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 2 * products / (count * (count - 3) * own)


def cka_biased_null(
    k: np.ndarray, m: np.ndarray, grouping: Grouping, orders: np.ndarray
) -> np.ndarray:
    """Biased CKA (m,) of kernels (n, n) with the groups of ``m`` in other ``orders`` (m, groups).

    Of all frames, and so as high by chance as the value itself: frames are paired with those of
    another group at random, as in :func:`cka_null`.
    """
    k, m = (
        matrix - matrix.mean(axis=0) - matrix.mean(axis=1)[:, None] + matrix.mean()
        for matrix in (k, m)
    )
    own = np.sqrt(np.vdot(k, k) * np.vdot(m, m))
    sizes = grouping.sizes
    pairs, means = grouping.blocks(k) * np.outer(sizes, sizes), grouping.blocks(m)
    diagonal, of_m = grouping.means(np.diag(k)) * sizes, grouping.means(np.diag(m))
    total = 2 * permuted_products(pairs, means, orders) + of_m[orders] @ diagonal
    if not grouping.single:
        total = total + grouping.within(m)[orders] @ (np.diag(pairs) - diagonal)
    return total / own


def _u_centred(groups: np.ndarray) -> np.ndarray:
    """A kernel (groups, groups) of diagonal 0 whose rows sum to 0 (Székely & Rizzo 2014).

    HSIC of such kernels is the mean of their products: their rows add nothing.
    """
    shift = u_shift(groups)
    centred = groups - shift[:, None] - shift[None, :]
    np.fill_diagonal(centred, 0)
    return centred


# -- RSA -------------------------------------------------------------------------------------------


class Rsa:
    """RSA of two dissimilarity matrices ``a`` and ``b`` (n, n), over pairs of different groups.

    ``comparison``: spearman or pearson, weighted so that all pairs of groups count equally; or
    kendall (tau-b), of the mean dissimilarities of every two groups. Undefined with fewer than 3
    groups, or if dissimilarities are not finite or equal.
    """

    def __init__(self, a: np.ndarray, b: np.ndarray, grouping: Grouping, comparison: str):
        self.grouping, self.comparison = grouping, comparison
        pairs = grouping.pairs
        values = [matrix[pairs.places] for matrix in (a, b)]
        self.defined = all(np.isfinite(side).all() for side in values)
        if not self.defined:
            return
        if comparison == "kendall":
            self._ranks = [as_matrix(Ranks(upper(grouping.blocks(m)))()) for m in (a, b)]
        elif comparison == "spearman":
            self._sides: list[Callable[..., np.ndarray]] = [Ranks(side) for side in values]
        else:
            self._sides = [lambda kept, weights, side=side: side[kept] for side in values]

    def values(self, keep: np.ndarray) -> np.ndarray:
        """RSA (subsets,) of each subset of the groups."""
        if not self.defined:
            return np.full(len(keep), np.nan)
        value = self._kendall if self.comparison == "kendall" else self._correlation
        return np.array(
            [value(groups) if groups.sum() >= 3 else np.nan for groups in keep.astype(bool)]
        )

    def null(self, orders: np.ndarray) -> np.ndarray:
        """RSA (m,) with the groups of ``b`` in other ``orders`` (m, groups).

        Mantel's test (Mantel 1967), of the means over the pairs of every two groups, as in
        :func:`cka_null`.
        """
        if self.comparison == "kendall":
            one, other = upper(self._ranks[0]), self._ranks[1]
            return np.array([compare(one, upper(other[np.ix_(o, o)]), "kendall") for o in orders])
        pairs = self.grouping.pairs
        roots: np.ndarray | float = 1 / self.grouping.sizes[0]
        if pairs.weights is not None:
            roots = np.sqrt(pairs.weights)
        sums = []
        for values in self._centred(slice(None)):
            matrix = np.zeros(pairs.places.shape)
            with np.errstate(divide="ignore", invalid="ignore"):
                matrix[pairs.places] = values * (roots / np.linalg.norm(values))
            matrix = self.grouping.blocks(matrix) * np.outer(*[self.grouping.sizes] * 2)
            sums.append(matrix + matrix.T)
        return permuted_products(sums[0], sums[1], orders)

    def _kendall(self, groups: np.ndarray) -> float:
        kept = np.ix_(groups, groups)
        return compare(upper(self._ranks[0][kept]), upper(self._ranks[1][kept]), "kendall")

    def _correlation(self, groups: np.ndarray) -> float:
        """The weighted correlation among the pairs of the ``groups`` (groups,), bool."""
        if groups.all():
            a, b = self._centred(slice(None))
        else:
            frames = groups[self.grouping.of]
            a, b = self._centred(np.logical_and.outer(frames, frames)[self.grouping.pairs.places])
        return float(ratio(a @ b, a @ a, b @ b))

    def _centred(self, kept: slice | np.ndarray) -> list[np.ndarray]:
        """Both representations' values of the ``kept`` pairs minus their mean, times the root of
        their weights, so that products are weighted covariances; 0 if they differ by rounding.
        """
        weights = None if self.grouping.pairs.weights is None else self.grouping.pairs.weights[kept]
        found = []
        for side in self._sides:
            values = side(kept, weights)
            mean = np.average(values, weights=weights)
            moved = values - mean
            if moved @ moved <= len(moved) * (EQUAL * mean) ** 2:
                moved[:] = 0
            found.append(moved if weights is None else moved * np.sqrt(weights))
        return found


# -- two samples -----------------------------------------------------------------------------------


def differences(pooled: np.ndarray, grouping: Grouping) -> np.ndarray:
    """For every two groups the mean of κ(x,x') + κ(y,y') - κ(x,y') - κ(y,x'): (groups, groups).

    ``pooled`` (2 n, 2 n) holds κ of the pooled frames of both views. Exchanging the views of a
    group changes the sign of its row and column. 0 on the diagonal.
    """
    n = len(pooled) // 2
    one, other = slice(None, n), slice(n, None)
    total = pooled[one, one] + pooled[other, other] - pooled[one, other] - pooled[other, one]
    total = grouping.blocks(total)
    np.fill_diagonal(total, 0)
    return total


def mean_difference(differences: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """The mean (subsets,) of :func:`differences` over the pairs of distinct groups in each subset.

    MMD² (U-statistic, Gretton et al. 2012, eq. 4) if κ is a kernel; minus the energy distance if it
    is a distance.
    """
    count = keep.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = quadratic(differences, keep) / (count * (count - 1))
    return np.where(count >= 2, value, np.nan)


def quadratic(matrix: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """r' M r (m,) of each of the ``rows`` r (m, n) with the ``matrix`` M (n, n)."""
    rows = rows.astype(np.float64)
    return np.einsum("ij,ij->i", rows @ matrix, rows)


def divided_difference(pooled: np.ndarray, grouping: Grouping, signs: np.ndarray) -> np.ndarray:
    """The statistic of :func:`mean_difference` (m,) if the pooled groups are divided at random.

    ``signs`` (m, 2 groups): +1 for the groups of one view, -1 for those of the other. Pairs of both
    views of a group are left out wherever they fall.
    """
    n, count = len(pooled) // 2, len(grouping.sizes)
    parts = [
        [grouping.blocks(pooled[a, b]) for b in (slice(None, n), slice(n, None))]
        for a in (slice(None, n), slice(n, None))
    ]
    means = np.block(parts)
    apart = np.tile(~np.eye(count, dtype=bool), (2, 2)).astype(float)
    means = means * apart
    one, other = (signs > 0).astype(float), (signs < 0).astype(float)

    def mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.einsum("ij,ij->i", a @ means, b) / np.einsum("ij,ij->i", a @ apart, b)

    return mean(one, one) + mean(other, other) - 2 * mean(one, other)


def scale(squares: np.ndarray, features: int, grouping: Grouping, keep: np.ndarray) -> np.ndarray:
    """The pooled standard deviation (subsets,), from squared distances (n, n) of ``features``.

    Its square is half the mean squared distance of frames of different groups, per feature; if
    every group is one frame, the mean of the variances over n - 1.
    """
    apart = grouping.blocks(squares)
    np.fill_diagonal(apart, 0)
    return np.sqrt(mean_difference(apart, keep) / (2 * features))
