"""A study: its validated configuration, and from it the spec of every job.

A spec is one canonical JSON string with all that can change a job's result: the part of the
configuration that it uses, the digest of the code that it runs, and the versions of the libraries
that shape its numbers. Nothing here imports a stage, torch or timm: the Snakefile imports this
module at every start.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from catsight.errors import CatsightError
from catsight.inputs import sources, yaml_files
from catsight.run.specs import View
from catsight.study import features, figures, frames, metrics, swaps, views
from catsight.study.config import Config, validate
from catsight.study.figures_registry import Figure
from catsight.tables import canonical_json


class Study:
    """A study: the ``config`` that YAML ``files`` hold, validated and with defaults filled in.

    Raises :class:`CatsightError` if the configuration does not hold up: the message names each key,
    what it holds and what it may hold.
    """

    def __init__(self, config: Mapping[str, Any], files: Sequence[str | os.PathLike[str]] = ()):
        self.config: Config = validate(config, files)
        self.name = self.config.study
        self.reference = self.config.reference
        self.sources = frames.resolve(self.config.frames, self.config.seed)
        self.views = views.resolve(self.config, self.sources)
        self.swaps: swaps.Swaps = swaps.resolve_swaps(self.config, self.views)
        self.sweeps: swaps.Sweeps = swaps.resolve_sweeps(self.config, self.views)
        self.encoders: dict[str, features.Entry] = features.resolve(self.config)
        self.shards = [str(shard) for shard in range(self.config.frames.shards)]
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
        if (job, name) in self._specs:  # every shard's job asks
            return self._specs[job, name]
        if job not in JOBS:
            raise CatsightError(f"there is no job '{job}'; there are {', '.join(JOBS)}")
        names, make = JOBS[job]
        known = names(self)
        if name not in known:
            choices = ", ".join(one for one in known if one is not None) or "no name"
            raise CatsightError(f"'{name}' is no name for a spec of {job}; it takes {choices}")
        return self._specs.setdefault((job, name), canonical_json(make(self, name)))

    # -- the user's files --------------------------------------------------------------------------

    @cached_property
    def input_files(self) -> tuple[list[str], str]:
        """The user's files that the frames are made from, sorted, and a digest of those that
        Snakemake cannot watch.
        """
        sources.check(self.sources)
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
        """The user's own file that an encoder's weights are made from, or nothing."""
        return features.weights_file(encoder, self.encoders[encoder])

    # -- views -------------------------------------------------------------------------------------

    @property
    def encoder_views(self) -> dict[str, View]:
        """The views that every encoder is given: the study's own, and those of its sweeps."""
        return self.views | self.sweeps.views

    @property
    def all_views(self) -> dict[str, View]:
        """Those, and the views with swapped parts, which only some encoders may be given."""
        return self.encoder_views | self.swaps.views

    @property
    def compared_views(self) -> list[str]:
        """The views that are compared with the reference."""
        return [view for view in self.views if view != self.reference]

    @property
    def eye_views(self) -> dict[str, View]:
        """The views that are an eye's."""
        return {name: view for name, view in self.views.items() if "eye" in view}

    @property
    def blur_views(self) -> list[str]:
        """The views that are blurs, matched to another view."""
        return [name for name, view in self.views.items() if view.get("filter") == "blur"]

    @property
    def part_views(self) -> list[str]:
        """The reference, the views in which a single part of its eye is swapped, and that in which
        all are; none without attribution.
        """
        if self.swaps.whole is None:
            return []
        names = [self.reference, *self.swaps.singles.values(), self.swaps.whole]
        return list(dict.fromkeys(names))

    # -- encoders, tables, figures -----------------------------------------------------------------

    @property
    def attribution_encoders(self) -> list[str]:
        """The encoders whose loss is divided among the parts of the eye: those named, or all."""
        if self.swaps.view is None:
            return []
        named = self.config.attribution.encoders
        return [name for name in self.encoders if named is None or name in named]

    @property
    def result_tables(self) -> list[str]:
        """The tables that this study has as a whole."""
        return [one.name for one in metrics.ANALYSES.values() if one.wanted(self)]

    @cached_property
    def figures(self) -> list[Figure]:
        """The figures that this study has, in the report's order."""
        return figures.figures(self)


def _no_name(study: Study) -> list[str | None]:
    return [None]


def _encoders(study: Study) -> list[str]:
    return list(study.encoders)


def _figures(study: Study) -> list[str]:
    """The figures, and the tables of numbers for other programs."""
    return [*(figure.name for figure in study.figures), "tables"]


#: Every job: the names that its spec can be of, and the function that makes it.
JOBS: dict[str, tuple[Callable[[Study], Any], Callable[[Study, Any], Any]]] = {
    "manifest": (_no_name, lambda study, _: frames.manifest_spec(study)),
    "frames": (_no_name, lambda study, _: frames.frames_spec(study)),
    "views": (lambda study: list(study.all_views), views.view_spec),
    "portraits": (_no_name, lambda study, _: views.portraits_spec(study)),
    "weights": (_encoders, features.weights_spec),
    "features": (_encoders, features.features_spec),
    **{one.name: (one.encoders, one.spec) for one in metrics.ANALYSES.values()},
    "figures": (_figures, figures.figure_spec),
    "report": (_no_name, lambda study, _: figures.report_spec(study)),
}
