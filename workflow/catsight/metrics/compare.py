"""The table of metrics: every view against the reference, layer by layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from catsight.errors import CatsightError
from catsight.metrics import inference
from catsight.metrics.estimate import Estimate, interval, kept_replicates, mean_over_layers
from catsight.metrics.parts import comparer
from catsight.metrics.reading import Features, finite, places
from catsight.run.metrics_specs import MeasureFacts, MetricsSpec
from catsight.run.progress import Progress
from catsight.tables.names import ALL_LAYERS


def estimates(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: MetricsSpec
) -> list[dict[str, Any]]:
    """The rows of every view but the reference, every column and every measure.

    Rows of the means over layers follow. ``features`` by view; ``groups`` maps each frame to its
    group, in the order of the frames.
    """
    reference, measures = spec["reference"], spec["measures"]
    columns = places(features[reference].columns)
    plan = comparer(groups, spec, spec["permutations"])
    common: dict[str, Any] = {
        "encoder": spec["encoder"],
        "family": spec["family"],
        "training": spec["training"],
        "reference": reference,
        "seed": spec["seed"],
        "n_frames": len(groups),
        "n_groups": len(set(groups.values())),
        "at_once": plan.at_once,
    }
    others = [view for view in features if view != reference]
    # (view, pooling, measure) -> the row and the estimate of each layer
    found: dict[tuple[str, str, str], list[tuple[dict[str, Any], Estimate]]] = {}
    with Progress(
        f"metrics {spec['encoder']}", len(others) * len(columns), "comparisons"
    ) as progress:
        for column, place in columns.items():
            x = features[reference][column]
            for view in others:
                y = features[view][column]
                _check_widths(x, y, column, features[view])
                about = common | place | {"view": view, "n_features": x.shape[1]}
                for name, estimate in plan.compare(x, y, measures).items():
                    row = about | {"metric": name}
                    row |= _columns(measures[name], estimate, spec["confidence"])
                    found.setdefault((view, place["pooling"], name), []).append((row, estimate))
                progress.advance()
    rows = [row for layers in found.values() for row, _ in layers]
    rows.sort(key=lambda row: (others.index(row["view"]), row["layer_index"]))
    for (view, pooling, name), layers in found.items():
        _correct(layers)
        mean = mean_over_layers([estimate for _, estimate in layers])
        row = common | {"layer": ALL_LAYERS, "pooling": pooling, "view": view, "metric": name}
        rows.append(row | _columns(measures[name], mean, spec["confidence"]))
    return rows


def _check_widths(x: np.ndarray, y: np.ndarray, column: str, view: Features) -> None:
    if x.shape[1] != y.shape[1]:
        raise CatsightError(
            f"{view.paths[0].parent}: column {column} has {y.shape[1]} features, and {x.shape[1]} "
            "in the reference view; compare features of one encoder"
        )


def _columns(facts: MeasureFacts, estimate: Estimate, confidence: float) -> dict[str, Any]:
    """The columns that hold an estimate: value, interval, p-value, and why one is missing."""
    value = finite(estimate.values[0])
    if value is None:
        reason = estimate.reason or "undefined in a layer"
        return {"value": None, "reason": reason, "bandwidth": None}
    ends = interval(facts, estimate, confidence)
    row: dict[str, Any] = {
        "value": value,
        "bandwidth": estimate.bandwidth,
        "ci_low": finite(ends.low),
        "ci_high": finite(ends.high),
        "reason": "; ".join(filter(None, (ends.reason, estimate.untested))) or None,
    }
    row |= kept_replicates(estimate, ends)
    if estimate.null is not None:
        row |= _chance(facts, value, estimate.null)
    return row


def _chance(facts: MeasureFacts, value: float, null: np.ndarray) -> dict[str, Any]:
    """The columns of a test: p, what chance gives, and the value on a scale where that is 0."""
    others = null[1:]  # the first is the data's own
    low, high = np.quantile(others, [0.025, 0.975])
    mean = float(others.mean())
    row: dict[str, Any] = {
        "p_value": inference.p_value(null),
        "null_mean": mean,
        "null_low": float(low),
        "null_high": float(high),
    }
    if facts["similarity"]:
        row["calibrated"] = finite((value - mean) / (1 - mean))
    return row


def _correct(layers: list[tuple[dict[str, Any], Estimate]]) -> None:
    """Adds to the rows of a measure's layers the p-values corrected for the number of layers."""
    rows = [row for row, estimate in layers if estimate.null is not None]
    nulls = [estimate.null for _, estimate in layers if estimate.null is not None]
    if nulls:
        for row, p in zip(rows, inference.corrected(np.stack(nulls))):
            row["p_corrected"] = float(p)
