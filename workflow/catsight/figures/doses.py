"""Alignment as light, focus, field of view or acuity varies."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from catsight.errors import CatsightError
from catsight.figures import labels, select, style
from catsight.figures.choices import Choices

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Axis(NamedTuple):
    """The horizontal axis of a dose curve."""

    label: str
    logarithmic: bool


#: The axis of each condition, by its name in the table.
AXES = {
    "luminance": Axis("luminance, cd/m²", logarithmic=True),
    "defocus": Axis("defocus, dioptres", logarithmic=False),
    "field_of_view": Axis("field of view, degrees", logarithmic=True),
    "acuity": Axis("acuity, cycles per degree", logarithmic=True),
}


@style.styled
def draw(table: pd.DataFrame, choices: Choices) -> "Figure":
    """A figure with one row per metric, one column for each condition and one line per encoder.

    ``table`` is the study's table of doses. The lines are means over layers with their intervals; a
    value without an interval is left out, since it cannot be distinguished from noise.
    """
    from matplotlib.figure import Figure

    rows = select.summaries(select.pooled(table, choices))
    notes = select.gaps(rows, left_out=True)
    rows = select.drawn(rows)
    encoders, names, sweeps = choices.present(rows), choices.metrics(rows), _sweeps(rows)
    pooled = select.poolings(rows, choices.pooling)
    keys = len(encoders) + len(style.families(encoders))
    height = 0.7 + 1.7 * len(names) + 0.18 * (np.ceil(keys / 2) + len(notes))
    figure = Figure(figsize=(style.width(2 * len(sweeps)), height), layout="constrained")
    grid = figure.subplots(len(names), len(sweeps), squeeze=False, sharex="col", sharey="row")
    handles: dict[str, Artist] = {}
    for axes_row, metric in zip(grid, names):
        for axes, condition in zip(axes_row, sweeps):
            axes.axhline(choices.agreement(metric), color=style.GREY, linewidth=0.7)
            axes.grid(True)
            here = rows[(rows["metric"] == metric) & (rows["swept"] == condition)]
            for name in encoders:
                own = here[here["encoder"] == name].sort_values("dose")
                label = labels.encoder(choices, name, pooled[name])
                handles[name] = _line(axes, own, choices.looks[name], label)
            if here["value"].isna().all():
                style.empty(axes, select.nothing(here))
        axes_row[0].set_ylabel(choices.label(metric))
    for axes, condition in zip(grid[-1], sweeps):
        axes.set_xlabel(AXES[condition].label)
        own = rows[rows["swept"] == condition]
        if own["value"].isna().all():
            axes.set_xticks([])
        elif AXES[condition].logarithmic:
            _logarithmic(axes, sorted(own["dose"].unique()))
    if notes:
        figure.supxlabel("\n".join(notes), fontsize=8, linespacing=1.4)
    entries = [*handles.values(), *style.families(encoders)]
    figure.legend(handles=entries, loc="outside upper center", ncols=2, handlelength=2.8)
    return figure


def _sweeps(rows: pd.DataFrame) -> list[str]:
    """The conditions that vary in the table, in order. Raises :class:`CatsightError` for any that
    has no axis.
    """
    found = set(rows["swept"])
    if strange := sorted(found - set(AXES)):
        raise CatsightError(
            f"the table of doses varies '{strange[0]}', for which there is no axis; there are "
            f"{', '.join(AXES)}"
        )
    return [condition for condition in AXES if condition in found]


def _line(axes: "Axes", rows: pd.DataFrame, look: style.Look, label: str) -> "Artist":
    """Draws one encoder's line and intervals; returns the line."""
    dose, value = rows["dose"].to_numpy(float), rows["value"].to_numpy(float)
    low, high = rows["ci_low"].to_numpy(float), rows["ci_high"].to_numpy(float)
    axes.fill_between(dose, low, high, facecolor=look.colour, alpha=0.11, linewidth=0)
    axes.vlines(dose, low, high, color=look.colour, linewidth=0.8, alpha=0.7)
    (line,) = axes.plot(dose, value, label=label, **look.drawn)
    return line


def _logarithmic(axes: "Axes", doses: Sequence[float]) -> None:
    axes.set_xscale("log")
    axes.minorticks_off()
    if len(doses) <= 8:
        axes.set_xticks(doses, [f"{dose:g}" for dose in doses])
