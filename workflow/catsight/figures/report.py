"""The report: the whole study in one HTML file that needs no network."""

import base64
import io
import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import yaml
from PIL import Image

from catsight import tables
from catsight.figures import captions, choices, findings, published, reading, template
from catsight.inputs.files import appearing
from catsight.tables.columns.frames import FRAMES

#: Cycles per degree up to which a cat resolves gratings, and the px per degree that a picture needs
#: to hold them.
CAT_LIMIT = 6
ENOUGH = 2 * CAT_LIMIT
#: A report should stay under this, to be sent by mail.
_BYTES = 15_000_000
_PHOTOS, _ROWS, _TABLES, _REJECTED = 60, 20_000, 40, 500
#: Pairs of pictures that look nearly alike, in a warning.
_ALIKE = 3


def render(
    spec: Mapping,
    *,
    frames: Sequence[Path],
    rejected: Path,
    metrics: Path,
    features: Sequence[Path],
    figures: Sequence[Path],
    attribution: Path | None = None,
    near: Path | None = None,
    matched: Sequence[Path] = (),
) -> str:
    """The HTML of a study's report, from its tables and figures (paths); the same text on every
    run.
    """
    from jinja2 import Environment, StrictUndefined

    rows = tables.read(metrics).to_pandas()
    about_frames = [name for name in FRAMES.names if name not in ("image", "depth", "partner")]
    seen = pd.concat(
        [tables.read(path, about_frames).to_pandas() for path in frames], ignore_index=True
    )
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    inputs = (
        {f"frames {path.stem}": path for path in frames}
        | {"metrics": metrics}
        | _feature_names(features)
    )
    divided = None if attribution is None else tables.read(attribution).to_pandas()
    if attribution is not None:
        inputs["attribution"] = attribution
    about = {name: tables.provenance(path) for name, path in inputs.items()}
    photos = _photos(seen, frames)
    pixels = resolution(spec, seen, [tables.provenance(path) | {"path": path} for path in features])
    left_out = tables.read(rejected).to_pylist()
    alike = [] if near is None else tables.read(near).to_pylist()
    blurs = [
        tables.provenance(path).get("matched", {}) | {"view": path.parent.name} for path in matched
    ]
    return environment.from_string(template.PAGE).render(
        style=template.STYLE,
        script=template.SCRIPT,
        spec=spec,
        focal=choices.focus(spec),
        compared=choices.compared(spec),
        n_frames=len(seen),
        n_groups=seen["group"].nunique(),
        found=findings.sentences(rows, spec, divided),
        warnings=warnings(rows, spec, pixels, left_out, blurs, alike),
        published=published.compared(rows, spec),
        shares=_shares(divided, spec),
        interval=findings.confidence(spec),
        figures=[_figure(path, spec) for path in figures],
        viewing=[_viewing(spec, view) for view in choices.views(spec)],
        fields=_fields(spec),
        resolution=pixels,
        enough=ENOUGH,
        limit=CAT_LIMIT,
        metrics=[choices.metric_label(metric) for metric in choices.metrics(rows)],
        summary=_wide(rows[rows["layer"] == choices.ALL_LAYERS], spec),
        layers=_layer_tables(rows[rows["layer"] != choices.ALL_LAYERS], spec),
        encoders=[{"name": name, **entry} for name, entry in choices.encoders(spec).items()],
        photos=photos[:_PHOTOS],
        photos_left=len(photos[_PHOTOS:]),
        rejected=left_out[:_REJECTED],
        rejected_left=len(left_out[_REJECTED:]),
        sources=[_source(name, entry) for name, entry in list(about.items())[:_TABLES]],
        sources_left=len(list(about)[_TABLES:]),
        versions=_versions([spec, *about.values()]),
    )


def write(html: str, path: str | os.PathLike) -> None:
    """Writes the report, whole or not at all; says so where it is too large to send around."""
    path = Path(path)
    data = html.encode()
    if len(data) > _BYTES:
        print(
            f"{path}: {len(data) / 1e6:.0f} MB is much; show fewer frames (figures.gallery)",
            file=sys.stderr,
        )
    with appearing(path) as part:
        part.write_bytes(data)


