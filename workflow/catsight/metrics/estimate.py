"""The estimate of one measure: its value, replicates and null distribution, and its interval."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from catsight.metrics import inference
from catsight.run.specs import MeasureFacts


class Estimate(NamedTuple):
    """A measure of one pair of representations.

    ``values`` (1 + blocks,): of all frames, then with each block left out. ``null`` (1 + m,): the
    data's own value, then those of m rearrangements; None if there is no test, and ``untested`` may
    say why. ``bandwidth``: of the kernel, if the measure has one. ``reason``: why the values are
    nan. ``sizes`` (blocks,): number of frames in each block.
    """

    values: np.ndarray
    null: np.ndarray | None = None
    bandwidth: float | None = None
    reason: str | None = None
    untested: str | None = None
    sizes: Sequence[int] = ()


def undefined(reason: str, blocks: int = 0) -> Estimate:
    """An estimate whose values (1 + ``blocks``,) are nan for that ``reason``."""
    return Estimate(np.full(1 + blocks, np.nan), reason=reason)


def mean_over_layers(layers: Sequence[Estimate]) -> Estimate:
    """The mean of the ``layers``' values, replicates and null distributions.

    In all layers the same frames were left out and rearranged, so these are averaged one by one.
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
        sizes=layers[0].sizes,
    )


def interval(
    facts: MeasureFacts, estimate: Estimate, confidence: float, *, difference: bool = False
) -> inference.Interval:
    """The confidence interval of an ``estimate``, or the reason why it has none.

    ``facts`` are those of the measure. ``difference``: the estimate is a difference of two values
    of the measure, so neither a cosine nor a share, even if the values are.
    """
    value, replicates = float(estimate.values[0]), estimate.values[1:]
    enough = len(replicates) >= inference.FEWEST_GROUPS
    if facts["share"] and enough and (replicates == value).all():
        # all frames are found, or none: the spread of 0 says nothing about other groups
        return inference.Interval(math.nan, math.nan, "the same in every group, so no interval")
    ends = inference.jackknife(
        value,
        replicates,
        estimate.sizes,
        confidence,
        cosine=facts["cosine"] and not difference,
        correct_bias=not facts["depends_on_n"],
    )
    if facts["share"] and not difference:
        low, high = (float(np.clip(end, 0, 1)) for end in (ends.low, ends.high))
        return ends._replace(low=low, high=high)
    return ends
