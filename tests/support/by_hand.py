"""Measures, arrangements and intervals written out plainly, to compare the tables of metrics with.

Over distinct groups, every mean is written as a loop over groups and a mean over their frames.
"""

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.spatial.distance import cdist, pdist, squareform
from scipy.stats import (
    kendalltau,
    kurtosis,
    pearsonr,
    rankdata,
    spearmanr,
    wasserstein_distance,
)
from scipy.stats import t as student


class Arrays(dict):
    """Features by column, as the analyses use them."""

    @property
    def columns(self):
        return list(self)


# -- groups ----------------------------------------------------------------------------------------


def members(groups: Sequence) -> list[np.ndarray]:
    """The frames of each group, by the groups' names."""
    groups = np.asarray(groups)
    return [np.flatnonzero(groups == name) for name in sorted(set(groups.tolist()))]


def balanced(groups: Sequence) -> np.ndarray:
    """Frames, repeated so that all groups have as many: every frame of a group equally often."""
    own = members(groups)
    most = math.lcm(*map(len, own))
    return np.concatenate([np.repeat(rows, most // len(rows)) for rows in own])


def pairs_apart(groups: Sequence) -> tuple[np.ndarray, np.ndarray]:
    """The pairs i < j of frames of different groups."""
    groups = np.asarray(groups)
    rows, columns = np.triu_indices(len(groups), 1)
    apart = groups[rows] != groups[columns]
    return rows[apart], columns[apart]


def blocks(matrix: np.ndarray, groups: Sequence) -> np.ndarray:
    """The means over the pairs of frames of every two groups."""
    own = members(groups)
    return np.array([[matrix[np.ix_(g, h)].mean() for h in own] for g in own])


# -- measures of all frames ------------------------------------------------------------------------


def hsic(k: np.ndarray, m: np.ndarray, unbiased: bool) -> float:
    """Gretton et al. 2005; unbiased, Song et al. 2012."""
    n = len(k)
    if not unbiased:
        h = np.eye(n) - 1 / n
        return np.trace(k @ h @ m @ h)
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    middle = k.sum() * m.sum() / (n - 1) / (n - 2) - 2 / (n - 2) * (k @ m).sum()
    return (np.trace(k @ m) + middle) / (n * (n - 3))


def cka(k: np.ndarray, m: np.ndarray, unbiased: bool) -> float:
    return hsic(k, m, unbiased) / np.sqrt(hsic(k, k, unbiased) * hsic(m, m, unbiased))


def gaussian(x: np.ndarray, factor: float = 1.0) -> np.ndarray:
    """exp(-d² / (2 m)), m the median squared distance."""
    squares = pdist(x, "sqeuclidean")
    return np.exp(-squareform(squares) / (2 * factor * np.median(squares)))


def scale(x: np.ndarray) -> float:
    return np.sqrt(x.var(axis=0, ddof=1).mean())


def directions(features: int, count: int, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(features, count))
    return drawn / np.sqrt((drawn**2).sum(axis=0))


def transport(x: np.ndarray, y: np.ndarray) -> float:
    return np.mean([wasserstein_distance(a, b) for a, b in zip(x.T, y.T)])


def energy(x: np.ndarray, y: np.ndarray) -> float:
    return 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()


def kernel_of_both(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    pooled = np.concatenate([x, y])
    s = np.median(pdist(pooled))
    return np.exp(-cdist(pooled, pooled, "sqeuclidean") / (2 * s * s))


def mmd2(x: np.ndarray, y: np.ndarray, keep: Sequence[int], kind: str) -> float:
    """Of the frames ``keep``, with the bandwidth of all; ``kind``: biased, paired or unpaired."""
    kernel, n = kernel_of_both(x, y), len(x)
    one, other = np.asarray(keep), np.asarray(keep) + n
    within, across = (kernel[np.ix_(a, a)] for a in (one, other)), kernel[np.ix_(one, other)]
    if kind == "biased":
        return sum(k.mean() for k in within) - 2 * across.mean()
    apart = ~np.eye(len(one), dtype=bool)
    return (
        sum(k[apart].mean() for k in within)
        - 2 * (across[apart] if kind == "paired" else across).mean()
    )


def ranks(x: np.ndarray, y: np.ndarray, groups: Sequence[str] | None) -> np.ndarray:
    """The ranks (n, n), by cosine, of each frame j of y for the frame i of x.

    Among itself and the frames outside its group.
    """
    apart, n = cdist(x, y, "cosine"), len(x)
    groups = list(range(n)) if groups is None else groups
    rivals = [[k for k in range(n) if groups[k] != groups[j]] for j in range(n)]
    return np.array(
        [[1 + np.sum(apart[i, rivals[j]] <= apart[i, j]) for j in range(n)] for i in range(n)]
    )


def rsa(x: np.ndarray, y: np.ndarray) -> float:
    return spearmanr(pdist(x, "correlation"), pdist(y, "correlation")).statistic


# -- measures over distinct groups -----------------------------------------------------------------


def hsic_over_groups(k: np.ndarray, m: np.ndarray, groups: Sequence) -> float:
    """E k(g,h) m(g,h) - 2 E k(g,h) m(g,u) + E k(g,h) m(u,v), tuple by tuple.

    Over all ordered tuples of distinct groups; of one frame of each, over all choices.
    """
    own = members(groups)
    kept = range(len(own))
    means = [blocks(kernel, groups) for kernel in (k, m)]
    of_frames = [
        [[kernel[np.ix_(g, h)].mean(axis=1) for h in own] for g in own] for kernel in (k, m)
    ]
    both = blocks(k * m, groups)
    first = [both[g, h] for g, h in itertools.permutations(kept, 2)]
    second = [
        np.mean(of_frames[0][g][h] * of_frames[1][g][u]) for g, h, u in itertools.permutations(kept, 3)
    ]  # fmt: skip
    third = [means[0][g, h] * means[1][u, v] for g, h, u, v in itertools.permutations(kept, 4)]
    return np.mean(first) - 2 * np.mean(second) + np.mean(third)


def cka_over_groups(k: np.ndarray, m: np.ndarray, groups: Sequence) -> float:
    own = hsic_over_groups(k, k, groups) * hsic_over_groups(m, m, groups)
    return hsic_over_groups(k, m, groups) / np.sqrt(own)


def gaussian_over_groups(x: np.ndarray, groups: Sequence, factor: float = 1.0) -> np.ndarray:
    """The kernel whose m is the median over pairs of frames of different groups."""
    rows = balanced(groups)
    squares = cdist(x, x, "sqeuclidean")
    i, j = pairs_apart(np.asarray(groups)[rows])
    return np.exp(-squares / (2 * factor * np.median(squares[rows[i], rows[j]])))


def rsa_over_groups(
    x: np.ndarray,
    y: np.ndarray,
    groups: Sequence,
    distance: str = "correlation",
    comparison: str = "spearman",
) -> float:
    """Over pairs of frames of different groups; Kendall's, of the means of every two groups."""
    a, b = (squareform(pdist(v, distance)) for v in (x, y))
    if comparison == "kendall":
        above = np.triu_indices(len(set(groups)), 1)
        return kendalltau(*(blocks(matrix, groups)[above] for matrix in (a, b))).statistic
    rows = balanced(groups)
    i, j = pairs_apart(np.asarray(groups)[rows])
    correlate = {"spearman": spearmanr, "pearson": pearsonr}[comparison]
    return correlate(a[rows[i], rows[j]], b[rows[i], rows[j]]).statistic


def difference_over_groups(kernel: np.ndarray, groups: Sequence) -> float:
    """E k(x,x') + E k(y,y') - 2 E k(x,y') of frames of different groups, from the pooled kernel."""
    n, found = len(groups), []
    for g, h in itertools.permutations(members(groups), 2):
        within = [kernel[np.ix_(g + i, h + i)].mean() for i in (0, n)]
        found.append(sum(within) - 2 * kernel[np.ix_(g, h + n)].mean())
    return np.mean(found)


def kernel_of_both_over_groups(x: np.ndarray, y: np.ndarray, groups: Sequence) -> np.ndarray:
    """s is the median distance of frames of different groups within a view, of any between views.

    The frames of a group stand for one.
    """
    rows = balanced(groups)
    pooled, own = np.concatenate([x, y]), np.asarray(groups)[rows]
    i, j = pairs_apart(own)
    within = [cdist(v, v)[rows[i], rows[j]] for v in (x, y)]
    s = np.median(np.concatenate([*within, cdist(x[rows], y[rows]).ravel()]))
    return np.exp(-cdist(pooled, pooled, "sqeuclidean") / (2 * s * s))


def scale_over_groups(x: np.ndarray, groups: Sequence) -> float:
    """Half the mean squared distance of frames of different groups, per feature; its root."""
    squares = cdist(x, x, "sqeuclidean") / x.shape[1]
    found = [squares[np.ix_(g, h)].mean() for g, h in itertools.combinations(members(groups), 2)]
    return np.sqrt(np.mean(found) / 2)


def mean_score(ranks: np.ndarray, groups: Sequence | None, top1: bool) -> float:
    """The share of ranks 1, or the mean of 1 / rank, of the frames' own; of groups, their mean."""
    scores = ranks == 1 if top1 else 1 / ranks
    return np.mean(scores if groups is None else [scores[own].mean() for own in members(groups)])


def few_groups_differ(values: np.ndarray) -> str | None:
    """Why a share has no interval: fewer than three groups raise it, or lower it."""
    higher = sum(one > values[0] + 1e-9 for one in values[1:])
    lower = sum(one < values[0] - 1e-9 for one in values[1:])
    if higher >= 3 and lower >= 3:
        return None
    if higher == lower == 0:
        return "the same in every group, so no interval"
    # a group that lowers the share leaves a higher one without it
    few, does = (lower, "raise") if lower <= higher else (higher, "lower")
    who = {0: f"no group {does}s", 1: f"only 1 group {does}s", 2: f"only 2 groups {does}"}[few]
    return f"{who} it, so no interval"


# -- nearest neighbours ----------------------------------------------------------------------------


def neighbours(x: np.ndarray, groups: Sequence, k: int) -> np.ndarray:
    """How much of frame j is a neighbour of frame i: the nearest of other groups, up to weight k."""
    groups = np.asarray(groups)
    unit = x / np.sqrt((x**2).sum(axis=1, keepdims=True))
    parts = np.zeros((len(x), len(x)))
    for i in range(len(x)):
        others = [j for j in range(len(x)) if groups[j] != groups[i]]
        left = k
        while others and left > 1e-9:
            nearest = max(unit[i] @ unit[j] for j in others)
            tied = [j for j in others if nearest - unit[i] @ unit[j] < 1e-9]
            weight = sum(1 / np.sum(groups == groups[j]) for j in tied)
            parts[i, tied] = min(1, left / weight)
            left -= min(left, weight)
            others = [j for j in others if j not in tied]
    return parts


def mutual_knn(x: np.ndarray, y: np.ndarray, groups: Sequence, k: int) -> float:
    a, b = neighbours(x, groups, k), neighbours(y, groups, k)
    groups, of_groups = np.asarray(groups), []
    for own in members(groups):
        shared = [
            sum(min(a[i, j], b[i, j]) / np.sum(groups == groups[j]) for j in range(len(x)))
            for i in own
        ]
        of_groups.append(np.mean(shared) / k)
    return np.mean(of_groups)


def hsic_of_masks(p: np.ndarray, q: np.ndarray, groups: Sequence) -> float:
    """Unbiased HSIC over distinct groups, of kernels that need not be symmetric: platonic-rep's
    sums, with means over blocks of frames.
    """
    own = members(groups)
    count = len(own)
    pairs = triples = 0
    for h, here in enumerate(own):
        for g, there in enumerate(own):
            if g != h:
                pairs += np.mean([p[i, j] * q[j, i] for i in there for j in here])
            for f, elsewhere in enumerate(own):
                if len({f, g, h}) == 3:
                    triples += np.mean([p[there, j].mean() * q[j, elsewhere].mean() for j in here])
    means_p, means_q = (np.where(np.eye(count), 0, blocks(m, groups)) for m in (p, q))
    quadruples = means_p.sum() * means_q.sum() + 2 * np.trace(means_p @ means_q)
    quadruples -= 4 * sum(means_p[:, h].sum() * means_q[h].sum() for h in range(count))
    g_2 = count * (count - 1)
    g_3 = g_2 * (count - 2)
    return pairs / g_2 - 2 * triples / g_3 + quadruples / (g_3 * (count - 3))


def cknna(x: np.ndarray, y: np.ndarray, groups: Sequence, k: int) -> float:
    (a, m), (b, n) = ((neighbours(v, groups, k), 1 - cdist(v, v, "cosine")) for v in (x, y))
    both = np.minimum(a, b)
    cross, own, other = (
        hsic_of_masks(mask * one, mask * two, groups)
        for mask, one, two in ((both, m, n), (a, m, m), (b, n, n))
    )
    return cross / np.sqrt(own * other)


# -- a measure by its name -------------------------------------------------------------------------


def over_groups(name: str) -> bool:
    """Whether the measure is over distinct groups."""
    return name in (
        "cka_linear_unbiased", "cka_rbf_unbiased", "rsa", "mmd2_unbiased", "energy", "energy_scaled",
        "mutual_knn", "cknna",
    )  # fmt: skip


def kernels(name: str, x: np.ndarray, y: np.ndarray, groups: Sequence) -> list[np.ndarray]:
    """Of CKA: both views' kernels of all frames."""
    if "linear" in name:
        return [v @ v.T for v in (x, y)]
    if over_groups(name):
        return [gaussian_over_groups(v, groups) for v in (x, y)]
    return [gaussian(v) for v in (x, y)]


def measure(
    name: str, x: np.ndarray, y: np.ndarray, keep: Sequence[int], groups: Sequence[str]
) -> float:
    """The measure of the frames ``keep``, of features (n, d) of all frames.

    Bandwidths are those of all frames, but for ``mmd2_unbiased``. Its own, candidates for retrieval,
    nearest neighbours, and the scale that distances are divided by, are of the frames ``keep``. 3
    neighbours; 50 projections, with seed 0.
    """
    groups = np.asarray(groups)
    a, b, own, some = x[keep], y[keep], groups[keep], np.ix_(keep, keep)
    if name.startswith("cka"):
        k, m = (kernel[some] for kernel in kernels(name, x, y, groups))
        return cka_over_groups(k, m, own) if over_groups(name) else cka(k, m, "unbiased" in name)
    if name == "mmd2_unbiased":
        return difference_over_groups(kernel_of_both_over_groups(a, b, own), own)
    if name.startswith("mmd2"):
        return mmd2(x, y, keep, "paired" if "unbiased" in name else "biased")
    if name.startswith("retrieval"):
        of = own if name.endswith("between") else None
        return mean_score(np.diag(ranks(a, b, of)), of, "top1" in name)
    if name.startswith("rsa"):
        return rsa_over_groups(a, b, own) if name == "rsa" else rsa(a, b)
    if name in ("mutual_knn", "cknna"):
        return (mutual_knn if name == "mutual_knn" else cknna)(a, b, own, 3)
    if name == "procrustes":
        a, b = a - a.mean(axis=0), b - b.mean(axis=0)
        a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
        return np.sqrt(2 - 2 * np.linalg.norm(a.T @ b, "nuc"))
    value = distance(name, a, b, own)
    if name.endswith("scaled"):
        return value / (scale_over_groups(a, own) if over_groups(name) else scale(a))
    return value


def distance(name: str, a: np.ndarray, b: np.ndarray, groups: Sequence[str]) -> float:
    """Energy or Wasserstein distance, in the features' unit."""
    if name.startswith("sliced"):
        onto = directions(a.shape[1], 50, 0)
        a, b = a @ onto, b @ onto
    if name == "energy_frames":
        return energy(a, b)
    if name.startswith("energy"):
        pooled = np.concatenate([a, b])
        return difference_over_groups(-cdist(pooled, pooled), groups)
    return transport(a, b)


# -- arrangements ----------------------------------------------------------------------------------


def orders(groups: Sequence) -> Iterator[tuple[int, ...]]:
    """All orders of the groups; the identity first."""
    return itertools.permutations(range(len(set(groups))))


def swaps(groups: Sequence[str]) -> Iterator[np.ndarray]:
    """All ways (n, 1) to exchange both views of whole groups, but the first; none first."""
    names = sorted(set(groups))
    for exchanged in itertools.product((False, True), repeat=len(names) - 1):
        of = dict(zip(names, (False, *exchanged)))
        yield np.array([of[group] for group in groups])[:, None]


def null(name: str, x: np.ndarray, y: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """The statistic of a test in all arrangements of the groups, the data's own first."""
    if name.startswith("cka"):
        k, m = kernels(name, x, y, groups)
        return _null_of_cka(k, m, groups) if "unbiased" in name else _null_biased(k, m, groups)
    if name.startswith("rsa"):
        return null_of_rsa(x, y, groups)
    if name.startswith("retrieval"):
        return _null_of_retrieval(name, x, y, groups)
    if name == "mutual_knn":
        a, b = (blocks(neighbours(v, groups, 3), groups) for v in (x, y))
        return np.array(
            [np.sum(a * b[np.ix_(order, order)]) / 3 / len(a) for order in orders(groups)]
        )
    everything = np.arange(len(x))
    unscaled = name.removesuffix("_scaled")
    found = [
        measure(unscaled, np.where(swap, y, x), np.where(swap, x, y), everything, groups)
        for swap in swaps(groups)
    ]
    if name.endswith("scaled"):
        found /= scale_over_groups(x, groups) if over_groups(name) else scale(x)
    return np.array(found)


def _null_of_cka(k: np.ndarray, m: np.ndarray, groups: Sequence) -> np.ndarray:
    """Song's estimate of the groups' mean kernels, over both kernels' own of frames."""
    own = np.sqrt(hsic_over_groups(k, k, groups) * hsic_over_groups(m, m, groups))
    a, b = blocks(k, groups), blocks(m, groups)
    return np.array([hsic(a, b[np.ix_(order, order)], True) for order in orders(groups)]) / own


def _null_biased(k: np.ndarray, m: np.ndarray, groups: Sequence) -> np.ndarray:
    """The mean over frames that are paired at random with those of the group in their place.

    One frame with one, two frames of a group with two; with one twice, if there is one only.
    """
    own = members(groups)
    h = np.eye(len(k)) - 1 / len(k)
    k, m = h @ k @ h, h @ m @ h
    same = [[k[i, i] for i in rows] for rows in own]
    other = [[m[i, i] for i in rows] for rows in own]
    two = [[k[i, j] for i, j in itertools.permutations(rows, 2)] for rows in own]
    others = [
        [m[i, j] for i, j in itertools.permutations(rows, 2)] or [m[rows[0], rows[0]]]
        for rows in own
    ]
    means = blocks(m, groups)
    sums = np.array([[k[np.ix_(g, u)].sum() for u in own] for g in own])
    found = []
    for order in orders(groups):
        total = 0.0
        for g, place in enumerate(order):
            total += np.sum(same[g]) * np.mean(other[place]) + np.sum(two[g]) * np.mean(
                others[place]
            )
        for g, u in itertools.permutations(range(len(own)), 2):
            total += sums[g, u] * means[order[g], order[u]]
        found.append(total)
    return np.array(found) / np.sqrt(np.sum(k * k) * np.sum(m * m))


def null_of_rsa(
    x: np.ndarray, y: np.ndarray, groups: Sequence, comparison: str = "spearman"
) -> np.ndarray:
    """The covariance of the groups' mean ranks, or dissimilarities, over the frames' own spread.

    Kendall's is that of the means of every two groups.
    """
    matrices = [squareform(pdist(v, "correlation")) for v in (x, y)]
    rows, above = balanced(groups), np.triu_indices(len(set(groups)), 1)
    i, j = pairs_apart(np.asarray(groups)[rows])
    means = []
    for matrix in matrices:
        if comparison != "kendall":
            values = matrix[rows[i], rows[j]]
            if comparison == "spearman":
                values = rankdata(np.round(values, 12))
            standard = np.zeros((len(rows), len(rows)))
            standard[i, j] = standard[j, i] = (values - values.mean()) / values.std()
            matrix = blocks(standard, np.asarray(groups)[rows])
        else:
            matrix = blocks(matrix, groups)
        means.append(matrix)

    def statistic(order: Sequence[int]) -> float:
        one, other = means[0][above], means[1][np.ix_(order, order)][above]
        return kendalltau(one, other).statistic if comparison == "kendall" else np.mean(one * other)

    return np.array([statistic(order) for order in orders(groups)])


def _null_of_retrieval(name: str, x: np.ndarray, y: np.ndarray, groups: Sequence) -> np.ndarray:
    """The mean score of frames whose counterpart is any of the group in their group's place.

    Ties are broken by 1 / rank.
    """
    between, own = name.endswith("between"), members(groups)
    found = ranks(x, y, groups if between else None)
    scores = (found == 1 if "top1" in name else 1 / found) + 0.01 / len(x) / found
    means, sizes = blocks(scores, groups), [len(rows) for rows in own]
    return np.array(
        [
            np.average(
                [means[g, order[g]] for g in range(len(own))], weights=None if between else sizes
            )
            for order in orders(groups)
        ]
    )


# -- intervals -------------------------------------------------------------------------------------


def _moves(replicates: np.ndarray, parts: Sequence[int]) -> list[float]:
    """How far each block moves the value, part by part; their squares sum to the variance."""
    moves: list[float] = []
    for count in parts:
        own, replicates = replicates[:count], replicates[count:]
        moves += list(np.sqrt((count - 1) / count) * (own - own.mean()))
    return moves


def interval(
    values: np.ndarray,
    confidence: float,
    *,
    cosine: bool = False,
    loss: bool = False,
    parts: Sequence[int] = (),
) -> tuple[float, float]:
    """Both ends from the ``values`` of everything, and then without each block.

    On Fisher's z of a ``cosine`` inside -1..1, on the logarithm of a positive ``loss`` whose
    standard error is below its own size. The jackknife of each of the ``parts`` by itself (numbers of blocks); degrees of freedom from
    Fisher's G₂.
    """
    values = np.asarray(values, dtype=float)
    to, back = (lambda v: v), (lambda v: v)
    if cosine and np.abs(values).max() < 1:
        to, back = np.arctanh, np.tanh
    parts = list(parts) or [len(values) - 1]
    if loss and values.min() > 0 and sum(np.square(_moves(np.log(values[1:]), parts))) < 1:
        to, back = np.log, np.exp
    value, *replicates = to(values)
    moves = _moves(np.array(replicates), parts)
    variance, b = np.sum(np.square(moves)), len(moves)
    kappa = 3 + kurtosis(moves, bias=False)
    df = b - len(parts)
    if kappa > (b - 3) / (b - 1):
        df = min(df, 2 * b / (kappa - (b - 3) / (b - 1)))
    reach = student.ppf((1 + confidence) / 2, df) * np.sqrt(variance)
    return float(back(value - reach)), float(back(value + reach))