def resolution(spec: Mapping, frames: pd.DataFrame, features: Sequence[Mapping]) -> list[dict]:
    """Pixels per degree: in the frames as they come, and at every encoder's input, for each field
    of view of an eye.

    An encoder scales a frame's shorter side to ``size / crop`` px (the ``preprocessing`` that
    ``features`` tables state) and cuts ``size`` px out of its middle; the width spans the field of
    view. The lowest value over the frames is given.
    """
    fields = sorted(
        {
            looking["field_of_view"]
            for view in spec["views"]
            if (looking := choices.viewing(spec, view))
        }
    )
    wide = (frames["width"] / frames[["width", "height"]].min(axis=1)).min()
    found = {}
    for about in features:
        encoder = _encoder_of(about["path"], spec["encoders"])
        if encoder and "preprocessing" in about:
            found[encoder] = about["preprocessing"]
    rows = []
    for field in fields:
        narrowest = int(frames["width"].min())
        rows.append(
            _pixels("the frames themselves", f"from {narrowest} px wide", narrowest / field, field)
        )
        for encoder, entry in choices.encoders(spec).items():
            if encoder in found:
                size, crop = found[encoder]["size"], found[encoder].get("crop", 1)
                size = size if isinstance(size, int | float) else size[-1]
                what = f"{size:g} px" + (f", the middle {100 * crop:g} %" if crop < 1 else "")
                rows.append(_pixels(entry["label"], what, size / crop * wide / field, field))
    return rows


def warnings(
    rows: pd.DataFrame,
    spec: Mapping,
    pixels: Sequence[Mapping],
    rejected: Sequence,
    blurs: Sequence[Mapping],
    alike: Sequence[Mapping] = (),
) -> list[str]:
    """What a reader must know before believing the numbers; a sentence each."""
    found = []
    shown = choices.shown(rows, spec)
    groups = int(shown["n_groups"].min())
    if groups < findings.FEW_GROUPS:
        found.append(
            f"Only {groups} independent group{'s' * (groups != 1)} of frames: fewer than {findings.FEW_GROUPS}, so "
            "intervals are rough."
        )
    narrow = set(findings.TOO_NARROW) & set(shown["metric"])
    if spec["attribution"]["view"] and narrow and groups < findings.FEW_FOR_SHARES:
        found.append(
            f"With fewer than {findings.FEW_FOR_SHARES} groups, intervals of what is due to the parts of the eye are "
            "too narrow for unbiased CKA and RSA."
        )
    for reason, count in (
        shown.loc[shown["value"].isna(), "reason"].fillna("no reason given").value_counts().items()
    ):
        found.append(f"{count} of {len(shown)} values are missing: {reason}.")
    coarse = [row["label"] for row in pixels if not row["enough"]]
    if coarse:
        found.append(
            f"Under {ENOUGH} pixels per degree in {', '.join(dict.fromkeys(coarse))}: part of what a cat would lose is "
            "lost in the reference already. A smaller field of view helps."
        )
    for view in dict.fromkeys(blur["view"] for blur in blurs):
        of = [blur for blur in blurs if blur["view"] == view]
        unmatched, frames = (
            sum(blur.get(key, 0) for blur in of) for key in ("unmatched", "frames")
        )
        if unmatched:
            found.append(
                f"No blur moves {unmatched} of {frames} frames so far as “{spec['views'][view].get('match')}” does, so "
                f"“{view}” moves them less."
            )
    if alike:
        some = [f"{pair['frame_id']} and {pair['other_id']}" for pair in alike[:_ALIKE]]
        more = (
            [f"{len(alike) - _ALIKE} more in near_duplicates.parquet"]
            if len(alike) > _ALIKE
            else []
        )
        found.append(
            f"{len(alike)} pair{'s' * (len(alike) != 1)} of pictures of different groups look nearly alike "
            f"({'; '.join(some + more)}). Groups that share a picture are not independent, so intervals are narrower "
            "than they should be: leave one of each pair out, or put both into one group."
        )
    if rejected:
        found.append(
            f"{len(rejected)} file{'s' * (len(rejected) != 1)} could not be used; they are listed below."
        )
    config = yaml.safe_load(spec["config"]) or {}
    for name, entry in (config.get("encoders") or {}).items():
        if isinstance(entry, Mapping) and "factory" in entry:
            found.append(
                f"The encoder {name} was made by code of the study’s own, {entry['factory']}."
            )
    return found


