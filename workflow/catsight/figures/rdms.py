"""Dissimilarity matrices: how the frames stand to one another in the reference, and in the view in
focus.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from catsight.figures import choices, style

#: Encoders shown, trained ones first.
MOST = 4


@style.styled
def draw(pairs: pd.DataFrame, spec: Mapping):
    """A figure with one column per encoder: the matrix of the reference above that of the view in
    focus.

    ``pairs`` is the study's table of pairs of frames. Dissimilarities are drawn as ranks, from 0
    (the two most alike frames) to 1, which is what RSA by Spearman compares. Frames are sorted by
    group, and lines part the groups.
    """
    from matplotlib.figure import Figure

    focal = choices.focus(spec)
    pairs = choices.pooled(pairs[pairs["view"] == focal], spec)
    encoders = list(choices.present(pairs, spec))[:MOST]
    figure = Figure(figsize=(style.width(len(encoders) + 0.3), 1.22 * 2 + 0.62))
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02)
    grid = figure.subplots(2, len(encoders), squeeze=False)
    for column, name in zip(grid.T, encoders):
        here = pairs[pairs["encoder"] == name]
        edges = _edges(here)
        sides = (("reference_dissimilarity", spec["reference"]), ("view_dissimilarity", focal))
        for axes, (values, view) in zip(column, sides):
            image = axes.imshow(
                ranks(matrix(here, values)), vmin=0, vmax=1, cmap="cividis", interpolation="nearest"
            )
            for edge in edges if len(edges) <= 20 else ():
                axes.axhline(edge, color="white", linewidth=0.5)
                axes.axvline(edge, color="white", linewidth=0.5)
            axes.set(xticks=[], yticks=[])
            if name == encoders[0]:
                axes.set_ylabel(view)
        label = choices.encoders(spec)[name]["label"]
        column[0].set_title(f"{_wrapped(label)}\n{here['layer'].iloc[0]}", fontsize=7.5)
    bar = figure.colorbar(image, ax=grid, shrink=0.7, pad=0.01, aspect=22, ticks=[0, 1])
    bar.ax.set_yticklabels(["most\nalike", "least\nalike"], fontsize=7)
    return figure


def matrix(pairs: pd.DataFrame, values: str) -> np.ndarray:
    """One encoder's column ``values`` as a matrix, frames sorted by group and id."""
    order = pairs.drop_duplicates("frame_id").sort_values(["group", "frame_id"])["frame_id"]
    return (
        pairs.pivot(index="frame_id", columns="other_id", values=values)
        .loc[order, order]
        .to_numpy(float)
    )


def ranks(dissimilarities: np.ndarray) -> np.ndarray:
    """The matrix with each pair's dissimilarity as its rank, 0 to 1; nan on the diagonal and where
    unknown.
    """
    upper = np.triu_indices(len(dissimilarities), 1)
    values = dissimilarities[upper]
    known = np.isfinite(values)
    placed = np.full(len(values), np.nan)
    placed[known] = (rankdata(values[known]) - 1) / max(known.sum() - 1, 1)
    result = np.full(dissimilarities.shape, np.nan)
    result[upper] = placed
    result.T[upper] = placed
    return result


def _edges(pairs: pd.DataFrame) -> np.ndarray:
    groups = (
        pairs.drop_duplicates("frame_id").sort_values(["group", "frame_id"])["group"].to_numpy()
    )
    return np.flatnonzero(groups[1:] != groups[:-1]) + 0.5


def _wrapped(label: str) -> str:
    return label.replace(" (untrained)", "\n(untrained)")
