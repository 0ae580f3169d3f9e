"""Measures, arrangements and intervals written out plainly, to compare the tables of metrics with."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.spatial.distance import cdist, pdist, squareform
from scipy.stats import spearmanr, wasserstein_distance
from scipy.stats import t as student


class Arrays(dict):
    """Features by column, as the analyses use them."""

    @property
    def columns(self):
        return list(self)


# -- measures --------------------------------------------------------------------------------------


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


def mmd2(x: np.ndarray, y: np.ndarray, keep: Sequence[int], kind: str) -> float:
    """Of the frames ``keep``, with the bandwidth of all; ``kind``: biased, paired or unpaired."""
    pooled = np.concatenate([x, y])
    s = np.median(pdist(pooled))
    kernel, n = np.exp(-cdist(pooled, pooled, "sqeuclidean") / (2 * s * s)), len(x)
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
    """The rank of each frame's own counterpart, by cosine."""
    apart, n = cdist(x, y, "cosine"), len(x)
    groups = list(range(n)) if groups is None else groups
    rivals = [[j for j in range(n) if groups[j] != groups[i]] for i in range(n)]
    return np.array([1 + np.sum(apart[i, rivals[i]] <= apart[i, i]) for i in range(n)])


def rsa(x: np.ndarray, y: np.ndarray) -> float:
    return spearmanr(pdist(x, "correlation"), pdist(y, "correlation")).statistic


def measure(
    name: str, x: np.ndarray, y: np.ndarray, keep: Sequence[int], groups: Sequence[str], own: float
) -> float:
    """The measure of the frames ``keep``, of features (n, d) of all frames.

    Bandwidths and ranks are those of all frames, and ``own`` is the :func:`scale` that distances
    are divided by. 50 projections, with seed 0.
    """
    a, b = x[keep], y[keep]
    some = np.ix_(keep, keep)
    if name.startswith("cka"):
        kernels = [v @ v.T for v in (x, y)] if "linear" in name else [gaussian(v) for v in (x, y)]
        return cka(kernels[0][some], kernels[1][some], name.endswith("unbiased"))
    if name.startswith("mmd2"):
        return mmd2(x, y, keep, "paired" if name.endswith("unbiased") else "biased")
    if name.startswith("retrieval"):
        own_ranks = ranks(x, y, groups if name.endswith("between") else None)[keep]
        return np.mean(own_ranks == 1 if "top1" in name else 1 / own_ranks)
    if name == "rsa":
        return rsa(a, b)
    if name == "procrustes":
        a, b = a - a.mean(axis=0), b - b.mean(axis=0)
        a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
        return np.sqrt(2 - 2 * np.linalg.norm(a.T @ b, "nuc"))
    if name.startswith("sliced"):
        onto = directions(x.shape[1], 50, 0)
        a, b = a @ onto, b @ onto
    value = energy(a, b) if name.startswith("energy") else transport(a, b)
    return value / own if name.endswith("scaled") else value


# -- arrangements ----------------------------------------------------------------------------------


def relabellings(groups: Sequence[str]) -> Iterator[np.ndarray]:
    """All orders in which groups take the places of groups of their size; the identity first."""
    groups = np.asarray(groups)
    members = {name: np.flatnonzero(groups == name) for name in sorted(set(groups))}
    sizes = sorted({len(rows) for rows in members.values()})
    classes = [[name for name in members if len(members[name]) == size] for size in sizes]
    for moved in itertools.product(*(itertools.permutations(same) for same in classes)):
        order = np.empty(len(groups), dtype=int)
        for same, others in zip(classes, moved):
            for place, name in zip(same, others):
                order[members[place]] = members[name]
        yield order


def swaps(groups: Sequence[str]) -> Iterator[np.ndarray]:
    """All ways (n, 1) to exchange both views of whole groups, but the first; none first."""
    names = sorted(set(groups))
    for exchanged in itertools.product((False, True), repeat=len(names) - 1):
        of = dict(zip(names, (False, *exchanged)))
        yield np.array([of[group] for group in groups])[:, None]


# -- intervals -------------------------------------------------------------------------------------


def jackknife(
    value: float,
    replicates: np.ndarray,
    sizes: Sequence[int],
    confidence: float,
    *,
    cosine: bool = False,
    depends_on_n: bool = False,
) -> tuple[float, float]:
    """Both ends by pseudo-values, as in Busing et al. 1999: their mean weighed by size, ± t."""
    if cosine:
        value, replicates = np.arccos(value), np.arccos(replicates)
    replicates, share = np.asarray(replicates), np.asarray(sizes) / np.sum(sizes)
    pseudo = (value - (1 - share) * replicates) / share
    centre = np.sum(share * pseudo)
    variance = np.mean((pseudo - centre) ** 2 * share / (1 - share))
    reach = student.ppf((1 + confidence) / 2, len(replicates) - 1) * np.sqrt(variance)
    ends = np.array([-reach, reach]) + (value if depends_on_n else centre)
    if cosine:
        ends = np.cos(np.clip(ends, 0, np.pi))[::-1]
    return tuple(float(end) for end in ends)
