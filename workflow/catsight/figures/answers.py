"""Frames whose answers the view in focus changes most, and what networks answer to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from catsight.figures import labels, reading, style
from catsight.figures.choices import Choices
from catsight.figures.gallery import tallest
from catsight.figures.reading import Pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Frames shown, in how many columns, and networks whose answers stand below them.
FRAMES, COLUMNS, ENCODERS = 12, 3, 3
_SIDE = 260  # px
_CHANGED = "#D55E00"
_LETTERS, _NAME = 22, 20  # of an answer, and of a view's name


@dataclass(frozen=True)
class Answer:
    """The first answer of a network, with its probability: in the reference, then in the view."""

    reference: str
    reference_p: float
    view: str
    view_p: float
    changed: bool


@dataclass(frozen=True)
class Example:
    """A frame, its group, and what each encoder answers to it."""

    frame: str
    group: str
    answers: Mapping[str, Answer]

    @property
    def changed(self) -> bool:
        """Whether any of the encoders' first answers changes."""
        return any(answer.changed for answer in self.answers.values())


def examples(table: pd.DataFrame, choices: Choices) -> list[Example]:
    """At most :data:`FRAMES` frames, from different groups as far as possible: those first of which
    most encoders' first answers change, then those whose answers diverge most in the mean.

    ``table`` is the study's table of readouts, of whose encoders the first :data:`ENCODERS` are
    shown.
    """
    rows = table[(table["kind"] == "frame") & (table["view"] == choices.focus)]
    rows = rows[rows["encoder"].isin(list(choices.present(rows))[:ENCODERS])]
    each = rows.groupby(["frame_id", "group"], as_index=False)
    order = each.agg(same=("same_first", "mean"), divergence=("divergence", "mean"))
    order = order.sort_values(["same", "divergence", "frame_id"], ascending=[True, False, True])
    order["turn"] = reading.turns(order["group"])
    chosen = order.sort_values("turn", kind="stable").head(FRAMES)
    of_frame = dict(list(rows.groupby("frame_id")))
    return [
        Example(frame, group, _answers(of_frame[frame], choices))
        for frame, group in zip(chosen["frame_id"], chosen["group"])
    ]


def _answers(rows: pd.DataFrame, choices: Choices) -> dict[str, Answer]:
    own = rows.set_index("encoder")
    return {
        name: Answer(
            reference=own.loc[name, "reference_name"],
            reference_p=float(own.loc[name, "reference_p"]),
            view=own.loc[name, "view_name"],
            view_p=float(own.loc[name, "view_p"]),
            changed=own.loc[name, "same_first"] == 0,
        )
        for name in choices.present(rows)
    }


def read(
    found: Sequence[Example], views: Mapping[str, Sequence[Path]], choices: Choices
) -> Pictures:
    """The pictures of the examples, from the shards of each view."""
    frames = {one.frame for one in found}
    return Pictures(
        reference=reading.pictures(views[choices.reference], frames),
        view=reading.pictures(views[choices.focus], frames),
    )


@style.styled
def draw(found: Sequence[Example], choices: Choices, pictures: Pictures) -> "Figure":
    """A figure with a pair of pictures for each example, and below each the first answers to it,
    a line for each encoder.
    """
    from matplotlib.figure import Figure

    if not found:
        figure = Figure(figsize=(style.WIDTH, 0.6), layout="constrained")
        figure.text(0.5, 0.5, "no frames to show", ha="center", va="center", fontsize=8)
        return figure
    encoders = list(dict.fromkeys(name for one in found for name in one.answers))
    columns = min(COLUMNS, len(found))
    width = style.width(2 * columns)
    cell = width / (2 * columns)
    lines = [found[i : i + columns] for i in range(0, len(found), columns)]
    tall = [tallest(_both(line, pictures)) for line in lines]
    height = 0.35 + sum(cell * one + 0.04 + 0.14 * len(encoders) for one in tall)
    figure = Figure(figsize=(width, height + 0.16 * len(encoders)))
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.03)
    grid = figure.subplots(len(lines), 2 * columns, squeeze=False, height_ratios=tall)
    for i, pair in enumerate(map(list, grid.reshape(-1, 2))):
        if i >= len(found):
            for axes in pair:
                axes.set_visible(False)
            continue
        one = found[i]
        border = (_CHANGED, 1.8) if one.changed else (style.GREY, 0.8)
        _show(pair[0], pictures.reference[one.frame], style.PALE, 0.8)
        _show(pair[1], pictures.view[one.frame], *border)
        for line, name in enumerate(encoders):
            if name in one.answers:
                _say(pair, one.answers[name], line, _ink(name, encoders, choices))
        if i < columns:
            for axes, view in zip(pair, (choices.reference, choices.focus)):
                axes.set_title(style.shortened(view, _NAME), fontsize=7.5)
    _legend(figure, encoders, choices)
    return figure


def _both(line: Sequence[Example], pictures: Pictures) -> list[np.ndarray]:
    """The pictures of some examples, in both views."""
    return [seen[one.frame] for one in line for seen in (pictures.reference, pictures.view)]


def _ink(name: str, encoders: Sequence[str], choices: Choices) -> str:
    """The colour of an encoder's answers, if there are several: its own, unless two have the same,
    as they may in a study of many families.
    """
    if len(encoders) == 1:
        return style.INK
    own = {one: choices.looks[one].colour for one in encoders}
    if len(set(own.values())) < len(encoders):
        own = dict(zip(encoders, style.PALETTE))
    return own[name]


def _say(pair: "Sequence[Axes]", answer: Answer, line: int, colour: str) -> None:
    """Writes what is answered to both pictures, in bold what has changed."""
    first = f"{style.shortened(answer.reference, _LETTERS)} {_p(answer.reference_p)}"
    then = f"{style.shortened(answer.view, _LETTERS)} {_p(answer.view_p)}"
    for axes, words, weight in (
        (pair[0], first, "normal"),
        (pair[1], then, "bold" if answer.changed else "normal"),
    ):
        axes.annotate(
            words,
            (0.5, 0),
            (0, -3 - 9 * line),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=6.2,
            fontweight=weight,
            color=colour,
        )


def _p(value: float) -> str:
    """A probability with two digits, which reads as 1 only if it is."""
    return "over 0.99" if 0.995 <= value < 1 else f"{value:.2f}"


def _show(axes: "Axes", picture: np.ndarray, colour: str, width: float) -> None:
    axes.imshow(style.reduce(picture, _SIDE), interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour, linewidth=width)


def _legend(figure: "Figure", encoders: Sequence[str], choices: Choices) -> None:
    from matplotlib.patches import Patch

    marks = [
        Patch(color=_ink(name, encoders, choices), label=labels.key(choices, name))
        for name in encoders
    ]
    figure.legend(handles=marks, loc="outside upper center", ncols=2, handlelength=0.8)
