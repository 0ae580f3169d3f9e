"""The row of panels of one eye: its receptors, its colours, points of light, and a test chart."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from catsight.figures import chromaticity, style
from catsight.figures.eye_curves import DASHED, Row, frequencies
from catsight.inputs.pictures import decode_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Panels before the charts.
BEFORE_CHARTS = 4
#: Most letters in a line of an eye's name.
_LETTERS = 24
#: The lines of receptors from short to long waves, and of rods.
_RECEPTOR_LINES = (DASHED, (0, (5, 1, 1, 1)), "-")
#: Why there are no confusion lines, by the kinds of cones; short, beside the triangle.
_NO_LINES = {1: "one kind\nof cone:\nall is\none", 3: "none:\nthree\nkinds of\ncones"}


def draw_row(axes_row: "Sequence[Axes]", row: Row, colour: str) -> None:
    """Draws one eye's row: its receptors' transfer, its confusion lines, two points, the charts."""
    _by_receptor(axes_row[0], row, colour)
    _confusion(axes_row[1], row)
    _spread(axes_row[2], row, "spread", "a point in focus")
    _spread(axes_row[3], row, "spread_defocused", f"{row['spread_defocus']:g} D out of focus")
    charts = axes_row[BEFORE_CHARTS:]
    for axes, level, chart in zip(charts, row["levels"], row["charts"]):
        words = f"{row['chart_degrees']:g}° at {level:g} cd/m²"
        picture(axes, decode_png(chart["bytes"]), words)
    for axes in charts[len(row["charts"]) :]:
        axes.set_visible(False)
    name = style.wrapped(row["eye"], _LETTERS)
    axes_row[0].set_ylabel(name, color=colour, fontsize=9, fontweight="bold")


def _by_receptor(axes: "Axes", row: Row, colour: str) -> None:
    cones = [receptor for receptor in row["receptors"] if receptor["name"] != "rod"]
    lines = dict(zip([cone["name"] for cone in cones], _RECEPTOR_LINES[-len(cones) :]))
    for receptor in row["receptors"]:
        name = receptor["name"]
        axes.plot(
            row["frequency"],
            receptor["transfer"],
            color=colour,
            linewidth=1.2 if name in lines else 0.9,
            linestyle=lines.get(name, ":"),
            label=name,
        )
    frequencies(axes, [row])
    axes.set_xlabel("")
    axes.set_yticks([0, 0.5, 1])
    axes.set(ylim=(-0.15, 1.04), title=f"by receptor,\n{row['adapted_to']:g} cd/m², c/deg")
    axes.legend(loc="lower left", fontsize=6, handlelength=1.6, borderaxespad=0.1, labelspacing=0.2)


def _confusion(axes: "Axes", row: Row) -> None:
    chromaticity.draw_gamut(axes)
    for line in row["confusion_lines"]:
        ends = chromaticity.of_linear_srgb(np.array([line["start"], line["end"]]))
        axes.plot(*ends.T, color=style.INK, linewidth=0.9)
    cones = sum(receptor["name"] != "rod" for receptor in row["receptors"])
    note = _NO_LINES.get(cones, "")
    place: dict[str, Any] = {"transform": axes.transAxes, "ha": "right", "va": "bottom"}
    axes.text(0.99, 0.02, note, fontsize=6, color=style.GREY, **place)
    axes.set(title="confusion lines,\nCIE 1976 u′, v′")


def _spread(axes: "Axes", row: Row, column: str, title: str) -> None:
    values = np.array(row[column], float)
    side = round(len(values) ** 0.5)
    # the square root shows the faint skirts too
    axes.imshow(np.sqrt(values.reshape(side, side)), cmap="gray", vmin=0)
    axes.set(xticks=[], yticks=[], title=f"{title}\n(optics, {row['spread_degrees']:g}° across)")


def picture(axes: "Axes", picture: np.ndarray, title: str) -> None:
    axes.imshow(picture)
    axes.set(xticks=[], yticks=[], title=title)
    axes.spines[:].set_visible(False)
