"""Rearrangements of groups of frames for permutation tests.

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
    """Arrangements of the groups, one a row of ``each`` (m, ...), the data's own first.

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


def relabellings(groups: int, count: int, seed: int = 0) -> Arrangements:
    """Orders (m, groups), int32, in which groups of one view are paired with the other's.

    The identity comes first. Groups may have any sizes: what is rearranged are means over the
    frames of a group (catsight.metrics.between). ``count`` other orders are drawn with ``seed``, or
    all are taken if there are fewer.
    """
    distinct = math.factorial(groups)
    if distinct <= count + 1:
        every = list(itertools.permutations(range(groups)))
        return Arrangements(np.array(every, dtype=np.int32), distinct, True)
    rng = np.random.default_rng(seed)
    orders = np.array([rng.permutation(groups) for _ in range(count)], dtype=np.int32)
    own = np.arange(groups, dtype=np.int32)[None]
    return Arrangements(np.concatenate([own, orders.reshape(count, groups)]), distinct, False)


def swaps(groups: int, count: int, seed: int = 0) -> Arrangements:
    """Signs (m, groups), int8, for paired data: -1 exchanges the two views of a group's frames.

    No exchange comes first. Exchanging all groups is the same as exchanging none, so the first
    group is never exchanged if all arrangements are taken.
    """
    distinct = 2 ** (groups - 1)
    if exact := distinct <= count + 1:
        signs = np.array(
            [(1, *rest) for rest in itertools.product((1, -1), repeat=groups - 1)], dtype=np.int8
        )
    else:
        signs = np.random.default_rng(seed).choice(
            np.array([1, -1], dtype=np.int8), size=(count + 1, groups)
        )
        signs[0] = 1
    return Arrangements(signs, distinct, exact)


def divisions(sizes: Sequence[int], count: int, seed: int = 0) -> Arrangements:
    """Signs (m, 2 groups), int8, for unpaired data: pooled groups are divided between two views.

    +1 is the first view. ``sizes`` (groups,) are the groups' numbers of frames; each view's groups
    are divided as wholes, among groups of the same size.
    """
    number = len(sizes)
    pooled = [*sizes, *sizes]
    classes = [[i for i, size in enumerate(pooled) if size == one] for one in sorted(set(pooled))]
    distinct = math.prod(math.comb(len(same), len(same) // 2) for same in classes)
    rng = np.random.default_rng(seed)
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
    rows = np.full((distinct if exact else count + 1, 2 * number), -1, dtype=np.int8)
    for row, half in zip(rows, halves):
        row[np.concatenate([np.asarray(part, dtype=int) for part in half])] = 1
    return Arrangements(rows, distinct, exact)


def weights(signs: np.ndarray) -> np.ndarray:
    """Signs (m, 2 n) of the pooled frames as weights (2 n, m) of catsight.metrics.distribution."""
    return signs.T / (signs.shape[1] // 2)


def permuted_products(a: np.ndarray, b: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Σ over i > j of a[i, j] b[o[i], o[j]] for each order o in ``orders`` (m, n): (m,).

    ``a`` and ``b`` are symmetric (n, n). RSA and HSIC of a relabelled view reduce to this sum. The
    matrices are read and each row summed in float32 (a third faster than float64), in units of
    their largest entries, which float32 can hold whatever their scale; the rows' sums are added in
    float64.
    """
    units = [float(np.abs(matrix).max(initial=0)) or 1.0 for matrix in (a, b)]
    a, b = (
        np.ascontiguousarray(matrix / unit, dtype=np.float32) for matrix, unit in zip((a, b), units)
    )
    total = np.empty(len(orders))
    _permuted_products(a, b, orders, total)
    return total * (units[0] * units[1])


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
