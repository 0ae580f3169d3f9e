"""Linear CKA of any number of frames, from sums over frames: memory of features × features.

Kornblith et al. 2019: |X'Y|² is the sum of the products of both Gram matrices. The same holds for
estimates over distinct groups (:mod:`catsight.metrics.between`): with C = Σ_g mean x y' over the
frames of a group, D = Σ_g x̄_g ȳ_g' and the groups' means x̄_g, every sum over pairs of groups is a
product of such sums, less what falls within groups.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from catsight.metrics.similarity import ratio, unless_rounding

#: Rows that are converted to float64 at a time.
_ROWS = 2048


class StreamedCka(NamedTuple):
    """Linear CKA of all frames, then without each block: arrays (1 + blocks,).

    ``chance``: the mean of ``biased`` if groups are paired at random.
    """

    biased: np.ndarray
    over_groups: np.ndarray
    chance: float


def streamed_cka(
    x: np.ndarray, y: np.ndarray, groups: Sequence[str], blocks: Sequence[np.ndarray]
) -> StreamedCka:
    """Biased CKA of all frames, and unbiased CKA over distinct groups, exact.

    ``x`` (n, d) and ``y`` (n, e), of n frames in ``groups``; ``blocks`` hold the frames (indices)
    of whole groups. Products and sums are float64.
    """
    membership = np.unique(np.asarray(groups), return_inverse=True)[1]
    x, y = _moved(x), _moved(y)
    inside = [_groups(membership, block) for block in blocks]
    everything = _total(_sums(x, y, groups_of) for groups_of in inside)
    chance = _chance(everything)
    found = [_cka(everything)]
    for groups_of in inside:
        gone = _sums(x, y, groups_of)
        found.append(_cka([pair.plus(other, -1) for pair, other in zip(everything, gone)]))
    biased, over_groups = np.array(found).T
    return StreamedCka(biased, over_groups, chance)


class Sums(NamedTuple):
    """Sums over groups g of two views' features a and b; means are over the frames of a group.

    All add up over groups, so leaving some out subtracts.
    """

    frames: float
    groups: float
    ab: np.ndarray  #: Σ over frames of a b'
    a: np.ndarray  #: Σ over frames of a
    b: np.ndarray
    c: np.ndarray  #: Σ_g mean a b'
    d: np.ndarray  #: Σ_g ā b̄'
    a_means: np.ndarray  #: Σ_g ā
    b_means: np.ndarray
    a_by_b: np.ndarray  #: Σ_g mean a (b · b̄)
    b_by_a: np.ndarray
    a_of_b: np.ndarray  #: Σ_g ā |b̄|²
    b_of_a: np.ndarray
    a_squares: float  #: Σ_g |ā|²
    b_squares: float
    c_squares: float  #: Σ_g |mean a b'|²
    cd: float  #: Σ_g mean (a · ā) (b · b̄)
    d_squares: float  #: Σ_g |ā|² |b̄|²
    a_diagonal: float  #: Σ over frames of |a|²
    a_within: float  #: Σ_g |Σ a|² over the frames of each
    b_diagonal: float  #: Σ_g mean |b|²
    b_within: float  #: Σ_g mean b_i · b_j over i ≠ j, or |b|² of a single frame

    def plus(self, other: "Sums", sign: int = 1) -> "Sums":
        """These sums and those of ``other`` groups; with ``sign`` -1, without the others."""
        mine, its = list[Any](self), list[Any](other)
        return Sums(*(one + sign * another for one, another in zip(mine, its)))


def _groups(membership: np.ndarray, block: np.ndarray) -> list[np.ndarray]:
    """The frames of each group in a block."""
    block = block[np.argsort(membership[block], kind="stable")]
    return np.split(block, np.flatnonzero(np.diff(membership[block])) + 1)


def _batches(groups: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Groups of at least :data:`_ROWS` frames together, so that products are of large matrices."""
    batch: list[np.ndarray] = []
    for group in groups:
        batch.append(group)
        if sum(map(len, batch)) >= _ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _total(each: Iterator[list[Sums]]) -> list[Sums]:
    total = next(each)
    for pairs in each:
        total = [pair.plus(other) for pair, other in zip(total, pairs)]
    return total


def _sums(x: np.ndarray, y: np.ndarray, groups: Sequence[np.ndarray]) -> list[Sums]:
    """The sums of x with y, of x with itself, and of y with itself."""

    def batches() -> Iterator[list[Sums]]:
        for batch in _batches(groups):
            rows = np.concatenate(batch)
            a, b = (np.asarray(values[rows], dtype=np.float64) for values in (x, y))
            sizes = np.array([len(group) for group in batch])
            yield [_sums_of(one, other, sizes) for one, other in ((a, b), (a, a), (b, b))]

    return _total(batches())


