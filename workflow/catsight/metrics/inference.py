"""Intervals and p-values that respect groups: block jackknife, Mantel test, correction over layers.

Frames of one photo or clip are not independent, so groups are kept together when frames are left
out or rearranged. A naive bootstrap of rows is no alternative: it repeats frames, and repeated
frames look aligned (unbiased CKA of independent data: 0.24, not 0).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit  # scipy.stats would take a second to import

from catsight.metrics import permutations as arrangements
from catsight.metrics.arrays import pair, upper
from catsight.metrics.similarity import Ranks, as_matrix, compare, rdm

#: More groups than this are joined into this many blocks, so that the cost does not grow with the
#: square of the number of frames.
MOST_BLOCKS = 40
#: With fewer groups an interval would be a guess.
FEWEST_GROUPS = 4
#: Of fewer frames an unbiased measure is undefined.
FEWEST_FRAMES = 4
#: Why replicates of the jackknife are undefined.
_TOO_FEW_LEFT = "if one photograph is left out, too few frames remain to compute it"
_UNDEFINED_WITHOUT_SOME = "undefined if certain groups are left out"


class Interval(NamedTuple):
    """A confidence interval, or the ``reason`` why there is none (both ends are then nan)."""

    low: float
    high: float
    reason: str | None = None


def blocks(groups: Sequence[str], seed: int = 0, most: int = MOST_BLOCKS) -> list[np.ndarray]:
    """The frames (indices) of each block that the jackknife leaves out.

    A block is one group, or, of more than ``most`` groups, several: these are divided among
    ``most`` blocks in random order (``seed``).
    """
    names, membership = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    block = np.arange(len(names))
    if len(names) > most:
        block = np.random.default_rng(seed).permutation(len(names)) % most
    return [np.flatnonzero(block[membership] == b) for b in range(block.max() + 1)]


def kept(n: int, out: Sequence[np.ndarray]) -> np.ndarray:
    """Which of ``n`` frames stay, 1 or 0 (1 + blocks, n).

    The first row keeps all frames; each other row leaves one block ``out``.
    """
    keep = np.ones((1 + len(out), n))
    for row, frames in zip(keep[1:], out):
        row[frames] = 0
    return keep


def jackknife(
    value: float,
    replicates: np.ndarray,
    sizes: Sequence[int],
    confidence: float,
    *,
    cosine: bool = True,
    correct_bias: bool = True,
) -> Interval:
    """Confidence interval of the limit of ``value`` as the number of groups grows.

    ``replicates`` (blocks,) are the values without each block, and ``sizes`` (blocks,) the numbers
    of frames in the blocks. Without ``correct_bias`` the interval is of the value that a study of
    the same number of groups would give.

    This is the delete-m_j jackknife for unequal blocks (Busing, Meijer & van der Leeden 1999, Stat.
    Comput. 9, 3), with Student's t because the blocks are few. ``cosine``: on the scale of angles,
    so that no end lies beyond 1 (CKA and RSA are cosines). The interval is centred on the
    bias-corrected value: with few groups alignment comes out too high, because frames of one group
    are alike in both views. So ``value`` itself may lie near the upper end, or above it.

    From 15 groups on, a nominal 95 % interval of CKA or RSA covers the truth in 93 to 98 % of
    simulated studies; a bootstrap of rows or of groups does so in far fewer
    (``benchmarks/calibration.py``, ``docs/metrics.md``).
    """
    if len(replicates) < FEWEST_GROUPS:
        return Interval(
            math.nan, math.nan, f"fewer than {FEWEST_GROUPS} groups, too few for an interval"
        )
    if not (np.isfinite(value) and np.isfinite(replicates).all()):
        few = np.sum(sizes) - np.max(sizes) < FEWEST_FRAMES
        return Interval(math.nan, math.nan, _TOO_FEW_LEFT if few else _UNDEFINED_WITHOUT_SOME)
    if (replicates == value).all():
        return Interval(value, value)
    # an unbiased CKA above 1 has no angle
    if not cosine or max(abs(value), np.abs(replicates).max()) > 1:
        return Interval(*_interval(value, replicates, sizes, confidence, correct_bias))
    angles = _interval(np.arccos(value), np.arccos(replicates), sizes, confidence, correct_bias)
    smallest, largest = np.clip(angles, 0, math.pi)
    return Interval(math.cos(largest), math.cos(smallest))


def _interval(
    value: float,
    replicates: np.ndarray,
    sizes: Sequence[int],
    confidence: float,
    correct_bias: bool = True,
) -> tuple[float, float]:
    """Both ends of the jackknife's interval, on the scale of ``value``."""
    count = len(replicates)
    h = np.sum(sizes) / np.asarray(sizes, dtype=float)
    centre = count * value - np.sum((1 - 1 / h) * replicates)
    pseudo = h * value - (h - 1) * replicates
    variance = np.mean(np.square(pseudo - centre) / (h - 1))
    reach = float(stdtrit(count - 1, (1 + confidence) / 2)) * math.sqrt(variance)
    if not correct_bias:
        centre = value
    return float(centre - reach), float(centre + reach)


# -- tests -----------------------------------------------------------------------------------------


