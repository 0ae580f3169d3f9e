"""``catsight metrics attribute``: what of a loss of alignment is due to which part of the eye.

The parts are the players of a game whose worth is the loss of a metric when they are swapped from
the reference's eye to the other; each gets its Shapley value (Shapley 1953): its mean contribution
over all orders in which the parts can be swapped. The values sum to the whole loss exactly,
whatever the parts do to one another.
"""

from collections.abc import Mapping, Sequence
from math import factorial

import numpy as np

from catsight.metrics.compare import ALL_LAYERS, NO_FRAMES, mean_over_layers
from catsight.metrics.reading import Features, finite, places, run
from catsight.metrics.stability import SIMILARITIES
from catsight.metrics.suite import Estimate, interval
from catsight.run.progress import Progress
from catsight.tables.columns.attribution import ATTRIBUTION

#: The name of the rows that hold the loss by all parts together.
WHOLE = "whole"


def main(arguments: Sequence[str]) -> None:
    """Divides the loss of alignment of one encoder among the parts of the eye, by Shapley values,
    layer by layer.
    """
    run("attribute", main.__doc__, arguments, attribution, ATTRIBUTION)


def attribution(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: Mapping
) -> list[dict]:
    """The rows of the table of attribution: every layer and their mean, every metric, every part
    and the whole.

    ``features`` of each view by name; ``groups`` maps each frame to its group, in order.
    ``spec["subsets"]`` names the view in which a set of ``spec["parts"]`` (joined by +; of none:
    the reference) is swapped.
    """
    parts, subsets = spec["parts"], spec["subsets"]
    columns = places(features[spec["reference"]].columns)
    plan = parts.plan(groups, {**spec, "permutations": 0}) if groups else None
    common = {key: spec[key] for key in ("encoder", "family", "training", "reference", "view")}
    common |= {"n_frames": len(groups), "n_groups": len(set(groups.values()))}
    found: dict[
        tuple, list[dict[str, Estimate]]
    ] = {}  # (pooling, metric) -> per layer what is due to each part
    rows = []
    with Progress(
        f"attribution {spec['encoder']}", len(columns) * len(subsets), "comparisons"
    ) as progress:
        for column, place in columns.items():
            x, worth = features[spec["reference"]][column], {}
            for subset, view in subsets.items():
                y = features[view][column]
                worth[subset] = (
                    plan.compare(x, y, spec["names"])
                    if plan
                    else dict.fromkeys(spec["names"], NO_FRAMES)
                )
                progress.advance()
            for metric in spec["names"]:
                due = divide({subset: of[metric] for subset, of in worth.items()}, parts, metric)
                found.setdefault((place["pooling"], metric), []).append(due)
                rows += _rows(common | place | {"metric": metric}, metric, due, spec["confidence"])
    for (pooling, metric), layers in found.items():
        mean = {key: mean_over_layers([due[key] for due in layers]) for key in layers[0]}
        about = common | {"layer": ALL_LAYERS, "pooling": pooling, "metric": metric}
        rows += _rows(about, metric, mean, spec["confidence"])
    return rows


def divide(worth: Mapping[str, Estimate], parts: Sequence[str], metric: str) -> dict[str, Estimate]:
    """The estimates of each part's share of the loss, of the :data:`WHOLE` loss, and of each part's
    loss ``alone PART`` and when swapped ``last PART``.

    ``worth`` maps each subset of the ``parts`` (their names joined by +, in order) to the metric
    where it is swapped. A loss is a fall of a similarity, or a rise of a distance.
    """
    sign = -1 if metric in SIMILARITIES else 1
    reason = next((estimate.reason for estimate in worth.values() if estimate.reason), None)
    if reason:
        undefined = Estimate(np.array([np.nan]), reason=reason)
        return dict.fromkeys(
            [WHOLE, *parts, *(f"{key} {part}" for key in ("alone", "last") for part in parts)],
            undefined,
        )
    values = {subset: sign * estimate.values for subset, estimate in worth.items()}
    everything = name(parts, parts)
    whole = values[everything] - values[""]
    due = {WHOLE: whole}
    for part in parts:
        due[part] = np.zeros_like(whole)
        for subset in values:
            if part not in (others := [other for other in subset.split("+") if other]):
                gain = values[name([*others, part], parts)] - values[subset]
                due[part] = due[part] + weight(len(others), len(parts)) * gain
        due[f"alone {part}"] = values[name([part], parts)] - values[""]
        due[f"last {part}"] = (
            values[everything] - values[name([p for p in parts if p != part], parts)]
        )
    sizes = worth[""].sizes
    return {key: Estimate(value, sizes=sizes) for key, value in due.items()}


def weight(others: int, parts: int) -> float:
    """The share of all orders of so many ``parts`` in which just these ``others`` come before a
    part.
    """
    return factorial(others) * factorial(parts - others - 1) / factorial(parts)


def name(subset: Sequence[str], parts: Sequence[str]) -> str:
    """What a subset of the ``parts`` is called: ``pupil+colour``, in the order of ``parts``."""
    return "+".join(part for part in parts if part in subset)


def _rows(about: dict, metric: str, due: Mapping[str, Estimate], confidence: float) -> list[dict]:
    rows = []
    for part, estimate in due.items():
        if " " in part:
            continue
        row = about | {"part": part, **_interval(metric, estimate, confidence)}
        if part != WHOLE:
            row |= {key: finite(due[f"{key} {part}"].values[0]) for key in ("alone", "last")}
        rows.append(row)
    return rows


def _interval(metric: str, estimate: Estimate, confidence: float) -> dict:
    value = finite(estimate.values[0])
    if value is None:
        return {"reason": estimate.reason or "undefined in a layer"}
    ends = interval(metric, estimate, confidence, cosine=False)
    return {
        "value": value,
        "ci_low": finite(ends.low),
        "ci_high": finite(ends.high),
        "reason": ends.reason,
    }
