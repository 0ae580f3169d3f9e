"""Local measures: whether frames have the same nearest neighbours in both representations.

``x`` and ``y`` are float arrays (n frames, features); row i of both is the same frame. A frame is
near another if the cosine of their features is large. Definitions: Huh, Cheung, Wang & Isola 2024,
"The Platonic Representation Hypothesis", and their code (minyoungg/platonic-rep, ``metrics.py``).

Here frames are in groups (glances of one photograph), and frames of a group are near one another in
any representation. So neighbours are frames of *other* groups, and groups have equal weight: a
frame of a group of m frames counts 1/m, as a neighbour and in means over frames. The k nearest
neighbours are the nearest frames whose weights add up to k; of the frame at the edge, only the part
that fills k counts, and frames at the same distance share what is left. So a frame that is shown
several times changes nothing, and with one frame in each group these are the published measures.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from catsight.metrics import near
from catsight.metrics.arrays import pair
from catsight.metrics.grouping import Grouping
from catsight.metrics.permutations import permuted_products
from catsight.metrics.similarity import ratio


def mutual_knn(
    x: np.ndarray, y: np.ndarray, *, groups: Sequence | None = None, k: int = 10
) -> float:
    """The share of the ``k`` nearest neighbours that a frame has in both representations.

    The mean over groups (``groups``, (n,); without, each frame is a group). 1 if neighbours are the
    same, k / (groups - 1) by chance (:func:`chance`). nan unless there are more than k + 1 groups,
    or if all features of a frame are 0.
    """
    return float(mutual_knn_values(x, y, _of_each(groups, x), np.ones((1, len(x))), k)[0])


def cknna(x: np.ndarray, y: np.ndarray, *, groups: Sequence | None = None, k: int = 10) -> float:
    """Centred kernel nearest-neighbour alignment: CKA of those pairs that are neighbours in both.

    Entry i, j of the two kernels (of cosines) counts as 0 unless j is among the ``k`` nearest
    neighbours of i in both representations; then unbiased HSIC, over distinct groups. 1 if
    neighbours and their cosines are the same. ``groups`` and nan as in :func:`mutual_knn`; nan also
    if k is 1. As published, the value may change a little if x and y change places.
    """
    return float(cknna_values(x, y, _of_each(groups, x), np.ones((1, len(x))), k)[0])


def chance(groups: int, k: int) -> float:
    """The mean :func:`mutual_knn` over all ways of relabelling one representation's ``groups``.

    Each of the other groups is then equally often a neighbour. nan unless there are more than k + 1
    groups.
    """
    return k / (groups - 1) if enough(groups, k) else np.nan


def enough(groups: int, k: int) -> bool:
    """Whether some of the other groups are no neighbours, so that neighbours tell something."""
    return groups - 1 > k


def mutual_knn_values(
    x: np.ndarray, y: np.ndarray, groups: Sequence, keep: np.ndarray, k: int
) -> np.ndarray:
    """:func:`mutual_knn` (subsets,) of each of several subsets of the frames.

    ``keep`` (subsets, n) holds 1 for the frames of a subset and 0 for the others, which are not
    neighbours, either.
    """
    return Neighbourhoods(x, y, groups, k).mutual_knn(keep)


def cknna_values(
    x: np.ndarray, y: np.ndarray, groups: Sequence, keep: np.ndarray, k: int
) -> np.ndarray:
    """:func:`cknna` (subsets,) of each of several subsets, as :func:`mutual_knn_values`."""
    return Neighbourhoods(x, y, groups, k).cknna(keep)


class Neighbourhoods:
    """The ``k`` nearest neighbours of each frame in ``x`` (n, d) and in ``y`` (n, e).

    ``groups`` (n,) are the frames' groups.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, groups: Sequence, k: int):
        self.grouping, self.k = Grouping(groups), int(k)
        #: both sides, with the frames sorted by group
        self.x, self.y = (near.near(values[self.grouping.order]) for values in pair(x, y))
        #: whether every frame has a direction
        self.defined = bool(np.isfinite(self.x.same + self.y.same))
        #: how much of frame j is a neighbour of frame i, in x and in y; overwritten, because fresh
        #: memory for every subset would take as long as all else
        self.parts = np.empty((len(x), len(x))), np.empty((len(x), len(x)))

    def mutual_knn(self, keep: np.ndarray) -> np.ndarray:
        """See :func:`mutual_knn_values`."""
        found = np.full(len(keep), np.nan)
        for i, weights in self._subsets(keep):
            # rounding must not make a share of more than 1
            found[i] = min(weights @ self._shared(weights) / weights.sum(), 1)
        return found

    def mutual_knn_null(self, orders: np.ndarray) -> np.ndarray:
        """Mutual neighbours (m,) of groups, with those of ``y`` in other ``orders`` (m, groups).

        Groups of different sizes can be relabelled, because a group as a whole has neighbours: of
        another group, the mean share of frames that are neighbours of its own frames. The statistic
        is the product of these shares in both representations, summed over groups, over k. With one
        frame in each group that is :func:`mutual_knn`. Over all orders its mean is :func:`chance`.
        """
        found = np.full(len(orders), np.nan)
        for _, weights in self._subsets(np.ones((1, len(self.grouping.of)))):
            self._neighbours(weights)
            a, b = (self.grouping.blocks(parts) for parts in self.parts)
            sums = permuted_products(a, b, orders) + permuted_products(a.T, b.T, orders)
            found = sums / (self.k * len(a))
        return found

    def cknna(self, keep: np.ndarray) -> np.ndarray:
        """See :func:`cknna_values`."""
        found, both = np.full(len(keep), np.nan), np.empty_like(self.parts[0])
        starts, of = np.append(self.grouping.starts, len(both)), self.grouping.of
        for i, weights in self._subsets(keep) if self.k > 1 else ():
            ends_x, ends_y = self._neighbours(weights)
            np.minimum(self.parts[0], self.parts[1], out=both)
            x, y = self.x.cosines, self.y.cosines
            cross, own_x, own_y = (
                near.hsic(mask, kernels, order, ends, starts, of, weights)
                for mask, kernels, order, ends in (
                    (both, (x, y), self.x.order, ends_x),
                    (self.parts[0], (x, x), self.x.order, ends_x),
                    (self.parts[1], (y, y), self.y.order, ends_y),
                )
            )
            found[i] = ratio(cross, own_x, own_y)
        return found

    def overlaps(self) -> np.ndarray:
        """Each frame's own share (n,) of neighbours that it has in both; their mean over groups is
        :func:`mutual_knn`.
        """
        found = np.full(len(self.grouping.of), np.nan)
        for _, weights in self._subsets(np.ones((1, len(found)))):
            found[self.grouping.order] = np.minimum(self._shared(weights), 1)
        return found

    def _subsets(self, keep: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """The number of each subset in which there are neighbours, and the weight (n,) of each
        frame in it.

        The kept frames of a group have equal weights, which add up to 1; the others have none.
        """
        of = self.grouping.of
        for i, kept in enumerate(keep[:, self.grouping.order]):
            counts = np.bincount(of, weights=kept)
            if self.defined and enough(int(np.count_nonzero(counts)), self.k):
                yield i, kept / np.maximum(counts, 1)[of]

    def _neighbours(self, weights: np.ndarray) -> list[np.ndarray]:
        """Writes how much each frame is a neighbour to ``parts``; returns where neighbours end in
        each row of x's and of y's order.
        """
        of, k = self.grouping.of, float(self.k)
        return [
            near.neighbours(side.order, side.apart, side.same, of, weights, k, parts)
            for side, parts in zip((self.x, self.y), self.parts)
        ]

    def _shared(self, weights: np.ndarray) -> np.ndarray:
        """The share (n,) of each frame's neighbours that it has in both representations."""
        ends, _ = self._neighbours(weights)
        return near.shared(*self.parts, self.x.order, ends, weights) / self.k


def _of_each(groups: Sequence | None, x: np.ndarray) -> Sequence:
    return range(len(x)) if groups is None else groups