class Test(NamedTuple):
    """The result of a permutation test.

    ``p_value`` is nan, and ``reason`` says why, if there is no test. ``null_mean``: the mean
    statistic of the rearranged data. ``permutations``: how many rearrangements there were.
    """

    statistic: float
    p_value: float
    null_mean: float
    permutations: int
    reason: str | None = None


def mantel(
    x: np.ndarray,
    y: np.ndarray,
    *,
    distance: str = "correlation",
    comparison: str = "spearman",
    permutations: int = 9999,
    alternative: str = "greater",
    groups: Sequence | None = None,
    seed: int = 0,
) -> Test:
    """The Mantel test (Mantel 1967) of whether two representations share their dissimilarities.

    ``x`` and ``y`` are features (n, d) and (n, e) of the same frames; the statistic is their
    :func:`catsight.metrics.rsa`. The frames of ``y`` are relabelled ``permutations`` times at
    random (``seed``), or in all ways if there are fewer; frames of a group (``groups``, (n,)) are
    kept together. ``alternative``: greater, less or two-sided (of the absolute value). p is
    (b + 1) / (m + 1), where b of m values are at least the data's own.
    """
    x, y = pair(x, y)
    each = arrangements.relabellings(
        range(len(x)) if groups is None else groups, permutations, seed
    )
    a, b = rdm(x, distance), rdm(y, distance)
    statistic = compare(upper(a), upper(b), comparison)
    if not np.isfinite(statistic):
        return Test(
            np.nan, np.nan, np.nan, 0, "undefined: too few frames, or features that do not vary"
        )
    if groups is not None and each.reason:
        return Test(statistic, np.nan, np.nan, len(each.each) - 1, each.reason)
    null = rsa_null(upper(a), upper(b), each.each, comparison)
    return Test(statistic, p_value(null, alternative), float(null.mean()), len(null) - 1)


def rsa_null(
    a: np.ndarray, b: np.ndarray, orders: np.ndarray, comparison: str = "spearman"
) -> np.ndarray:
    """RSA (m,) of dissimilarities (pairs i < j,), with frames of ``b`` in each of m ``orders``."""
    if comparison == "kendall":
        b = as_matrix(b)
        return np.array(
            [compare(a, upper(b[np.ix_(order, order)]), comparison) for order in orders]
        )
    if comparison == "spearman":
        a, b = Ranks(a)(), Ranks(b)()
    a, b = a - a.mean(), b - b.mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return arrangements.permuted_products(as_matrix(a), as_matrix(b), orders)


def cka_nulls(k: np.ndarray, m: np.ndarray, orders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Biased and unbiased CKA of kernels (n, n) with the frames of ``m`` in other orders.

    ``orders`` (orders, n), with a value for each. Only the sum of products changes from order to
    order: relabelling moves a kernel's centred rows and its diagonal along.
    """
    n = len(k)
    k, m = _centred(k), _centred(m)
    a, b = np.diag(k).copy(), np.diag(m).copy()
    products, on_diagonal = 2 * arrangements.permuted_products(k, m, orders), b[orders] @ a

    def unbiased(
        products: np.ndarray, on_diagonal: np.ndarray, a: np.ndarray, b: np.ndarray
    ) -> np.ndarray:
        rows = a.sum() * b.sum() / ((n - 1) * (n - 2)) - 2 * on_diagonal / (n - 2)
        return (products + rows) / (n * (n - 3))

    own = [
        (np.vdot(kernel, kernel), diagonal @ diagonal, diagonal)
        for kernel, diagonal in ((k, a), (m, b))
    ]
    sizes = [np.sqrt(total) for total, _, _ in own]
    unbiased_sizes = [
        np.sqrt(unbiased(total - own_d, own_d, diagonal, diagonal))
        for total, own_d, diagonal in own
    ]
    return (
        (products + on_diagonal) / np.prod(sizes),
        unbiased(products, on_diagonal, a, b) / np.prod(unbiased_sizes),
    )


def p_value(null: np.ndarray, alternative: str = "greater") -> float:
    """The share of ``null`` (1 + m,) that is at least as extreme as its first value.

    The first value is the data's own. Values that differ from it by rounding alone count as equal.
    """
    if alternative not in ("greater", "less", "two-sided"):
        raise ValueError(f"alternative is '{alternative}'; it may be greater, less or two-sided")
    null = {"greater": null, "less": -null, "two-sided": np.abs(null)}[alternative]
    if not np.isfinite(null).all():
        return np.nan
    return float(np.mean(null >= null[0] - _ROUNDING * np.abs(null).max()))


def corrected(nulls: np.ndarray) -> np.ndarray:
    """p-values (layers,) of one test on each layer, corrected for the number of layers.

    By the largest statistic (Westfall & Young 1993): ``nulls`` (layers, 1 + m) hold the values of
    the same rearrangements in each layer, the data's own first. They are standardised within each
    layer, so that all layers have the same weight.
    """
    spread = nulls.std(axis=1, keepdims=True)
    scores = (nulls - nulls.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
    largest = scores.max(axis=0)
    return np.array([np.mean(largest >= row[0] - _ROUNDING * np.abs(row).max()) for row in scores])


#: Sums of the same float32 products in different orders agree to this relative precision.
_ROUNDING = 1e-6


def _centred(k: np.ndarray) -> np.ndarray:
    """A kernel minus the means of its rows and columns."""
    return k - k.mean(axis=0)[None, :] - k.mean(axis=1)[:, None] + k.mean()
