"""Comparisons in parts, of more frames than can all be compared at once.

Linear CKA needs no n × n matrix, so it is streamed over all frames. For all other measures the
frames are divided into parts of whole groups; each part is compared by itself, and the parts'
values are averaged. Time grows with n; memory, beyond the features, does not. No group is in two
parts, so a test rearranges the groups within each part and averages, and the jackknife leaves out
groups of one part after the other.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from catsight.metrics import inference, suite
from catsight.metrics.dealing import deal
from catsight.metrics.estimate import Estimate, undefined
from catsight.metrics.plan import FEW_BLOCKS, Plan
from catsight.metrics.similarity import cka_unbiased, ratio
from catsight.run.specs import ComparingSpec

#: Measures that are computed of all frames, in the order in which streamed_cka returns them.
STREAMED = ("cka_linear", "cka_linear_unbiased")
#: Rows whose products are summed in the features' precision before they are added in float64.
_ROWS = 2048


def comparer(
    frames: Mapping[str, str], spec: ComparingSpec, permutations: int
) -> "NoFrames | Whole | Parts":
    """An object that compares representations of the ``frames`` (id -> group).

    More than ``spec["at_once"]`` frames are compared in parts. With 0 ``permutations`` there are no
    tests.
    """
    if not frames:
        return NoFrames()
    kind = Whole if len(frames) <= spec["at_once"] else Parts
    return kind(frames, spec, permutations)


class NoFrames:
    """The comparison of a study without frames."""

    at_once = 0  #: frames that are compared with each other

    def compare(self, x: np.ndarray, y: np.ndarray, measures: Iterable[str]) -> dict[str, Estimate]:
        return dict.fromkeys(measures, undefined("no frames"))


class Whole:
    """The comparison of all frames at once."""

    def __init__(self, frames: Mapping[str, str], spec: ComparingSpec, permutations: int):
        self.plan, self.at_once = Plan(frames, spec, permutations), len(frames)

    def compare(self, x: np.ndarray, y: np.ndarray, measures: Iterable[str]) -> dict[str, Estimate]:
        """The ``measures`` of two representations ``x`` (n, d) and ``y`` (n, e) of the frames."""
        return suite.compare(x, y, self.plan, measures)


class Parts:
    """The comparison of frames in parts: a :class:`Plan` for each part, and the parts' mean."""

    def __init__(self, frames: Mapping[str, str], spec: ComparingSpec, permutations: int):
        groups = list(frames.values())
        self.frames, self.spec, self.permutations = list(frames.items()), spec, permutations
        self.rows = deal(groups, spec["at_once"], spec["seed"])
        self.blocks = inference.blocks(groups, spec["seed"])  # of all frames, for streamed CKA
        self.at_once = max(map(len, self.rows))

    def plan(self, part: int) -> Plan:
        """The plan of a part, made when needed: all plans together would take 20 kB a frame."""
        seed = self.spec["seed"] + part  # so that each part is rearranged differently
        return Plan(
            dict(self.frames[row] for row in self.rows[part]),
            {**self.spec, "seed": seed},
            self.permutations,
            blocks=max(2, math.ceil(inference.MOST_BLOCKS / len(self.rows))),
            few_blocks=max(2, math.ceil(FEW_BLOCKS / len(self.rows))),
        )

    def compare(self, x: np.ndarray, y: np.ndarray, measures: Iterable[str]) -> dict[str, Estimate]:
        """The ``measures`` of two representations ``x`` (n, d) and ``y`` (n, e) of the frames."""
        measures = list(measures)
        found = [
            suite.compare(x[rows], y[rows], self.plan(part), measures)
            for part, rows in enumerate(self.rows)
        ]
        together = {name: self._together([part[name] for part in found]) for name in measures}
        streamed = [name for name in STREAMED if name in measures]
        if streamed:
            values = dict(zip(STREAMED, streamed_cka(x, y, self.blocks)))
            sizes = [len(block) for block in self.blocks]
            for name in streamed:
                if np.isfinite(values[name][0]):
                    together[name] = together[name]._replace(
                        values=values[name], sizes=sizes, reason=None
                    )
        return together

    def _together(self, parts: Sequence[Estimate]) -> Estimate:
        """The mean over parts. A replicate leaves out a block of one part and changes it alone."""
        for i, part in enumerate(parts):
            if part.reason:
                reason = f"in part {i + 1} of {len(parts)}: {part.reason}"
                return Estimate(part.values[:1], reason=reason)
        count = len(parts)
        value = np.mean([part.values[0] for part in parts])
        without = [value + (part.values[1:] - part.values[0]) / count for part in parts]
        untested = next((part.untested for part in parts if part.untested), None)
        nulls = [part.null for part in parts if part.null is not None]
        null = None
        if len(nulls) == count and len(set(map(len, nulls))) == 1:
            null = np.mean(nulls, axis=0)
        elif nulls and not untested:
            untested = "too few groups in a part to test"
        widths = [part.bandwidth for part in parts if part.bandwidth is not None]
        return Estimate(
            np.concatenate([[value], *without]),
            null,
            float(np.mean(widths)) if widths else None,
            untested=untested,
            sizes=[size for part in parts for size in part.sizes],
        )


