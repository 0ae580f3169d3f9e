"""The ranking: encoders by how much of their features survives, and which change of the picture
moves them most.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from catsight.figures import choices, style

_MARKERS = ("o", "s", "D", "^", "v", "P", "X")


@style.styled
def draw(metrics: pd.DataFrame, spec: Mapping):
    """A figure with one panel per metric: a line per encoder, a dot per compared view, its interval
    beside it.

    The dots are means over an encoder's layers (the rows with layer ``all``), best first by the
    view in focus. Controls are in :func:`changes`.
    """
    views = [
        view
        for view in choices.compared(spec)
        if spec["views"][view].get("filter") not in choices.CONTROLS
    ]
    return _panels(
        choices.summaries(choices.shown(metrics, spec)), spec, views or choices.compared(spec)
    )


@style.styled
def changes(metrics: pd.DataFrame, spec: Mapping):
    """As :func:`draw`, of the one metric that the report speaks of, for all views that are
    compared.
    """
    rows = choices.summaries(choices.shown(metrics, spec))
    return _panels(rows[rows["metric"] == choices.primary(rows)], spec, choices.compared(spec))


def _panels(rows: pd.DataFrame, spec: Mapping, views: Sequence[str]):
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rows = rows[rows["view"].isin(views)]
    encoders, names = choices.encoders(spec), choices.metrics(rows)
    pooled = choices.poolings(rows, spec["pooling"])
    looks = style.looks(encoders)
    count = rows["encoder"].nunique()
    step = 0.16 * max(len(views), 1) + 0.14  # inches per encoder
    similar = [metric for metric in names if not choices.distance(metric)]
    cut = choices.cut(rows[rows["metric"].isin(similar)]) if similar else False
    notes = choices.gaps(rows, width=68) + ["a bar that meets the left edge goes on below 0"] * cut
    height = len(names) * (step * count + 0.55) + 0.35 + 0.18 * len(notes)
    figure = Figure(figsize=(style.WIDTH, height))
    figure.set_layout_engine("constrained", h_pad=0.05)
    grid = figure.subplots(len(names), 1, squeeze=False)[:, 0]
    offsets = (np.arange(len(views)) - (len(views) - 1) / 2) * 0.8 / max(len(views), 1)
    for axes, metric in zip(grid, names):
        here = rows[rows["metric"] == metric]
        order = rank(here, choices.focus(spec), choices.distance(metric))
        axes.set_title(choices.metric_label(metric), loc="left", fontweight="bold")
        axes.axvline(0 if choices.distance(metric) else 1, color=style.GREY, linewidth=0.7)
        axes.grid(axis="x")
        for place, encoder in enumerate(order):
            if place % 2:
                axes.axhspan(place - 0.5, place + 0.5, color="#f5f5f2", linewidth=0, zorder=0)
            for view, offset, marker in zip(views, offsets, _MARKERS * len(views)):
                dot = here[(here["encoder"] == encoder) & (here["view"] == view)]
                if not dot.empty:
                    _dot(
                        axes, dot.iloc[0], place + offset, looks[encoder], marker, view == views[0]
                    )
        names_shown = [encoders[e]["label"] + choices.pooling_note(pooled[e], spec) for e in order]
        axes.set_yticks(range(len(order)), names_shown)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_ylim(len(order) - 0.45, -0.55)
        if metric in similar and metric != similar[0]:
            axes.sharex(grid[names.index(similar[0])])
    if cut:
        grid[names.index(similar[0])].set_xlim(choices.CUT, 1.03)
    about = "mean over layers (1 is the reference itself"
    about += ", of a distance 0)" if len(similar) < len(names) else ")"
    grid[-1].set_xlabel("\n".join([about, *notes]), linespacing=1.5)
    keys = [
        Line2D(
            [],
            [],
            color=style.INK,
            linestyle="",
            marker=marker,
            markersize=5 if view == views[0] else 4,
            label=view,
        )
        for view, marker in zip(views, _MARKERS * len(views))
    ]
    figure.legend(
        handles=keys, loc="outside upper center", ncols=min(len(keys), 6), handletextpad=0.2
    )
    return figure


def rank(rows: pd.DataFrame, view: str, lowest: bool = False) -> list[str]:
    """The encoders of one metric's ``rows``, the highest value of ``view`` first, or the lowest;
    those without last.
    """
    sign = 1 if lowest else -1
    value = rows[rows["view"] == view].set_index("encoder")["value"]
    every = sorted(rows["encoder"].unique())
    return sorted(
        every,
        key=lambda name: sign * value[name] if name in value and pd.notna(value[name]) else np.inf,
    )


def _dot(axes, row: pd.Series, y: float, look: style.Look, marker: str, focal: bool) -> None:
    if pd.isna(row["value"]):
        axes.annotate("no value", (1, y), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
                      fontsize=7, color=style.GREY, va="center", annotation_clip=False)  # fmt: skip
        return
    known = pd.notna(row["ci_low"]) and pd.notna(row["ci_high"])
    if known:
        axes.hlines(y, row["ci_low"], row["ci_high"], color=look.colour, linewidth=2 if focal else 1.1,
                    alpha=1 if focal else 0.7)  # fmt: skip
    axes.plot([row["value"]], [y], color=look.colour, linestyle="", marker=marker, markerfacecolor=look.face,
              markersize=5 if focal else 4, label=f"{row['encoder']}/{row['view']}")  # fmt: skip
    words = f"{row['value']:.3f}  " + (
        f"[{row['ci_low']:.3f}, {row['ci_high']:.3f}]" if known else "no interval"
    )
    words = words.replace("-", "\N{MINUS SIGN}")
    axes.annotate(words, (1, y), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
                  fontsize=7, color=style.INK if focal else style.GREY, va="center", annotation_clip=False)  # fmt: skip
