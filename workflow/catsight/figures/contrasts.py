"""Encoders against encoders: how many times one loses what the other does."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from catsight.figures import style, verdicts
from catsight.figures.choices import Choices
from catsight.figures.verdicts import Contrast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The tallest cell, and the room for all cells beside names and colours, in inches.
_CELL, _ROOM = 0.5, 3.5
#: The largest type of numbers and names, in points; a cell is so many times as wide as its type.
_TYPE, _LETTERS = 7.5, 2.9
#: Of so many encoders the columns have room for names in two lines of so many letters.
_ACROSS, _LINE = 4, 14
#: The colours end at the largest ratio that is told apart, but at one of these at the least and the
#: most.
_LEAST, _MOST = 2.0, 16.0
_COLOURS, _HATCH = "RdBu_r", "////"

#: (row, column) -> how many times the encoder of that row loses what that of the column does.
Cells = Mapping[tuple[str, str], Contrast]


@style.styled
def draw(table: pd.DataFrame, choices: Choices) -> "Figure":
    """A figure with a matrix of loss ratios for the view in focus: an encoder per row and column.

    A cell is filled where the corrected test tells the two apart, hatched where they are shown to
    be equivalent, else empty. ``table`` is the study's table of contrasts, of which one metric is
    shown.
    """
    from matplotlib.figure import Figure

    rows = table[(table["kind"] == "encoder") & (table["view_a"] == choices.focus)]
    rows = rows[rows[["encoder_a", "encoder_b"]].isin(list(choices.encoders)).all(axis=1)]
    if len(rows):
        rows = rows[rows["metric"] == choices.headline(rows)]
    names = in_order(rows, choices)
    side = min(_CELL, _ROOM / max(len(names), 2))
    shown = [choices.encoders[name]["label"] for name in names]
    across = len(names) <= _ACROSS
    below = 0.4 if across else 0.065 * max(map(len, shown))
    figure = Figure(figsize=(style.WIDTH, side * max(len(names), 2) + below + 1.0))
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    if not names:
        axes.set_axis_off()
        style.empty(axes, "no encoders were tested against each other")
        return figure
    found = cells(rows, choices)
    colours = _colours(found.values())
    _matrix(axes, names, found, colours, min(_TYPE, 72 * side / _LETTERS))
    small = min(_TYPE, 72 * side * 0.8)
    axes.set_yticks(range(len(names)), shown, fontsize=small)
    if across:
        shown = [style.wrapped(label, _LINE) for label in shown]
    axes.set_xticks(range(len(names)), shown, fontsize=small, rotation=0 if across else 90)
    axes.set_xlabel("how many times the row’s encoder loses what the column’s does")
    title = f"{choices.label(rows['metric'].iloc[0])}, “{choices.focus}”"
    axes.set_title(title, loc="left", fontweight="bold")
    _scale(figure, axes, colours)
    _legend(figure, found.values())
    return figure


def cells(rows: pd.DataFrame, choices: Choices) -> Cells:
    """The contrasts of encoders in ``rows``, each in both directions."""
    found = {}
    for row in rows.to_dict("records"):
        one = verdicts.contrast(row, choices)
        found[row["encoder_a"], row["encoder_b"]] = one
        found[row["encoder_b"], row["encoder_a"]] = one.turned
    return found


def in_order(rows: pd.DataFrame, choices: Choices) -> list[str]:
    """The encoders of one metric's ``rows``, the one that loses least first; those without a value
    last.
    """
    values: dict[str, float] = {}
    for side in "ab":
        values |= dict(zip(rows[f"encoder_{side}"], rows[f"value_{side}"]))
    names = [name for name in choices.encoders if name in values]
    if not names:
        return []
    sign = 1 if choices.distance(rows["metric"].iloc[0]) else -1
    return sorted(names, key=lambda one: np.inf if pd.isna(values[one]) else sign * values[one])


def _colours(found: Iterable[Contrast]) -> Any:
    """The colours of ratios, from the inverse of the largest to the largest, white at 1."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm

    told = [one.ratio for one in found if one.told and one.ratio is not None]  # both directions
    limit = float(np.clip(max(told, default=_LEAST), _LEAST, _MOST))
    return ScalarMappable(LogNorm(1 / limit, limit, clip=True), _COLOURS)


def _matrix(axes: "Axes", names: Sequence[str], found: Cells, colours: Any, size: float) -> None:
    """Draws the cells, each with its number in letters of this ``size``."""
    from matplotlib.patches import Rectangle

    for (y, row), (x, column) in product(enumerate(names), repeat=2):
        one = found.get((row, column))
        look: dict[str, Any] | None = None
        if row == column:
            look = {"facecolor": style.PALE, "edgecolor": "none"}
        elif one is not None:
            look = _look(one, colours)
        if look is not None:
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, linewidth=0, **look))
        if one is not None and one.ratio is not None and row != column:
            text = axes.text(x, y, _number(one.ratio), ha="center", va="center", fontsize=size)
            if one.equivalent:  # hatching would cross the number
                text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.8})
            elif one.told and _dark(colours.to_rgba(one.ratio)):
                text.set_color("white")
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5))
    edges = np.arange(len(names) - 1) + 0.5
    axes.hlines(edges, -0.5, len(names) - 0.5, color=style.PALE, linewidth=0.6)
    axes.vlines(edges, -0.5, len(names) - 0.5, color=style.PALE, linewidth=0.6)
    axes.tick_params(length=0)


def _look(one: Contrast, colours: Any) -> dict[str, Any] | None:
    """How a cell is filled and hatched; None if it is empty."""
    if not (one.told or one.equivalent):
        return None
    filled = one.told and one.ratio is not None
    return {
        "facecolor": colours.to_rgba(one.ratio) if filled else "none",
        "edgecolor": style.GREY if one.equivalent else "none",
        "hatch": _HATCH if one.equivalent else None,
    }


def _dark(colour: tuple[float, float, float, float]) -> bool:
    red, green, blue, _ = colour
    return 0.3 * red + 0.59 * green + 0.11 * blue < 0.5


def _number(ratio: float) -> str:
    """A ratio in at most four letters."""
    if ratio >= 99.5:
        return ">99"
    if ratio >= 0.995:
        return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}"
    return f"{ratio:.2f}" if ratio >= 0.01 else "<.01"


def _scale(figure: "Figure", axes: "Axes", colours: Any) -> None:
    bar = figure.colorbar(colours, ax=axes, shrink=0.9, pad=0.02, aspect=22)
    limit = colours.norm.vmax
    above = [one for one in (2, 4, 8, 16) if one <= limit * 1.01]
    bar.set_ticks(
        [*(1 / one for one in above), 1, *above],
        labels=[*(f"1/{one}" for one in above), "1", *map(str, above)],
    )
    bar.ax.minorticks_off()
    bar.ax.tick_params(labelsize=7)
    bar.set_label("loss ratio", fontsize=7.5)


def _legend(figure: "Figure", found: Iterable[Contrast]) -> None:
    from matplotlib.patches import Patch

    every = list(found)
    keys = [
        Patch(facecolor="#d98774", label="told apart"),
        Patch(facecolor="white", edgecolor=style.GREY, linewidth=0.5, label="not told apart"),
    ]
    if margins := {one.margin for one in every if one.margin is not None}:
        label = f"equivalent within ×{min(margins):g}"
        keys.append(
            Patch(facecolor="white", edgecolor=style.GREY, hatch=_HATCH, linewidth=0, label=label)
        )
    figure.legend(handles=keys, loc="outside upper center", ncols=3, handlelength=1.4)
