"""The summary: one figure for a paper's first page, that asks the question and answers it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from catsight.figures import choices, style

_SIDE = 420


@style.styled
def draw(
    metrics: pd.DataFrame, spec: Mapping, row: Mapping, attribution: pd.DataFrame | None = None
):
    """A figure of one frame as the views deliver it, and of the metric that the report speaks of.

    Below the pictures: alignment of the view in focus by depth (left), the mean over layers for
    every view (right), and where there is ``attribution`` what of the loss is due to which part of
    the eye, mean over layers. ``metrics`` is the study's metrics table; ``row`` holds the
    ``pictures`` of a frame by view, uint8 sRGB (h, w, 3).
    """
    from matplotlib.figure import Figure

    shown = choices.shown(metrics, spec)
    shown = shown[shown["metric"] == choices.primary(shown)]
    focal, reference = choices.focus(spec), spec["reference"]
    views = [reference, focal, *[view for view in choices.changes(spec) if view != focal]][:4]
    views = [view for view in views if view in row["pictures"]]
    shares = None if attribution is None else _shares(attribution, spec, shown["metric"].iloc[0])
    encoders = choices.present(shown, spec)
    handles = _keys(encoders, spec)
    side = style.WIDTH / len(views)
    heights = {
        "pictures": side + 0.3,
        "key": 0.1 + 0.17 * np.ceil(len(handles) / 2),
        "plots": max(2.2, 0.5 + 0.1 * len(choices.compared(spec)) * len(encoders)),
        "parts": 0 if shares is None else 0.65 + 0.26 * shares["encoder"].nunique(),
    }
    heights = {name: height for name, height in heights.items() if height}
    figure = Figure(figsize=(style.WIDTH, sum(heights.values())))
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.04)
    grid = figure.add_gridspec(len(heights), 1, height_ratios=list(heights.values()))
    rows = {name: grid[place] for place, name in enumerate(heights)}
    pictures = rows["pictures"].subgridspec(1, len(views))
    for place, view in enumerate(views):
        axes = figure.add_subplot(pictures[place])
        axes.imshow(style.reduce(row["pictures"][view], _SIDE), interpolation="antialiased")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        note = " (reference)" if view == reference else ""
        axes.set_title(f"{view}{note}\n{choices.conditions(spec, view)}", fontsize=7.5)
    key = figure.add_subplot(rows["key"])
    key.set_axis_off()
    key.legend(handles=handles, loc="center", ncols=2, handlelength=2.8)
    plots = rows["plots"].subgridspec(1, 2, width_ratios=[1.25, 1])
    left, right = (figure.add_subplot(plots[side]) for side in (0, 1))
    _profile(left, choices.layers(shown[shown["view"] == focal]), encoders, spec)
    _means(right, choices.summaries(shown), encoders, spec)
    if shares is not None:
        _parts(figure.add_subplot(rows["parts"]), shares, spec)
    return figure


def _profile(axes, rows: pd.DataFrame, encoders: Mapping, spec: Mapping) -> None:
    metric = rows["metric"].iloc[0]
    looks = style.looks(choices.encoders(spec))
    axes.axhline(0 if choices.distance(metric) else 1, color=style.GREY, linewidth=0.7)
    for name in encoders:
        here = rows[rows["encoder"] == name]
        look, depth = looks[name], here["depth"].to_numpy(float)
        low, high = (here[end].to_numpy(float) for end in ("ci_low", "ci_high"))
        axes.fill_between(depth, low, high, facecolor=look.colour, alpha=style.shade(len(encoders)),
                          linewidth=0)  # fmt: skip
        axes.plot(depth, here["value"].to_numpy(float), label=name, **look.drawn)
    if choices.cut(rows):
        axes.set_ylim(choices.CUT, 1.05)
    axes.grid(axis="y")
    axes.set(xlim=(-0.04, 1.04), xticks=[0, 0.5, 1], xticklabels=["0", "0.5", "1"])
    axes.set_xlabel(f"relative depth of the layer, “{choices.focus(spec)}”", fontsize=7.5)
    axes.set_ylabel(choices.metric_label(metric))


def _means(axes, rows: pd.DataFrame, encoders: Mapping, spec: Mapping) -> None:
    """A line of dots to each view, one to each encoder: what each change of the picture does."""
    metric = rows["metric"].iloc[0]
    looks, views = style.looks(choices.encoders(spec)), choices.compared(spec)
    offsets = (np.arange(len(encoders)) - (len(encoders) - 1) / 2) * 0.75 / len(encoders)
    for place, view in enumerate(views):
        for name, offset in zip(encoders, offsets):
            here = rows[(rows["view"] == view) & (rows["encoder"] == name)]
            if here.empty or pd.isna(here["value"].iloc[0]):
                continue
            one, look = here.iloc[0], looks[name]
            axes.hlines(
                place + offset, one["ci_low"], one["ci_high"], color=look.colour, linewidth=1.1
            )
            axes.plot([one["value"]], [place + offset], color=look.colour, marker=look.marker, markersize=3,
                      markerfacecolor=look.face, linestyle="", label=f"{name}/{view}")  # fmt: skip
    axes.axvline(0 if choices.distance(metric) else 1, color=style.GREY, linewidth=0.7)
    if choices.cut(rows):
        axes.set_xlim(choices.CUT, 1.05)
    axes.set_yticks(range(len(views)), views)
    axes.set_ylim(len(views) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel("mean over layers", fontsize=7.5)


def _shares(attribution: pd.DataFrame, spec: Mapping, metric: str) -> pd.DataFrame | None:
    rows = choices.pooled(attribution[attribution["metric"] == metric], spec)
    rows = rows[
        (rows["layer"] == choices.ALL_LAYERS)
        & rows["part"].isin(choices.PARTS)
        & rows["value"].notna()
    ]
    return rows if len(rows) else None


def _parts(axes, rows: pd.DataFrame, spec: Mapping) -> None:
    """Dots with intervals, one line to an encoder: what of its loss is due to each part."""
    encoders = list(choices.present(rows, spec))
    parts = [part for part in choices.PARTS if part in set(rows["part"])]
    offsets = (np.arange(len(parts)) - (len(parts) - 1) / 2) * 0.7 / len(parts)
    for place, name in enumerate(encoders):
        for part, offset in zip(parts, offsets):
            one = rows[(rows["encoder"] == name) & (rows["part"] == part)].iloc[0]
            axes.hlines(
                place + offset,
                one["ci_low"],
                one["ci_high"],
                color=style.PARTS[part],
                linewidth=1.4,
            )
            axes.plot([one["value"]], [place + offset], color=style.PARTS[part], marker="o", linestyle="",
                      label=choices.PARTS[part] if name == encoders[0] else f"_{part}")  # fmt: skip
    axes.axvline(0, color=style.GREY, linewidth=0.7)
    axes.set_yticks(
        range(len(encoders)), [choices.encoders(spec)[name]["label"] for name in encoders]
    )
    axes.set_ylim(len(encoders) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel(
        f"loss due to each part of the eye of “{spec['attribution']['view']}”, mean over layers",
        fontsize=7.5,
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.05), fontsize=7.5, handletextpad=0.2)


def _keys(encoders: Mapping, spec: Mapping) -> list:
    """Handles for a legend of encoders and families."""
    from matplotlib.lines import Line2D

    looks = style.looks(choices.encoders(spec))
    drawn = [
        Line2D([], [], label=about["label"], **looks[name].drawn)
        for name, about in encoders.items()
    ]
    return drawn + style.families(encoders)
