"""The eye, part by part: frames with one part of the reference's eye swapped, then with all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from catsight.figures import reading, style
from catsight.figures.choices import Choices
from catsight.figures.gallery import scale_bars, side_by_side
from catsight.figures.reading import Scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def read(
    frames: Sequence[Path], views: Mapping[str, Sequence[Path]], choices: Choices
) -> list[Scene]:
    """The scenes to draw, from the shards of the frames and of each view."""
    wanted = [view for view, _ in _columns(choices)]
    return reading.scenes(frames, views, wanted, choices.gallery)


@style.styled
def draw(scenes: Sequence[Scene], choices: Choices) -> "Figure":
    """A figure with one row per frame and one column per part, between the reference and all."""
    bars = scale_bars([choices.reference], choices)
    return side_by_side(scenes, _columns(choices), bars)


def _columns(choices: Choices) -> list[tuple[str, str]]:
    """Each column's view and title. A part that changes nothing has the reference's view again."""
    view, swaps = choices.attribution["view"], choices.attribution["swaps"]
    columns = [(choices.reference, f"{choices.reference}\n(reference)")]
    for part, label in choices.parts.items():
        if part in swaps:
            columns.append((swaps[part], f"{view}’s\n{label}"))
    if whole := choices.attribution["whole"]:
        columns.append((whole, f"{view}’s\nall of these"))
    return columns
