"""The specs of figures and the report: what they print of views, encoders, measures and parts.

Like those in :mod:`catsight.run.specs`, they are written by :mod:`catsight.study`.
"""

from typing import Any, NotRequired, TypedDict

from catsight.run.specs import Spec


class FigureView(TypedDict):
    """The facts about a view that figures print. Those marked "report" are in its spec alone."""

    label: str  #: its conditions in a few words: "100 cd/m², 16°", "quality 50"
    eye: bool  #: whether it is an eye's
    control: bool  #: whether it is a control
    untouched: bool  #: whether it is the frame as it is
    match: str | None  #: the view whose loss a control takes on
    field_of_view: float | None  #: an eye's, in degrees
    about: NotRequired[str]  #: report: a sentence
    change: NotRequired[str]  #: report: of a control, what it does; or empty
    viewing: NotRequired[dict[str, Any] | None]  #: report: an eye's viewing conditions


class FigureEncoder(TypedDict):
    """The facts about an encoder that figures print, likewise."""

    label: str
    family: str
    training: str
    licence: NotRequired[str]  #: report
    note: NotRequired[str]  #: report


class FigureMeasure(TypedDict):
    """The facts about a measure that figures print, likewise."""

    name: str
    label: str
    similarity: bool
    headline: bool  #: findings and summaries are about it; else about the first in the table
    depends_on_n: NotRequired[bool]  #: report: its value changes with the number of frames
    about: NotRequired[str]  #: report: what it compares; or empty


class FigurePart(TypedDict):
    """The facts about a part of the eye that figures print."""

    name: str
    label: str


class FigureAttribution(TypedDict):
    """The views in which parts of the eye are swapped; None and empty without attribution."""

    view: str | None  #: whose loss is divided
    whole: str | None  #: the view in which all parts are swapped
    swaps: dict[str, str]  #: part -> the view in which it alone is swapped


class FigureSpec(Spec, total=False):
    """One figure, the tables of numbers, or the report: of these keys those that it reads."""

    study: str
    reference: str
    views: dict[str, FigureView]
    encoders: dict[str, FigureEncoder]
    measures: list[FigureMeasure]  #: in the order in which figures show them
    pooling: str  #: the pooling to show, of encoders that have it
    parts: list[FigurePart]  #: in the order in which figures show them
    attribution: FigureAttribution
    gallery: int  #: how many frames the gallery shows
    confidence: float  #: of intervals
    dpi: int  #: of PNG files; in the specs of all figures


class ReportFigure(TypedDict):
    """A figure in the report."""

    name: str
    title: str
    caption: str
    alt: str


class ReportSpec(FigureSpec):
    """The report."""

    title: str
    moving: bool  #: whether frames are stills of clips with the moments before them
    published: dict[str, Any] | None
    figures: list[ReportFigure]
    config: str  #: the study's configuration, YAML
