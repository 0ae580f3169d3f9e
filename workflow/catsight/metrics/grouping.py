"""Which frames belong together, and means over the frames of each group.

Frames of one photograph or clip are not independent, so estimates are over distinct *groups*, each
with equal weight. All arrays here have the frames sorted by group.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np


class PairsOfFrames(NamedTuple):
    """The pairs of frames i < j of different groups.

    ``places`` (n, n), bool, where they are in a matrix. ``weights`` (pairs,): of each pair, row by
    row, so that all pairs of groups have equal weight; None if all are equal.
    """

    places: np.ndarray
    weights: np.ndarray | None


class Grouping:
    """The groups of n frames, sorted: ``order`` (n,) sorts frames as given.

    ``sizes`` (groups,) are their numbers of frames, ``of`` (n,) the group of each sorted frame, and
    ``weights`` (n,) 1 / the size of that group, so that all groups have equal weight.
    """

    def __init__(self, groups: Sequence):
        of = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
        self.order = np.argsort(of, kind="stable")
        self.of = of[self.order]
        self.sizes = np.bincount(self.of)
        self.starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        self.weights = 1 / self.sizes[self.of]

    @property
    def single(self) -> bool:
        """Whether every group is one frame."""
        return len(self.sizes) == len(self.of)

    @property
    def equal(self) -> bool:
        """Whether all groups have as many frames."""
        return bool((self.sizes == self.sizes[0]).all())

    @cached_property
    def apart(self) -> np.ndarray:
        """Which pairs (n, n), bool, are of different groups."""
        return self.of[:, None] != self.of[None, :]

    def means(self, values: np.ndarray) -> np.ndarray:
        """Means over the frames of each group, of ``values`` (n, ...): (groups, ...)."""
        if self.single:
            return values
        sums = np.add.reduceat(values, self.starts, axis=0)
        return sums / self.sizes.reshape(-1, *[1] * (values.ndim - 1))

    def columns(self, matrix: np.ndarray) -> np.ndarray:
        """Means over the columns of each group: (rows, n) to (rows, groups)."""
        if self.single:
            return matrix
        return np.add.reduceat(matrix, self.starts, axis=1) / self.sizes

    def blocks(self, matrix: np.ndarray) -> np.ndarray:
        """Means over the pairs of frames of every two groups: (n, n) to (groups, groups)."""
        return self.means(self.columns(matrix))

    def within(self, matrix: np.ndarray) -> np.ndarray:
        """Means (groups,) of ``matrix`` (n, n) over the pairs i ≠ j within each group.

        Of a group of one frame, the frame's own entry.
        """
        own = np.diag(matrix)
        if self.single:
            return own
        sums = np.add.reduceat(np.where(self.apart, 0, matrix).sum(axis=1), self.starts)
        sums = sums - np.add.reduceat(own, self.starts)
        pairs = self.sizes * (self.sizes - 1)
        return np.where(pairs > 0, sums / np.maximum(pairs, 1), own[self.starts])

    @cached_property
    def own(self) -> np.ndarray:
        """Which group (n, groups), bool, is each frame's own."""
        return self.of[:, None] == np.arange(len(self.sizes))[None, :]

    @cached_property
    def pairs(self) -> "PairsOfFrames":
        """The pairs of frames i < j of different groups."""
        places = np.triu(self.apart, 1)
        weights = None if self.equal else np.outer(self.weights, self.weights)[places]
        return PairsOfFrames(places, weights)


def grouped(groups: Sequence, frames: int) -> Grouping:
    """The groups of so many ``frames``; raises :class:`ValueError` unless each has one."""
    if len(groups) != frames:
        raise ValueError(f"there are {frames} frames, and groups of {len(groups)}")
    return Grouping(groups)


def weighted_median(values: np.ndarray, weights: np.ndarray | None) -> float:
    """The middle of the ``values`` (m,), each of which stands for its weight (m,) of values.

    Without weights, the ordinary median: the mean of both middle values of an even number. nan
    without values.
    """
    if not len(values):
        return np.nan
    if weights is None:
        return float(np.median(values))
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    half = below[-1] / 2
    # a value is the last of the lower half if the weight up to it is one half, but for rounding
    first = int(np.searchsorted(below, half * (1 - 1e-9)))
    last = int(np.searchsorted(below, half * (1 + 1e-9)))
    return float((values[order[first]] + values[order[last]]) / 2)
