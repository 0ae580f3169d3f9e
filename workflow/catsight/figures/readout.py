"""How far each view changes what networks with a trained head answer."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from catsight.figures import labels, select, style
from catsight.figures.choices import Choices

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Number(NamedTuple):
    """One of the three numbers: its title, the unit of its axis, and its value at no change."""

    title: str
    unit: str
    unchanged: int


#: By its name in the table.
NUMBERS = {
    "same_first": Number("Same first answer", "share of frames", 1),
    "shared_five": Number("First five in common", "mean share", 1),
    "divergence": Number("Divergence of answers", "bits, of at most 1", 0),
}
#: The share of a view's room that its dots take.
_FILLED = 0.7
_LETTERS = 14  # of a line of a view's name


@style.styled
def draw(table: pd.DataFrame, choices: Choices) -> "Figure":
    """A figure with one panel for each of the three numbers: a row for each view, in it a dot and
    an interval for each encoder.

    ``table`` is the study's table of readouts. A dot without a bar has no interval.
    """
    from matplotlib.figure import Figure

    rows = means(table, choices)
    encoders, views = list(choices.present(rows)), list(choices.compared)
    notes = select.gaps(rows)
    height = 0.75 + len(views) * (0.13 * len(encoders) + 0.14)
    height += 0.18 * (len(notes) + np.ceil(len(encoders) / 2))
    figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
    grid = figure.subplots(1, len(NUMBERS), sharey=True)
    for axes, (metric, number) in zip(grid, NUMBERS.items()):
        _panel(axes, rows[rows["metric"] == metric], encoders, views, choices)
        axes.axvline(number.unchanged, color=style.GREY, linewidth=0.7)
        axes.set_title(number.title, loc="left", fontweight="bold", fontsize=8)
        axes.set_xlabel(number.unit)
        if number.unchanged:
            axes.set_xlim(-0.04, 1.04)
    grid[0].set_yticks(range(len(views)), [style.wrapped(view, _LETTERS) for view in views])
    grid[0].set_ylim(len(views) - 0.5, -0.5)
    if notes:
        figure.supxlabel("\n".join(notes), fontsize=8, linespacing=1.4)
    _legend(figure, encoders, choices)
    return figure


def means(table: pd.DataFrame, choices: Choices) -> pd.DataFrame:
    """The rows of means over frames, of this study's encoders and compared views."""
    rows = table[(table["kind"] == "mean") & (table["reference"] == choices.reference)]
    return rows[rows["encoder"].isin(list(choices.encoders)) & rows["view"].isin(choices.compared)]


def _panel(
    axes: "Axes", rows: pd.DataFrame, encoders: list[str], views: list[str], choices: Choices
) -> None:
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    for place in range(1, len(views), 2):
        axes.axhspan(place - 0.5, place + 0.5, color="#f5f5f2", linewidth=0, zorder=0)
    offsets = _FILLED * (np.arange(len(encoders)) - (len(encoders) - 1) / 2) / len(encoders)
    for row in rows[rows["value"].notna()].to_dict("records"):
        look, turn = choices.looks[row["encoder"]], encoders.index(row["encoder"])
        y = views.index(row["view"]) + offsets[turn]
        if pd.notna(row["ci_low"]) and pd.notna(row["ci_high"]):
            axes.hlines(y, row["ci_low"], row["ci_high"], color=look.colour, linewidth=1.2)
        axes.plot(
            [row["value"]],
            [y],
            color=look.colour,
            marker=look.marker,
            markersize=4.5,
            linestyle="",
            label=f"{row['encoder']}/{row['view']}",
        )
    if rows["value"].isna().all():
        style.empty(axes, "no value")
        axes.set_xticks([])


def _legend(figure: "Figure", encoders: list[str], choices: Choices) -> None:
    from matplotlib.lines import Line2D

    looks = ((choices.looks[name], labels.key(choices, name)) for name in encoders)
    marks = [
        Line2D([], [], color=look.colour, marker=look.marker, markersize=4.5, linestyle="",
               label=label)
        for look, label in looks
    ]  # fmt: skip
    figure.legend(handles=marks, loc="outside upper center", ncols=2)
