"""The ranking: encoders by how much of their features survives, and which change of the picture moves them most."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from catsight.figures import choices, style

_MARKERS = ("o", "s", "D", "^", "v", "P", "X")


@style.styled
def draw(metrics: pd.DataFrame, spec: Mapping):
    """A figure with one panel per metric: a line per encoder, a dot per compared view, its interval beside it.

    The dots are means over an encoder's layers (the rows with layer ``all``), best first by the view in focus.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rows = choices.summaries(choices.shown(metrics, spec))
    encoders, views, names = choices.encoders(spec), choices.compared(spec), choices.metrics(rows)
    pooled = choices.poolings(rows, spec["pooling"])
    looks = style.looks(encoders)
    count = rows["encoder"].nunique()
    step = 0.16 * max(len(views), 1) + 0.14  # inches per encoder
    cut = choices.cut(rows)
    notes = choices.gaps(rows, width=68) + ["a bar that meets the left edge goes on below 0"] * cut
    height = len(names) * (step * count + 0.55) + 0.35 + 0.18 * len(notes)
    figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.05)
    grid = figure.subplots(len(names), 1, squeeze=False, sharex=True)[:, 0]
    offsets = (np.arange(len(views)) - (len(views) - 1) / 2) * 0.8 / max(len(views), 1)
    for axes, metric in zip(grid, names):
        here = rows[rows["metric"] == metric]
        order = rank(here, choices.focus(spec))
        axes.set_title(choices.metric_label(metric), loc="left", fontweight="bold")
        axes.axvline(1, color=style.GREY, linewidth=0.7)
        axes.grid(axis="x")
        for place, encoder in enumerate(order):
            if place % 2:
                axes.axhspan(place - 0.5, place + 0.5, color="#f5f5f2", linewidth=0, zorder=0)
            for view, offset, marker in zip(views, offsets, _MARKERS * len(views)):
                dot = here[(here["encoder"] == encoder) & (here["view"] == view)]
                if not dot.empty:
                    _dot(axes, dot.iloc[0], place + offset, looks[encoder], marker, view == views[0])
        names_shown = [encoders[e]["label"] + choices.pooling_note(pooled[e], spec) for e in order]
        axes.set_yticks(range(len(order)), names_shown)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_ylim(len(order) - 0.45, -0.55)
    if cut:
        grid[-1].set_xlim(choices.CUT, 1.03)
    grid[-1].set_xlabel("\n".join(["mean over layers (1 is the reference itself)", *notes]), linespacing=1.5)
    keys = [
        Line2D(
            [], [], color=style.INK, linestyle="", marker=marker, markersize=5 if view == views[0] else 4, label=view
        )
        for view, marker in zip(views, _MARKERS * len(views))
    ]
    figure.legend(handles=keys, loc="outside upper center", ncols=min(len(keys), 5), handletextpad=0.2)
    return figure


def rank(rows: pd.DataFrame, view: str) -> list[str]:
    """The encoders of one metric's ``rows``, highest value of ``view`` first, those without a value last."""
    value = rows[rows["view"] == view].set_index("encoder")["value"]
    every = sorted(rows["encoder"].unique())
    return sorted(every, key=lambda name: -value[name] if name in value and pd.notna(value[name]) else np.inf)


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
    words = f"{row['value']:.3f}  " + (f"[{row['ci_low']:.3f}, {row['ci_high']:.3f}]" if known else "no interval")
    words = words.replace("-", "\N{MINUS SIGN}")
    axes.annotate(words, (1, y), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
                  fontsize=7, color=style.INK if focal else style.GREY, va="center", annotation_clip=False)  # fmt: skip
