"""Which scenes lose most and least, and what they have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from catsight.figures import labels, reading, select, style
from catsight.figures.choices import Choices
from catsight.figures.gallery import tallest
from catsight.tables.names import ALL_LAYERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

#: Encoders, and scenes at each end, that are shown.
ENCODERS, ENDS = 4, 5
#: The value that scenes are sorted by, a column of the table of single frames.
VALUE = "pnka"
#: What a scene is like: columns of the table of frames, and the words for them.
ABOUT = {
    "contrast": "contrast (RMS)",
    "colourfulness": "colourfulness",
    "spectral_slope": "fine detail\n(slope of the spectrum)",
}
#: Fewer scenes than this have no correlation worth an interval.
_FEW = 5
_SIDE = 240  # px


@dataclass(frozen=True)
class Scenes:
    """What is needed to draw the figure.

    ``values``: one column for each encoder, one row for each group of frames: the mean over its
    frames of each one's mean over layers. ``mean`` is their mean over the trained encoders (over
    all, if none is trained), by which groups are sorted, from the largest loss to the smallest.
    ``about``: what a group's frames are like on average, a column of :data:`ABOUT` each. ``frame``:
    the frame of each group that is shown; the others by its id.
    """

    values: pd.DataFrame
    mean: pd.Series
    about: pd.DataFrame
    frame: Mapping[str, str]
    titles: Mapping[str, str]
    reference: Mapping[str, np.ndarray]
    view: Mapping[str, np.ndarray]

    @property
    def shown(self) -> list[str]:
        """The groups that are shown as pictures, from the largest loss to the smallest."""
        return ends(list(self.values.index))


def values(table: pd.DataFrame, choices: Choices) -> tuple[pd.DataFrame, pd.Series]:
    """``values`` and ``mean`` of :class:`Scenes`, from the study's table of single frames.

    Frames without a value do not count. A group has a row if it has a value with every encoder;
    encoders without any value have no column.
    """
    here = table[(table["view"] == choices.focus) & (table["layer"] == ALL_LAYERS)]
    here = select.pooled(here, choices).dropna(subset=[VALUE])
    present = list(choices.present(here))[:ENCODERS]
    means = here.pivot_table(index="group", columns="encoder", values=VALUE, aggfunc="mean")
    means = means.reindex(columns=present).dropna().sort_index()
    trained = [name for name in present if choices.encoders[name]["training"] != "untrained"]
    mean = means[trained or present].mean(axis=1).sort_values(kind="stable")
    return means.loc[mean.index], mean


def ends(groups: Sequence[str]) -> list[str]:
    """The first and last :data:`ENDS` of the groups, or all if there are not more."""
    return list(groups) if len(groups) <= 2 * ENDS else [*groups[:ENDS], *groups[-ENDS:]]


def read(
    table: pd.DataFrame,
    frames: Sequence[Path],
    views: Mapping[str, Sequence[Path]],
    choices: Choices,
) -> Scenes:
    """The scenes to draw: from the table of single frames, and the shards of the frames and views.
    Of a group its first frame is shown.
    """
    rows, (found, mean) = reading.listed(frames, [*ABOUT]), values(table, choices)
    first = rows.sort_values("frame_id").groupby("group")["frame_id"].first()
    chosen = {group: first[group] for group in ends(list(found.index))}
    return Scenes(
        values=found,
        mean=mean,
        about=rows.groupby("group")[[*ABOUT]].mean().loc[found.index],
        frame=chosen,
        titles=reading.titles(rows),
        reference=reading.pictures(views[choices.reference], chosen.values()),
        view=reading.pictures(views[choices.focus], chosen.values()),
    )


def correlation(x: np.ndarray, y: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Spearman's correlation of two columns (n,) and the ends of its interval at this
    ``confidence``: on Fisher's scale, with the variance (1 + ρ²/2) / (n − 3) (Bonett & Wright 2000,
    "Sample size requirements for estimating Pearson, Kendall and Spearman correlations",
    Psychometrika 65). nan if a column is constant. Without an interval if the order is the same, or
    reversed, which happens among few by chance, and says nothing of the spread. Of 3,000 normal
    samples of 7, 15 or 40, with correlations from 0 to 0.8, .952 to .967 of 95 % intervals hold the
    truth.
    """
    rho = float(stats.spearmanr(x, y).statistic) if np.ptp(x) and np.ptp(y) else np.nan
    if not abs(rho) < 1 - 1e-9:
        return rho, np.nan, np.nan
    centre = np.arctanh(rho)
    reach = stats.norm.ppf((1 + confidence) / 2) * np.sqrt((1 + rho**2 / 2) / (len(x) - 3))
    return rho, float(np.tanh(centre - reach)), float(np.tanh(centre + reach))


