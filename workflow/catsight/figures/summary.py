"""The summary: one figure for a paper's first page, with the question and the answer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from catsight.figures import labels, reading, select, style
from catsight.figures.choices import Choices
from catsight.figures.gallery import tallest
from catsight.figures.reading import Scene
from catsight.tables.names import ALL_LAYERS

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec

#: Pictures shown, and the longest side of each in px.
_PICTURES, _SIDE = 4, 420


def read(frames: Sequence[Path], views: Mapping[str, Sequence[Path]], choices: Choices) -> Scene:
    """The scene to draw, from the shards of the frames and of each view."""
    return reading.scenes(frames, views, choices.views, count=1)[0]


@style.styled
def draw(
    table: pd.DataFrame, choices: Choices, scene: Scene, attribution: pd.DataFrame | None = None
) -> "Figure":
    """A figure of one scene in some views, and of the metric that the report speaks of.

    Below the pictures: alignment of the view in focus by depth (left), the mean over layers for
    every view (right), and with ``attribution`` how much of the loss is due to which part of the
    eye, mean over layers. ``table`` is the study's table of metrics.
    """
    from matplotlib.figure import Figure

    rows = select.of_study(table, choices)
    rows = rows[rows["metric"] == choices.headline(rows)]
    encoders = choices.present(rows)
    layers = select.layers(rows[rows["view"] == choices.focus])
    means = select.summaries(rows)
    notes = _notes(layers, means, choices)
    shares = _shares(attribution, choices, rows["metric"].iloc[0])
    views = _pictured(choices, scene)
    keys = _keys(list(encoders), choices)
    heights = {
        "pictures": _height(scene, views),
        "keys": 0.1 + 0.17 * np.ceil(len(keys) / 2),
        "plots": max(2.2, 0.5 + 0.1 * len(choices.compared) * len(encoders)),
    }
    if len(shares):
        heights["parts"] = 0.65 + 0.26 * shares["encoder"].nunique()
    if notes:
        heights["notes"] = 0.05 + 0.17 * len(notes)
    figure = Figure(figsize=(style.WIDTH, sum(heights.values())))
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.04)
    grid = figure.add_gridspec(len(heights), 1, height_ratios=list(heights.values()))
    place = {name: grid[row] for row, name in enumerate(heights)}
    _pictures(figure, place["pictures"], scene, views, choices)
    below = figure.add_subplot(place["keys"])
    below.set_axis_off()
    below.legend(handles=keys, loc="center", ncols=2, handlelength=2.8)
    plots = place["plots"].subgridspec(1, 2, width_ratios=[1.25, 1])
    left, right = figure.add_subplot(plots[0]), figure.add_subplot(plots[1])
    _profile(left, select.drawn(layers), choices)
    _means(right, select.drawn(means), choices)
    if len(shares):
        _parts(figure.add_subplot(place["parts"]), shares, choices)
    if notes:
        axes = figure.add_subplot(place["notes"])
        axes.set_axis_off()
        axes.text(0.5, 0.5, "\n".join(notes), ha="center", va="center", fontsize=7.5)
    return figure


def _notes(layers: pd.DataFrame, means: pd.DataFrame, choices: Choices) -> list[str]:
    """What the panels leave out or cut off."""
    notes = select.gaps(pd.concat([layers, means]), left_out=True)
    if select.cut(select.drawn(layers), choices):
        notes.append(f"left: {select.SHADING_CUT}")
    if select.cut(select.drawn(means), choices):
        notes.append(f"right: {select.BARS_CUT}")
    return notes


def _height(scene: Scene, views: Sequence[str]) -> float:
    """Inches that the row of pictures needs: their width, the tallest one's ratio, two titles."""
    ratio = tallest(scene.pictures[view] for view in views)
    return style.WIDTH / len(views) * ratio + 0.3


def _pictured(choices: Choices, scene: Scene) -> list[str]:
    """The views whose pictures are shown: the reference, that in focus, and other changes."""
    others = [view for view in choices.changes if view != choices.focus]
    views = [choices.reference, choices.focus, *others][:_PICTURES]
    return [view for view in views if view in scene.pictures]


def _pictures(
    figure: "Figure", place: "SubplotSpec", scene: Scene, views: Sequence[str], choices: Choices
) -> None:
    grid = place.subgridspec(1, len(views))
    for column, view in enumerate(views):
        axes = figure.add_subplot(grid[column])
        axes.imshow(style.reduce(scene.pictures[view], _SIDE), interpolation="antialiased")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.set_title(labels.view_title(choices, view), fontsize=7.5)


