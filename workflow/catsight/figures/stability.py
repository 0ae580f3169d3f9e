"""Stability: what the values would have been with fewer frames, and how far they can be trusted."""

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd

from catsight.figures import choices, style


@style.styled
def draw(stability: pd.DataFrame, spec: Mapping):
    """A figure with one row per metric, for the view in focus and the last layer of each encoder.

    On the left the value against the number of groups, mean and middle 95 % of the draws; in the
    middle how alike the profiles over layers are in two halves of the groups; on the right, where
    there are control views, the value of each layer as a fraction of what those leave.
    ``stability`` is the study's table of that name.
    """
    from matplotlib.figure import Figure

    focal = choices.focus(spec)
    rows = choices.pooled(stability[stability["view"] == focal], spec)
    encoders = choices.present(rows, spec)
    looks, names = style.looks(choices.encoders(spec)), choices.metrics(rows)
    ceiling = rows[rows["kind"] == "of_ceiling"]
    columns = 3 if len(ceiling) else 2
    keys = len(encoders) + len(style.families(encoders))
    size = style.WIDTH + 0.9 * (columns - 2), 0.9 + 1.6 * len(names) + 0.18 * np.ceil(keys / 2)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(
        len(names), columns, squeeze=False, sharex="col", width_ratios=[1.5, 0.8, 1.5][:columns]
    )
    handles = {}
    for axes_row, metric in zip(grid, names):
        for place, (name, about) in enumerate(encoders.items()):
            here = rows[(rows["metric"] == metric) & (rows["encoder"] == name)]
            handles[name] = _sizes(
                axes_row[0], here[here["kind"] == "size"], looks[name], about["label"]
            )
            _half(axes_row[1], here[here["kind"] == "split_half"], place, looks[name])
            if columns == 3:
                _ceiling(axes_row[2], here[here["kind"] == "of_ceiling"], looks[name])
        _unknown(axes_row[1], rows[(rows["metric"] == metric) & (rows["kind"] == "split_half")])
        axes_row[0].set_ylabel(choices.metric_label(metric))
        axes_row[1].set(ylim=(-0.05, 1.05), xlim=(-0.6, len(encoders) - 0.4), xticks=[])
        for axes in axes_row:
            axes.grid(axis="y")
    grid[0][0].set_title("value in the last layer", fontsize=8)
    grid[0][1].set_title("same profile\nin both halves?", fontsize=8)
    grid[-1][0].set_xlabel("groups of frames")
    grid[-1][1].set_xlabel("encoders")
    if columns == 3:
        grid[0][2].set_title(f"share of what {_listed(ceiling, stability)} leaves", fontsize=8)
        grid[-1][2].set_xlabel("relative depth of the layer")
        for axes in grid[:, 2]:
            axes.axhline(1, color=style.GREY, linewidth=0.7)
    _counts(grid[-1][0], rows)
    shown = [*handles.values(), *style.families(encoders)]
    figure.legend(handles=shown, loc="outside upper center", ncols=2, handlelength=2.8)
    return figure


def _sizes(axes, rows: pd.DataFrame, look: style.Look, label: str):
    last = rows[rows["layer_index"] == rows["layer_index"].max()].sort_values("n_groups")
    groups = last["n_groups"].to_numpy(float)
    low, high = (last[end].to_numpy(float) for end in ("low", "high"))
    axes.fill_between(groups, low, high, facecolor=look.colour, alpha=0.13, linewidth=0)
    (line,) = axes.plot(groups, last["value"].to_numpy(float), label=label, **look.drawn)
    return line


def _half(axes, rows: pd.DataFrame, place: int, look: style.Look) -> None:
    if rows.empty or pd.isna(rows["value"].iloc[0]):
        return
    row = rows.iloc[0]
    axes.vlines(place, row["low"], row["high"], color=look.colour, linewidth=1)
    axes.plot(
        [place],
        [row["value"]],
        color=look.colour,
        marker=look.marker,
        markerfacecolor=look.face,
        linestyle="",
    )


def _unknown(axes, rows: pd.DataFrame) -> None:
    """Says why, where no half could be compared."""
    if len(rows) and rows["value"].isna().all():
        reason = textwrap.fill(str(rows["reason"].iloc[0]), 16)
        axes.text(
            0.5,
            0.5,
            reason,
            transform=axes.transAxes,
            ha="center",
            va="center",
            fontsize=7,
            color=style.GREY,
        )


def _ceiling(axes, rows: pd.DataFrame, look: style.Look) -> None:
    rows = rows.sort_values("layer_index")
    depth = rows["depth"].to_numpy(float)
    low, high = (rows[end].to_numpy(float) for end in ("low", "high"))
    axes.fill_between(depth, low, high, facecolor=look.colour, alpha=0.11, linewidth=0)
    axes.plot(depth, rows["value"].to_numpy(float), **look.drawn)


def _counts(axes, rows: pd.DataFrame) -> None:
    counts = sorted(rows.loc[rows["kind"] == "size", "n_groups"].dropna().unique())
    if counts:
        axes.set_xticks(counts, [f"{count:g}" for count in counts])


def _listed(ceiling: pd.DataFrame, stability: pd.DataFrame) -> str:
    controls = sorted(stability.loc[stability["kind"] == "ceiling", "view"].unique())
    return " and ".join(f"“{control}”" for control in controls) or "the control"