def _shares(attribution: pd.DataFrame | None, spec: Mapping) -> list[dict]:
    """One row per encoder, pooling and metric of the means over layers: the whole loss, and each
    part's share.
    """
    if attribution is None:
        return []
    rows = attribution[attribution["layer"] == choices.ALL_LAYERS]
    found = []
    for name, about in choices.encoders(spec).items():
        for (pooling, metric), some in rows[rows["encoder"] == name].groupby(["pooling", "metric"]):
            cells = {row["part"]: _cell(row) for row in some.to_dict("records")}
            found.append({"encoder": about["label"], "pooling": pooling, "metric": choices.metric_label(metric),
                          "cells": [cells.get(part) for part in ("whole", *choices.PARTS)]})  # fmt: skip
    return found


def _pixels(label: str, what: str, density: float, field: float) -> dict:
    return {
        "label": label,
        "input": what,
        "field": field,
        "density": density,
        "enough": density >= ENOUGH,
    }


def _encoder_of(path: Path, names: Mapping) -> str | None:
    """The encoder that a features table belongs to: results/<study>/features/<encoder>/..."""
    return next(
        (part for part in (path.parent.parent.name, path.parent.name, path.stem) if part in names),
        None,
    )


def _feature_names(paths: Sequence[Path]) -> dict[str, Path]:
    return {f"features {' '.join([*path.parts[-3:-1], path.stem])}": path for path in paths}


# -- figures and photographs -----------------------------------------------------------------------


def _figure(path: Path, spec: Mapping) -> dict:
    title, *texts = captions.CAPTIONS.get(path.stem, (path.stem, "", path.stem))
    words = {
        "interval": findings.confidence(spec),
        "focal": choices.focus(spec),
        "reference": spec["reference"],
        "whole": spec["attribution"]["view"],
        "views": ", ".join(choices.views(spec)),
        "names": ", ".join(entry["label"] for entry in choices.encoders(spec).values()),
    }
    caption, alt = (text.format(**words) for text in texts)
    return {"id": path.stem, "title": title, "caption": caption, "alt": alt, "source": embed(path)}


def embed(path: Path) -> str:
    """A picture file as a ``data:`` address; a PNG as WebP, which is a fifth of it."""
    if path.suffix.lower() == ".svg":
        # as text: the pictures inside are base64 already, and would grow by another third
        return f"data:image/svg+xml;charset=utf-8,{quote(path.read_text(encoding='utf-8'), safe='/+=:;,?()!*')}"
    buffer = io.BytesIO()
    with Image.open(path) as image:
        image.convert("RGB").save(buffer, "WEBP", quality=88)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _photos(frames: pd.DataFrame, paths: Sequence[Path]) -> list[dict]:
    """Every photo once, with its credits; the first ones with a small picture."""
    keys = ["group", "title", "author", "licence", "link"]
    frames = frames.sort_values(["group", "frame_id"])
    photos = frames.groupby(keys, dropna=False, sort=True).agg(
        frame_id=("frame_id", "first"), count=("frame_id", "size")
    )
    rows = photos.reset_index().to_dict("records")
    pictures = reading.pictures(paths, {row["frame_id"] for row in rows[:_PHOTOS]}) if rows else {}
    for row in rows:
        for key in keys:
            row[key] = row[key] if isinstance(row[key], str) and row[key] else None
        row["title"] = row["title"] or row["group"]
        row["link"] = (
            row["link"] if row["link"] and row["link"].startswith(("https://", "http://")) else None
        )
        if row["frame_id"] in pictures:
            row["source"] = _thumbnail(pictures[row["frame_id"]])
    return rows


def _thumbnail(picture, side: int = 240) -> str:
    buffer = io.BytesIO()
    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    image.save(buffer, "JPEG", quality=82)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


# -- tables ----------------------------------------------------------------------------------------


