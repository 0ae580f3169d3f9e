"""The share of each part of the eye in the loss, and how far drawn eyes spread it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from catsight.figures import select, style
from catsight.figures.attribution import panels
from catsight.figures.choices import Choices
from catsight.tables.names import ALL_LAYERS, WHOLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The ends of a band: the middle 80 % of the draws.
BAND = (0.1, 0.9)
#: The opacity of bands, and the width of those of the means over layers, in points.
_SHADE, _WIDE = 0.22, 5.0
#: Layers between the last one and the means over all, and between the means of two parts.
_AWAY, _STEP = 0.06, 0.05


@style.styled
def draw(table: pd.DataFrame, choices: Choices) -> "Figure":
    """A figure with one row per metric and one column per encoder: the share of each part, layer by
    layer, of the eye as stated, within a band of those of drawn eyes; at the right, of the means.

    ``table`` is the study's table of drawn eyes' parts. Layers whose whole loss has no interval, as
    the eye is stated, are left out.
    """
    from matplotlib.figure import Figure

    rows = select.pooled(table, choices)
    stated = rows[(rows["draw"] == 0) & (rows["part"] == WHOLE)]
    notes = select.gaps(select.layers(stated), left_out=True)
    encoders, names = choices.present(rows), choices.metrics(rows)
    parts = [part for part in choices.parts if part in set(rows["part"])]
    size = style.width(2.2 * len(encoders)), 0.95 + 1.7 * len(names) + 0.16 * len(notes)
    figure = Figure(figsize=size, layout="constrained")
    panels(figure, rows, choices, lambda axes, here: _panel(axes, here, parts, choices))
    figure.supxlabel("\n".join(["layer", *notes]), fontsize=8, linespacing=1.4)
    _legend(figure, parts, choices)
    return figure


def _panel(axes: "Axes", rows: pd.DataFrame, parts: Sequence[str], choices: Choices) -> None:
    """Draws one encoder by one metric."""
    axes.axhline(0, color=style.GREY, linewidth=0.7)
    axes.grid(axis="y")
    whole = rows[(rows["draw"] == 0) & (rows["part"] == WHOLE)]
    known = whole.loc[select.has_interval(whole), "layer"]
    rows = rows[rows["layer"].isin(known)]
    places = sorted(whole["layer_index"].dropna().astype(int))
    span = max(places[-1], 1)
    ends = ["only"] if places[-1] == 0 else ["first", "last"]
    mean = places[-1] + span * (2 * _AWAY + _STEP * (len(parts) - 1) / 2)
    axes.set_xticks([*sorted({places[0], places[-1]}), mean], [*ends, "mean"])
    if known.empty:
        return style.empty(axes, select.nothing(whole))
    for i, part in enumerate(parts):
        of = rows[rows["part"] == part]
        at = places[-1] + span * (2 * _AWAY + _STEP * i)
        _part(axes, of[of["layer"] != ALL_LAYERS], choices.colours[part], part)
        _mean(axes, of[of["layer"] == ALL_LAYERS], at, choices.colours[part])
    return None


def band(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the band of one part, (layers,) each, in network order; nan of a layer in which
    some draw has no value.
    """
    drawn = rows[rows["draw"] > 0].pivot_table(
        index="layer_index", columns="draw", values="value", dropna=False
    )
    low, high = np.quantile(drawn.to_numpy(float), BAND, axis=1)
    return low, high


def _part(axes: "Axes", rows: pd.DataFrame, colour: str, part: str) -> None:
    """Draws the share of a part, layer by layer, and its band."""
    stated = rows[rows["draw"] == 0].sort_values("layer_index")
    if stated.empty:
        return
    place = stated["layer_index"].to_numpy(float)
    low, high = band(rows)
    axes.fill_between(place, low, high, color=colour, alpha=_SHADE, linewidth=0, label=f"_{part}")
    axes.plot(place, stated["value"], color=colour, marker="o", markersize=2, label=part)


def _mean(axes: "Axes", rows: pd.DataFrame, at: float, colour: str) -> None:
    """Draws the share of a part in the mean over layers, and its band."""
    low, high = np.quantile(rows.loc[rows["draw"] > 0, "value"], BAND)
    axes.vlines(at, low, high, color=colour, linewidth=_WIDE, alpha=2 * _SHADE)
    own = rows.loc[rows["draw"] == 0, "value"]
    axes.plot([at] * len(own), own, color=colour, marker="o", markersize=3, label="_mean")


def _legend(figure: "Figure", parts: Sequence[str], choices: Choices) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    keys = [
        Line2D([], [], color=choices.colours[part], marker="o", label=choices.parts[part])
        for part in parts
    ]
    shade = Patch(facecolor=style.GREY, alpha=_SHADE, label="10 to 90 % of the draws")
    figure.legend(handles=[*keys, shade], loc="outside upper center", ncols=3)
