"""The share of each part of the eye in the loss of alignment, layer by layer."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from catsight.figures import select, style
from catsight.figures.choices import Choices
from catsight.tables.names import WHOLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WHOLE_LINE: dict[str, Any] = {
    "color": style.INK,
    "marker": "o",
    "markersize": 2.2,
    "linewidth": 0.8,
}


@style.styled
def draw(table: pd.DataFrame, choices: Choices) -> "Figure":
    """A figure with one row per metric and one column per encoder: a bar per layer, stacked of the
    parts' shares.

    ``table`` is the study's table of attribution. Shares that raise the alignment hang below 0. The
    black line is the whole loss with its interval, to which the shares sum. Layers whose whole loss
    has no interval are left out.
    """
    from matplotlib.figure import Figure

    rows = select.layers(select.pooled(table, choices))
    encoders, names = choices.present(rows), choices.metrics(rows)
    parts = [part for part in choices.parts if part in set(rows["part"])]
    notes = select.gaps(rows, left_out=True)
    size = style.width(1.6 * len(encoders)), 0.95 + 1.5 * len(names) + 0.16 * len(notes)
    figure = Figure(figsize=size, layout="constrained")
    grid = panels(figure, rows, choices, lambda axes, here: _panel(axes, here, parts, choices))
    for axes, name in zip(grid[-1], encoders):
        last = int(rows.loc[rows["encoder"] == name, "layer_index"].max())
        if last:
            axes.set_xticks([0, last], ["first", "last"])
        else:
            axes.set_xticks([0], ["only"])
    figure.supxlabel("\n".join(["layer", *notes]), fontsize=8, linespacing=1.4)
    _legend(figure, axes, parts, choices)
    return figure


def panels(
    figure: "Figure",
    rows: pd.DataFrame,
    choices: Choices,
    panel: Callable[["Axes", pd.DataFrame], None],
) -> np.ndarray:
    """Draws one row per metric and one column per encoder of ``rows``; returns the grid of axes.

    ``panel`` draws the rows of one metric and encoder.
    """
    encoders, names = choices.present(rows), choices.metrics(rows)
    grid = figure.subplots(len(names), len(encoders), squeeze=False, sharey="row", sharex="col")
    for axes_row, metric in zip(grid, names):
        for axes, name in zip(axes_row, encoders):
            panel(axes, rows[(rows["metric"] == metric) & (rows["encoder"] == name)])
        axes_row[0].set_ylabel(f"loss of\n{choices.label(metric)}")
    for axes, about in zip(grid[0], encoders.values()):
        axes.set_title(about["label"])
    return np.asarray(grid)


def _panel(axes: "Axes", rows: pd.DataFrame, parts: Sequence[str], choices: Choices) -> None:
    """Draws one encoder by one metric."""
    axes.axhline(0, color=style.GREY, linewidth=0.7)
    axes.grid(axis="y")
    whole = select.drawn(rows[rows["part"] == WHOLE]).sort_values("layer_index")
    known = whole.loc[whole["value"].notna(), "layer_index"]
    if known.empty:
        style.empty(axes, select.nothing(rows))
    _stack(axes, rows[rows["layer_index"].isin(known)], parts, choices)
    low, high = whole["ci_low"].to_numpy(float), whole["ci_high"].to_numpy(float)
    axes.vlines(whole["layer_index"], low, high, color=style.INK, linewidth=0.9)
    axes.plot(whole["layer_index"], whole["value"], label=WHOLE, **_WHOLE_LINE)


def _stack(axes: "Axes", rows: pd.DataFrame, parts: Sequence[str], choices: Choices) -> None:
    """Draws the parts' shares as bars: those above 0 stacked upwards, those below 0 downwards."""
    ends: dict[bool, np.ndarray] = {}
    for part in parts:
        of = rows[rows["part"] == part].sort_values("layer_index")
        place, value = of["layer_index"].to_numpy(float), of["value"].to_numpy(float)
        for above in (True, False):
            share = np.where((value > 0) == above, np.nan_to_num(value), 0)
            start = ends.get(above, np.zeros(len(share)))
            axes.bar(
                place,
                share,
                0.86,
                bottom=start,
                color=choices.colours[part],
                linewidth=0,
                label=part if above else f"_{part}",
            )
            ends[above] = start + share


def _legend(figure: "Figure", axes: "Axes", parts: Sequence[str], choices: Choices) -> None:
    from matplotlib.patches import Patch

    keys = [Patch(facecolor=choices.colours[part], label=choices.parts[part]) for part in parts]
    (line,) = axes.plot([], [], label="together", **_WHOLE_LINE)
    figure.legend(
        handles=[*keys, line],
        loc="outside upper center",
        ncols=5,
        handlelength=1.2,
        columnspacing=1.2,
    )
