"""The alignment of each layer with each, between two views and between encoders."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from catsight.figures import select, style
from catsight.figures.choices import Choices

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

#: Maps in a row.
_COLUMNS = 4
#: Inches of a row of maps, at least and at most, and of the map of all encoders.
_ROW, _TALLEST, _TOGETHER = 1.75, 2.9, 5.0


@style.styled
def draw(table: pd.DataFrame, choices: Choices) -> "Figure":
    """A figure with a square map for each encoder, its layers in the reference against those in the
    view in focus.

    Below, if there are several, the layers of all against one another in the reference. ``table``
    is the study's table of maps, of which one metric is shown.
    """
    from matplotlib.figure import Figure

    every = table[table["metric"] == choices.headline(table)]
    maps = select.pooled(every, choices)
    encoders = list(choices.present(maps))
    values = maps["value"].dropna()
    lowest = min(0.0, np.floor(10 * values.min()) / 10) if len(values) else 0.0
    look = {"vmin": lowest, "vmax": 1, "cmap": "viridis", "interpolation": "nearest"}
    upper_height = _height(len(encoders))
    if len(encoders) == 1:
        figure = Figure(figsize=(style.WIDTH, upper_height + 0.4), layout="compressed")
        _maps(figure, maps, choices, look)
        return figure
    figure = Figure(figsize=(style.WIDTH, upper_height + _TOGETHER + 0.4), layout="constrained")
    ratios = [upper_height, _TOGETHER]
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=ratios).flat
    _maps(upper, maps, choices, look)
    _together(lower.subplots(), every, encoders, choices, look)
    return figure


def _height(encoders: int) -> float:
    """Inches that the maps of so many encoders need."""
    columns = min(encoders, _COLUMNS)
    return -(-encoders // columns) * max(_ROW, min(_TALLEST, style.WIDTH / columns))


def matrix(
    maps: pd.DataFrame,
    rows: tuple[str, str],
    columns: tuple[str, str],
    shape: tuple[int, int] = (1, 1),
) -> np.ndarray:
    """The values of the layers of one (encoder, view) against those of another, in network order;
    nan where unknown, in this ``shape`` if nothing is known.
    """
    square = _square(maps, rows, columns)
    if square is None:
        turned = _square(maps, columns, rows)  # the table has each pair once
        square = None if turned is None else turned.T
    return np.full(shape, np.nan) if square is None else square


def _square(
    maps: pd.DataFrame, rows: tuple[str, str], columns: tuple[str, str]
) -> np.ndarray | None:
    here = maps[(maps["encoder"] == rows[0]) & (maps["view"] == rows[1])]
    here = here[(here["other_encoder"] == columns[0]) & (here["other_view"] == columns[1])]
    if here.empty:
        return None
    return here.pivot_table(
        index="layer_index", columns="other_index", values="value", dropna=False, aggfunc="first"
    ).to_numpy(float)


def _maps(
    figure: "FigureBase", maps: pd.DataFrame, choices: Choices, look: Mapping[str, Any]
) -> None:
    """Draws the maps of single encoders, and the scale of their colours."""
    encoders = choices.present(maps)
    columns = min(len(encoders), _COLUMNS)
    grid = figure.subplots(-(-len(encoders) // columns), columns, squeeze=False)
    for axes in grid.flat[len(encoders) :]:
        axes.set_visible(False)
    for axes, (name, about) in zip(grid.flat, encoders.items()):
        square = matrix(maps, (name, choices.reference), (name, choices.focus))
        image = axes.imshow(square, **look, origin="lower")
        axes.set_title(style.wrapped(about["label"], 20), fontsize=7.5)
        ends = ["first", "last"][: len(square)]
        axes.set_xticks(sorted({0, len(square) - 1}), ends)
        axes.set_yticks(sorted({0, len(square) - 1}), ends)
        axes.set_xlabel(f"layer, {choices.focus}", fontsize=7.5)
    for axes in grid[:, 0]:
        axes.set_ylabel(f"layer, {choices.reference}", fontsize=7.5)
    bar = figure.colorbar(image, ax=grid, shrink=0.8, pad=0.01, aspect=18)
    bar.set_label(choices.label(maps["metric"].iloc[0]), fontsize=7.5)
    bar.ax.tick_params(labelsize=7)


def _together(
    axes: "Axes",
    maps: pd.DataFrame,
    encoders: Sequence[str],
    choices: Choices,
    look: Mapping[str, Any],
) -> None:
    """Draws the map of all encoders' layers against all, in the reference."""
    pooling = _common_pooling(maps, choices)
    maps = maps[maps["pooling"] == pooling]
    count = {
        name: int(maps.loc[maps["encoder"] == name, "layer_index"].max()) + 1 for name in encoders
    }
    reference = choices.reference
    whole = np.block(
        [
            [matrix(maps, (a, reference), (b, reference), (count[a], count[b])) for b in encoders]
            for a in encoders
        ]
    )
    axes.imshow(whole, **look)
    edges = np.cumsum([0, *count.values()]) - 0.5
    for edge in edges[1:-1]:
        axes.axhline(edge, color="white", linewidth=1.2)
        axes.axvline(edge, color="white", linewidth=1.2)
    middles = (edges[:-1] + edges[1:]) / 2
    names = [style.wrapped(choices.encoders[name]["label"], 22) for name in encoders]
    axes.set_yticks(middles, names, fontsize=7.5)
    axes.set_xticks(middles, names, fontsize=7.5, rotation=20, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0)
    title = f"layers of all encoders, first to last, as “{reference}” delivers the frames"
    note = "" if pooling == choices.pooling else f" [{pooling}]"
    axes.set_title(title + note, fontsize=8)


def _common_pooling(maps: pd.DataFrame, choices: Choices) -> str:
    """The pooling that all encoders have: the one asked for, or ``mean``, or what most have."""
    encoders = maps.groupby("pooling")["encoder"].nunique()
    common = set(encoders.index[encoders == encoders.max()])
    return next(one for one in (choices.pooling, "mean", *sorted(common)) if one in common)
