"""The report's figures, photographs, viewing conditions and provenance."""

import base64
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
from PIL import Image

from catsight.errors import CatsightError
from catsight.figures import labels, reading
from catsight.figures.choices import Choices
from catsight.figures.report_tables import fields_of_view
from catsight.run.figure_specs import ReportFigure

#: Said of the maps if there are several encoders.
_TOGETHER = " Below, the layers of all encoders against one another."


def figure(path: Path, figures: Sequence[ReportFigure], choices: Choices) -> dict[str, str]:
    """The figure in a file: its title, caption and alternative text, and the file as an address.

    Raises :class:`CatsightError` if the file is not one of the ``figures``.
    """
    about = {one["name"]: one for one in figures}.get(path.stem)
    if about is None:
        raise CatsightError(
            f"{path} is not a figure of this study, which has "
            f"{', '.join(one['name'] for one in figures)}"
        )
    words = {
        "interval": labels.interval(choices),
        "focal": choices.focus,
        "reference": choices.reference,
        "attribution_view": choices.attribution["view"],
        "views": ", ".join(choices.views),
        "encoders": ", ".join(entry["label"] for entry in choices.encoders.values()),
        "together": _TOGETHER if len(choices.encoders) > 1 else "",
        "of_this_size": _of_this_size(choices),
    }
    return {
        "id": about["name"],
        "title": about["title"],
        "caption": about["caption"].format(**words),
        "alt": about["alt"].format(**words),
        "source": embed(path),
    }


def _of_this_size(choices: Choices) -> str:
    """In brackets, the measures whose interval is of the value of a study of the same size."""
    measures = [one["label"] for one in choices.measures.values() if one["depends_on_n"]]
    if not measures:
        return ""
    return f" (for {labels.listed(measures)}: the value of another study of this size)"


def embed(path: Path) -> str:
    """A picture file as a ``data:`` address; a PNG as WebP, a fifth of its size."""
    if path.suffix.lower() == ".svg":
        # as text: the pictures inside are base64 already, and would grow by another third
        text = quote(path.read_text(encoding="utf-8"), safe="/+=:;,?()!*")
        return f"data:image/svg+xml;charset=utf-8,{text}"
    buffer = io.BytesIO()
    with Image.open(path) as image:
        image.convert("RGB").save(buffer, "WEBP", quality=88)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def photos(frames: pd.DataFrame, paths: Sequence[Path], most: int) -> list[dict[str, Any]]:
    """Every photograph once, with its credits; the first ``most`` with a small picture.

    ``frames``: the rows of all frames; ``paths``: their shards.
    """
    keys = ["group", "title", "author", "licence", "link"]
    frames = frames.sort_values(["group", "frame_id"])
    of_photo = frames.groupby(keys, dropna=False, sort=True)["frame_id"]
    rows = of_photo.agg(frame_id="first", count="size").reset_index().to_dict("records")
    pictures = reading.pictures(paths, {row["frame_id"] for row in rows[:most]}) if rows else {}
    for row in rows:
        for key in keys:
            row[key] = row[key] if isinstance(row[key], str) and row[key] else None
        row["title"] = row["title"] or row["group"]
        if row["link"] and not row["link"].startswith(("https://", "http://")):
            row["link"] = None
        if row["frame_id"] in pictures:
            row["source"] = _thumbnail(pictures[row["frame_id"]])
    return rows


def _thumbnail(picture: np.ndarray, side: int = 240) -> str:
    buffer = io.BytesIO()
    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    image.save(buffer, "JPEG", quality=82)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def viewing(choices: Choices) -> list[dict[str, Any]]:
    """What each view is, and an eye's viewing conditions."""
    return [
        {
            "name": name,
            "about": view["about"],
            "question": choices.question(name),
            "role": "reference" if name == choices.reference else "compared",
            "looking": view["viewing"],
        }
        for name, view in choices.views.items()
    ]


def fields(choices: Choices) -> list[dict[str, Any]]:
    """Each field of view in degrees, and how wide a picture one metre away fills it."""
    return [
        {"degrees": field, "width": labels.length(200 * math.tan(math.radians(field / 2)))}
        for field in fields_of_view(choices)
    ]


def source(name: str, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """The report's entry on one table that it was made from."""
    made_with = {key: provenance.get(key) for key in ("device", "precision")}
    return {
        "name": name,
        "rows": provenance.get("rows"),
        "content": provenance.get("content", ""),
        "facts": {key: value for key, value in made_with.items() if isinstance(value, str)},
    }


def versions(abouts: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Every package and version that ``abouts`` hold at any depth, once."""
    return sorted({found for about in abouts for found in _versions(about)})


def _versions(value: object) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping):
        return
    versions = value.get("versions")
    if isinstance(versions, Mapping):
        for name, version in versions.items():
            yield str(name), str(version)
    for child in value.values():
        yield from _versions(child)
