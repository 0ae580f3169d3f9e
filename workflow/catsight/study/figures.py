"""Figures: which ones a study has, and the specs of the jobs that draw them."""

from collections.abc import Collection
from typing import Any

import yaml

from catsight.errors import CatsightError
from catsight.study.parts import PART_LABELS
from catsight.run.figure_specs import (
    FiguresSpec,
    ReportSpec,
    ShownAttribution,
    ShownEncoder,
    ShownView,
)
from catsight.study.config import Config
from catsight.study.figures_registry import FIGURES, Figure
from catsight.study.filters import FILTERS
from catsight.study.measures import MEASURES
from catsight.study.metrics import result_tables
from catsight.study.resolved import Resolved
from catsight.study.spec import ROOTS, made_of
from catsight.study.views import viewing

_PACKAGES = ("matplotlib", "pandas", "numpy", "scipy", "pillow")


def figures(study: Resolved) -> list[Figure]:
    """The figures that this study has, in the report's order."""
    tables = result_tables(study)
    absent = {
        "changes": len(study.compared_views) < 2,
        "parts": study.swaps.view is None,
        "eyes": not study.eye_views,
    }
    return [
        figure
        for figure in FIGURES.values()
        if not absent.get(figure.name) and (figure.table is None or figure.table in tables)
    ]


def figure_spec(study: Resolved, name: str) -> FiguresSpec:
    """The spec of the job that draws one figure, or writes the tables of numbers."""
    return _shown(study, (f"figures.{name}",), _PACKAGES)


def report_spec(study: Resolved) -> ReportSpec:
    """The spec of the job that writes the report, which prints the configuration."""
    settings = study.config.figures
    shown = _shown(study, ROOTS["report"], (*_PACKAGES, "jinja2"))
    config = study.config.dump()
    return {
        **shown,
        "title": settings.title,
        "published": config["figures"]["published"],
        "figures": [
            {"name": one.name, "title": one.title, "caption": one.caption, "alt": one.alt}
            for one in figures(study)
        ],
        "config": yaml.safe_dump(config, sort_keys=True, allow_unicode=True),
    }


def check_published(study: Resolved) -> None:
    """Raises :class:`CatsightError` if ``figures.published`` names what the study does not have."""
    published = study.config.figures.published
    if published is None:
        return
    metrics = study.config.metrics.names
    asked: list[tuple[str, str, Collection[str]]] = []
    for value in published.values:
        asked.append(("encoder", value.encoder, study.encoders))
        asked.append(("metric", value.metric, metrics))
        if value.view is not None:
            asked.append(("view", value.view, study.compared_views))
    for group in published.order:
        asked += [("encoder", name, study.encoders) for name in group.encoders]
        asked.append(("metric", published.order_metric, metrics))
    for what, name, known in asked:
        if name not in known:
            raise CatsightError(
                f"config: figures.published names the {what} '{name}', which this study does not "
                f"have; it has {', '.join(known)}"
            )


def _shown(study: Resolved, roots: tuple[str, ...], packages: tuple[str, ...]) -> FiguresSpec:
    """The spec that all figures share."""
    config = study.config
    used = {*config.metrics.names, *config.metrics.maps.metrics}
    attribution: ShownAttribution = {
        "view": study.swaps.view,
        "whole": study.swaps.whole,
        "swaps": study.swaps.singles,
    }
    return {
        "study": study.name,
        "reference": study.reference,
        "gallery": config.figures.gallery,
        "pooling": config.figures.pooling,
        "dpi": config.figures.dpi,
        "confidence": config.metrics.confidence,
        "views": {name: _view(config, name) for name in study.views},
        "encoders": {name: _encoder(entry) for name, entry in study.encoders.items()},
        "measures": [one.shown for one in MEASURES.values() if one.name in used],
        "parts": [{"name": name, "label": label} for name, label in PART_LABELS.items()],
        "attribution": attribution,
        **made_of(roots, packages),
    }


def _encoder(entry: dict[str, Any]) -> ShownEncoder:
    return {
        "label": entry["label"],
        "family": entry["family"],
        "training": entry["training"],
        "licence": entry.get("licence", ""),
        "note": entry.get("note", ""),
    }


def _view(config: Config, name: str) -> ShownView:
    """The facts about a view that figures and report print."""
    given = config.views[name].given
    if "eye" in given:
        looking = viewing(given, config)
        swaps = sorted(given.get("swap", {}).items())
        parts = "".join(f", with the {part} of a {other} eye" for part, other in swaps)
        return {
            "label": _conditions(looking),
            "about": f"a {given['eye']} eye{parts}",
            "eye": True,
            "control": False,
            "original": False,
            "match": None,
            "viewing": looking,
        }
    record = FILTERS[given["filter"]]
    words = {"reference": config.reference, **record.keys, **given}
    return {
        "label": record.label.format(**words),
        "about": record.about.format(**words),
        "eye": False,
        "control": record.control,
        "original": record.name == "original",
        "match": words.get("match"),
        "viewing": None,
    }


def _conditions(looking: dict[str, Any]) -> str:
    """Viewing conditions in a few words: ``100 cd/m², 16°``."""
    words = [f"{looking['luminance']:g} cd/m²", f"{looking['field_of_view']:g}°"]
    if looking["defocus"]:
        words.append(f"{looking['defocus']:+g} D")
    if looking["photon_noise"] is not None:
        words.append("photon noise")
    if looking["eccentricity"]:
        words.append("acuity falling off")
    return ", ".join(words)
