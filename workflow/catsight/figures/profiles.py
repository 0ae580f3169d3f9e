"""Profiles: how well a view's features agree with the reference's, from an encoder's first layer to
its last.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from catsight.figures import choices, style


@style.styled
def draw(metrics: pd.DataFrame, spec: Mapping):
    """A figure with one row per metric, one column per compared view and one line per encoder; grey
    is chance.

    ``metrics`` is the study's metrics table. What it leaves open (a null value or interval) stands
    under the figure with its reason. Of the controls, a blur that is matched to the view in focus
    alone is shown.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    rows = choices.layers(choices.shown(metrics, spec))
    rows = rows[rows["view"].isin(choices.changes(spec))]
    pooled = choices.poolings(rows, spec["pooling"])
    encoders = choices.encoders(spec)
    looks = style.looks(encoders)
    names, views = choices.metrics(rows), choices.changes(spec)
    notes = choices.gaps(rows)
    if any(choices.cut(rows[rows["metric"] == metric]) for metric in names):
        notes.append("shading that meets the lower edge goes on below 0")

    figure = Figure(
        figsize=(
            style.width(len(views)),
            _height(len(names), len(encoders) + len(style.families(encoders)) + 1, len(notes)),
        ),
    )
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.04)
    grid = figure.subplots(len(names), len(views), squeeze=False, sharex=True, sharey="row")
    handles = {}
    for axes_row, metric in zip(grid, names):
        for axes, view in zip(axes_row, views):
            axes.axhline(0 if choices.distance(metric) else 1, color=style.GREY, linewidth=0.7)
            axes.grid(axis="y")
            here = rows[(rows["metric"] == metric) & (rows["view"] == view)]
            _chance(axes, here)
            for encoder in encoders:
                if not (line := here[here["encoder"] == encoder]).empty:
                    label = encoders[encoder]["label"] + choices.pooling_note(pooled[encoder], spec)
                    handles[encoder] = _line(
                        axes, line, looks[encoder], label, style.shade(len(encoders))
                    )
        if choices.cut(rows[rows["metric"] == metric]):
            axes_row[0].set_ylim(choices.CUT, 1.05)
        if choices.wide(rows[rows["metric"] == metric]):
            axes_row[0].set_yscale("log")
        axes_row[0].set_ylabel(choices.metric_label(metric))
    for axes, view in zip(grid[0], views):
        axes.set_title(f"{view}\n{choices.conditions(spec, view)}")
    for axes in grid[-1]:
        axes.set(xlim=(-0.04, 1.04), xticks=[0, 0.5, 1], xticklabels=["0", "0.5", "1"])
    figure.align_ylabels(grid[:, 0])
    below = "relative depth of the layer (0 is the first, 1 the last)"
    figure.supxlabel("\n".join([below, *notes]), fontsize=8, linespacing=1.5)
    shown = [handles[encoder] for encoder in encoders if encoder in handles] + style.families(
        encoders
    )
    if rows["null_low"].notna().any():
        shown.append(Patch(facecolor=style.GREY, alpha=0.25, label="frames shuffled (95 %)"))
    figure.legend(handles=shown, loc="outside upper center", ncols=2, handlelength=2.8)
    return figure


def _height(metrics: int, keys: int, notes: int) -> float:
    return 0.75 + 1.45 * metrics + 0.18 * (np.ceil(keys / 2) + notes)


def _chance(axes, rows: pd.DataFrame) -> None:
    """A grey band over where the frames of all encoders come to lie when they are shuffled:
    agreement by chance.
    """
    depth, low, high = np.linspace(0, 1, 101), [], []
    for _, own in rows[rows["null_low"].notna()].groupby("encoder"):
        low.append(np.interp(depth, own["depth"], own["null_low"]))
        high.append(np.interp(depth, own["depth"], own["null_high"]))
    if low:
        axes.fill_between(depth, np.min(low, axis=0), np.max(high, axis=0), facecolor=style.GREY, alpha=0.25,
                          linewidth=0, label="_chance", zorder=0)  # fmt: skip


def _line(axes, rows: pd.DataFrame, look: style.Look, label: str, shade: float):
    depth, value = rows["depth"].to_numpy(float), rows["value"].to_numpy(float)
    known = choices.has_interval(rows).to_numpy()
    low, high = (
        np.where(known, rows[end].to_numpy(float), np.nan) for end in ("ci_low", "ci_high")
    )
    axes.fill_between(depth, low, high, facecolor=look.colour, alpha=shade, linewidth=0)
    for end in (low, high):  # lets overlapping shades be told apart
        axes.plot(
            depth,
            end,
            color=look.colour,
            alpha=4 * shade,
            linewidth=0.5,
            linestyle=look.line,
            label="_end",
        )
    alone = known & ~np.r_[False, known[:-1]] & ~np.r_[known[1:], False]  # too narrow to be shaded
    axes.vlines(depth[alone], low[alone], high[alone], color=look.colour, alpha=0.5, linewidth=1)
    (drawn,) = axes.plot(depth, value, label=label, **look.drawn)
    return drawn
