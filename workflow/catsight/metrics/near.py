"""Which frames are near each frame, in groups: the loops of :mod:`catsight.metrics.neighbours`."""

from typing import NamedTuple

import numba
import numpy as np

from catsight.metrics.arrays import square_distances

#: Squared distances that differ by less than this fraction of the largest are equal: their order
#: would be one of rounding errors. Cosines below it are 0.
_SAME = 1e-11
#: Less than this of a neighbour is none, and less than this of the terms of a sum is rounding.
_NOTHING = 1e-9


class Near(NamedTuple):
    """The frames (n,) by how near they are to each frame, in one representation.

    ``cosines`` (n, n). ``order`` (n, n): each row lists all frames, the nearest first, and
    ``apart`` (n, n) their squared distances, all features scaled to length 1. ``same``: distances
    that differ by no more than this are equal.
    """

    cosines: np.ndarray
    order: np.ndarray
    apart: np.ndarray
    same: float


def near(x: np.ndarray) -> Near:
    """How near the frames of ``x`` (n, d) are to one another; all nan if a frame's features are 0.

    Squared distances of features of length 1 are 2 - 2 cosine, without that difference's rounding.
    """
    unit = np.asarray(x, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    if not np.isfinite(unit).all():
        nothing = np.full((len(x), len(x)), np.nan)
        return Near(nothing, nothing, nothing, np.nan)
    apart = square_distances(unit)
    cosines = unit @ unit.T
    cosines[np.abs(cosines) < _SAME] = 0  # orthogonal, but for rounding
    order = np.argsort(apart, axis=1)
    same = _SAME * float(apart.max())
    return Near(cosines, order, np.take_along_axis(apart, order, axis=1), same)


@numba.njit(cache=True)
def neighbours(
    order: np.ndarray,
    apart: np.ndarray,
    same: float,
    membership: np.ndarray,
    weights: np.ndarray,
    k: float,
    parts: np.ndarray,
) -> np.ndarray:
    """Writes to ``parts`` (n, n) how much of frame j is a neighbour of frame i, 0 to 1.

    Returns how far i's neighbours reach in row i of ``order``, (n,). A frame that is left out
    (weight 0) has none, and
    does not count as one.
    """
    n = len(weights)
    ends = np.zeros(n, dtype=np.int64)
    for i in range(n):
        parts[i] = 0
        if weights[i] == 0:
            continue
        left, start = k, 0
        while start < n and left > _NOTHING:
            stop, together = start, 0.0  # frames at the same distance, and their weight
            while stop < n and apart[i, stop] <= apart[i, start] + same:
                j = order[i, stop]
                if membership[j] != membership[i]:
                    together += weights[j]
                stop += 1
            if together > 0:
                part = min(1.0, left / together)
                for place in range(start, stop):
                    j = order[i, place]
                    if membership[j] != membership[i]:
                        parts[i, j] = part
                left -= together
            start = stop
        ends[i] = start
    return ends


@numba.njit(cache=True)
def shared(
    a: np.ndarray, b: np.ndarray, order: np.ndarray, ends: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """The weight (n,) of the neighbours that each frame has in both ``a`` and ``b`` (n, n).

    ``order`` and ``ends`` are those of either.
    """
    found = np.zeros(len(weights))
    for i in range(len(weights)):
        for place in range(ends[i]):
            j = order[i, place]
            found[i] += min(a[i, j], b[i, j]) * weights[j]
    return found


@numba.njit(cache=True, fastmath=True)
def hsic(
    mask: np.ndarray,
    kernels: tuple[np.ndarray, np.ndarray],
    order: np.ndarray,
    ends: np.ndarray,
    starts: np.ndarray,
    membership: np.ndarray,
    weights: np.ndarray,
) -> float:
    """Unbiased HSIC of two symmetric ``kernels`` (n, n), both times ``mask`` (n, n).

    It is the U-statistic over distinct groups; group g has the frames from ``starts[g]`` to
    ``starts[g + 1]``. All j with a mask[i, j] are among the first ``ends[i]`` of row i of
    ``order``. The mask is not symmetric (j may be a neighbour of i, and not i of j), so it matters
    what is multiplied. As in platonic-rep, that is i, j of the first kernel with j, i of the
    second, and sums of its columns with sums of the second's rows.
    """
    (k, m), turned = kernels, np.ascontiguousarray(mask.T)
    n, count = len(weights), len(starts) - 1
    columns, rows = np.zeros(n), np.zeros(n)
    for i in range(n):
        for place in range(ends[i]):
            j = order[i, place]
            columns[j] += weights[i] * mask[i, j] * k[i, j]
            rows[i] += weights[j] * mask[i, j] * m[i, j]
    pairs = triples = quadruples = live = 0.0
    last = np.full(count, -1)  # the last group of which a frame has this group's as neighbours
    for h in range(count):
        here = slice(starts[h], starts[h + 1])
        own = weights[here]
        live += own.sum() > 0
        triples += (own * columns[here] * rows[here]).sum()
        quadruples -= 4 * (own * columns[here]).sum() * (own * rows[here]).sum()
        for j in range(starts[h], starts[h + 1]):
            for place in range(ends[j]):
                last[membership[order[j, place]]] = h
        for g in range(count):
            if last[g] == h:
                there = slice(starts[g], starts[g + 1])
                two, three, four = _block(
                    turned[here, there], mask[here, there], k[here, there], m[here, there],
                    own, weights[there],
                )  # fmt: skip
                pairs += two
                triples -= three
                quadruples += 2 * four
    quadruples += (weights * columns).sum() * (weights * rows).sum()
    g_2 = live * (live - 1)
    g_3 = g_2 * (live - 2)
    pairs, triples, quadruples = pairs / g_2, triples / g_3, quadruples / (g_3 * (live - 3))
    value = pairs - 2 * triples + quadruples
    # equal cosines have no HSIC, but for rounding
    return value if abs(value) > _NOTHING * (abs(pairs) + abs(triples) + abs(quadruples)) else 0.0


@numba.njit(cache=True, fastmath=True)
def _block(
    into: np.ndarray,
    out: np.ndarray,
    k: np.ndarray,
    m: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
) -> tuple[float, float, float]:
    """Of the kernels ``k`` times ``into`` and ``m`` times ``out``, all (frames of one group, frames
    of another): the mean product; the mean over rows of the product of their means; and the product
    of their means over all. ``rows`` and ``columns`` are the frames' weights.
    """
    product = by_row = mean_k = mean_m = 0.0
    for j in range(len(rows)):
        of_k = of_m = of_both = 0.0
        for i in range(len(columns)):
            one, other = into[j, i] * k[j, i], out[j, i] * m[j, i]
            of_k += columns[i] * one
            of_m += columns[i] * other
            of_both += columns[i] * one * other
        product += rows[j] * of_both
        by_row += rows[j] * of_k * of_m
        mean_k += rows[j] * of_k
        mean_m += rows[j] * of_m
    return product, by_row, mean_k * mean_m
