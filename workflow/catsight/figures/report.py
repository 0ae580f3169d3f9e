"""The report: the whole study in one HTML file that needs no network."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from catsight import tables
from catsight.errors import say
from catsight.figures import (
    findings,
    labels,
    page,
    published,
    report_sections,
    report_tables,
    report_warnings,
    style,
)
from catsight.figures.choices import Choices
from catsight.inputs.files import appearing
from catsight.run.figure_specs import ReportSpec
from catsight.tables.names import ALL_LAYERS

#: A report should stay smaller than this, to be sent by mail.
_BYTES = 15_000_000
#: The most of each that the report shows; it counts the rest.
_PHOTOS, _TABLES, _REJECTED = 60, 40, 500
#: What the page's own sentences use.
_WORDS = {
    "counted": labels.counted,
    "condition": labels.condition,
    "families": style.FAMILIES,
}
#: The columns that it reads of the table of frames.
_FRAME_COLUMNS = [
    "frame_id",
    "group",
    "width",
    "height",
    "title",
    "author",
    "licence",
    "link",
    "note",
]


def render(
    spec: ReportSpec,
    *,
    frames: Sequence[Path],
    rejected: Path,
    metrics: Path,
    contrasts: Path,
    best: Path,
    features: Sequence[Path],
    figures: Sequence[Path],
    attribution: Path | None = None,
    physiology: Path | None = None,
    renderings: Path | None = None,
    readout: Path | None = None,
    near: Path | None = None,
    matched: Sequence[Path] = (),
) -> str:
    """The HTML of a study's report, from paths to its tables and figures; the same text on every
    run.
    """
    choices = Choices(spec)
    rows = tables.read(metrics).to_pandas()
    seen = _concatenated(frames, _FRAME_COLUMNS)
    optional = {"attribution": attribution, "physiology": physiology, "renderings": renderings}
    optional |= {"readout": readout}
    photos = report_sections.photos(seen, frames, _PHOTOS)
    about_features = [tables.provenance(path) | {"path": path} for path in features]
    pixels = report_tables.resolution(choices, seen, about_features)
    left_out = tables.read(rejected).to_pylist()
    inputs = {f"frames {path.stem}": path for path in frames}
    inputs |= {"metrics": metrics, "contrasts": contrasts, "best": best} | _named(features)
    inputs |= {name: path for name, path in optional.items() if path}
    further = {name: _optional(path) for name, path in optional.items()}
    provenance = {name: tables.provenance(path) for name, path in inputs.items()}
    sources = [report_sections.source(name, about) for name, about in provenance.items()]
    return page.render(
        spec=spec,
        focal=choices.focus,
        compared=choices.compared,
        n_frames=len(seen),
        n_groups=seen["group"].nunique(),
        warnings=[
            *report_warnings.of_numbers(rows, choices),
            *report_warnings.of_notes(seen),
            *_warnings(pixels, matched, near, left_out, choices),
        ],
        published=published.compared(rows, spec["published"], choices),
        interval=labels.interval(choices),
        words=_WORDS,
        figures=[report_sections.figure(path, spec["figures"], choices) for path in figures],
        encoders=list(choices.encoders.values()),
        sources=sources[:_TABLES],
        sources_left=len(sources[_TABLES:]),
        versions=report_sections.versions([spec, *provenance.values()]),
        **_pictures(photos, left_out),
        **_conditions(pixels, choices),
        **_found(rows, contrasts, best, further, choices),
        **_numbers(rows, further["attribution"], choices),
    )


def write(html: str, path: str | os.PathLike[str]) -> None:
    """Writes the report, whole or not at all; says on standard error if it is too large to send."""
    path = Path(path)
    data = html.encode()
    if len(data) > _BYTES:
        say(
            f"{path} has {len(data) / 1e6:.0f} MB, too much to send by mail; a smaller "
            "figures.gallery shows fewer frames"
        )
    with appearing(path) as part:
        part.write_bytes(data)


def _concatenated(paths: Sequence[Path], columns: Sequence[str] | None = None) -> pd.DataFrame:
    parts = [tables.read(path, columns).to_pandas() for path in paths]
    return pd.concat(parts, ignore_index=True)


def _optional(path: Path | None) -> pd.DataFrame | None:
    return tables.read(path).to_pandas() if path else None


def _named(features: Sequence[Path]) -> dict[str, Path]:
    """Tables of features by encoder, view and shard."""
    return {f"features {' '.join([*path.parts[-3:-1], path.stem])}": path for path in features}


def _matched(matched: Sequence[Path]) -> list[dict[str, Any]]:
    """How well each shard of the matched controls is matched, and its view."""
    return [
        tables.provenance(path).get("matched", {}) | {"view": path.parent.name} for path in matched
    ]


def _warnings(
    pixels: list[dict[str, Any]],
    matched: Sequence[Path],
    near: Path | None,
    left_out: Sequence[Any],
    choices: Choices,
) -> list[str]:
    """Warnings of what the pictures and views are."""
    return [
        *report_warnings.of_conditions(choices),
        *report_warnings.of_resolution(pixels),
        *report_warnings.of_matched(_matched(matched), choices),
        *report_warnings.of_pictures(tables.read(near).to_pylist() if near else [], left_out),
        *report_warnings.of_code(choices),
    ]


def _pictures(photos: list[dict[str, Any]], rejected: list[dict[str, Any]]) -> dict[str, Any]:
    """The photographs, and the files that could not be used: of many some, and how many more."""
    return {
        "photos": photos[:_PHOTOS],
        "photos_left": len(photos[_PHOTOS:]),
        "rejected": rejected[:_REJECTED],
        "rejected_left": len(rejected[_REJECTED:]),
    }


def _found(
    rows: pd.DataFrame,
    contrasts: Path,
    best: Path,
    further: Mapping[str, pd.DataFrame | None],
    choices: Choices,
) -> dict[str, Any]:
    """The section "What was found", its notice above, and the tables of contrasts; ``further``
    tables by name, None if the study has no such.
    """
    compared, candidates = (tables.read(path).to_pandas() for path in (contrasts, best))
    return {
        "notice": findings.notice(rows, choices),
        "found": findings.sentences(rows, choices, contrasts=compared, best=candidates, **further),
        "contrasts": report_tables.contrasts(compared, choices),
    }


def _conditions(pixels: list[dict[str, Any]], choices: Choices) -> dict[str, Any]:
    """The section "Viewing conditions"."""
    return {
        "viewing": report_sections.viewing(choices),
        "fields": report_sections.fields(choices),
        "resolution": pixels,
        "enough": report_tables.ENOUGH,
        "limit": report_tables.CAT_LIMIT,
    }


def _numbers(rows: pd.DataFrame, shares: pd.DataFrame | None, choices: Choices) -> dict[str, Any]:
    """The section "The numbers": its tables, and the headings of their columns."""
    return {
        "measures": [choices.measure(metric) for metric in choices.metrics(rows)],
        "summary": report_tables.wide(rows[rows["layer"] == ALL_LAYERS], choices),
        "layers": report_tables.by_encoder(rows[rows["layer"] != ALL_LAYERS], choices),
        "parts": [f"{label[:1].upper()}{label[1:]}" for label in choices.parts.values()],
        "shares": report_tables.shares(shares, choices),
    }
