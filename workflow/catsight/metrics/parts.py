"""More frames than can all be set against each other: comparisons in parts, whose memory does not
grow with n².

Linear CKA needs no n × n matrix, so it is computed of all frames, by streaming. For everything else
the frames are dealt out to parts, whole groups at a time; each part is compared by itself, and the
parts' values are averaged. Time grows with n, memory not at all beyond the features. No group is in
two parts, so a test rearranges the groups inside each part and averages, and the jackknife leaves
out groups of one part after the other.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from catsight.metrics import inference
from catsight.metrics.similarity import cka_unbiased, ratio
from catsight.metrics.suite import FEW_BLOCKS, Estimate, Plan

#: A part holds this many groups or more, so that there is something to rearrange and to leave out.
FEWEST_GROUPS = 20
#: Rows whose products are added up in the features' precision before they go into a float64 sum.
_ROWS = 2048


def plan(frames: Mapping[str, str], spec: Mapping) -> "Plan | Parts":
    """How the ``frames`` (id to group) are compared: all at once, or in parts where they are more
    than ``spec["at_once"]``."""
    return Plan(frames, spec) if len(frames) <= spec["at_once"] else Parts(frames, spec)


class Parts:
    """A :class:`Plan` for each part of the frames, and what they say together. Used as a plan is."""

    def __init__(self, frames: Mapping[str, str], spec: Mapping):
        groups = list(frames.values())
        self.frames, self.spec = list(frames.items()), spec
        self.rows = deal(groups, spec["at_once"], spec["seed"])
        self.blocks = inference.blocks(groups, spec["seed"])  # of all frames, for what is streamed
        self.at_once = max(map(len, self.rows))

    def plan(self, part: int) -> Plan:
        """That part's plan. Made when it is needed: all parts' rearrangements together would be 20
        kB to a frame.
        """
        return Plan(
            dict(self.frames[row] for row in self.rows[part]),
            {**self.spec, "seed": self.spec["seed"] + part},  # other rearrangements in each
            blocks=max(2, math.ceil(inference.MOST_BLOCKS / len(self.rows))),
            few_blocks=max(2, math.ceil(FEW_BLOCKS / len(self.rows))),
        )

    def compare(self, x: np.ndarray, y: np.ndarray, metrics: Sequence[str]) -> dict[str, Estimate]:
        """The ``metrics`` of two representations ``x`` (n, d) and ``y`` (n, e) of the frames."""
        found = [
            self.plan(part).compare(x[rows], y[rows], metrics)
            for part, rows in enumerate(self.rows)
        ]
        together = {metric: self._together([part[metric] for part in found]) for metric in metrics}
        streamed = [metric for metric in ("cka_linear", "cka_linear_unbiased") if metric in metrics]
        if streamed:
            values = dict(
                zip(("cka_linear", "cka_linear_unbiased"), streamed_cka(x, y, self.blocks))
            )
            sizes = [len(block) for block in self.blocks]
            for metric in streamed:
                if np.isfinite(values[metric][0]):
                    together[metric] = together[metric]._replace(
                        values=values[metric], sizes=sizes, reason=None
                    )
        return together

    def _together(self, parts: Sequence[Estimate]) -> Estimate:
        """The mean over parts; with a block of one part left out, its own part alone changes."""
        for i, part in enumerate(parts):
            if part.reason:
                return Estimate(
                    part.values[:1], reason=f"in part {i + 1} of {len(parts)}: {part.reason}"
                )
        count = len(parts)
        value = np.mean([part.values[0] for part in parts])
        without = [value + (part.values[1:] - part.values[0]) / count for part in parts]
        untested = next((part.untested for part in parts if part.untested), None)
        nulls = [part.null for part in parts if part.null is not None]
        null = (
            np.mean(nulls, axis=0)
            if len(nulls) == count and len(set(map(len, nulls))) == 1
            else None
        )
        if null is None and nulls and not untested:
            untested = "too few groups in a part to test"
        widths = [part.bandwidth for part in parts if part.bandwidth is not None]
        return Estimate(
            np.concatenate([[value], *without]),
            null,
            float(np.mean(widths)) if widths else None,
            untested=untested,
            sizes=[size for part in parts for size in part.sizes],
        )


def deal(groups: Sequence[str], at_once: int, seed: int = 0) -> list[np.ndarray]:
    """Rows of the frames of each part: whole groups, drawn with ``seed``, parts as even as can be.

    At most ``at_once`` frames a part. Where the groups are so few that a part would hold fewer than
    :data:`FEWEST_GROUPS` of them, there are fewer parts, and of each group evenly spaced frames stand for all.
    """
    names, membership = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    sizes = np.bincount(membership)
    count = max(1, min(math.ceil(len(groups) / at_once), len(names) // FEWEST_GROUPS))
    drawn = np.random.default_rng(seed).permutation(len(names))
    part, filled = np.empty(len(names), dtype=int), np.zeros(count, dtype=int)
    for group in drawn[np.argsort(-sizes[drawn], kind="stable")]:  # the largest first
        part[group] = filled.argmin()
        filled[part[group]] += sizes[group]
    rows = []
    for i in range(count):
        here = np.flatnonzero(part[membership] == i)
        if len(here) > at_once:
            by_group = here[np.argsort(membership[here], kind="stable")]
            here = np.sort(by_group[(np.arange(at_once) * len(here)) // at_once])
        rows.append(here)
    return rows


def streamed_cka(
    x: np.ndarray, y: np.ndarray, blocks: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Linear CKA of all frames and with each block left out, biased and unbiased: twice (1 +
    blocks,).

    From sums over frames alone (Kornblith et al. 2019: |X'Y|² is the sum of the products of both
    Gram matrices), so exact, in memory of features × features. Products have the precision of the
    input, sums are float64.
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
    """Features minus their mean, over their largest value, block by block of rows: float32 stays
    float32.
    """
    first = np.float64(x[0])
    mean = sum(np.sum(x[i : i + _ROWS] - first, axis=0) for i in range(0, len(x), _ROWS)) / len(x)
    moved = np.empty_like(x)
    for i in range(0, len(x), _ROWS):
        moved[i : i + _ROWS] = (x[i : i + _ROWS] - first) - mean
    largest = np.abs(moved).max(initial=0)
    if largest > 0:
        moved /= largest  # in place: there may be gigabytes of it
    return moved


def _sums(x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Float64 sums over frames: x'y, x'x, y'y, and of x and of y."""
    totals = [np.zeros((a.shape[1], b.shape[1])) for a, b in ((x, y), (x, x), (y, y))]
    for i in range(0, len(x), _ROWS):
        a, b = x[i : i + _ROWS], y[i : i + _ROWS]
        for total, (one, other) in zip(totals, ((a, b), (a, a), (b, b))):
            total += one.T @ other
    return [*totals, x.sum(axis=0, dtype=np.float64), y.sum(axis=0, dtype=np.float64)]


def _cka(sums: Sequence[np.ndarray], x: np.ndarray, y: np.ndarray, kept) -> tuple[float, float]:
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