def _wide(rows: pd.DataFrame, spec: Mapping) -> list[dict]:
    """One row per encoder, pooling, layer and view; a cell per metric."""
    names = choices.metrics(rows) if len(rows) else []
    encoders, views = list(choices.encoders(spec)), [*choices.compared(spec)]
    known = rows[rows["encoder"].isin(encoders) & rows["view"].isin(views)]
    known = known[known["reference"] == spec["reference"]]
    known = known.assign(
        place=known["encoder"].map(encoders.index),
        at=known["layer_index"].fillna(-1),
        column=known["view"].map(views.index),
    )
    wide = []
    for (place, pooling, _, column), some in known.groupby(
        ["place", "pooling", "at", "column"], sort=True
    ):
        first = some.iloc[0]
        cells = {row["metric"]: _cell(row) for row in some.to_dict("records")}
        wide.append({
            "encoder": spec["encoders"][encoders[place]]["label"],
            "pooling": pooling,
            "layer": first["layer"],
            "depth": None if pd.isna(first["depth"]) else f"{first['depth']:.2f}",
            "view": views[column],
            "cells": [cells.get(metric) for metric in names],
        })  # fmt: skip
    return wide


def _cell(row: Mapping) -> dict:
    reason = (
        row["reason"] if isinstance(row["reason"], str) and row["reason"] else "no reason given"
    )
    if pd.isna(row["value"]):
        return {"sort": "", "value": "–", "note": f"no value: {reason}"}
    known = pd.notna(row["ci_low"]) and pd.notna(row["ci_high"])
    note = f"{row['ci_low']:.3f} to {row['ci_high']:.3f}" if known else f"no interval: {reason}"
    return {"sort": repr(float(row["value"])), "value": f"{row['value']:.3f}", "note": note}


def _layer_tables(rows: pd.DataFrame, spec: Mapping) -> list[dict]:
    """One table per encoder; none where they would make the report heavy (the rows are in
    metrics.parquet).
    """
    if len(rows) > _ROWS:
        return []
    return [
        {"label": entry["label"], "rows": _wide(rows[rows["encoder"] == encoder], spec)}
        for encoder, entry in choices.encoders(spec).items()
    ]


# -- viewing conditions ----------------------------------------------------------------------------


def _viewing(spec: Mapping, view: str) -> dict:
    config = spec["views"][view]
    looking = choices.viewing(spec, view)
    if looking is None:
        about = {
            "original": "the frame as photographed, unfiltered",
            "catvision": "the published filter of arXiv 2511.02404, from the package catvision",
            "paired": "the picture that was recorded with each frame",
            "greyscale": f"what “{spec['reference']}” delivers, without colour",
            "jpeg": f"what “{spec['reference']}” delivers, as a JPEG of quality {config.get('quality', 50)}",
            "blur": f"what “{spec['reference']}” delivers, blurred until each frame lies as far from it as “"
            f"{config.get('match')}” does (root mean square of the pixels)",
        }.get(config["filter"], f"the filter {config['filter']}")
    else:
        about = f"a {config['eye']} eye" + "".join(
            f", with the {part} of a {other} eye"
            for part, other in sorted(config.get("swap", {}).items())
        )
    role = "reference" if view == spec["reference"] else "compared"
    return {"name": view, "about": about, "role": role, "looking": looking}


def _fields(spec: Mapping) -> list[dict]:
    """Each field of view, and how wide a picture one metre away fills it, in cm."""
    fields = {
        looking["field_of_view"]
        for view in spec["views"]
        if (looking := choices.viewing(spec, view))
    }
    return [
        {"degrees": field, "width": 200 * math.tan(math.radians(field / 2))}
        for field in sorted(fields)
    ]


# -- provenance ------------------------------------------------------------------------------------


def _source(name: str, about: Mapping) -> dict:
    facts = {key: about[key] for key in ("device", "precision") if isinstance(about.get(key), str)}
    return {
        "name": name,
        "rows": about.get("rows"),
        "content": about.get("content", ""),
        "facts": facts,
    }


def _versions(abouts: Sequence) -> list[tuple[str, str]]:
    """All library versions that stand anywhere in the specs, once."""
    found: set[tuple[str, str]] = set()

    def gather(value) -> None:
        if isinstance(value, Mapping):
            versions = value.get("versions")
            if isinstance(versions, Mapping):
                found.update((str(name), str(version)) for name, version in versions.items())
            for child in value.values():
                gather(child)

    for about in abouts:
        gather(about)
    return sorted(found)
