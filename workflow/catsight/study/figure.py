"""What a record of a figure holds."""

from collections.abc import Callable
from dataclasses import dataclass

from catsight.study.resolved import Resolved

#: The keys of the spec that figures of the results read.
RESULTS = ("reference", "views", "encoders", "measures", "pooling")


@dataclass(frozen=True)
class Figure:
    """One figure.

    ``table``: the table of the study that it is drawn from, without ``.parquet``; None if it also
    needs pictures or several tables. ``photographic``: it holds photographs, so the report embeds
    the PNG, which is smaller than the SVG. ``caption`` says what is plotted, then how to read it;
    ``alt`` stands for the figure where it cannot be seen. Both may hold ``{reference}``,
    ``{focal}`` (the view that the study is about), ``{attribution_view}`` (the view whose loss is
    divided among the parts of the eye), ``{interval}`` ("95 % interval"), ``{views}`` and
    ``{encoders}`` (names, in the figures' order), ``{together}`` (a sentence on the map of several
    encoders) and ``{of_this_size}`` (which measures have an interval for studies of this size).

    ``reads``: the keys of :class:`catsight.run.figure_specs.FigureSpec` that its module reads;
    its spec holds these and no others, so that no other setting redraws it. ``wanted``: whether a
    study has it, if it has the table.
    """

    name: str
    table: str | None
    title: str
    caption: str
    alt: str
    photographic: bool = False
    reads: tuple[str, ...] = RESULTS
    wanted: Callable[[Resolved], bool] = lambda study: True
