"""The values with fewer groups of frames, between halves of them, and relative to a ceiling."""

import textwrap
from collections.abc import Collection
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
    """A figure with one row per metric, for the view in focus and the last layer of each encoder.

    On the left the value against the number of groups, mean and middle 95 % of the draws; in the
    middle how alike the profiles over layers are in two halves of the groups; on the right, if the
    study has control views, the value of each layer divided by the control's. ``table`` is the
    study's table of stability.
    """
    from matplotlib.figure import Figure

    rows = select.pooled(table[table["view"] == choices.focus], choices)
    encoders, names = choices.present(rows), choices.metrics(rows)
    has_ceiling = bool((rows["kind"] == "of_ceiling").any())
    columns = 3 if has_ceiling else 2
    keys = len(encoders) + len(style.families(encoders))
    size = style.WIDTH + 0.9 * (columns - 2), 0.9 + 1.6 * len(names) + 0.18 * np.ceil(keys / 2)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(
        len(names), columns, squeeze=False, sharex="col", width_ratios=[1.5, 0.8, 1.5][:columns]
    )
    handles: dict[str, Artist] = {}
    for axes_row, metric in zip(grid, names):
        of_metric = rows[rows["metric"] == metric]
        handles |= _sizes(axes_row[0], of_metric[of_metric["kind"] == "size"], choices)
        _halves(axes_row[1], of_metric[of_metric["kind"] == "split_half"], choices, encoders)
        if has_ceiling:
            _ceiling(axes_row[2], of_metric[of_metric["kind"] == "of_ceiling"], choices)
        axes_row[0].set_ylabel(choices.label(metric))
        for axes in axes_row:
            axes.grid(axis="y")
    grid[0][0].set_title("value in the last layer", fontsize=8)
    grid[0][1].set_title("same profile\nin both halves?", fontsize=8)
    grid[-1][0].set_xlabel("groups of frames")
    grid[-1][1].set_xlabel("encoders")
    if has_ceiling:
        grid[0][2].set_title(f"share of what {_controls(table)} leaves", fontsize=8)
        grid[-1][2].set_xlabel("relative depth of the layer")
        for axes in grid[:, 2]:
            axes.axhline(1, color=style.GREY, linewidth=0.7)
    _counts(grid[-1][0], rows)
    entries = [*handles.values(), *style.families(encoders)]
    figure.legend(handles=entries, loc="outside upper center", ncols=2, handlelength=2.8)
    return figure


def _sizes(axes: "Axes", rows: pd.DataFrame, choices: Choices) -> "dict[str, Artist]":
    """Draws the last layer's value against the number of groups; returns each encoder's line."""
    drawn: dict[str, Artist] = {}
    for name, about in choices.present(rows).items():
        look, own = choices.looks[name], rows[rows["encoder"] == name]
        last = own[own["layer_index"] == own["layer_index"].max()].sort_values("n_groups")
        groups = last["n_groups"].to_numpy(float)
        low, high = last["low"].to_numpy(float), last["high"].to_numpy(float)
        axes.fill_between(groups, low, high, facecolor=look.colour, alpha=0.13, linewidth=0)
        values = last["value"].to_numpy(float)
        (drawn[name],) = axes.plot(groups, values, label=about["label"], **look.drawn)
    return drawn


def _halves(axes: "Axes", rows: pd.DataFrame, choices: Choices, encoders: Collection[str]) -> None:
    """Draws how alike the two halves are, or says why none could be compared."""
    for place, name in enumerate(encoders):
        own = rows[(rows["encoder"] == name) & rows["value"].notna()]
        if own.empty:
            continue
        look, row = choices.looks[name], own.iloc[0]
        axes.vlines(place, row["low"], row["high"], color=look.colour, linewidth=1)
        axes.plot(
            [place],
            [row["value"]],
            color=look.colour,
            marker=look.marker,
            markerfacecolor=look.face,
            linestyle="",
        )
    if len(rows) and rows["value"].isna().all():
        style.empty(axes, textwrap.fill(labels.reason(rows.iloc[0]), 16))
    lowest = np.nanmin([0.0, *rows["low"], *rows["value"]])
    axes.set(ylim=(lowest - 0.05, 1.05), xlim=(-0.6, len(encoders) - 0.4), xticks=[])


def _ceiling(axes: "Axes", rows: pd.DataFrame, choices: Choices) -> None:
    """Draws the values of the layers divided by those of the control."""
    for name in choices.present(rows):
        look = choices.looks[name]
        own = rows[rows["encoder"] == name].sort_values("layer_index")
        depth = own["depth"].to_numpy(float)
        low, high = own["low"].to_numpy(float), own["high"].to_numpy(float)
        axes.fill_between(depth, low, high, facecolor=look.colour, alpha=0.11, linewidth=0)
        axes.plot(depth, own["value"].to_numpy(float), **look.drawn)


def _counts(axes: "Axes", rows: pd.DataFrame) -> None:
    counts = sorted(rows.loc[rows["kind"] == "size", "n_groups"].dropna().unique())
    if counts:
        axes.set_xticks(counts, [f"{count:g}" for count in counts])


def _controls(table: pd.DataFrame) -> str:
    """The control views, in quotation marks."""
    controls = sorted(table.loc[table["kind"] == "ceiling", "view"].unique())
    return " and ".join(f"“{control}”" for control in controls) or "the control"