@style.styled
def draw(scenes: Scenes, choices: Choices) -> "Figure":
    """A figure with the scenes as photographs, the encoders' values below them, and these against
    what the scenes are like.
    """
    from matplotlib.figure import Figure

    if scenes.values.empty:
        figure = Figure(figsize=(style.WIDTH, 0.6), layout="constrained")
        words = "no scene has a value: too few scenes, or their features do not vary"
        figure.text(0.5, 0.5, words, ha="center", va="center", fontsize=8)
        return figure
    groups = scenes.shown
    width = style.width(0.6 * len(groups))
    cell = (width - 0.6) / max(len(groups), _FEW)  # or else a few pictures would fill a page
    both = [of[scenes.frame[group]] for group in groups for of in (scenes.reference, scenes.view)]
    size = cell, cell * tallest(both)
    heights = [2 * size[1] + 2.6, 2.2]
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    halves: Any = figure.subfigures(2, 1, height_ratios=heights)
    above, below = halves
    _pictures(above, scenes, choices, size)
    panels = below.subplots(1, len(ABOUT), sharey=True)
    for axes, (column, words) in zip(panels, ABOUT.items()):
        _against(axes, scenes, column, choices.confidence)
        axes.set_xlabel(words)
    panels[0].set_ylabel(f"agreement, mean\nof {_averaged(scenes, choices)} encoders")
    return figure


def _averaged(scenes: Scenes, choices: Choices) -> str:
    training = {choices.encoders[name]["training"] for name in scenes.values}
    return "all" if training == {"untrained"} else "trained"


def _pictures(
    figure: "SubFigure", scenes: Scenes, choices: Choices, size: tuple[float, float]
) -> None:
    """Each scene as it is in both views, and the encoders' values below it. ``size``: inches that
    a picture is wide and high.
    """
    groups, (wide, high) = scenes.shown, size
    grid = figure.add_gridspec(3, len(groups), height_ratios=[high, high, 1.7])
    for row, pictures in enumerate((scenes.reference, scenes.view)):
        for place, group in enumerate(groups):
            axes, frame = figure.add_subplot(grid[row, place]), scenes.frame[group]
            axes.imshow(style.reduce(pictures[frame], _SIDE), interpolation="antialiased")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            if row == 0:
                title = style.wrapped(scenes.titles[frame], max(8, int(16 * wide)))
                axes.set_title(title, fontsize=6.5, color=style.GREY)
            if place == 0:
                view = choices.focus if row else choices.reference
                axes.set_ylabel(style.wrapped(view, 12), fontsize=7.5)
    axes = figure.add_subplot(grid[2, :])
    shown = scenes.values.loc[groups]
    for name in shown:
        look = choices.looks[name]
        label = labels.key(choices, name)
        axes.plot(shown[name].to_numpy(), label=label, **{**look.drawn, "linewidth": 0.8})
    axes.set(xlim=(-0.5, len(groups) - 0.5), xticks=range(len(groups)), xticklabels=[])
    axes.grid(True)
    axes.set_ylabel("agreement of each\nframe (PNKA)")
    if len(scenes.values) > len(groups):
        axes.axvline(ENDS - 0.5, color=style.GREY, linewidth=0.8, linestyle=":")
    says = "most is lost  ←  scenes  →  least is lost"
    if left_out := len(scenes.values) - len(groups):
        says += f"   ({left_out} between them are not shown)"
    axes.set_xlabel(says)
    figure.legend(loc="outside upper center", ncols=2)


def _against(axes: "Axes", scenes: Scenes, column: str, confidence: float) -> None:
    """The scenes' mean values against what they are like."""
    y, x = scenes.mean.to_numpy(), scenes.about[column].to_numpy(float)
    known = np.isfinite(x)
    x, y = x[known], y[known]
    axes.plot(x, y, "o", color=style.INK, markersize=3, alpha=0.6 if len(x) > 60 else 1)
    axes.grid(True)
    if len(x) < _FEW:
        words = "too few for a correlation"
    else:
        rho, low, high = correlation(x, y, confidence)
        ends = "no interval" if np.isnan(low) else f"{low:.2f} to {high:.2f}"
        words = "all alike" if np.isnan(rho) else f"ρ = {rho:.2f}  ({ends})"
    axes.set_title(words.replace("-", "−"), fontsize=7.5)
