"""A study: its validated configuration, and from it the spec of every job.

A spec is one canonical JSON string with all that can change a job's result: the part of the
configuration that it uses, the digest of the code that it runs, and the versions of the libraries
that shape its numbers. Nothing here imports a stage, torch or timm: the Snakefile imports this
module at every start.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from catsight.errors import CatsightError
from catsight.inputs import files, focus, sources, yaml_files
from catsight.run.specs import FeaturesSpec, WeightsSpec
from catsight.study import (
    contrasts,
    features,
    figures,
    frames,
    metrics,
    physiology,
    renderings,
    swaps,
    views,
)
from catsight.study.config import validate
from catsight.study.figure import Figure
from catsight.study.resolved import Resolved
from catsight.tables import canonical_json


class Study(Resolved):
    """A study: the ``config`` that YAML ``files`` hold, validated and with defaults filled in.

    Raises :class:`CatsightError` if the configuration is not valid: the message names each key, its
    value and the values that it may have.
    """

    def __init__(self, config: Mapping[str, Any], files: Sequence[str | os.PathLike[str]] = ()):
        valid = validate(config, files)
        its_sources = frames.resolve(valid.frames, valid.seed)
        its_views = views.resolve(valid, its_sources)
        super().__init__(
            config=valid,
            sources=its_sources,
            views=its_views,
            swaps=swaps.resolve_swaps(valid, its_views, its_sources),
            sweeps=swaps.resolve_sweeps(valid, its_views),
            draws=physiology.resolve_draws(valid, its_views, its_sources),
            renderings=renderings.resolve_renderings(valid, its_views),
            encoders=features.resolve(valid),
        )
        self._specs: dict[tuple[str, str | None], str] = {}
        metrics.check(self)
        figures.check_published(self)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Study":
        """The study whose configuration is the YAML file ``path``."""
        return cls(yaml_files.load_yaml(Path(path)), [path])

    def spec(self, job: str, name: str | None = None) -> str:
        """The spec of a ``job`` (see :data:`JOBS`) as canonical JSON. ``name`` is the view,
        encoder or figure that the job is about.

        Raises :class:`CatsightError` for a job or a name that the study does not have.
        """
        if (job, name) in self._specs:  # every shard's job needs it
            return self._specs[job, name]
        if job not in JOBS:
            raise CatsightError(f"there is no job '{job}'; there are {', '.join(JOBS)}")
        names, make = JOBS[job]
        known = names(self)
        if name not in known:
            raise CatsightError(_unknown(job, name, known))
        return self._specs.setdefault((job, name), canonical_json(make(self, name)))

    # -- the user's files --------------------------------------------------------------------------

    @cached_property
    def input_files(self) -> tuple[list[str], str]:
        """The user's files that the frames are made from, sorted, and a digest of those that
        Snakemake cannot watch.
        """
        sources.check(self.sources)
        features.check_files(self.encoders)
        return sources.inputs(self.sources)

    @property
    def input_megabytes(self) -> float:
        """MB that frames are made from: the user's files, and pixels of synthetic scenes."""
        return frames.volume(self.sources, self.input_files[0])

    @property
    def needs_network(self) -> bool:
        """Whether frames are fetched from a network."""
        return frames.fetches(self.sources)

    def weights_file(self, encoder: str) -> list[str]:
        """The user's own file that an encoder's weights are made from; empty if there is none."""
        return features.weights_file(encoder, self.encoders[encoder])

    def weights_content(self, encoder: str) -> str:
        """SHA-256 of that file, by which it counts as changed, whatever its time; "" if none.

        A GB takes 0.6 s, before each run.
        """
        return "".join(files.digest(path) or "" for path in self.weights_file(encoder))

    # -- results -----------------------------------------------------------------------------------

    @property
    def result_tables(self) -> list[str]:
        """The tables that this study has as a whole."""
        return metrics.result_tables(self)

    @cached_property
    def views_of_places(self) -> list[str]:
        """The views that are compared place by place: the reference, and those that are named or
        that in focus.
        """
        facts = {name: figures.view_facts(self.config, name) for name in self.views}
        named = self.config.metrics.places.views or [focus.focus(facts, self.reference)]
        return [self.reference, *named]

    @cached_property
    def figures(self) -> list[Figure]:
        """The figures that this study has, in the report's order."""
        return figures.figures(self)


def _unknown(job: str, name: str | None, known: Collection[str | None]) -> str:
    """What is wrong with the name of a spec, and what it may be."""
    choices = ", ".join(one for one in known if one is not None)
    if not known:
        return f"this study has no job {job}; docs/configuration.md says which keys add it"
    if not choices:
        return f"the spec of {job} takes no name, but was given '{name}'"
    if name is None:
        return f"the spec of {job} needs a name: {choices}"
    return f"there is no spec of {job} for '{name}'; there is one for {choices}"


def _no_name(study: Study) -> list[str | None]:
    return [None]


def _encoders(study: Study) -> list[str]:
    return list(study.encoders)


def _weights_spec(study: Study, name: str) -> WeightsSpec:
    features.check_args(name, study.encoders[name])
    return features.weights_spec(study.encoders[name])


def _features_spec(study: Study, name: str) -> FeaturesSpec:
    features.check_args(name, study.encoders[name])
    return features.features_spec(study.encoders[name], study.config.features)


def _figures(study: Study) -> list[str]:
    """The figures, and the tables of numbers for other programs."""
    return [*(figure.name for figure in study.figures), "tables"]


#: Every job: the names that its spec can be of, and the function that makes it.
JOBS: dict[str, tuple[Callable[[Study], Any], Callable[[Study, Any], Any]]] = {
    "manifest": (_no_name, lambda study, _: frames.manifest_spec(study.sources)),
    "frames": (
        _no_name,
        lambda study, _: frames.frames_spec(study.config.frames, study.config.seed, study.sources),
    ),
    "views": (
        lambda study: list(study.all_views),
        lambda study, name: views.view_spec(study.all_views[name]),
    ),
    "portraits": (_no_name, lambda study, _: views.portraits_spec(study.eye_views)),
    "weights": (_encoders, _weights_spec),
    "features": (_encoders, _features_spec),
    **{one.name: (one.names, one.spec) for one in metrics.ANALYSES.values()},
    "contrasts": (_no_name, lambda study, _: contrasts.contrasts_spec(study)),
    "figures": (_figures, figures.figure_spec),
    "report": (_no_name, lambda study, _: figures.report_spec(study)),
}
