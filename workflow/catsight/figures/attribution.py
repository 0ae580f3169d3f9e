"""Attribution: what of the loss of alignment is due to which part of the eye, layer by layer."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from catsight.figures import choices, style

_WHOLE = "whole"


@style.styled
def draw(attribution: pd.DataFrame, spec: Mapping):
    """A figure with one row per metric and one column per encoder: a bar per layer, stacked of the
    parts' shares.

    ``attribution`` is the study's table of that name. Shares that raise the alignment hang below 0.
    The black line is the whole loss with its interval, which the shares sum to.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    rows = choices.layers(choices.pooled(attribution, spec))
    encoders = choices.present(rows, spec)
    names, parts = (
        choices.metrics(rows),
        [part for part in choices.PARTS if part in set(rows["part"])],
    )
    notes = choices.gaps(rows)
    size = style.width(1.6 * len(encoders)), 0.95 + 1.5 * len(names) + 0.16 * len(notes)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(names), len(encoders), squeeze=False, sharey="row", sharex="col")
    for axes_row, metric in zip(grid, names):
        for axes, name in zip(axes_row, encoders):
            here = rows[(rows["metric"] == metric) & (rows["encoder"] == name)]
            axes.axhline(0, color=style.GREY, linewidth=0.7)
            axes.grid(axis="y")
            _stack(axes, here, parts)
            whole = here[here["part"] == _WHOLE].sort_values("layer_index")
            low, high = (whole[end].to_numpy(float) for end in ("ci_low", "ci_high"))
            axes.vlines(whole["layer_index"], low, high, color=style.INK, linewidth=0.9)
            axes.plot(whole["layer_index"], whole["value"], color=style.INK, marker="o", markersize=2.2, linewidth=0.8,
                      label=_WHOLE)  # fmt: skip
        axes_row[0].set_ylabel(f"loss of\n{choices.metric_label(metric)}")
    for axes, about in zip(grid[0], encoders.values()):
        axes.set_title(about["label"])
    for axes, name in zip(grid[-1], encoders):
        last = int(rows.loc[rows["encoder"] == name, "layer_index"].max())
        axes.set_xticks(*([0, last], ["first", "last"]) if last else ([0], ["only"]))
    figure.supxlabel("\n".join(["layer", *notes]), fontsize=8, linespacing=1.4)
    keys = [Patch(facecolor=style.PARTS[part], label=choices.PARTS[part]) for part in parts]
    (line,) = axes.plot(
        [], [], color=style.INK, marker="o", markersize=2.2, linewidth=0.8, label="together"
    )
    figure.legend(
        handles=[*keys, line],
        loc="outside upper center",
        ncols=5,
        handlelength=1.2,
        columnspacing=1.2,
    )
    return figure


def _stack(axes, rows: pd.DataFrame, parts: list[str]) -> None:
    """Bars of the parts' shares: those above 0 on top of one another, those below 0 under one
    another.
    """
    ends: dict[bool, np.ndarray] = {}
    for part in parts:
        of = rows[rows["part"] == part].sort_values("layer_index")
        place, value = of["layer_index"].to_numpy(float), of["value"].to_numpy(float)
        for above in (True, False):
            share = np.where((value > 0) == above, np.nan_to_num(value), 0)
            start = ends.get(above, np.zeros(len(share)))
            axes.bar(place, share, 0.86, bottom=start, color=style.PARTS[part], linewidth=0,
                     label=part if above else f"_{part}")  # fmt: skip
            ends[above] = start + share
