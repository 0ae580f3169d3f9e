"""Which rearrangements of the frames a test compares with: whole groups move, and all of them where
they are few.

Every set starts with the arrangement that the data came in, so that the share of its values that
are as large as the first is the p-value (b + 1) / (m + 1) of m others (Phipson & Smyth 2010), and
exact where the set holds all there are.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numba
import numpy as np

#: With fewer arrangements than this no p-value could be 0.05, so no test is made.
FEWEST = 20


class Arrangements(NamedTuple):
    """``each`` (m, ...) has one arrangement a row, the data's own first; ``distinct`` is how many
    there are in all.
    """

    each: np.ndarray
    distinct: int
    exact: bool

    @property
    def reason(self) -> str | None:
        """Why a test with these would say nothing; None where it may."""
        if self.distinct >= FEWEST:
            return None
        return f"too few groups to test: {self.distinct} arrangement{'s' * (self.distinct != 1)} of them in all"


def relabellings(groups: Sequence, count: int, seed: int = 0) -> Arrangements:
    """Orders (m, n), int32, in which the frames of one view are set against those of the other; the
    identity first.

    Frames of one group move together and keep their order, into the place of a group with as many
    frames: nothing else leaves what frames of a group share in place. ``count`` others are drawn
    with ``seed``, or all are taken if fewer.
    """
    members = _members(groups)
    # the frames of all groups of one size, (groups, frames of each)
    classes = [
        np.array([members[group] for group in same], dtype=np.int32) for same in _same_size(members)
    ]
    sizes = [len(same) for same in classes]
    distinct = math.prod(map(math.factorial, sizes))
    rng = np.random.default_rng(seed)
    orders: Iterable[Sequence]
    if exact := distinct <= count + 1:
        orders = itertools.product(*(itertools.permutations(range(size)) for size in sizes))
    else:
        drawn = ([rng.permutation(size) for size in sizes] for _ in range(count))
        orders = itertools.chain([[range(size) for size in sizes]], drawn)
    rows = np.empty((distinct if exact else count + 1, len(groups)), dtype=np.int32)
    for row, order in zip(rows, orders):
        for same, moved in zip(classes, order):
            row[same] = same[list(moved)] if exact else same[moved]
    return Arrangements(rows, distinct, exact)


def swaps(groups: Sequence, count: int, seed: int = 0) -> Arrangements:
    """Signs (m, n), int8, that exchange the two views of a frame where -1: for paired data; no
    exchange first.

    All frames of a group are exchanged or none. To exchange all is to exchange none, so the first
    group keeps its place where all arrangements are taken.
    """
    membership = np.unique(np.asarray(groups), return_inverse=True)[1]
    number = membership.max() + 1
    distinct = 2 ** int(number - 1)
    if exact := distinct <= count + 1:
        signs = np.array(
            [(1, *rest) for rest in itertools.product((1, -1), repeat=number - 1)], dtype=np.int8
        )
    else:
        signs = np.random.default_rng(seed).choice(
            np.array([1, -1], dtype=np.int8), size=(count + 1, number)
        )
        signs[0] = 1
    return Arrangements(signs[:, membership], distinct, exact)


def divisions(groups: Sequence, count: int, seed: int = 0) -> Arrangements:
    """Signs (m, 2 n), int8, that deal the pooled frames of both views out anew: for frames that are
    no pairs.

    Whole groups are dealt, each view's own, among groups with as many frames; +1 is taken for the
    first view.
    """
    members = _members(groups)
    n = len(groups)
    members = members + [group + n for group in members]
    classes = _same_size(members)
    distinct = math.prod(math.comb(len(same), len(same) // 2) for same in classes)
    rng = np.random.default_rng(seed)
    own = np.repeat(np.array([1, -1], dtype=np.int8), n)
    halves: Iterable[Sequence]
    if exact := distinct <= count + 1:
        halves = itertools.product(
            *(itertools.combinations(same, len(same) // 2) for same in classes)
        )
    else:
        halves = itertools.chain(
            [[same[: len(same) // 2] for same in classes]],
            ([rng.permutation(same)[: len(same) // 2] for same in classes] for _ in range(count)),
        )
    rows = np.full((distinct if exact else count + 1, 2 * n), -1, dtype=np.int8)
    for row, half in zip(rows, halves):
        for group in itertools.chain(*half):
            row[members[group]] = 1
    assert (rows[0] == own).all()
    return Arrangements(rows, distinct, exact)


def weights(signs: np.ndarray) -> np.ndarray:
    """The weights (2 n, m) of :mod:`catsight.metrics.distribution` for signs (m, n) of pairs or (m,
    2 n) of all.
    """
    return signs.T / (signs.shape[1] // 2)


def permuted_products(a: np.ndarray, b: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Σ over i > j of a[i, j] b[o[i], o[j]] for each order o: (m,) of symmetric (n, n) and
    ``orders`` (m, n).

    What RSA and HSIC of a relabelled view come down to. The matrices are read, and rows added up,
    as float32 (a third faster than float64), the rows' sums as float64.
    """
    a, b = (np.ascontiguousarray(matrix, dtype=np.float32) for matrix in (a, b))
    total = np.empty(len(orders))
    _permuted_products(a, b, orders, total)
    return total


@numba.njit(cache=True, fastmath=True)
def _permuted_products(a, b, orders, total):
    for p in range(orders.shape[0]):
        order = orders[p]
        total[p] = 0
        for i in range(1, a.shape[0]):
            row, other = a[i], b[order[i]]
            sum_of_row = np.float32(0)
            for j in range(i):
                sum_of_row += row[j] * other[order[j]]
            total[p] += sum_of_row


def _members(groups: Sequence) -> list[np.ndarray]:
    """The frames of each group, in order."""
    membership = np.unique(np.asarray(groups), return_inverse=True)[1]
    return [np.flatnonzero(membership == group) for group in range(membership.max() + 1)]


def _same_size(members: Sequence[np.ndarray]) -> list[list[int]]:
    """The groups that have as many frames as each other."""
    sizes = [len(group) for group in members]
    return [[i for i, one in enumerate(sizes) if one == size] for size in sorted(set(sizes))]
