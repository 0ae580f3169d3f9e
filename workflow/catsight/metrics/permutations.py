"""Rearrangements of the frames for permutation tests; groups are kept together.

Every set starts with the data's own arrangement. So the share of values at least as large as the
first is the p-value (b + 1) / (m + 1) of m others (Phipson & Smyth 2010). If there are few
arrangements the set holds all of them, and the p-value is exact.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numba
import numpy as np

#: With fewer arrangements no p-value could be as small as 0.05, so there is no test.
FEWEST = 20


class Arrangements(NamedTuple):
    """Arrangements of the frames, one a row of ``each`` (m, ...), the data's own first.

    ``distinct``: how many exist. ``exact``: whether ``each`` holds all of them.
    """

    each: np.ndarray
    distinct: int
    exact: bool

    @property
    def reason(self) -> str | None:
        """Why these are too few for a test; None if they are enough."""
        if self.distinct >= FEWEST:
            return None
        plural = "" if self.distinct == 1 else "s"
        return f"too few groups to test: {self.distinct} arrangement{plural} of them in all"


def relabellings(groups: Sequence, count: int, seed: int = 0) -> Arrangements:
    """Orders (m, n), int32, in which frames of one view are paired with the other's.

    The identity comes first. A group moves as a whole into the place of a group of the same size,
    and its frames keep their order: this alone preserves the dependence within groups. ``count``
    other orders are drawn with ``seed``, or all are taken if there are fewer.
    """
    members = _members(groups)
    # for each size of group, the frames of its groups: (groups, frames of each)
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
    """Signs (m, n), int8, for paired data: -1 exchanges the two views of a frame.

    No exchange comes first. The frames of a group are exchanged together. Exchanging all groups is
    the same as exchanging none, so the first group is never exchanged if all arrangements are
    taken.
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
    """Signs (m, 2 n), int8, for unpaired data: the pooled frames are divided between two views.

    +1 is the first view. Each view's groups are divided as wholes, among groups of the same size.
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
    """Signs (m, 2 n) of the pooled frames as weights (2 n, m) of catsight.metrics.distribution."""
    return signs.T / (signs.shape[1] // 2)


def permuted_products(a: np.ndarray, b: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Σ over i > j of a[i, j] b[o[i], o[j]] for each order o in ``orders`` (m, n): (m,).

    ``a`` and ``b`` are symmetric (n, n). RSA and HSIC of a relabelled view reduce to this sum. The
    matrices are read and each row summed in float32 (a third faster than float64), and the rows'
    sums are added in float64.
    """
    a, b = (np.ascontiguousarray(matrix, dtype=np.float32) for matrix in (a, b))
    total = np.empty(len(orders))
    _permuted_products(a, b, orders, total)
    return total


@numba.njit(cache=True, fastmath=True)
def _permuted_products(a: np.ndarray, b: np.ndarray, orders: np.ndarray, total: np.ndarray) -> None:
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
    """Groups of the same number of frames, by that number."""
    sizes = [len(group) for group in members]
    return [[i for i, one in enumerate(sizes) if one == size] for size in sorted(set(sizes))]
