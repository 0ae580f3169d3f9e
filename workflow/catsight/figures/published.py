"""A study's values beside published ones."""

from collections.abc import Mapping

import pandas as pd

from catsight.errors import CatsightError
from catsight.figures import choices


def compared(metrics: pd.DataFrame, spec: Mapping) -> dict | None:
    """What the report says of the published values in ``spec``; None where the study has none.

    ``rows``, one to a published value, with the study's own, the difference (ours minus theirs) and
    whether the published value lies inside the study's interval; the ``order`` of groups of
    encoders by their mean, published and here; and the labels of ``untrained`` encoders among them.
    Raises :class:`CatsightError` for a value of an encoder, layer or metric that the study does not
    have.
    """
    about = spec["published"]
    if about is None:
        return None
    shown = choices.shown(metrics, spec)
    named = [value["encoder"] for value in about["values"]]
    named += [name for group in about["order"] for name in group["encoders"]]
    if strange := [name for name in named if name not in spec["encoders"]]:
        raise CatsightError(
            f"config: figures.published names the encoder '{strange[0]}', which the study does not have"
        )
    untrained = [
        name for name in dict.fromkeys(named) if spec["encoders"][name]["training"] == "untrained"
    ]
    result = {
        "source": about["source"],
        "rows": [_row(shown, value, spec) for value in about["values"]],
        "untrained": [spec["encoders"][name]["label"] for name in untrained],
        "order": [],
    }
    return result | (_order(shown, about, spec) if about["order"] else {})


def _row(shown: pd.DataFrame, value: Mapping, spec: Mapping) -> dict:
    layer, view = value.get("layer", choices.ALL_LAYERS), value.get("view", choices.focus(spec))
    wanted = {"encoder": value["encoder"], "metric": value["metric"], "layer": layer, "view": view}
    here = shown[(shown[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    if here.empty:
        raise CatsightError(
            f"config: figures.published asks for {', '.join(wanted.values())}, which is not in the study's metrics"
        )
    row = here.iloc[0]
    known, interval = pd.notna(row["value"]), row[["ci_low", "ci_high"]].notna().all()
    inside = "no interval"
    if interval:
        inside = "inside" if row["ci_low"] <= value["value"] <= row["ci_high"] else "outside"
    return {
        "encoder": spec["encoders"][value["encoder"]]["label"],
        "metric": choices.metric_label(value["metric"]),
        "layer": "mean over layers" if layer == choices.ALL_LAYERS else layer,
        "view": view,
        "value": value["value"],
        "cell": {
            "sort": repr(float(row["value"])) if known else "",
            "value": f"{row['value']:.3f}" if known else "–",
            "note": f"{row['ci_low']:.3f} to {row['ci_high']:.3f}"
            if interval
            else f"no interval: {row['reason']}",
        },
        "difference": f"{row['value'] - value['value']:+.3f}" if known else "",
        "inside": inside,
    }


def _order(shown: pd.DataFrame, about: Mapping, spec: Mapping) -> dict:
    """Groups of encoders by the mean of their means over layers, as published and as found."""
    metric = about["order_metric"]
    means = choices.summaries(shown)
    means = means[(means["metric"] == metric) & (means["view"] == choices.focus(spec))].set_index(
        "encoder"
    )["value"]
    if means.empty:
        raise CatsightError(
            f"config: figures.published.order_metric is '{metric}', which is not in the study's metrics"
        )
    found = {
        group["name"]: float(means.reindex(group["encoders"]).mean()) for group in about["order"]
    }
    names = list(found)
    here = sorted(
        names, key=lambda name: (pd.isna(found[name]), -found[name] if pd.notna(found[name]) else 0)
    )
    if choices.distance(metric):
        here = sorted(names, key=lambda name: (pd.isna(found[name]), found[name]))
    verdict = "The order is the same here." if here == names else "The order is another one here."
    rows = [
        {
            "published": theirs,
            "here": ours,
            "mean": "–" if pd.isna(found[ours]) else f"{found[ours]:.3f}",
        }
        for theirs, ours in zip(names, here)
    ]
    return {"order": rows, "order_metric": choices.metric_label(metric), "verdict": verdict}
