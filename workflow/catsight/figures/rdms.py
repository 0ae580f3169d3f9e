"""Dissimilarity matrices of the frames, in the reference and in the view in focus."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from catsight.figures import select, style
from catsight.figures.choices import Choices

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

#: Encoders shown, trained ones first.
MOST = 4
#: Groups up to which lines part them.
_PARTED = 21


@style.styled
def draw(table: pd.DataFrame, choices: Choices) -> "Figure":
    """A figure with one column per encoder: the matrix of the reference above that of the view in
    focus; of a single encoder they stand side by side.

    ``table`` is the study's table of pairs of frames. Dissimilarities are drawn as ranks, from 0
    (the two most alike frames) to 1, which is what RSA by Spearman compares. Frames are sorted by
    group, and lines part the groups.
    """
    from matplotlib.figure import Figure

    pairs = select.pooled(table[table["view"] == choices.focus], choices)
    encoders = list(choices.present(pairs))[:MOST]
    alone = len(encoders) == 1
    figure = Figure(figsize=(style.width(len(encoders) + 0.3), 1.22 * 2 + 0.62))
    figure.set_layout_engine("compressed", w_pad=0.02, h_pad=0.02)
    grid = figure.subplots(1, 2).reshape(2, 1) if alone else figure.subplots(2, len(encoders))
    for (above, below), name in zip(grid.T, encoders):
        here = pairs[pairs["encoder"] == name]
        _square(above, here, "reference_dissimilarity")
        image = _square(below, here, "view_dissimilarity")
        label = choices.encoders[name]["label"].replace(" (untrained)", "\n(untrained)")
        above.set_title(f"{label}\n{here['layer'].iloc[0]}", fontsize=7.5)
    grid[0, 0].set_ylabel(choices.reference)
    grid[1, 0].set_ylabel(choices.focus)
    bar = figure.colorbar(image, ax=grid, shrink=0.7, pad=0.01, aspect=22, ticks=[0, 1])
    bar.ax.set_yticklabels(["most\nalike", "least\nalike"], fontsize=7)
    return figure


def matrix(pairs: pd.DataFrame, values: str) -> np.ndarray:
    """One encoder's column ``values`` as a matrix, frames sorted by group and id."""
    square = pairs.pivot(index="frame_id", columns="other_id", values=values)
    order = _by_group(pairs)["frame_id"]
    return square.loc[order, order].to_numpy(float)


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


def _square(axes: "Axes", pairs: pd.DataFrame, values: str) -> "AxesImage":
    """Draws one matrix, with lines between groups."""
    image = axes.imshow(
        ranks(matrix(pairs, values)), vmin=0, vmax=1, cmap="cividis", interpolation="nearest"
    )
    groups = _by_group(pairs)["group"].to_numpy()
    edges = np.flatnonzero(groups[1:] != groups[:-1]) + 0.5
    if len(edges) < _PARTED:
        for edge in edges:
            axes.axhline(edge, color="white", linewidth=0.5)
            axes.axvline(edge, color="white", linewidth=0.5)
    axes.set(xticks=[], yticks=[])
    return image


def _by_group(pairs: pd.DataFrame) -> pd.DataFrame:
    """A row for each frame, sorted by group and id."""
    return pairs.drop_duplicates("frame_id").sort_values(["group", "frame_id"])
