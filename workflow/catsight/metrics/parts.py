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
from catsight.metrics.streamed import streamed_cka
from catsight.run.metrics_specs import ComparingSpec

#: Measures that are computed of all frames.
STREAMED = ("cka_linear", "cka_linear_unbiased")


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
            groups = [group for _, group in self.frames]
            found_at_once = streamed_cka(x, y, groups, self.blocks)
            for name in streamed:
                values = found_at_once.biased if name == "cka_linear" else found_at_once.over_groups
                if np.isfinite(values[0]):
                    of_parts = together[name]
                    together[name] = of_parts._replace(
                        values=values,
                        parts=(len(self.blocks),),
                        reason=None,
                        untested=of_parts.untested or of_parts.reason,
                    )
            if "cka_linear" in streamed:
                together["cka_linear"] = _moved(together["cka_linear"], found_at_once.chance)
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
            parts=[count for part in parts for count in part.parts],
        )


def _moved(estimate: Estimate, chance: float) -> Estimate:
    """An estimate of all frames whose null is of parts, moved to have the mean of all frames.

    Biased CKA of fewer frames is higher by chance. A constant changes no p-value.
    """
    if estimate.null is None or not np.isfinite(chance):
        return estimate
    return estimate._replace(null=estimate.null - estimate.null[1:].mean() + chance)