def _profile(axes: "Axes", rows: pd.DataFrame, choices: Choices) -> None:
    """Draws the view in focus layer by layer: a line for each encoder."""
    if rows["value"].isna().all():
        style.empty(axes, select.nothing(rows))
        axes.set_yticks([])  # a scale of nothing
    metric, encoders = rows["metric"].iloc[0], choices.present(rows)
    axes.axhline(choices.agreement(metric), color=style.GREY, linewidth=0.7)
    for name in encoders:
        here = rows[rows["encoder"] == name]
        look, depth = choices.looks[name], here["depth"].to_numpy(float)
        low, high = here["ci_low"].to_numpy(float), here["ci_high"].to_numpy(float)
        shade = style.shade(len(encoders))
        axes.fill_between(depth, low, high, facecolor=look.colour, alpha=shade, linewidth=0)
        axes.plot(depth, here["value"].to_numpy(float), label=name, **look.drawn)
    if select.cut(rows, choices):
        axes.set_ylim(select.CUT, 1.05)
    axes.grid(axis="y")
    axes.set(xlim=(-0.04, 1.04), xticks=[0, 0.5, 1], xticklabels=["0", "0.5", "1"])
    axes.set_xlabel(f"relative depth of the layer, “{choices.focus}”", fontsize=7.5)
    axes.set_ylabel(choices.label(metric))


def _means(axes: "Axes", rows: pd.DataFrame, choices: Choices) -> None:
    """Draws a group of dots for each view, one for each encoder: what each change of the picture
    does.
    """
    if rows["value"].isna().all():
        style.empty(axes, select.nothing(rows))
    encoders = choices.present(rows)
    offsets = (np.arange(len(encoders)) - (len(encoders) - 1) / 2) * 0.75 / len(encoders)
    for place, view in enumerate(choices.compared):
        for name, offset in zip(encoders, offsets):
            here = rows[(rows["view"] == view) & (rows["encoder"] == name)]
            if here.empty or pd.isna(here["value"].iloc[0]):
                continue
            one, look = here.iloc[0], choices.looks[name]
            y = place + offset
            axes.hlines(y, one["ci_low"], one["ci_high"], color=look.colour, linewidth=1.1)
            axes.plot(
                [one["value"]],
                [y],
                color=look.colour,
                marker=look.marker,
                markersize=3,
                markerfacecolor=look.face,
                linestyle="",
                label=f"{name}/{view}",
            )
    axes.axvline(choices.agreement(rows["metric"].iloc[0]), color=style.GREY, linewidth=0.7)
    if select.cut(rows, choices):
        axes.set_xlim(select.CUT, 1.05)
    axes.set_yticks(range(len(choices.compared)), choices.compared)
    axes.set_ylim(len(choices.compared) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel("mean over layers", fontsize=7.5)


def _shares(attribution: pd.DataFrame | None, choices: Choices, metric: str) -> pd.DataFrame:
    """The parts' shares of the loss by this metric, means over layers, that have an interval."""
    if attribution is None:
        return pd.DataFrame()
    rows = select.pooled(attribution[attribution["metric"] == metric], choices)
    rows = rows[rows["layer"] == ALL_LAYERS]
    return rows[rows["part"].isin(list(choices.parts)) & select.has_interval(rows)]


def _parts(axes: "Axes", rows: pd.DataFrame, choices: Choices) -> None:
    """Draws what is due to each part: a group of dots for each encoder."""
    from matplotlib.lines import Line2D

    encoders = choices.present(rows)
    parts = [part for part in choices.parts if part in set(rows["part"])]
    offsets = (np.arange(len(parts)) - (len(parts) - 1) / 2) * 0.7 / len(parts)
    for place, name in enumerate(encoders):
        for part, offset in zip(parts, offsets):
            here = rows[(rows["encoder"] == name) & (rows["part"] == part)]
            if here.empty:
                continue
            one = here.iloc[0]
            y, colour = place + offset, choices.colours[part]
            axes.hlines(y, one["ci_low"], one["ci_high"], color=colour, linewidth=1.4)
            axes.plot(
                [one["value"]],
                [y],
                color=colour,
                marker="o",
                linestyle="",
                label=f"_{part}",
            )
    axes.axvline(0, color=style.GREY, linewidth=0.7)
    axes.set_yticks(range(len(encoders)), [about["label"] for about in encoders.values()])
    axes.set_ylim(len(encoders) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel(
        f"loss due to each part of the eye of “{choices.attribution['view']}”, mean over layers",
        fontsize=7.5,
    )
    keys = [
        Line2D([], [], color=choices.colours[part], marker="o", linestyle="", label=label)
        for part, label in choices.parts.items()
        if part in parts
    ]
    axes.legend(
        handles=keys,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.05),
        fontsize=7.5,
        handletextpad=0.2,
    )


def _keys(encoders: Sequence[str], choices: Choices) -> "list[Artist]":
    """Handles for a legend of encoders and families."""
    from matplotlib.lines import Line2D

    about = {name: choices.encoders[name] for name in encoders}
    lines = [
        Line2D([], [], label=about[name]["label"], **choices.looks[name].drawn) for name in encoders
    ]
    return [*lines, *style.families(about)]
