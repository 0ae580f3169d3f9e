"""What every figure of a study shows, and in which order."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import yaml

from catsight.errors import CatsightError
from catsight.figures import style
from catsight.inputs import focus
from catsight.run.figure_specs import (
    FigureAttribution,
    FigureEncoder,
    FigureMeasure,
    FigureSpec,
    FigureView,
)


@dataclass(frozen=True)
class Choices:
    """Views, encoders, measures and parts of the eye in the order in which figures show them.

    Everything comes from the ``spec``, when it is asked for: the spec of a figure holds only the
    keys that the figure reads.
    """

    spec: FigureSpec

    @property
    def study(self) -> str:
        """The name of the study."""
        return self.spec["study"]

    @property
    def reference(self) -> str:
        """The view that the others are compared with."""
        return self.spec["reference"]

    @cached_property
    def views(self) -> Mapping[str, FigureView]:
        """All views, in the gallery's order."""
        return focus.in_order(self.spec["views"], self.reference)

    @cached_property
    def focus(self) -> str:
        """The view in focus: the one that the study is about. Raises :class:`CatsightError` if
        there is no view beside the reference.
        """
        return focus.focus(self.views, self.reference)

    @cached_property
    def compared(self) -> tuple[str, ...]:
        """The views that are compared with the reference: that in focus, other eyes, filters,
        controls, and last the untouched frames.
        """
        others = [name for name in self.views if name not in (self.focus, self.reference)]
        return self.focus, *sorted(others, key=lambda name: self.views[name]["untouched"])

    @cached_property
    def changes(self) -> tuple[str, ...]:
        """Of the compared views all but controls, and the controls matched to the view in focus."""
        return tuple(
            name
            for name in self.compared
            if name == self.focus
            or not self.views[name]["control"]
            or self.views[name]["match"] == self.focus
        )

    @cached_property
    def encoders(self) -> Mapping[str, FigureEncoder]:
        """The encoders, trained ones first, by family."""
        return dict(sorted(self.spec["encoders"].items(), key=_place_of_encoder))

    @cached_property
    def looks(self) -> Mapping[str, style.Look]:
        """The look of each encoder."""
        return style.looks(self.encoders)

    @cached_property
    def measures(self) -> Mapping[str, FigureMeasure]:
        """The measures."""
        return {measure["name"]: measure for measure in self.spec["measures"]}

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """The label of each part of the eye."""
        return {part["name"]: part["label"] for part in self.spec["parts"]}

    @cached_property
    def colours(self) -> Mapping[str, str]:
        """The colour of each part of the eye."""
        return style.part_colours(list(self.parts))

    @property
    def attribution(self) -> FigureAttribution:
        """The views in which parts of the eye are swapped."""
        return self.spec["attribution"]

    @property
    def gallery(self) -> int:
        """How many frames the gallery shows."""
        return self.spec["gallery"]

    @property
    def pooling(self) -> str:
        """The pooling to show, of encoders that have it."""
        return self.spec["pooling"]

    @property
    def confidence(self) -> float:
        """The confidence of intervals."""
        return self.spec["confidence"]

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The study's configuration, which only the report's spec holds; else empty."""
        return yaml.safe_load(str(self.spec.get("config", ""))) or {}

    @property
    def matched(self) -> str | None:
        """The first control that is matched to the view in focus; None if there is none."""
        for name in self.compared:
            if self.views[name]["match"] == self.focus:
                return name
        return None

    def question(self, name: str) -> str:
        """What a control answers; empty of other views. Only the report's spec holds it."""
        view = self.views[name]
        asked = f"Does “{view['match'] or self.focus}” change features more than {view['change']}?"
        return asked if view["change"] else ""

    def measure(self, metric: str) -> FigureMeasure:
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

    def present(self, table: pd.DataFrame) -> dict[str, FigureEncoder]:
        """The encoders that the table has rows of."""
        found = set(table["encoder"])
        return {name: about for name, about in self.encoders.items() if name in found}


def _place_of_encoder(item: tuple[str, FigureEncoder]) -> tuple[bool, str, str]:
    name, about = item
    return about["training"] == "untrained", about["family"], name
