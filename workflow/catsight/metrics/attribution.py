"""The table of attribution: how much of a loss of alignment is due to each part of the eye.

In the terms of game theory, the parts are players, and the worth of a set of them is the loss of a
measure when these parts of the reference's eye are swapped for the other's. Each part gets its
Shapley value (Shapley 1953): its mean contribution over all orders in which the parts can be
swapped. However the parts interact, the values sum to the whole loss exactly.
"""

from collections.abc import Mapping, Sequence
from math import factorial
from typing import Any

import numpy as np

from catsight.metrics.estimate import (
    Estimate,
    interval,
    kept_replicates,
    mean_over_layers,
    undefined,
)
from catsight.metrics.parts import comparer
from catsight.metrics.reading import Features, finite, places
from catsight.run.metrics_specs import AttributionSpec, MeasureFacts
from catsight.run.progress import Progress
from catsight.tables.names import ALL_LAYERS, WHOLE

#: (part, column) -> estimate; the columns are value, alone and last.
Losses = dict[tuple[str, str], Estimate]


def attribution(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: AttributionSpec
) -> list[dict[str, Any]]:
    """The rows of every layer and their mean, every measure, every part and the whole.

    ``features`` by view; ``groups`` maps each frame to its group, in the order of the frames.
    ``spec["subsets"]`` names the view in which each subset of ``spec["parts"]`` (joined by +) is
    swapped; for the empty subset, the reference.
    """
    parts, measures, confidence = spec["parts"], spec["measures"], spec["confidence"]
    reference = features[spec["reference"]]
    columns = places(reference.columns)
    plan = comparer(groups, spec, permutations=0)
    common = {
        "encoder": spec["encoder"],
        "family": spec["family"],
        "training": spec["training"],
        "reference": spec["reference"],
        "view": spec["view"],
        "n_frames": len(groups),
        "n_groups": len(set(groups.values())),
    }
    found: dict[tuple[str, str], list[Losses]] = {}  # (pooling, measure) -> of each layer
    full: dict[tuple[str, str], bool] = {}  # whether the reference agrees with itself in full
    rows = []
    with Progress(
        f"attribution {spec['encoder']}", len(columns) * len(spec["subsets"]), "comparisons"
    ) as progress:
        for column, place in columns.items():
            x, worth = reference[column], {}
            for subset, view in spec["subsets"].items():
                worth[subset] = plan.compare(x, features[view][column], measures)
                progress.advance()
            for measure, facts in measures.items():
                of_subsets = {subset: estimates[measure] for subset, estimates in worth.items()}
                losses = divide(of_subsets, parts, facts["similarity"])
                key = (place["pooling"], measure)
                found.setdefault(key, []).append(losses)
                agrees = _agrees(of_subsets[""], facts)
                full[key] = full.get(key, True) and agrees
                about = common | place | {"metric": measure}
                rows += _rows(about, facts, losses, confidence, agrees)
    for (pooling, measure), layers in found.items():
        mean = {key: mean_over_layers([losses[key] for losses in layers]) for key in layers[0]}
        about = common | {"layer": ALL_LAYERS, "pooling": pooling, "metric": measure}
        rows += _rows(about, measures[measure], mean, confidence, full[pooling, measure])
    return rows


def _agrees(reference: Estimate, facts: MeasureFacts) -> bool:
    """Whether the reference agrees with itself in full: 1, or 0 for a distance."""
    return bool((np.abs(reference.values - facts["similarity"]) < _ROUNDING).all())


#: Full agreement is exact, but for this.
_ROUNDING = 1e-12


def divide(worth: Mapping[str, Estimate], parts: Sequence[str], similarity: bool) -> Losses:
    """The loss of each of the ``parts`` and of the :data:`WHOLE`, by part and column.

    ``value`` is the part's Shapley value, ``alone`` its loss when it alone is swapped, and ``last``
    its loss when all others are swapped already. ``worth`` maps each subset of the parts (see
    :func:`name`) to the estimate of the measure when it is swapped. A loss is a fall of a
    ``similarity``, or else a rise of a distance.
    """
    reason = next((estimate.reason for estimate in worth.values() if estimate.reason), None)
    if reason:
        keys = [(part, column) for column in ("value", "alone", "last") for part in parts]
        return dict.fromkeys([(WHOLE, "value"), *keys], undefined(reason))
    sign = -1 if similarity else 1
    values = {subset: sign * estimate.values for subset, estimate in worth.items()}
    everything = name(parts, parts)
    losses = {(WHOLE, "value"): values[everything] - values[""]}
    for part in parts:
        value = np.zeros_like(values[""])
        for subset in values:
            others = [other for other in subset.split("+") if other]
            if part not in others:
                gain = values[name([*others, part], parts)] - values[subset]
                value = value + weight(len(others), len(parts)) * gain
        without = name([other for other in parts if other != part], parts)
        losses[part, "value"] = value
        losses[part, "alone"] = values[part] - values[""]
        losses[part, "last"] = values[everything] - values[without]
    blocks = worth[""].parts
    return {key: Estimate(value, parts=blocks) for key, value in losses.items()}


def weight(others: int, parts: int) -> float:
    """The share of all orders of ``parts`` parts in which ``others`` given ones precede a part."""
    return factorial(others) * factorial(parts - others - 1) / factorial(parts)


def name(subset: Sequence[str], parts: Sequence[str]) -> str:
    """The name of a subset of the ``parts``: ``pupil+colour``, in the order of ``parts``."""
    return "+".join(part for part in parts if part in subset)


def _rows(
    about: Mapping[str, Any],
    facts: MeasureFacts,
    losses: Losses,
    confidence: float,
    agrees: bool,
) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    whole = losses[WHOLE, "value"].values
    for (part, column), estimate in losses.items():
        row = rows.setdefault(part, {**about, "part": part})
        if column == "value":
            # the whole loss is the distance from full agreement of a value of the table of metrics
            is_whole = agrees and np.array_equal(estimate.values, whole)
            row |= _interval(facts, estimate, confidence, is_whole)
        else:
            row[column] = finite(estimate.values[0])
    return list(rows.values())


def _interval(
    facts: MeasureFacts, estimate: Estimate, confidence: float, is_whole: bool
) -> dict[str, Any]:
    value = finite(estimate.values[0])
    if value is None:
        return {"reason": estimate.reason or "undefined in a layer"}
    if is_whole and facts["similarity"]:
        alignment = interval(facts, estimate._replace(values=1 - estimate.values), confidence)
        ends = alignment._replace(low=1 - alignment.high, high=1 - alignment.low)
    else:
        ends = interval(facts, estimate, confidence, difference=not is_whole)
    return {
        "value": value,
        "ci_low": finite(ends.low),
        "ci_high": finite(ends.high),
        "reason": ends.reason,
        **kept_replicates(estimate, ends),
    }
