"""Alignment of every view with the reference, layer by layer."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from catsight.figures import labels, select, style
from catsight.figures.choices import Choices

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@style.styled
def draw(table: pd.DataFrame, choices: Choices) -> "Figure":
    """A figure with one row per metric, one column per compared view and one line per encoder; grey
    is chance.

    ``table`` is the study's table of metrics. Values without an interval are left out; what it
    lacks is explained under the figure. Of the controls only those that are matched to the view in
    focus are shown.
    """
    from matplotlib.figure import Figure

    rows = select.layers(select.of_study(table, choices))
    rows = rows[rows["view"].isin(choices.changes)]
    pooled = select.poolings(rows, choices.pooling)
    names, views = choices.metrics(rows), choices.changes
    notes = select.gaps(rows, left_out=True)
    rows = select.drawn(rows)
    of = {metric: rows[rows["metric"] == metric] for metric in names}
    if any(select.cut(some, choices) for some in of.values()):
        notes.append(select.SHADING_CUT)
    if any(select.wide(some, choices) and some["ci_low"].min() <= 0 for some in of.values()):
        notes.append(select.LOGARITHMIC_CUT)
    keys = len(choices.encoders) + len(style.families(choices.encoders)) + 1
    height = 0.75 + 1.45 * len(names) + 0.18 * (np.ceil(keys / 2) + len(notes))
    figure = Figure(figsize=(style.width(len(views)), height))
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.04)
    grid = figure.subplots(len(names), len(views), squeeze=False, sharex=True, sharey="row")
    handles: dict[str, Artist] = {}
    for axes_row, metric in zip(grid, names):
        for axes, view in zip(axes_row, views):
            axes.axhline(choices.agreement(metric), color=style.GREY, linewidth=0.7)
            handles |= _panel(axes, of[metric][of[metric]["view"] == view], choices, pooled)
        if select.cut(of[metric], choices):
            axes_row[0].set_ylim(select.CUT, 1.05)
        if select.wide(of[metric], choices):
            axes_row[0].set_yscale("log")
        axes_row[0].set_ylabel(choices.label(metric))
    for axes, view in zip(grid[0], views):
        axes.set_title(f"{view}\n{choices.views[view]['label']}")
    for axes in grid[-1]:
        axes.set(xlim=(-0.04, 1.04), xticks=[0, 0.5, 1], xticklabels=["0", "0.5", "1"])
    figure.align_ylabels(grid[:, 0])
    below = "relative depth of the layer (0 is the first, 1 the last)"
    figure.supxlabel("\n".join([below, *notes]), fontsize=8, linespacing=1.5)
    entries = [handles[encoder] for encoder in choices.encoders if encoder in handles]
    entries += [*style.families(choices.encoders), *_chance_key(rows)]
    figure.legend(handles=entries, loc="outside upper center", ncols=2, handlelength=2.8)
    return figure


def _panel(
    axes: "Axes", rows: pd.DataFrame, choices: Choices, pooled: dict[str, str]
) -> "dict[str, Artist]":
    """Draws one view by one metric; returns the line of each encoder."""
    axes.grid(axis="y")
    _chance(axes, rows)
    shade = style.shade(len(choices.encoders))
    drawn = {}
    for encoder, look in choices.looks.items():
        own = rows[rows["encoder"] == encoder]
        if not own.empty:
            label = labels.encoder(choices, encoder, pooled[encoder])
            drawn[encoder] = _line(axes, own, look, label, shade)
    if rows["value"].isna().all():
        style.empty(axes, select.nothing(rows))
    return drawn


def _chance(axes: "Axes", rows: pd.DataFrame) -> None:
    """Draws chance as a grey band: it holds what shuffled frames give in all encoders."""
    depth, low, high = np.linspace(0, 1, 101), [], []
    for _, own in rows[rows["null_low"].notna()].groupby("encoder"):
        low.append(np.interp(depth, own["depth"], own["null_low"]))
        high.append(np.interp(depth, own["depth"], own["null_high"]))
    if low:
        axes.fill_between(
            depth,
            np.min(low, axis=0),
            np.max(high, axis=0),
            facecolor=style.GREY,
            alpha=0.25,
            linewidth=0,
            label="_chance",
            zorder=0,
        )


def _chance_key(rows: pd.DataFrame) -> "list[Artist]":
    from matplotlib.patches import Patch

    if not rows["null_low"].notna().any():
        return []
    return [Patch(facecolor=style.GREY, alpha=0.25, label="frames shuffled (95 %)")]


def _line(axes: "Axes", rows: pd.DataFrame, look: style.Look, label: str, shade: float) -> "Artist":
    """Draws one encoder's line, and its intervals as shading; returns the line."""
    depth, value = rows["depth"].to_numpy(float), rows["value"].to_numpy(float)
    known = select.has_interval(rows).to_numpy()
    low = np.where(known, rows["ci_low"].to_numpy(float), np.nan)
    high = np.where(known, rows["ci_high"].to_numpy(float), np.nan)
    axes.fill_between(depth, low, high, facecolor=look.colour, alpha=shade, linewidth=0)
    for end in (low, high):  # so that overlapping shades can be told apart
        axes.plot(
            depth,
            end,
            color=look.colour,
            alpha=4 * shade,
            linewidth=0.5,
            linestyle=look.line,
            label="_end",
        )
    before, after = np.r_[False, known[:-1]], np.r_[known[1:], False]
    alone = known & ~before & ~after  # a single layer, too narrow to be shaded
    axes.vlines(depth[alone], low[alone], high[alone], color=look.colour, alpha=0.5, linewidth=1)
    (drawn,) = axes.plot(depth, value, label=label, **look.drawn)
    return drawn