def _sums_of(a: np.ndarray, b: np.ndarray, sizes: np.ndarray) -> Sums:
    """The sums of frames that are sorted by group, of these ``sizes``."""
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    weights = np.repeat(1 / sizes, sizes)
    a_means, b_means = (
        np.add.reduceat(values, starts, axis=0) / sizes[:, None] for values in (a, b)
    )
    with_a = np.einsum("ij,ij->i", a, np.repeat(a_means, sizes, axis=0))
    with_b = np.einsum("ij,ij->i", b, np.repeat(b_means, sizes, axis=0))
    of_a, of_b = (np.einsum("ij,ij->i", means, means) for means in (a_means, b_means))
    a_lengths, b_lengths = (np.einsum("ij,ij->i", values, values) for values in (a, b))
    own_b = np.add.reduceat(b_lengths, starts)
    pairs = np.maximum(sizes * (sizes - 1), 1)
    b_within = np.where(sizes > 1, (sizes**2 * of_b - own_b) / pairs, own_b)
    single = (sizes == 1).all()
    ab = a.T @ b
    return Sums(
        frames=len(a),
        groups=len(sizes),
        ab=ab,
        a=a.sum(axis=0),
        b=b.sum(axis=0),
        c=ab if single else (a * weights[:, None]).T @ b,
        d=ab if single else a_means.T @ b_means,
        a_means=a_means.sum(axis=0),
        b_means=b_means.sum(axis=0),
        a_by_b=(weights * with_b) @ a,
        b_by_a=(weights * with_a) @ b,
        a_of_b=of_b @ a_means,
        b_of_a=of_a @ b_means,
        a_squares=of_a.sum(),
        b_squares=of_b.sum(),
        c_squares=_squares_of_groups(a, b, starts, sizes),
        cd=(weights * with_a) @ with_b,
        d_squares=of_a @ of_b,
        a_diagonal=a_lengths.sum(),
        a_within=(sizes**2) @ of_a,
        b_diagonal=weights @ b_lengths,
        b_within=b_within.sum(),
    )


def _squares_of_groups(
    a: np.ndarray, b: np.ndarray, starts: np.ndarray, sizes: np.ndarray
) -> float:
    """Σ_g |mean a b'|², from the products of frames within each group."""
    total = 0.0
    for start, size in zip(starts, sizes):
        one, other = a[start : start + size], b[start : start + size]
        if size <= a.shape[1]:
            total += np.vdot(one @ one.T, other @ other.T) / size**2
        else:
            total += np.square(one.T @ other).sum() / size**2
    return total


def _hsic(s: Sums) -> float:
    """Unbiased HSIC over distinct groups: see :func:`catsight.metrics.between.hsic`."""
    count = s.groups
    if count < 4:
        return np.nan
    first = np.square(s.c).sum() - s.c_squares
    second = s.a_means @ s.c @ s.b_means - s.a_means @ s.a_by_b - s.b_means @ s.b_by_a
    second = second + s.cd - (np.vdot(s.c, s.d) - s.cd)
    rows = s.a_means @ s.d @ s.b_means - s.a_means @ s.a_of_b - s.b_means @ s.b_of_a + s.d_squares
    third = (s.a_means @ s.a_means - s.a_squares) * (s.b_means @ s.b_means - s.b_squares)
    third = third - 4 * rows + 2 * (np.square(s.d).sum() - s.d_squares)
    ordered = count * (count - 1)
    terms = [
        first / ordered,
        -2 * second / (ordered * (count - 2)),
        third / (ordered * (count - 2) * (count - 3)),
    ]
    return float(unless_rounding(np.array(terms)))


def _biased(s: Sums) -> float:
    return float(np.square(s.ab - np.outer(s.a, s.b) / s.frames).sum())


def _cka(pairs: Sequence[Sums]) -> tuple[float, float]:
    """Biased CKA, and unbiased over groups, of the sums of x and y, x and x, y and y."""
    biased = ratio(*map(_biased, pairs)) if pairs[0].frames >= 4 else np.nan
    return float(biased), float(ratio(*map(_hsic, pairs)))


def _chance(pairs: Sequence[Sums]) -> float:
    """The mean of biased CKA over all ways to pair the groups, and frames of paired groups.

    See :func:`catsight.metrics.between.cka_biased_null`. The features are centred already.
    """
    s, count = pairs[0], pairs[0].groups
    if count < 2:
        return np.nan
    apart = s.a @ s.a - s.a_within  # Σ over frames of different groups of their products
    of_pairs = (s.b_means @ s.b_means - s.b_squares) / (count * (count - 1))
    # the kernel of b is centred on the frames' mean, which is 0 here
    total = apart * of_pairs
    total += s.a_diagonal * s.b_diagonal / count
    total += (s.a_within - s.a_diagonal) * s.b_within / count
    return float(ratio(total, _biased(pairs[1]), _biased(pairs[2])))


def _moved(x: np.ndarray) -> np.ndarray:
    """Features minus their mean, over their largest value; float32 stays float32."""
    first = np.float64(x[0])
    mean = sum(np.sum(x[i : i + _ROWS] - first, axis=0) for i in range(0, len(x), _ROWS)) / len(x)
    moved = np.empty_like(x)
    for i in range(0, len(x), _ROWS):
        moved[i : i + _ROWS] = (x[i : i + _ROWS] - first) - mean
    largest = np.abs(moved).max(initial=0)
    if largest > 0:
        moved /= largest  # in place: these may be gigabytes
    return moved
