"""The table of physiology: the losses of drawn eyes, their spread, and the numbers it is due to."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from catsight.metrics import sensitivity
from catsight.metrics.compare import estimates
from catsight.metrics.reading import Features
from catsight.run.metrics_specs import DrawnEye, MetricsSpec, PhysiologySpec, Range
from catsight.tables.names import ALL_LAYERS

#: The ends of the spread: the middle 90 % of the draws.
SPREAD = (0.05, 0.95)


def physiology(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: PhysiologySpec
) -> list[dict[str, Any]]:
    """The rows of every drawn eye, then the spread of their means over layers, and its shares.

    ``features`` holds the reference, the view (draw 0) and the view of each drawn eye;
    ``groups`` maps each frame to its group, in the order of the frames.
    """
    settings: MetricsSpec = spec
    own: DrawnEye = {"view": spec["view"], "values": spec["own"]}
    eyes = [own, *spec["draws"]]
    views = {view: features[view] for view in (spec["reference"], *(eye["view"] for eye in eyes))}
    of_view: dict[str, list[dict[str, Any]]] = {}
    for row in estimates(views, groups, settings):
        of_view.setdefault(row["view"], []).append(row)
    rows = []
    for draw, eye in enumerate(eyes):
        drawn = [{"number": name, "value": value} for name, value in eye["values"].items()]
        about = {"kind": "draw", "draw": draw, "drawn": drawn}
        for row in of_view[eye["view"]]:
            loss = _loss(row["value"], spec["measures"][row["metric"]]["similarity"])
            rows.append(row | about | {"view": spec["view"], "loss": loss})
    return rows + _summaries(rows, spec)


def _loss(value: float | None, similarity: bool) -> float | None:
    if value is None:
        return None
    return 1 - value if similarity else value


def _summaries(rows: Sequence[Mapping[str, Any]], spec: PhysiologySpec) -> list[dict[str, Any]]:
    """The spread of each pooling and measure, and the shares of all numbers in it."""
    means: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["layer"] == ALL_LAYERS and row["draw"] > 0:
            means.setdefault((row["pooling"], row["metric"]), []).append(row)
    quantiles = np.array([
        [quantile(eye["values"][name], of) for name, of in spec["ranges"].items()]
        for eye in spec["draws"]
    ])  # fmt: skip
    kept = ("encoder", "family", "training", "layer", "pooling", "reference", "view", "metric")
    found = []
    for draws in means.values():
        about = {key: draws[0][key] for key in (*kept, "n_frames", "n_groups", "seed")}
        found += _summary(about, [row["loss"] for row in draws], quantiles, list(spec["ranges"]))
    return found


def _summary(
    about: dict[str, Any],
    losses: Sequence[float | None],
    quantiles: np.ndarray,
    numbers: Sequence[str],
) -> list[dict[str, Any]]:
    """The rows of the spread of some losses, one a draw, and of the shares of the numbers."""
    spread, shares = about | {"kind": "spread"}, about | {"kind": "share"}
    if missing := sum(loss is None for loss in losses):
        reason = {"reason": f"no value in {missing} of {len(losses)} draws"}
        return [spread | reason, *(shares | reason | {"number": number} for number in numbers)]
    known = np.array(losses, dtype=float)
    low, high = np.quantile(known, SPREAD)
    spread |= {"sd": float(known.std(ddof=1)), "low": float(low), "high": float(high)}
    of_numbers = sensitivity.first_order(quantiles, known)
    return [
        spread,
        *(shares | {"number": one, "share": float(of)} for one, of in zip(numbers, of_numbers)),
    ]


def quantile(value: float, within: Range) -> float:
    """Where a value lies in the range that it is drawn from: 0 at ``low``, 1 at ``high``."""
    low, high = within["low"], within["high"]
    if within["logarithmic"]:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)
