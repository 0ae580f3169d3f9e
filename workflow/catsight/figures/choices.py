"""What every figure of a study shows, and in which order."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from catsight.errors import CatsightError
from catsight.figures import style
from catsight.run.figure_specs import (
    FiguresSpec,
    ShownAttribution,
    ShownEncoder,
    ShownMeasure,
    ShownView,
)


@dataclass(frozen=True)
class Choices:
    """Views, encoders, measures and parts of the eye in the order in which figures show them.

    Everything comes from the spec; make one with :meth:`of`.
    """

    study: str
    reference: str
    focus: str  #: the view in focus: the one that the study is about
    views: Mapping[str, ShownView]  #: all, in the gallery's order
    compared: tuple[str, ...]  #: those compared with the reference; the view in focus first
    changes: tuple[str, ...]  #: of these all but controls, and a blur matched to the view in focus
    encoders: Mapping[str, ShownEncoder]  #: trained ones first, by family
    looks: Mapping[str, style.Look]  #: of each encoder
    measures: Mapping[str, ShownMeasure]
    parts: Mapping[str, str]  #: name of each part of the eye -> its label
    colours: Mapping[str, str]  #: of each part of the eye
    attribution: ShownAttribution
    gallery: int  #: frames in the gallery
    pooling: str  #: the pooling that is shown, of encoders that have it
    confidence: float  #: of intervals

    @classmethod
    def of(cls, spec: FiguresSpec) -> "Choices":
        """The choices that follow from a spec. Raises :class:`CatsightError` if it has one view."""
        views, reference = _views(spec), spec["reference"]
        focus = _focus(views, reference)
        compared = _compared(views, reference, focus)
        encoders = dict(sorted(spec["encoders"].items(), key=_place_of_encoder))
        parts = {part["name"]: part["label"] for part in spec["parts"]}
        return cls(
            study=spec["study"],
            reference=reference,
            focus=focus,
            views=views,
            compared=compared,
            changes=tuple(
                name
                for name in compared
                if name == focus or not views[name]["control"] or views[name]["match"] == focus
            ),
            encoders=encoders,
            looks=style.looks(encoders),
            measures={measure["name"]: measure for measure in spec["measures"]},
            parts=parts,
            colours=style.part_colours(list(parts)),
            attribution=spec["attribution"],
            gallery=spec["gallery"],
            pooling=spec["pooling"],
            confidence=spec["confidence"],
        )

    @property
    def matched(self) -> str | None:
        """The control that changes each frame by as much as the view in focus does; None if there
        is none.
        """
        for name in self.compared:
            if self.views[name]["match"] == self.focus:
                return name
        return None

    def measure(self, metric: str) -> ShownMeasure:
        """The record of a metric in the spec; raises :class:`CatsightError` if there is none."""
        if metric not in self.measures:
            raise CatsightError(
                f"the metric '{metric}' is not one of this study's, which are "
                f"{', '.join(self.measures)}; run the metrics stage again"
            )
        return self.measures[metric]

    def label(self, metric: str) -> str:
        """What figures call a metric."""
        return self.measure(metric)["label"]

    def distance(self, metric: str) -> bool:
        """Whether 0 is full agreement and more is less; if not, 1 is."""
        return not self.measure(metric)["similarity"]

    def agreement(self, metric: str) -> int:
        """The metric's value at full agreement: 1, or of a distance 0."""
        return 0 if self.distance(metric) else 1

    def metrics(self, table: pd.DataFrame) -> list[str]:
        """The metrics of the table, in order."""
        found = set(table["metric"])
        for metric in sorted(found):
            self.measure(metric)
        return [metric for metric in self.measures if metric in found]

    def headline(self, table: pd.DataFrame) -> str:
        """The metric that sentences and summaries are about: the first marked ``headline``, or
        else the first in the table.
        """
        names = self.metrics(table)
        better = [name for name in names if self.measure(name)["headline"]]
        return (better or names)[0]

    def present(self, table: pd.DataFrame) -> dict[str, ShownEncoder]:
        """The encoders that the table has rows of."""
        found = set(table["encoder"])
        return {name: about for name, about in self.encoders.items() if name in found}


def _views(spec: FiguresSpec) -> dict[str, ShownView]:
    """All views in the order of the gallery: untouched frames, the reference, other eyes (cat
    first), other filters, controls.
    """

    def place(item: tuple[str, ShownView]) -> tuple[int, str]:
        name, view = item
        kinds = (view["original"], name == spec["reference"], name == "cat", view["eye"])
        if True in kinds:
            return kinds.index(True), name
        return (len(kinds) + 1 if view["control"] else len(kinds)), name

    return dict(sorted(spec["views"].items(), key=place))


def _focus(views: Mapping[str, ShownView], reference: str) -> str:
    """``cat``, or the first other eye, or the first other view."""
    others = [name for name in views if name != reference]
    if not others:
        raise CatsightError(
            f"the study has no view beside its reference '{reference}'; add one under views:"
        )
    if "cat" in others:
        return "cat"
    eyes = [name for name in others if views[name]["eye"]]
    return (eyes or others)[0]


def _compared(views: Mapping[str, ShownView], reference: str, focus: str) -> tuple[str, ...]:
    """The view in focus, other eyes, filters, controls, and last the untouched frames."""
    others = [name for name in views if name not in (focus, reference)]
    return (focus, *sorted(others, key=lambda name: views[name]["original"]))


def _place_of_encoder(item: tuple[str, ShownEncoder]) -> tuple[bool, str, str]:
    name, about = item
    return about["training"] == "untrained", about["family"], name
