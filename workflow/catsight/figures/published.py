"""A study's values beside published ones."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from catsight.errors import CatsightError
from catsight.figures import labels, select
from catsight.figures.choices import Choices
from catsight.figures.report_tables import cell
from catsight.tables.names import ALL_LAYERS


def compared(
    metrics: pd.DataFrame, about: Mapping[str, Any] | None, choices: Choices
) -> dict[str, Any] | None:
    """What the report says of published values (``figures.published``); None if there are none.

    ``rows``, one per published value, with the study's own, the difference (ours minus theirs) and
    whether the published value lies inside the study's interval; the ``order`` of groups of
    encoders by their mean, published and here; and the labels of ``untrained`` encoders among them.
    Raises :class:`CatsightError` for a value of an encoder, layer or metric that the study does not
    have.
    """
    if about is None:
        return None
    table = select.of_study(metrics, choices)
    named = [value["encoder"] for value in about["values"]]
    named += [name for group in about["order"] for name in group["encoders"]]
    if strange := [name for name in named if name not in choices.encoders]:
        raise CatsightError(
            f"config: figures.published names the encoder '{strange[0]}', which the study does not "
            f"have; it has {', '.join(choices.encoders)}"
        )
    encoders = [choices.encoders[name] for name in dict.fromkeys(named)]
    result = {
        "source": about["source"],
        "rows": [_row(table, value, choices) for value in about["values"]],
        "untrained": [one["label"] for one in encoders if one["training"] == "untrained"],
        "order": [],
    }
    return result | (_order(table, about, choices) if about["order"] else {})


def _row(table: pd.DataFrame, value: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    layer = value.get("layer") or ALL_LAYERS
    view = value.get("view") or choices.focus
    wanted = {"encoder": value["encoder"], "metric": value["metric"], "layer": layer, "view": view}
    here = table[(table[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    if here.empty:
        raise CatsightError(
            f"config: figures.published asks for {', '.join(wanted.values())}, which is not in the "
            "study's metrics"
        )
    row = here.iloc[0]
    inside = "no interval"
    if row[["ci_low", "ci_high"]].notna().all():
        inside = "inside" if row["ci_low"] <= value["value"] <= row["ci_high"] else "outside"
    known = pd.notna(row["value"])
    return {
        "encoder": choices.encoders[value["encoder"]]["label"],
        "metric": choices.label(value["metric"]),
        "layer": "mean over layers" if layer == ALL_LAYERS else layer,
        "view": view,
        "value": value["value"],
        "printed": labels.signed(f"{value['value']}"),
        "cell": cell(row),
        "difference": labels.difference(row["value"] - value["value"]) if known else "",
        # in full, whatever numpy prints
        "sort": repr(float(row["value"] - value["value"])) if known else "",
        "inside": inside,
    }


def _order(table: pd.DataFrame, about: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    """Groups of encoders by the mean of their means over layers, as published and as found."""
    metric = about["order_metric"]
    means = select.summaries(table)
    means = means[(means["metric"] == metric) & (means["view"] == choices.focus)]
    if means.empty:
        raise CatsightError(
            f"config: figures.published.order_metric is '{metric}', which is not in the study's "
            "metrics"
        )
    value = means.set_index("encoder")["value"]
    found = {
        group["name"]: float(value.reindex(group["encoders"]).mean()) for group in about["order"]
    }
    sign = 1 if choices.distance(metric) else -1

    def place(name: str) -> tuple[bool, float]:
        unknown = pd.isna(found[name])
        return unknown, 0 if unknown else sign * found[name]

    theirs, ours = list(found), sorted(found, key=place)
    same = "The order is the same here." if ours == theirs else "The order is another one here."
    rows = [
        {
            "published": published,
            "here": here,
            "mean": "–" if pd.isna(found[here]) else labels.number(found[here], 3),
        }
        for published, here in zip(theirs, ours)
    ]
    return {"order": rows, "order_metric": choices.label(metric), "verdict": same}
