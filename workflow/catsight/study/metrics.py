"""Metrics: one record for each analysis, the checks of those sections, and the specs of the jobs
that compare features.

An analysis makes one table of the study, of the same name. Its rule, its command and its core, a
module of :mod:`catsight.metrics`, have that name, too; but the core and the command of the table
``metrics`` are called ``compare``.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from catsight.errors import CatsightError
from catsight.run.metrics_specs import (
    AttributionSpec,
    ComparingSpec,
    DescribedSpec,
    DosesSpec,
    DrawnPartsSpec,
    MapsSpec,
    MetricsSpec,
    PairsSpec,
    PerFrameSpec,
    PhysiologySpec,
    RenderingsSpec,
    StabilitySpec,
)
from catsight.run.specs import Spec
from catsight.study import places
from catsight.study.measures import measure
from catsight.study.readout import readout_spec
from catsight.study.resolved import Resolved
from catsight.study.spec import made_of

_NUMERIC = ("numpy", "scipy", "numba")


def check(study: Resolved) -> None:
    """Raises :class:`CatsightError`, naming the key, if the sections on metrics do not fit."""
    config = study.config
    for control in config.metrics.stability.controls:
        if control not in study.compared_views:
            raise CatsightError(
                f"config: metrics.stability.controls holds '{control}'; it may hold the views that "
                f"are compared with the reference: {', '.join(study.compared_views)}"
            )
    places.check(study)
    contrasted = config.metrics.contrasts.metrics or ()
    if unknown := sorted(set(contrasted) - set(config.metrics.names)):
        raise CatsightError(
            f"config: metrics.contrasts.metrics holds '{unknown[0]}'; it may hold those of "
            f"metrics.names: {', '.join(config.metrics.names)}"
        )
    if strange := sorted(set(config.attribution.encoders or ()) - set(study.encoders)):
        raise CatsightError(
            f"config: attribution.encoders holds '{strange[0]}'; it may hold the study's encoders: "
            f"{', '.join(study.encoders)}"
        )


def metrics_spec(study: Resolved, encoder: str) -> MetricsSpec:
    """The spec of the job that compares an encoder's features between views."""
    permutations = study.config.metrics.permutations
    return {**_described(study, "metrics", encoder), "permutations": permutations}


def stability_spec(study: Resolved, encoder: str) -> StabilitySpec:
    """The spec of the job that measures how an encoder's values depend on the frames."""
    settings = study.config.metrics.stability
    return {
        **_comparing(study, "stability", encoder),
        "draws": settings.draws,
        "frames": settings.frames,
        "controls": sorted(settings.controls),
    }


def maps_spec(study: Resolved, encoder: str | None = None) -> MapsSpec:
    """The spec of the job that compares every layer with every layer: between the views of an
    encoder, or between all encoders.
    """
    settings, made = study.config.metrics, _made("maps")
    spec: MapsSpec = {
        "reference": study.reference,
        "seed": study.config.seed,
        "bandwidth": settings.bandwidth,
        "rsa_distance": settings.rsa_distance,
        "rsa_comparison": settings.rsa_comparison,
        "metrics": sorted(settings.maps.metrics),
        "frames": settings.maps.frames,
        "code": made["code"],
        "versions": made["versions"],
    }
    if encoder is not None:
        spec["encoder"] = encoder
    return spec


def attribution_spec(study: Resolved, encoder: str) -> AttributionSpec:
    """The spec of the job that divides an encoder's losses among the parts of the eye."""
    assert study.swaps.view is not None  # without it there is no such job
    return {
        **_described(study, "attribution", encoder),
        "view": study.swaps.view,
        "parts": list(study.swaps.parts),
        "subsets": study.swaps.subsets,
    }


def doses_spec(study: Resolved, encoder: str) -> DosesSpec:
    """The spec of the job that compares an encoder's features at every dose."""
    return {
        **_described(study, "doses", encoder),
        "permutations": study.config.metrics.permutations,
        "view": study.config.sweeps.view,
        "doses": study.sweeps.doses,
    }


def physiology_spec(study: Resolved, encoder: str) -> PhysiologySpec:
    """The spec of the job that compares an encoder's features of drawn eyes."""
    assert study.draws.view is not None  # without it there is no such job
    return {
        **_described(study, "physiology", encoder),
        "permutations": 0,
        "view": study.draws.view,
        "own": study.draws.own,
        "ranges": study.draws.ranges,
        "draws": study.draws.eyes,
    }


def drawn_parts_spec(study: Resolved, encoder: str) -> DrawnPartsSpec:
    """The spec of the job that divides the losses of drawn eyes among the parts of the eye."""
    assert study.draws.view is not None  # without it there is no such job
    return {
        **_described(study, "drawn_parts", encoder),
        "view": study.draws.view,
        "parts": list(study.swaps.parts),
        "divided": study.divided,
    }


def matrix_spec(study: Resolved, encoder: str) -> MetricsSpec:
    """The spec of the job that compares every two views of an encoder."""
    return {**_described(study, "matrix", encoder), "permutations": 0}


def renderings_spec(study: Resolved, encoder: str) -> RenderingsSpec:
    """The spec of the job that compares an encoder's features of renderings."""
    return {
        **_described(study, "renderings", encoder),
        "permutations": 0,
        "renderings": study.renderings.shown,
    }


