"""The estimate of one measure: its value, replicates and null distribution, and its interval."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from catsight.metrics import jackknife
from catsight.run.metrics_specs import MeasureFacts

#: With fewer groups an interval would be a guess.
FEWEST_GROUPS = 4
#: Why there is no interval.
_TOO_FEW = f"fewer than {FEWEST_GROUPS} groups, too few for an interval"
_UNDEFINED_WITHOUT_SOME = "undefined if certain groups are left out"


class Estimate(NamedTuple):
    """A measure of one pair of representations.

    ``values`` (1 + blocks,): of all frames, then with each block left out. ``null`` (1 + m,): the
    statistic of the data, then those of m rearrangements; None if there is no test, and
    ``untested`` may say why. ``bandwidth``: of the kernel, if the measure has one. ``reason``: why
    the values are nan. ``parts``: the numbers of blocks of each part, if the frames were compared
    in parts.
    """

    values: np.ndarray
    null: np.ndarray | None = None
    bandwidth: float | None = None
    reason: str | None = None
    untested: str | None = None
    parts: Sequence[int] = ()


class Interval(NamedTuple):
    """A confidence interval, or the ``reason`` why there is none (both ends are then nan)."""

    low: float
    high: float
    reason: str | None = None


def kept_replicates(estimate: Estimate, ends: Interval) -> dict[str, Any]:
    """The columns of :data:`catsight.tables.columns.replicates`; none without an interval."""
    if ends.reason is not None:
        return {}
    return {"replicates": estimate.values[1:].tolist(), "parts": list(estimate.parts)}


def undefined(reason: str, blocks: int = 0) -> Estimate:
    """An estimate whose values (1 + ``blocks``,) are nan for that ``reason``."""
    return Estimate(np.full(1 + blocks, np.nan), reason=reason)


def mean_over_layers(layers: Sequence[Estimate]) -> Estimate:
    """The mean of the ``layers``' values, replicates and null distributions.

    In all layers the same groups were left out and rearranged, so these are averaged one by one.
    """
    reasons = [layer.reason or layer.untested for layer in layers]
    first = next((reason for reason in reasons if reason), None)
    if any(layer.reason for layer in layers):
        return undefined(f"undefined in a layer: {first}")
    nulls = [layer.null for layer in layers if layer.null is not None]
    return Estimate(
        np.mean([layer.values for layer in layers], axis=0),
        np.mean(nulls, axis=0) if len(nulls) == len(layers) else None,
        untested=first,
        parts=layers[0].parts,
    )


def interval(
    facts: MeasureFacts, estimate: Estimate, confidence: float, *, difference: bool = False
) -> Interval:
    """The confidence interval of an ``estimate``, or the reason why it has none.

    ``facts`` are those of the measure. ``difference``: the estimate is a difference of two values
    of the measure, so neither a cosine nor a share, even if the values are. The interval holds the
    value itself, and is symmetric about it on the scale of :mod:`catsight.metrics.jackknife`:
    Fisher's z of a cosine, the logarithm of a positive difference.
    """
    value, replicates = float(estimate.values[0]), estimate.values[1:]
    if len(replicates) < FEWEST_GROUPS:
        return Interval(math.nan, math.nan, _TOO_FEW)
    if not (np.isfinite(value) and np.isfinite(replicates).all()):
        return Interval(math.nan, math.nan, _UNDEFINED_WITHOUT_SOME)
    if (replicates == value).all() and not facts["share"]:
        return Interval(value, value)
    if facts["share"] and not difference and (few := _few(value, replicates)):
        return Interval(math.nan, math.nan, few)
    scale = jackknife.scale_for(facts, estimate.values, difference=difference, parts=estimate.parts)
    influences = jackknife.influences(scale.to(replicates), estimate.parts)
    reach = float(jackknife.half_width(influences, confidence, estimate.parts))
    centre = scale.to(np.float64(value))
    low, high = (float(scale.back(end)) for end in (centre - reach, centre + reach))
    if facts["share"] and not difference:
        low, high = max(low, 0.0), min(high, 1.0)
    return Interval(min(low, value), max(high, value))


def _few(value: float, replicates: np.ndarray) -> str:
    """Why a share has no interval: few groups lie above it, or few below it; else empty.

    The spread of two or three groups that differ from the others says little of further groups.
    """
    moved = replicates - value
    # without a group that raises it, it is lower
    raised, lowered = int((moved < -_SAME).sum()), int((moved > _SAME).sum())
    if min(raised, lowered) >= FEWEST_THAT_DIFFER:
        return ""
    if not raised and not lowered:
        return "the same in every group, so no interval"
    few, verb = min((raised, "raise"), (lowered, "lower"))
    words = {0: f"no group {verb}s", 1: f"only 1 group {verb}s"}
    return f"{words.get(few, f'only {few} groups {verb}')} it, so no interval"


#: A share needs as many groups that raise it, and as many that lower it.
FEWEST_THAT_DIFFER = 3
#: Means of the same shares differ by less than this.
_SAME = 1e-9
