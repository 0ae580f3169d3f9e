"""The specs of figures and the report: all that they say of views, encoders, measures and parts.

As those in :mod:`catsight.run.specs`, they are written by :mod:`catsight.study`.
"""

from typing import Any, TypedDict

from catsight.run.specs import Spec


class ShownView(TypedDict):
    """What figures say of a view."""

    label: str  #: its conditions in a few words: "100 cd/m², 16°", "quality 50"
    about: str  #: a sentence for the report
    eye: bool  #: whether it is an eye's
    control: bool  #: whether it is a control
    original: bool  #: whether it is the unfiltered frame
    match: str | None  #: the view whose distance a blur takes on
    viewing: dict[str, Any] | None  #: an eye's viewing conditions


class ShownEncoder(TypedDict):
    """What figures say of an encoder."""

    label: str
    family: str
    training: str
    licence: str
    note: str


class ShownMeasure(TypedDict):
    """What figures say of a measure."""

    name: str
    label: str
    similarity: bool
    headline: bool  #: findings and summaries speak of it; else of the first in the table
    narrow_shares: bool  #: with few groups, its intervals of parts' shares are too narrow
    about: str  #: what it compares, for the report; or empty


class ShownPart(TypedDict):
    """What figures say of a part of the eye."""

    name: str
    label: str


class ShownAttribution(TypedDict):
    """The views in which parts of the eye are swapped; None and empty without attribution."""

    view: str | None  #: whose loss is divided
    whole: str | None  #: the view in which all parts are swapped
    swaps: dict[str, str]  #: part -> the view in which it alone is swapped


class FiguresSpec(Spec):
    """One figure, or the tables of numbers."""

    study: str
    reference: str
    gallery: int
    pooling: str
    dpi: int
    confidence: float
    views: dict[str, ShownView]
    encoders: dict[str, ShownEncoder]
    measures: list[ShownMeasure]  #: in the order in which they are shown
    parts: list[ShownPart]  #: in the order in which they are shown
    attribution: ShownAttribution


class ShownFigure(TypedDict):
    """A figure in the report."""

    name: str
    title: str
    caption: str
    alt: str


class ReportSpec(FiguresSpec):
    """The report."""

    title: str
    published: dict[str, Any] | None
    figures: list[ShownFigure]
    config: str  #: the study's configuration, YAML
