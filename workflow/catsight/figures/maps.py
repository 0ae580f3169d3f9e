"""Maps: each layer of an encoder against each, between two views; and each layer of all encoders
against each.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from catsight.figures import choices, style

#: Maps in a row.
_COLUMNS = 4


@style.styled
def draw(maps: pd.DataFrame, spec: Mapping):
    """A figure with a square map for each encoder, its layers in the reference against those in the
    view in focus.

    Below, the layers of all encoders against one another, as the reference has them. ``maps`` is
    the study's table of maps; its first metric is shown.
    """
    from matplotlib.figure import Figure

    metric = choices.primary(maps)
    every = maps[maps["metric"] == metric]
    maps = choices.pooled(every, spec)
    encoders = choices.present(maps, spec)
    focal = choices.focus(spec)
    lowest = (
        min(0.0, np.floor(10 * maps["value"].min()) / 10) if maps["value"].notna().any() else 0.0
    )
    look = {"vmin": lowest, "vmax": 1, "cmap": "viridis", "interpolation": "nearest"}
    rows = -(-len(encoders) // _COLUMNS)
    together = len(encoders) > 1
    height = 1.75 * rows + (5.0 if together else 0) + 0.4
    figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
    ratios = [1.75 * rows, 5.0]
    upper, lower = (
        figure.subfigures(2, 1, squeeze=False, height_ratios=ratios).flat
        if together
        else (figure, None)
    )
    grid = upper.subplots(rows, _COLUMNS, squeeze=False)
    for axes in grid.flat[len(encoders) :]:
        axes.set_visible(False)
    for axes, (name, about) in zip(grid.flat, encoders.items()):
        square = matrix(maps, (name, spec["reference"]), (name, focal))
        image = axes.imshow(square, **look, origin="lower")
        axes.set_title(style.shortened(about["label"], 20), fontsize=7.5)
        ends = ["first", "last"][: len(square)]
        axes.set_xticks(sorted({0, len(square) - 1}), ends)
        axes.set_yticks(sorted({0, len(square) - 1}), ends)
        axes.set_xlabel(f"layer, {focal}", fontsize=7.5)
    for axes in grid[:, 0]:
        axes.set_ylabel(f"layer, {spec['reference']}", fontsize=7.5)
    bar = upper.colorbar(image, ax=grid, shrink=0.8, pad=0.01, aspect=18)
    bar.set_label(choices.metric_label(metric), fontsize=7.5)
    bar.ax.tick_params(labelsize=7)
    if lower is not None:
        _together(lower.subplots(), every, encoders, spec, look)
    return figure


def _together(
    axes, maps: pd.DataFrame, encoders: Mapping[str, Mapping], spec: Mapping, look: Mapping
) -> None:
    """All encoders' layers against all, as the reference has them."""
    pooling = _common_pooling(maps, spec)
    maps = maps[maps["pooling"] == pooling]
    counts = {
        name: int(maps.loc[maps["encoder"] == name, "layer_index"].max()) + 1 for name in encoders
    }
    whole = np.block([
        [
            matrix(maps, (a, spec["reference"]), (b, spec["reference"]), (counts[a], counts[b])) for b in encoders
        ] for a in encoders
    ])  # fmt: skip
    axes.imshow(whole, **look)
    edges = np.cumsum([0, *counts.values()]) - 0.5
    for edge in edges[1:-1]:
        axes.axhline(edge, color="white", linewidth=1.2)
        axes.axvline(edge, color="white", linewidth=1.2)
    middles = (edges[:-1] + edges[1:]) / 2
    labels = [style.shortened(about["label"], 22) for about in encoders.values()]
    axes.set_yticks(middles, labels, fontsize=7.5)
    axes.set_xticks(middles, labels, fontsize=7.5, rotation=20, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0)
    note = choices.pooling_note(pooling, spec)
    axes.set_title(
        f"layers of all encoders, first to last, as “{spec['reference']}” delivers the frames{note}",
        fontsize=8,
    )


def _common_pooling(maps: pd.DataFrame, spec: Mapping) -> str:
    """The pooling that all encoders have: the one asked for, else ``mean``, else what most have."""
    has = maps.groupby("pooling")["encoder"].nunique()
    common = set(has.index[has == has.max()])
    return next(
        pooling for pooling in (spec["pooling"], "mean", *sorted(common)) if pooling in common
    )


def matrix(
    maps: pd.DataFrame,
    rows: tuple[str, str],
    columns: tuple[str, str],
    shape: tuple[int, int] = (1, 1),
) -> np.ndarray:
    """The values of the layers of one (encoder, view) against those of another, in network order;
    nan where unknown.

    Where nothing is known, ``shape``.
    """
    both = (("encoder", "view"), ("other_encoder", "other_view"))
    for one, other, turned in ((rows, columns, False), (columns, rows, True)):
        here = maps
        for names, wanted in zip(both, (one, other)):
            here = here[(here[names[0]] == wanted[0]) & (here[names[1]] == wanted[1])]
        if not here.empty:
            square = here.pivot_table(
                index="layer_index",
                columns="other_index",
                values="value",
                dropna=False,
                aggfunc="first",
            ).to_numpy(float)
            return square.T if turned else square
    return np.full(shape, np.nan)
