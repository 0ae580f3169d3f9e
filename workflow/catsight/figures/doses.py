"""Dose curves: alignment as light, focus, field of view or acuity is varied."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from catsight.figures import choices, style

_AXES = {
    "luminance": "luminance, cd/m²",
    "defocus": "defocus, dioptres",
    "field_of_view": "field of view, degrees",
    "acuity": "acuity, cycles per degree",
}
_LOGARITHMIC = ("luminance", "field_of_view", "acuity")


@style.styled
def draw(doses: pd.DataFrame, spec: Mapping):
    """A figure with one row per metric, one column for what is swept and one line per encoder.

    ``doses`` is the study's table of that name; means over layers are shown, with their intervals.
    """
    from matplotlib.figure import Figure

    rows = choices.summaries(choices.pooled(doses, spec))
    encoders = choices.present(rows, spec)
    looks, pooled = style.looks(choices.encoders(spec)), choices.poolings(rows, spec["pooling"])
    names, swept = choices.metrics(rows), [key for key in _AXES if key in set(rows["swept"])]
    notes = choices.gaps(rows)
    keys = len(encoders) + len(style.families(encoders))
    size = (
        style.width(2 * len(swept)),
        0.7 + 1.7 * len(names) + 0.18 * (np.ceil(keys / 2) + len(notes)),
    )
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(names), len(swept), squeeze=False, sharex="col", sharey="row")
    handles = {}
    for axes_row, metric in zip(grid, names):
        for axes, what in zip(axes_row, swept):
            axes.axhline(0 if choices.distance(metric) else 1, color=style.GREY, linewidth=0.7)
            axes.grid(True)
            for name, about in encoders.items():
                here = rows[
                    (rows["metric"] == metric) & (rows["swept"] == what) & (rows["encoder"] == name)
                ]
                label = about["label"] + choices.pooling_note(pooled[name], spec)
                handles[name] = _line(axes, here.sort_values("dose"), looks[name], label)
        axes_row[0].set_ylabel(choices.metric_label(metric))
    for axes, what in zip(grid[-1], swept):
        axes.set_xlabel(_AXES[what])
        if what in _LOGARITHMIC:
            _logarithmic(axes, sorted(rows.loc[rows["swept"] == what, "dose"].unique()))
    if notes:
        figure.supxlabel("\n".join(notes), fontsize=8, linespacing=1.4)
    shown = [*handles.values(), *style.families(encoders)]
    figure.legend(handles=shown, loc="outside upper center", ncols=2, handlelength=2.8)
    return figure


def _line(axes, rows: pd.DataFrame, look: style.Look, label: str):
    dose, value = rows["dose"].to_numpy(float), rows["value"].to_numpy(float)
    low, high = (rows[end].to_numpy(float) for end in ("ci_low", "ci_high"))
    axes.fill_between(dose, low, high, facecolor=look.colour, alpha=0.11, linewidth=0)
    axes.vlines(dose, low, high, color=look.colour, linewidth=0.8, alpha=0.7)
    (line,) = axes.plot(dose, value, label=label, **look.drawn)
    return line


def _logarithmic(axes, doses: list[float]) -> None:
    axes.set_xscale("log")
    axes.minorticks_off()
    if len(doses) <= 8:
        axes.set_xticks(doses, [f"{dose:g}" for dose in doses])
