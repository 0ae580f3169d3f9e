"""The report's tables: means over layers, layers, contrasts, parts of the eye, resolution."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from catsight.figures import labels, reading, verdicts
from catsight.figures.choices import Choices
from catsight.tables.names import ALL_LAYERS, WHOLE

#: Grating acuity of a cat in cycles per degree, and the px per degree that a picture needs to hold
#: such a grating.
CAT_LIMIT = 6
ENOUGH = 2 * CAT_LIMIT
#: A frame that is narrower than this many of these cycles is nearly blank to a cat.
FEW_CYCLES = 12
#: What the table of pixels per degree calls the frames before an encoder scales them.
FRAMES = "the frames themselves"
#: The kinds of contrasts that the report shows (of layers there are too many), and their titles.
KINDS = {
    "view": "Views",
    "encoder": "Encoders",
    "family": "Families",
    "training": "Kinds of training",
    "part": "Parts of the eye",
    "dose": "Doses",
}
#: More rows than this would make the report heavy.
_ROWS = 20_000


def wide(rows: pd.DataFrame, choices: Choices) -> list[dict[str, Any]]:
    """One row per encoder, pooling, layer and view of a table of metrics; a cell per metric."""
    names = choices.metrics(rows)
    encoders, views = list(choices.encoders), list(choices.compared)
    known = rows[rows["encoder"].isin(encoders) & rows["view"].isin(views)]
    known = known[known["reference"] == choices.reference]
    known = known.assign(
        encoder_place=known["encoder"].map(encoders.index),
        layer_place=known["layer_index"].fillna(-1),
        view_place=known["view"].map(views.index),
    )
    result = []
    keys = ["encoder_place", "pooling", "layer_place", "view_place"]
    for _, some in known.groupby(keys, sort=True):
        first = some.iloc[0]
        cells = {row["metric"]: cell(row) for row in some.to_dict("records")}
        result.append(
            {
                "encoder": choices.encoders[first["encoder"]]["label"],
                "pooling": first["pooling"],
                "layer": first["layer"],
                "depth": None if pd.isna(first["depth"]) else f"{first['depth']:.2f}",
                "view": first["view"],
                "cells": [cells.get(metric) for metric in names],
            }
        )
    return result


def by_encoder(rows: pd.DataFrame, choices: Choices) -> list[dict[str, Any]]:
    """One table per encoder; none if they would make the report heavy."""
    if len(rows) > _ROWS:
        return []
    return [
        {"label": about["label"], "rows": wide(rows[rows["encoder"] == encoder], choices)}
        for encoder, about in choices.encoders.items()
    ]


def shares(attribution: pd.DataFrame | None, choices: Choices) -> list[dict[str, Any]]:
    """One row per encoder, pooling and metric of the means over layers: the whole loss, and the
    share of each part.
    """
    if attribution is None:
        return []
    rows = attribution[attribution["layer"] == ALL_LAYERS]
    result = []
    for name, about in choices.encoders.items():
        for (pooling, metric), some in rows[rows["encoder"] == name].groupby(["pooling", "metric"]):
            cells = {row["part"]: cell(row) for row in some.to_dict("records")}
            result.append(
                {
                    "encoder": about["label"],
                    "pooling": pooling,
                    "metric": choices.label(metric),
                    "cells": [cells.get(part) for part in (WHOLE, *choices.parts)],
                }
            )
    return result


def contrasts(table: pd.DataFrame, choices: Choices) -> list[dict[str, Any]]:
    """One table per kind of contrast: a row for each difference, with its verdict.

    Of encoders, families and kinds of training those by the view in focus.
    """
    table = table[table["metric"].isin(list(choices.measures))]
    elsewhere = table["kind"].isin(["encoder", "family", "training"])
    table = table[~elsewhere | (table["view_a"] == choices.focus)]
    if len(table) > _ROWS:
        return []
    result = []
    for kind, label in KINDS.items():
        rows = table[table["kind"] == kind].to_dict("records")
        if rows:
            result.append({"label": label, "rows": [_contrast(row, choices) for row in rows]})
    return result


def _contrast(row: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    one = verdicts.contrast(row, choices)
    ratio = {"sort": "", "value": "–", "note": ""}
    if one.ratio is not None:
        value = labels.factor(one.ratio)
        ratio = {"sort": repr(one.ratio), "value": value, "note": one.interval}
    p = {"sort": "", "value": "–", "note": ""}
    if one.p is not None:
        p = {
            "sort": repr(one.p),
            "value": f"{one.p:.3f}" if one.p >= 0.001 else "< 0.001",
            "note": "",
        }
    return {
        "first": one.first,
        "second": one.second,
        "where": _where(row, choices),
        "metric": choices.label(row["metric"]),
        "cells": [ratio, p],
        "verdict": verdicts.words(one, choices),
    }


def _where(row: Mapping[str, Any], choices: Choices) -> str:
    """In which encoder, by which view or along which sweep two values are compared."""
    if row["kind"] in ("encoder", "family", "training"):
        return f"“{row['view_a']}”"
    encoder = row["encoder_a"]
    known = isinstance(encoder, str) and encoder in choices.encoders
    where = choices.encoders[encoder]["label"] if known else "mean over encoders"
    return f"{where}, {row['swept']}" if isinstance(row["swept"], str) else where


def cell(row: Mapping[str, Any] | pd.Series) -> dict[str, str]:
    """A row's value as the report prints it, the key to sort it by, and its interval or why there
    is none.
    """
    if pd.isna(row["value"]):
        return {"sort": "", "value": "–", "note": f"no value: {labels.reason(row)}"}
    note = f"no interval: {labels.reason(row)}"
    if pd.notna(row["ci_low"]) and pd.notna(row["ci_high"]):
        note = f"{labels.number(row['ci_low'], 3)} to {labels.number(row['ci_high'], 3)}"
    value = labels.number(row["value"], 3)
    return {"sort": repr(float(row["value"])), "value": value, "note": note}


def fields_of_view(choices: Choices) -> list[float]:
    """The fields of view of the eyes, in degrees."""
    fields = (view["field_of_view"] for view in choices.views.values())
    return sorted({field for field in fields if field is not None})


def resolution(
    choices: Choices, frames: pd.DataFrame, features: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Pixels per degree in the frames as they come and at every encoder's input, for each field of
    view.

    ``features``: for each table of features its ``path``, and the ``preprocessing`` of its encoder.
    An encoder scales a frame's shorter side to ``size / crop`` px and cuts ``size`` px out of its
    middle; the width spans the field of view. Each row has the lowest value over the frames, and
    says which frames have too few pixels.
    """
    broad = frames["width"] / frames[["width", "height"]].min(axis=1)
    found = {}
    for about in features:
        encoder = _encoder_of(about["path"], choices)
        if encoder and "preprocessing" in about:
            found[encoder] = about["preprocessing"]
    rows = []
    for field in fields_of_view(choices):
        what = f"from {frames['width'].min()} px wide"
        rows.append(_pixels(FRAMES, what, frames["width"] / field, field, frames))
        for encoder, about in choices.encoders.items():
            if encoder not in found:
                continue
            size, crop = found[encoder]["size"], found[encoder].get("crop", 1)
            size = size if isinstance(size, int | float) else size[-1]
            what = f"{size:g} px" + (f", the middle {100 * crop:g} %" if crop < 1 else "")
            rows.append(_pixels(about["label"], what, size / crop * broad / field, field, frames))
    return rows


def _pixels(
    label: str, what: str, density: pd.Series, field: float, frames: pd.DataFrame
) -> dict[str, Any]:
    """One row: ``density`` holds the pixels per degree of each of the ``frames``."""
    return {
        "label": label,
        "input": what,
        "field": field,
        "density": density.min(),
        "enough": density.min() >= ENOUGH,
        "coarse": _which(frames[density < ENOUGH], len(frames)),
        "cycles": CAT_LIMIT * field,
        "tiny": CAT_LIMIT * field < FEW_CYCLES,
    }


def _which(some: pd.DataFrame, of: int) -> str:
    """How many of all frames these are, and the first: ``2 of 38 frames (first: “a.jpg”)``."""
    if len(some) == of:
        return f"all {of} frames" if of > 1 else "the only frame"
    if some.empty:
        return ""
    first = next(iter(reading.titles(some).values()))
    return f"{len(some)} of {of} frames (first: “{first}”)"


def _encoder_of(path: Path, choices: Choices) -> str | None:
    """The encoder that a table of features belongs to: results/<study>/features/<encoder>/..."""
    for part in (path.parent.parent.name, path.parent.name, path.stem):
        if part in choices.encoders:
            return part
    return None