def per_frame_spec(study: Resolved, encoder: str) -> PerFrameSpec:
    """The spec of the job that tabulates each frame's own alignment."""
    settings = study.config.metrics
    return {
        "encoder": encoder,
        "reference": study.reference,
        "seed": study.config.seed,
        "retrieval_distance": settings.retrieval_distance,
        "neighbours": settings.neighbours,
        "at_once": settings.at_once,
        **_made("per_frame"),
    }


def pairs_spec(study: Resolved, encoder: str) -> PairsSpec:
    """The spec of the job that tabulates an encoder's pairs of frames."""
    settings = study.config.metrics
    return {
        "encoder": encoder,
        "reference": study.reference,
        "seed": study.config.seed,
        "frames": settings.pairs.frames,
        "rsa_distance": settings.rsa_distance,
        "retrieval_distance": settings.retrieval_distance,
        **_made("pairs"),
    }


def _described(study: Resolved, job: str, encoder: str) -> DescribedSpec:
    """The settings of a comparison of two views, and the encoder's columns of its rows."""
    entry = study.encoders[encoder]
    return {
        **_comparing(study, job, encoder),
        "family": entry["family"],
        "training": entry["training"],
    }


def _comparing(study: Resolved, job: str, encoder: str) -> ComparingSpec:
    """The settings of a comparison of two views."""
    settings = study.config.metrics
    return {
        "encoder": encoder,
        "reference": study.reference,
        "seed": study.config.seed,
        "measures": {name: measure(name).facts for name in sorted(settings.names)},
        "rsa_distance": settings.rsa_distance,
        "rsa_comparison": settings.rsa_comparison,
        "bandwidth": settings.bandwidth,
        "projections": settings.projections,
        "retrieval_distance": settings.retrieval_distance,
        "neighbours": settings.neighbours,
        "null": settings.null,
        "at_once": settings.at_once,
        "confidence": settings.confidence,
        **_made(job),
    }


def _made(name: str) -> Spec:
    return made_of(ANALYSES[name].roots, _NUMERIC)


@dataclass(frozen=True)
class Analysis:
    """One analysis: the table ``name``, computed by ``catsight.<stage>.<core>``.

    ``spec`` gives the spec of its job for an encoder. ``encoders`` are those that it is made for
    (None stands for all of them together), ``wanted`` says whether a study has it.
    """

    name: str
    core: str
    spec: Callable[[Resolved, Any], Any]
    encoders: Callable[[Resolved], Collection[str | None]] = lambda study: study.encoders
    wanted: Callable[[Resolved], bool] = lambda study: True
    stage: str = "metrics"

    def names(self, study: Resolved) -> Collection[str | None]:
        """The encoders of a ``study`` that it is made for."""
        return self.encoders(study) if self.wanted(study) else []

    @property
    def roots(self) -> tuple[str, str]:
        """The modules at which the digest of its job's code starts."""
        return f"{self.stage}.{self.core}", f"tables.columns.{self.name}"


_ALL = (
    Analysis("metrics", "compare", metrics_spec),
    Analysis("stability", "stability", stability_spec),
    Analysis(
        "per_frame",
        "per_frame",
        per_frame_spec,
        wanted=lambda study: study.config.metrics.per_frame,
    ),
    Analysis("pairs", "pairs", pairs_spec),
    Analysis(
        "places",
        "places",
        places.places_spec,
        wanted=lambda study: study.config.metrics.places.frames > 0,
        stage="features",
    ),
    Analysis(
        "readout",
        "readout",
        readout_spec,
        encoders=lambda study: study.answering_encoders,
        wanted=lambda study: bool(study.answering_encoders),
    ),
    Analysis(
        "attribution",
        "attribution",
        attribution_spec,
        encoders=lambda study: study.attribution_encoders,
        wanted=lambda study: study.swaps.view is not None,
    ),
    Analysis("doses", "doses", doses_spec, wanted=lambda study: bool(study.sweeps.doses)),
    Analysis(
        "physiology",
        "physiology",
        physiology_spec,
        wanted=lambda study: study.draws.view is not None,
    ),
    Analysis(
        "drawn_parts",
        "drawn_parts",
        drawn_parts_spec,
        encoders=lambda study: study.attribution_encoders,
        wanted=lambda study: bool(study.divided),
    ),
    Analysis("matrix", "matrix", matrix_spec, wanted=lambda study: study.config.metrics.matrix),
    Analysis(
        "renderings",
        "renderings",
        renderings_spec,
        wanted=lambda study: bool(study.renderings.shown),
    ),
    Analysis(
        "maps",
        "maps",
        maps_spec,
        encoders=lambda study: [*study.encoders, None],
        wanted=lambda study: bool(study.config.metrics.maps.metrics),
    ),
)
#: By name, in the order in which they are made.
ANALYSES: dict[str, Analysis] = {analysis.name: analysis for analysis in _ALL}


def result_tables(study: Resolved) -> list[str]:
    """The tables that a study has as a whole."""
    return [*merged_tables(study), "contrasts", "best"]


def merged_tables(study: Resolved) -> list[str]:
    """Of these the tables that are merged from those of encoders."""
    return [analysis.name for analysis in ANALYSES.values() if analysis.wanted(study)]
