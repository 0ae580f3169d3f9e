"""The gallery: the same frames in every view, side by side."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from catsight.figures import labels, reading, style
from catsight.figures.choices import Choices
from catsight.figures.reading import Scene

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Pixels of all pictures together, so that a gallery of any size stays well under 10 MB.
_PIXELS = 2_400_000
_LONGEST = 420


def read(
    frames: Sequence[Path], views: Mapping[str, Sequence[Path]], choices: Choices
) -> list[Scene]:
    """The scenes to draw, from the shards of the frames and of each view."""
    return reading.scenes(frames, views, choices.views, choices.gallery)


@style.styled
def draw(scenes: Sequence[Scene], choices: Choices) -> "Figure":
    """A figure with one row per frame and one column per view."""
    views = [name for name in choices.views if name in scenes[0].pictures]
    columns = [(name, labels.view_title(choices, name)) for name in views]
    return side_by_side(scenes, columns, scale_bars(views, choices))


def side_by_side(
    scenes: Sequence[Scene], columns: Sequence[tuple[str, str]], bars: Mapping[str, float]
) -> "Figure":
    """A figure with one row per scene and one column per view.

    ``columns``: the name of each view, and the title above it.
    ``bars``: the field of view, in degrees, of views whose pictures have a scale bar.
    """
    from matplotlib.figure import Figure

    side = min(_LONGEST, int((_PIXELS / (len(scenes) * len(columns))) ** 0.5))
    tall = [tallest(scene.pictures.values()) for scene in scenes]
    width = style.width(len(columns))
    cell = (width - 0.2) / len(columns)
    figure = Figure(figsize=(width, 0.5 + (cell + 0.03) * sum(tall)))
    figure.set_layout_engine("constrained", w_pad=0.015, h_pad=0.015, wspace=0.01, hspace=0.01)
    grid = figure.subplots(len(scenes), len(columns), squeeze=False, height_ratios=tall)
    for axes_row, scene, ratio in zip(grid, scenes, tall):
        for axes, (view, _) in zip(axes_row, columns):
            picture = style.reduce(scene.pictures[view], side)
            axes.imshow(picture, interpolation="antialiased")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            if view in bars:
                _scale_bar(axes, picture.shape, bars[view])
        title = style.wrapped(scene.title, int(16 * cell * ratio))
        axes_row[0].set_ylabel(title, fontsize=7, color=style.GREY)
    for axes, (_, title) in zip(grid[0], columns):
        axes.set_title(title, fontsize=8 if len(columns) <= 4 else 7, linespacing=1.4)
    return figure


def tallest(pictures: Iterable[np.ndarray]) -> float:
    """The largest ratio of height to width, within what figures have room for."""
    ratio = max(picture.shape[0] / picture.shape[1] for picture in pictures)
    return float(np.clip(ratio, 0.4, 1.6))


def scale_bars(views: Sequence[str], choices: Choices) -> dict[str, float]:
    """The field of view of the views that have a scale bar: of the first eye (the reference, if it
    is one), and of every eye with another field of view.
    """
    fields: dict[str, float] = {}
    for view in sorted(views, key=lambda view: view != choices.reference):
        field = choices.views[view]["field_of_view"]
        if field is not None and field not in list(fields.values())[:1]:
            fields[view] = field
    return fields


def scale(field_of_view: float) -> float:
    """A round number of degrees, a tenth to a quarter of the field of view."""
    nice = [step * 10.0**power for power in range(-4, 3) for step in (1, 2, 5)]
    return max(value for value in nice if value <= field_of_view / 4)


def _scale_bar(axes: "Axes", shape: tuple[int, ...], field_of_view: float) -> None:
    from matplotlib.patheffects import withStroke

    height, width = shape[:2]
    degrees = scale(field_of_view)
    left, below = 0.05 * width, height - 0.06 * height
    outline = [withStroke(linewidth=3, foreground="black", alpha=0.6)]
    end = left + degrees / field_of_view * width
    axes.plot(
        [left, end],
        [below, below],
        color="white",
        linewidth=1.6,
        solid_capstyle="butt",
        path_effects=outline,
        scalex=False,
        scaley=False,
    )
    axes.annotate(
        f"{degrees:g}°",
        (left, below),
        (1, 2),
        textcoords="offset points",
        color="white",
        fontsize=7.5,
        va="bottom",
        path_effects=outline,
    )
