"""What the view in focus costs, as its colours are shown in one way or another."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from catsight.figures import labels, select, style
from catsight.figures.choices import Choices

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The markers of renderings, the study's own first.
_MARKERS = "osD^vP"
#: Height of a row in inches, and the share of an encoder's room that its rows take.
_ROW, _FILLED = 0.17, 0.75


@style.styled
def draw(table: pd.DataFrame, choices: Choices) -> "Figure":
    """A figure with one panel per metric: for each encoder the loss in each rendering.

    ``table`` is the study's table of renderings. Losses are of the means over layers, with their
    intervals; one without an interval is left out, since it cannot be distinguished from noise.
    """
    from matplotlib.figure import Figure

    rows = table[table["view"] == choices.focus]
    rows = rows.sort_values(["own", "display"], ascending=[False, True], kind="stable")
    rows = select.summaries(select.pooled(rows, choices))
    notes = select.gaps(rows, left_out=True)
    rows = select.drawn(rows)
    encoders, names = list(choices.present(rows)), choices.metrics(rows)
    displays = list(dict.fromkeys(rows["display"]))
    height = 1.1 + _ROW * len(displays) * len(encoders) + 0.18 * (len(notes) + len(displays) // 3)
    figure = Figure(figsize=(style.width(2 * len(names)), height), layout="constrained")
    grid = figure.subplots(1, len(names), squeeze=False, sharey=True)[0]
    for axes, metric in zip(grid, names):
        _losses(axes, rows[rows["metric"] == metric], encoders, displays, choices)
        of = "" if choices.distance(metric) else "loss of "
        axes.set_xlabel(f"{of}{choices.label(metric)}")
    pooled = select.poolings(rows, choices.pooling)
    shown = [labels.encoder(choices, name, pooled[name]) for name in encoders]
    grid[0].set_yticks(range(len(encoders)), shown)
    grid[0].set_ylim(len(encoders) - 0.5, -0.5)
    if notes:
        figure.supxlabel("\n".join(notes), fontsize=8, linespacing=1.4)
    _legend(figure, rows, displays)
    return figure


def _losses(
    axes: "Axes", rows: pd.DataFrame, encoders: list[str], displays: list[str], choices: Choices
) -> None:
    """Draws one metric: a marker and an interval for each encoder and rendering."""
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    offsets = _FILLED * (np.arange(len(displays)) - (len(displays) - 1) / 2) / len(displays)
    for row in rows[rows["value"].notna()].to_dict("records"):
        value, *ends = row["value"], row["ci_low"], row["ci_high"]
        if not choices.distance(row["metric"]):
            value, *ends = 1 - value, *(1 - end for end in reversed(ends))
        look, place = choices.looks[row["encoder"]], displays.index(row["display"])
        y = encoders.index(row["encoder"]) + offsets[place]
        axes.hlines(y, *ends, color=look.colour, linewidth=1.2)
        axes.plot(
            [value],
            [y],
            color=look.colour,
            marker=_MARKERS[place],
            markerfacecolor=look.face,
            markersize=4.5,
            linestyle="",
            label=f"{row['encoder']}/{row['display']}",
        )
    if rows["value"].isna().all():
        style.empty(axes, select.nothing(rows))
        axes.set_xticks([])


def _legend(figure: "Figure", rows: pd.DataFrame, displays: list[str]) -> None:
    from matplotlib.lines import Line2D

    own = set(rows.loc[rows["own"], "display"])
    marks = [
        Line2D([], [], color=style.INK, marker=marker, markersize=4.5, linestyle="",
               label=f"{name} (the study’s own)" if name in own else name)
        for marker, name in zip(_MARKERS, displays)
    ]  # fmt: skip
    figure.legend(handles=marks, loc="outside upper center", ncols=3)
