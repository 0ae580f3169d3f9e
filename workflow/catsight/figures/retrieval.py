"""Frames, their views, and the frames of the reference that encoders mistake these for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from catsight.figures import reading, select, style
from catsight.figures.choices import Choices
from catsight.figures.reading import Pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Encoders and frames shown.
ENCODERS, FRAMES = 3, 4
_SIDE = 300  # px
_MISTAKEN = "#D55E00"


@dataclass(frozen=True)
class Nearest:
    """The frame of the reference, besides a frame's own, that an encoder finds nearest to its view.

    ``margin``: how much nearer it is than the frame's own, in the distance of the table of pairs;
    above 0 the encoder is mistaken.
    """

    other: str
    margin: float

    @property
    def mistaken(self) -> bool:
        """Whether the other frame is nearer than the frame's own."""
        return self.margin > 0


@dataclass(frozen=True)
class Example:
    """A frame, its group, and what each encoder finds nearest to its view."""

    frame: str
    group: str
    nearest: Mapping[str, Nearest]

    @property
    def order(self) -> tuple[int, float, str]:
        """Sorts examples: that of most mistakes first, then that nearest to one."""
        mistakes = sum(one.mistaken for one in self.nearest.values())
        return -mistakes, -max(one.margin for one in self.nearest.values()), self.frame


def examples(table: pd.DataFrame, choices: Choices) -> list[Example]:
    """The frames that most encoders mistake, at most :data:`FRAMES`, from different groups as far
    as possible.

    ``table`` is the study's table of pairs of frames. Frames that no encoder mistakes come last,
    those first that are nearest to being mistaken.
    """
    pairs = select.pooled(table[table["view"] == choices.focus], choices)
    pairs = pairs[pairs["encoder"].isin(list(choices.present(pairs))[:ENCODERS])]
    found = []
    groups = pairs.drop_duplicates("frame_id").set_index("frame_id")["group"]
    for (frame, group), of_frame in pairs.groupby(["frame_id", "group"]):
        nearest = {}
        for name in choices.present(of_frame):
            distance = of_frame[of_frame["encoder"] == name].set_index("other_id")["distance"]
            if near := _nearest(frame, distance, groups):
                nearest[name] = near
        if nearest:
            found.append(Example(frame, group, nearest))
    found.sort(key=lambda one: one.order)
    in_turn = zip(reading.turns([one.group for one in found]), found)
    return [one for _, one in sorted(in_turn, key=lambda turned: turned[0])[:FRAMES]]


def _nearest(frame: str, distance: pd.Series, groups: pd.Series) -> Nearest | None:
    """The nearest other frame by its ``distance``, of another group if there is one; None if the
    frame's own distance is unknown, or all others.
    """
    own, others = distance.get(frame), distance.drop(frame).dropna()
    if groups.nunique() > 1:
        others = others[others.index.map(groups) != groups[frame]]
    if pd.isna(own) or others.empty:
        return None
    other = others.sort_index().idxmin()
    return Nearest(other, own - others[other])


def read(
    found: Sequence[Example],
    frames: Sequence[Path],
    views: Mapping[str, Sequence[Path]],
    choices: Choices,
) -> Pictures:
    """The pictures of the examples, from the shards of the frames and of each view."""
    own = {one.frame for one in found}
    others = {near.other for one in found for near in one.nearest.values()}
    return Pictures(
        reference=reading.pictures(views[choices.reference], own | others),
        view=reading.pictures(views[choices.focus], own),
        titles=reading.titles(reading.listed(frames)),
    )


@style.styled
def draw(found: Sequence[Example], choices: Choices, pictures: Pictures) -> "Figure":
    """A figure with one row per example: the frame, its view, and the nearest other frame for each
    encoder.
    """
    from matplotlib.figure import Figure

    if not found:
        figure = Figure(figsize=(style.WIDTH, 0.6), layout="constrained")
        words = "no frames to set against one another: too few, or their features do not vary"
        figure.text(0.5, 0.5, words, ha="center", va="center", fontsize=8)
        return figure
    encoders = list(dict.fromkeys(name for one in found for name in one.nearest))
    columns = 2 + len(encoders)
    width = style.width(columns)
    figure = Figure(figsize=(width, 0.6 + (width / columns + 0.12) * len(found)))
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.03)
    grid = figure.subplots(len(found), columns, squeeze=False)
    short = [style.wrapped(choices.encoders[name]["label"], 22) for name in encoders]
    heads = [f"frame as\n{choices.reference}", f"frame as\n{choices.focus}"]
    heads += [f"nearest other,\n{label}" for label in short]
    for axes, head in zip(grid[0], heads):
        axes.set_title(head, fontsize=7.5)
    for axes_row, one in zip(grid, found):
        _show(axes_row[0], pictures.reference[one.frame], style.PALE, 0.8)
        _show(axes_row[1], pictures.view[one.frame], style.PALE, 0.8)
        title = style.wrapped(pictures.titles.get(one.frame, one.frame), 18)
        axes_row[0].set_ylabel(title, fontsize=7, color=style.GREY)
        for axes, name in zip(axes_row[2:], encoders):
            if name in one.nearest:
                _found(axes, one.nearest[name], pictures)
            else:
                axes.set_visible(False)
    return figure


def _found(axes: "Axes", near: Nearest, pictures: Pictures) -> None:
    """Draws what an encoder finds nearest, framed in orange if it is mistaken."""
    colour, word, width = style.GREY, "own frame is nearer", 0.8
    if near.mistaken:
        colour, word, width = _MISTAKEN, "mistaken", 2.2
    _show(axes, pictures.reference[near.other], colour, width)
    axes.set_xlabel(word, fontsize=7, color=colour, labelpad=2)


def _show(axes: "Axes", picture: np.ndarray, colour: str, width: float) -> None:
    axes.imshow(style.reduce(picture, _SIDE), interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour, linewidth=width)
