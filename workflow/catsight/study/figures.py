"""Figures: which ones a study has, and the specs of the jobs that draw them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import yaml

from catsight.errors import CatsightError
from catsight.run.figure_specs import (
    FigureAttribution,
    FigureEncoder,
    FigureSpec,
    FigureView,
    ReportSpec,
)
from catsight.run.specs import Spec
from catsight.study.config import Config
from catsight.study.figure import Figure
from catsight.study.figures_registry import FIGURES, REPORT, TABLES
from catsight.study.filters import FILTERS
from catsight.study.frames import moves
from catsight.study.measures import MEASURES
from catsight.study.metrics import result_tables
from catsight.study.parts import PART_LABELS
from catsight.study.resolved import Resolved
from catsight.study.spec import ROOTS, made_of
from catsight.study.views import viewing

_DRAWING = ("matplotlib", "pandas", "numpy", "scipy", "pillow")
_WRITING = ("pandas", "numpy")
#: The facts about views, encoders and measures that the report alone prints.
_REPORT_ONLY = ("about", "change", "viewing", "licence", "note", "depends_on_n")


def figures(study: Resolved) -> list[Figure]:
    """The figures that this study has, in the report's order."""
    tables = result_tables(study)
    return [
        figure
        for figure in FIGURES.values()
        if figure.wanted(study) and (figure.table is None or figure.table in tables)
    ]


def figure_spec(study: Resolved, name: str) -> FigureSpec:
    """The spec of the job that draws one figure, or writes the tables of numbers."""
    facts = _facts(study, without=_REPORT_ONLY)
    if name == "tables":
        return _with(TABLES, facts, made_of(("figures.tables",), _WRITING))
    return _with((*FIGURES[name].reads, "dpi"), facts, made_of((f"figures.{name}",), _DRAWING))


def report_spec(study: Resolved) -> ReportSpec:
    """The spec of the job that writes the report, which prints the configuration."""
    facts, config = _facts(study), study.config.dump()
    return {
        **_with(REPORT, facts, made_of(ROOTS["report"], (*_DRAWING, "jinja2"))),
        "title": study.config.figures.title,
        "moving": moves(study.sources),
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


def _with(reads: Sequence[str], facts: Mapping[str, Any], made: Spec) -> FigureSpec:
    """A spec with the facts that its job reads."""
    return cast(FigureSpec, {key: facts[key] for key in reads} | made)


def _facts(study: Resolved, without: Collection[str] = ()) -> dict[str, Any]:
    """The value of every key that figures and report may read.

    The keys ``without`` are left out of the facts about views, encoders and measures.
    """
    config = study.config
    used = {*config.metrics.names, *config.metrics.maps.metrics}
    attribution: FigureAttribution = {
        "view": study.swaps.view,
        "whole": study.swaps.whole,
        "swaps": study.swaps.singles,
    }

    def kept(facts: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in facts.items() if key not in without}

    return {
        "study": study.name,
        "reference": study.reference,
        "views": {name: kept(view_facts(config, name)) for name in study.views},
        "encoders": {name: kept(_encoder(entry)) for name, entry in study.encoders.items()},
        "measures": [kept(one.for_figures) for one in MEASURES.values() if one.name in used],
        "pooling": config.figures.pooling,
        "parts": [
            {"name": name, "label": label}
            for name, label in PART_LABELS.items()
            if name != "temporal" or name in study.swaps.parts
        ],
        "attribution": attribution,
        "gallery": config.figures.gallery,
        "confidence": config.metrics.confidence,
        "dpi": config.figures.dpi,
    }


def _encoder(entry: dict[str, Any]) -> FigureEncoder:
    return {
        "label": entry["label"],
        "family": entry["family"],
        "training": entry["training"],
        "licence": entry.get("licence", ""),
        "note": entry.get("note", ""),
    }


def view_facts(config: Config, name: str) -> FigureView:
    """The facts about a view that figures and report print."""
    given = config.views[name].given
    if "eye" in given:
        looking = viewing(given, config)
        swaps = sorted(given.get("swap", {}).items())
        parts = "".join(f", with the {part} of a {other} eye" for part, other in swaps)
        return {
            "label": _conditions(looking),
            "eye": True,
            "control": False,
            "untouched": False,
            "match": None,
            "field_of_view": looking["field_of_view"],
            "about": f"a {given['eye']} eye{parts}",
            "change": "",
            "viewing": looking,
        }
    record = FILTERS[given["filter"]]
    words = record.words(config.reference, given)
    return {
        "label": words["label"],
        "eye": False,
        "control": record.control,
        "untouched": record.untouched,
        "match": given.get("match"),
        "field_of_view": None,
        "about": words["about"],
        "change": words["change"],
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
    if looking["gaze"] is not None:
        words.append("gaze drawn")
    if looking["perspective"]:
        words.append("in perspective")
    if looking["display"] != "auto":
        words.append(looking["display"])
    return ", ".join(words)