def streamed_cka(
    x: np.ndarray, y: np.ndarray, blocks: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Biased and unbiased linear CKA: of all frames, then without each of the blocks.

    Two arrays (1 + blocks,). From sums over frames alone (Kornblith et al. 2019: |X'Y|² is the sum
    of the products of both Gram matrices), so it is exact and needs memory of features × features.
    Products have the precision of the input; sums are float64.
    """
    x, y = (_moved(values) for values in (x, y))
    everything = _sums(x, y)
    results = [_cka(everything, x, y, np.ones(len(x), dtype=bool))]
    for block in blocks:
        kept = np.ones(len(x), dtype=bool)
        kept[block] = False
        gone = _sums(x[block], y[block])
        results.append(_cka([total - part for total, part in zip(everything, gone)], x, y, kept))
    biased, unbiased = np.array(results).T
    return biased, unbiased


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


def _sums(x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Float64 sums over frames: x'y, x'x, y'y, and of x and of y."""
    totals = [np.zeros((a.shape[1], b.shape[1])) for a, b in ((x, y), (x, x), (y, y))]
    for i in range(0, len(x), _ROWS):
        a, b = x[i : i + _ROWS], y[i : i + _ROWS]
        for total, (one, other) in zip(totals, ((a, b), (a, a), (b, b))):
            total += one.T @ other
    return [*totals, x.sum(axis=0, dtype=np.float64), y.sum(axis=0, dtype=np.float64)]


def _cka(
    sums: Sequence[np.ndarray], x: np.ndarray, y: np.ndarray, kept: np.ndarray
) -> tuple[float, float]:
    """Biased and unbiased CKA of the ``kept`` frames (n,), bool, from their :func:`_sums`."""
    xy, xx, yy, of_x, of_y = sums
    n = int(kept.sum())
    if n < 4:
        return np.nan, np.nan
    mean_x, mean_y = of_x / n, of_y / n
    means = ((xy, mean_x, mean_y), (xx, mean_x, mean_x), (yy, mean_y, mean_y))
    products = [total - n * np.outer(a, b) for total, a, b in means]
    both, own, other = (float(np.vdot(product, product)) for product in products)
    k, m = (_lengths(values, mean)[kept] for values, mean in ((x, mean_x), (y, mean_y)))
    return float(ratio(both, own, other)), cka_unbiased(both, own, other, k, m)


def _lengths(x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """|x - mean|² of each frame, float64."""
    squares = np.einsum("ij,ij->i", x, x, dtype=np.float64)
    return squares - 2 * (x @ mean.astype(x.dtype)).astype(np.float64) + mean @ mean
