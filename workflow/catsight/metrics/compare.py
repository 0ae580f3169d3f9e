"""``catsight metrics compare``: every view against the reference, layer by layer."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from catsight.errors import CatsightError
from catsight.metrics import inference, parts
from catsight.metrics.reading import Features, places, run
from catsight.metrics.suite import Estimate, interval
from catsight.run.progress import Progress
from catsight.tables.columns.metrics import METRICS

#: The layer name of the rows that hold the mean over an encoder's layers.
ALL_LAYERS = "all"


def main(arguments: Sequence[str]) -> None:
    """Compares one encoder's features of each view with those of the reference, layer by layer."""
    run("compare", main.__doc__, arguments, estimates, METRICS)


def estimates(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: Mapping
) -> list[dict]:
    """The rows of the metrics table: every view but the reference, every column, every metric; and
    means over layers.

    ``features`` of each view by name; ``groups`` maps each frame to its group, in the frames'
    order.
    """
    columns = places(features[spec["reference"]].columns)
    plan = parts.plan(groups, spec) if groups else None
    common = {
        **{key: spec[key] for key in ("encoder", "family", "training", "reference", "seed")},
        "n_frames": len(groups),
        "n_groups": len(set(groups.values())),
        "at_once": plan.at_once if plan else 0,
    }
    others = [view for view in features if view != spec["reference"]]
    found: dict[
        tuple, list[tuple[dict, Estimate]]
    ] = {}  # (view, pooling, metric) -> per layer its row and estimate
    with Progress(
        f"metrics {spec['encoder']}", len(others) * len(columns), "comparisons"
    ) as progress:
        for column, place in columns.items():
            x = features[spec["reference"]][column]
            for view in others:
                y = features[view][column]
                if x.shape[1] != y.shape[1]:
                    raise CatsightError(
                        f"{features[view].paths[0].parent}: column {column} has {y.shape[1]} features, and "
                        f"{x.shape[1]} in the reference view; both must be of the same encoder"
                    )
                compared = (
                    plan.compare(x, y, spec["names"])
                    if plan
                    else dict.fromkeys(spec["names"], NO_FRAMES)
                )
                for metric, estimate in compared.items():
                    row = (
                        common | place | {"view": view, "metric": metric, "n_features": x.shape[1]}
                    )
                    row |= _columns(metric, estimate, spec["confidence"])
                    found.setdefault((view, place["pooling"], metric), []).append((row, estimate))
                progress.advance()
    rows = [row for per_layer in found.values() for row, _ in per_layer]
    rows.sort(key=lambda row: (others.index(row["view"]), row["layer_index"]))
    for (view, pooling, metric), per_layer in found.items():
        _correct(per_layer)
        mean = mean_over_layers([estimate for _, estimate in per_layer])
        row = common | {"layer": ALL_LAYERS, "pooling": pooling, "view": view, "metric": metric}
        rows.append(row | _columns(metric, mean, spec["confidence"]))
    return rows


#: What there is to say of a study without frames.
NO_FRAMES = Estimate(np.array([np.nan]), reason="no frames")


def _columns(metric: str, estimate: Estimate, confidence: float) -> dict:
    """What a row says of an estimate: its value, interval and p-value, and the reasons for what is
    missing.
    """
    value = float(estimate.values[0])
    if not np.isfinite(value):
        return {
            "value": None,
            "reason": estimate.reason or "undefined in a layer",
            "bandwidth": None,
        }
    ends = interval(metric, estimate, confidence)
    row = {"value": value, "bandwidth": estimate.bandwidth}
    row |= {
        key: None if math.isnan(end) else end for key, end in zip(("ci_low", "ci_high"), ends[:2])
    }
    if estimate.null is not None:
        low, high = np.quantile(estimate.null, [0.025, 0.975])
        row |= {
            "p_value": inference.p_value(estimate.null),
            "null_mean": float(estimate.null.mean()),
        }
        row |= {"null_low": float(low), "null_high": float(high)}
    return row | {"reason": "; ".join(filter(None, (ends.reason, estimate.untested))) or None}


def _correct(per_layer: list[tuple[dict, Estimate]]) -> None:
    """Adds to the rows of a metric's layers the p-values corrected for their number."""
    tested = [(row, estimate.null) for row, estimate in per_layer if estimate.null is not None]
    if tested:
        for (row, _), p in zip(tested, inference.corrected(np.stack([null for _, null in tested]))):
            row["p_corrected"] = float(p)


def mean_over_layers(parts: Sequence[Estimate]) -> Estimate:
    """The mean over layers, with its replicates and its null: all layers left out and rearranged
    the same frames.
    """
    reasons = [part.reason or part.untested for part in parts]
    nulls = [part.null for part in parts if part.null is not None]
    null = np.mean(nulls, axis=0) if len(nulls) == len(parts) else None
    if any(part.reason for part in parts):
        first = next(reason for reason in reasons if reason)
        return Estimate(np.array([np.nan]), reason=f"undefined in a layer: {first}")
    values, untested = (
        np.mean([part.values for part in parts], axis=0),
        next(filter(None, reasons), None),
    )
    return Estimate(values, null, untested=untested, sizes=parts[0].sizes)
