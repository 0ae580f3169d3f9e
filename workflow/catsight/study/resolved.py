"""A study whose sources, views, swaps, sweeps, renderings, drawn eyes and encoders are resolved."""

from dataclasses import dataclass

from catsight.run.specs import SourceSpec, View
from catsight.study.config import Config
from catsight.study.features import Entry
from catsight.study.physiology import Draws
from catsight.study.renderings import Renderings
from catsight.study.swaps import Swaps, Sweeps


@dataclass(eq=False, repr=False)
class Resolved:
    """The parts of a study that the specs of its jobs are made from; mappings by name, sorted."""

    config: Config
    sources: dict[str, SourceSpec]
    views: dict[str, View]  #: the study's own
    swaps: Swaps
    sweeps: Sweeps
    draws: Draws
    renderings: Renderings
    encoders: dict[str, Entry]

    @property
    def name(self) -> str:
        """The name of the study."""
        return self.config.study

    @property
    def reference(self) -> str:
        """The view that the others are compared with."""
        return self.config.reference

    @property
    def shards(self) -> list[str]:
        """The names of the shards, the tables that the frames are spread over."""
        return [str(shard) for shard in range(self.config.frames.shards)]

    @property
    def drawn_shards(self) -> list[str]:
        """The names of the shards that drawn eyes see."""
        return self.shards[: self.config.physiology.shards]

    @property
    def encoder_views(self) -> dict[str, View]:
        """The views that every encoder is given: the study's own, and those of its sweeps and
        renderings.
        """
        return self.views | self.sweeps.views | self.renderings.views

    @property
    def whole_views(self) -> dict[str, View]:
        """The views of all shards, including those with swapped parts, which only some encoders may
        be given.
        """
        return self.encoder_views | self.swaps.views

    @property
    def all_views(self) -> dict[str, View]:
        """All views, including those of drawn eyes, which may see some shards alone."""
        return self.whole_views | self.draws.views | self.draws.swaps

    @property
    def compared_views(self) -> list[str]:
        """The views that are compared with the reference."""
        return [view for view in self.views if view != self.reference]

    @property
    def eye_views(self) -> dict[str, View]:
        """The views that are an eye's."""
        return {name: view for name, view in self.views.items() if "eye" in view}

    @property
    def matched_views(self) -> list[str]:
        """The views whose filter is matched to another view."""
        return [name for name, view in self.views.items() if "match" in view]

    @property
    def part_views(self) -> list[str]:
        """The reference, the views in which a single part of its eye is swapped, and that in which
        all are; none without attribution.
        """
        if self.swaps.whole is None:
            return []
        names = [self.reference, *self.swaps.singles.values(), self.swaps.whole]
        return list(dict.fromkeys(names))

    @property
    def divided(self) -> list[dict[str, str]]:
        """The views of every subset of parts, of the eye as stated and of drawn eyes; none unless
        the losses of drawn eyes are divided.
        """
        return [self.swaps.subsets, *self.draws.subsets] if self.draws.subsets else []

    @property
    def divided_views(self) -> list[str]:
        """The names of these views, each once."""
        return list(dict.fromkeys(view for subsets in self.divided for view in subsets.values()))

    @property
    def answering_encoders(self) -> list[str]:
        """The encoders with a trained head whose classes are known."""
        return [name for name, entry in self.encoders.items() if entry.get("classes")]

    @property
    def attribution_encoders(self) -> list[str]:
        """The encoders whose loss is divided among the parts of the eye: those named, or all."""
        if self.swaps.view is None:
            return []
        named = self.config.attribution.encoders
        return [name for name in self.encoders if named is None or name in named]
