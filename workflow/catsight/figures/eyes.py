"""The pupil, optics and receptors of each eye, and what a test chart becomes."""

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from catsight.errors import CatsightError
from catsight.figures import style
from catsight.figures.choices import Choices
from catsight.inputs.pictures import decode_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMN = 1.75  # inches
#: Heights in inches of a row of curves and of a row of pictures.
_CURVES, _PICTURES = 2.05, 1.85
#: Panels in a row of curves.
_ACROSS = 4
#: Most letters of an eye's name in the legend, and most entries in one of its columns.
_LETTERS, _ENTRIES = 24, 12
#: Colours for eyes beyond those of the palette, dark enough for their names.
_MORE = ("#5D3A9B", "#8C564B", "#7A7A00", "#8E8E8E")
_DASHED = (0, (3, 1.5))
#: The lines of receptors from short to long waves, and of rods.
_RECEPTOR_LINES = ((0, (3, 1.5)), (0, (5, 1, 1, 1)), "-")

Row = Mapping[str, Any]
#: The colour of each eye by its name.
Colours = Mapping[str, str]


@style.styled
def draw(table: pd.DataFrame, choices: Choices | None = None) -> "Figure":
    """A figure of the eyes in ``table`` (:data:`catsight.tables.columns.portraits.PORTRAITS`),
    whatever the ``choices``.

    Above: the test chart and, with one colour for each eye, its pupil, its acuity and the weight of
    its rods against luminance, its transfer of contrast, its contrast sensitivity and its
    receptors. Below: a row for each eye, with the transfer by receptor, a point of light in and out
    of focus, and the chart from daylight to moonlight. Raises :class:`CatsightError` if there is no
    eye.
    """
    from matplotlib.figure import Figure

    rows = table.to_dict("records")
    if not rows:
        raise CatsightError("the table of eyes holds no eye to draw")
    columns = 3 + max(len(row["charts"]) for row in rows)
    colours = _colours([row["eye"] for row in rows])
    heights = 2 * _CURVES, _PICTURES * len(rows)
    figure = Figure(figsize=(_COLUMN * columns, sum(heights)))
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    halves: Any = figure.subfigures(2, 1, height_ratios=heights)
    above, below = halves
    grid = above.subplots(2, _ACROSS, squeeze=False)
    _picture(grid[0][0], decode_png(rows[0]["chart"]["bytes"]), f"test chart, {_degrees(rows)}")
    panels = (_pupils, _acuities, _rods, _transfer, _sensitivity, _receptors)
    for axes, panel in zip([*grid[0][1:], *grid[1]], panels):
        panel(axes, rows, colours)
    _legend(grid[1][-1], colours, rows[0]["spread_defocus"])
    for axes_row, row in zip(below.subplots(len(rows), columns, squeeze=False), rows):
        _of_an_eye(axes_row, row, colours[row["eye"]])
    return figure


def _colours(names: Sequence[str]) -> Colours:
    """A colour for each eye; they begin again after eleven."""
    return dict(zip(names, itertools.cycle((*style.PALETTE, *_MORE))))


def _degrees(rows: Sequence[Row]) -> str:
    """How wide the chart is to the eyes, in words."""
    widths = sorted({row["chart_degrees"] for row in rows})
    return f"{' or '.join(f'{width:g}°' for width in widths)} across"


def _legend(axes: "Axes", colours: Colours, defocus: float) -> None:
    """Names the colours and lines in a place of its own, where many eyes find room."""
    from matplotlib.lines import Line2D

    lines: dict[str, Any] = {
        "contrast across the slit": "-",
        "along it": _DASHED,
        f"along it, {defocus:g} D out of focus": ":",
    }
    handles = [Line2D([], [], color=colour) for colour in colours.values()]
    handles += [Line2D([], [], color=style.GREY, linestyle=line) for line in lines.values()]
    names = [style.shortened(name, _LETTERS) for name in colours]
    columns = -(-len(handles) // _ENTRIES)
    axes.legend(
        handles,
        [*names, *lines],
        loc="center",
        ncols=columns,
        fontsize=8 if columns == 1 else 6,
        borderaxespad=0,
    )
    axes.set_axis_off()


def _of_an_eye(axes_row: "Sequence[Axes]", row: Row, colour: str) -> None:
    """Draws one eye's row: its receptors' transfer, a point of light twice, then the charts."""
    _by_receptor(axes_row[0], row, colour)
    _spread(axes_row[1], row, "spread", "a point in focus")
    _spread(axes_row[2], row, "spread_defocused", f"{row['spread_defocus']:g} D out of focus")
    charts = axes_row[3:]
    for axes, level, chart in zip(charts, row["levels"], row["charts"]):
        words = f"{row['chart_degrees']:g}° at {level:g} cd/m²"
        _picture(axes, decode_png(chart["bytes"]), words)
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
    _frequencies(axes, [row])
    axes.set_xlabel("")
    axes.set(ylim=(-0.15, 1.04), title=f"by receptor,\n{row['adapted_to']:g} cd/m², c/deg")
    axes.legend(loc="lower left", fontsize=6, handlelength=1.6, borderaxespad=0.1, labelspacing=0.2)


def _pupils(axes: "Axes", rows: Sequence[Row], colours: Colours) -> None:
    for row in rows:
        colour = colours[row["eye"]]
        axes.plot(row["luminance"], row["pupil_width"], color=colour)
        axes.plot(
            row["luminance"], row["pupil_height"], color=colour, linestyle=_DASHED, linewidth=1
        )
    axes.set(ylim=(0, None), title="pupil, mm (dashed: height)")
    _luminances(axes)


def _acuities(axes: "Axes", rows: Sequence[Row], colours: Colours) -> None:
    for row in rows:
        axes.plot(row["luminance"], row["acuity"], color=colours[row["eye"]])
    axes.set(yscale="log", title="acuity, c/deg")
    axes.set_yticks([0.1, 1, 10, 50], ["0.1", "1", "10", "50"])
    drawn = np.concatenate([row["acuity"] for row in rows])  # the ticks would widen the scale
    axes.set_ylim(0.8 * drawn.min(), max(70, 1.2 * drawn.max()))
    _luminances(axes)


def _rods(axes: "Axes", rows: Sequence[Row], colours: Colours) -> None:
    for row in rows:
        axes.plot(row["luminance"], row["rod_weight"], color=colours[row["eye"]])
    axes.set(ylim=(0, 1.02), title="weight of the rods")
    _luminances(axes)


def _luminances(axes: "Axes") -> None:
    axes.set(xscale="log", xlabel="luminance, cd/m²")
    axes.set_xticks([1e-2, 1, 1e2, 1e4], ["0.01", "1", "100", "10⁴"])
    axes.minorticks_off()
    axes.grid(True)


def _transfer(axes: "Axes", rows: Sequence[Row], colours: Colours) -> None:
    for row in rows:
        colour = colours[row["eye"]]
        axes.plot(row["frequency"], row["mtf_across"], color=colour)
        axes.plot(row["frequency"], row["mtf_along"], color=colour, linestyle=_DASHED)
        axes.plot(
            row["frequency"], row["mtf_along_defocused"], color=colour, linestyle=":", linewidth=1
        )
    _frequencies(axes, rows)
    axes.set(ylim=(-0.15, 1), title=f"contrast, {_light(rows)}")
    axes.axhline(0, color=style.GREY, linewidth=0.6)


def _sensitivity(axes: "Axes", rows: Sequence[Row], colours: Colours) -> None:
    for row in rows:
        seen = np.array(row["contrast_sensitivity"])
        axes.plot(np.array(row["frequency"])[seen >= 1], seen[seen >= 1], color=colours[row["eye"]])
    _frequencies(axes, rows)
    axes.set(yscale="log", ylim=(1, 400), title=f"contrast sensitivity, {_light(rows)}")
    axes.set_yticks([1, 10, 100], ["1", "10", "100"])
    axes.minorticks_off()


def _receptors(axes: "Axes", rows: Sequence[Row], colours: Colours) -> None:
    for row in rows:
        for receptor in row["receptors"]:
            values = np.array(receptor["sensitivity"])
            width, line = (0.9, ":") if receptor["name"] == "rod" else (1.4, "-")
            axes.plot(
                row["wavelength"],
                values / values.max(),
                color=colours[row["eye"]],
                linewidth=width,
                linestyle=line,
            )
    axes.set(ylim=(0, 1.04), xlabel="wavelength, nm", title="receptors (dotted: rods)")
    axes.set_xticks([400, 500, 600, 700])
    axes.grid(True)


def _light(rows: Sequence[Row]) -> str:
    """The luminances that the eyes are adapted to, in words."""
    return f"{', '.join(f'{x:g}' for x in sorted({row['adapted_to'] for row in rows}))} cd/m²"


def _frequencies(axes: "Axes", rows: Sequence[Row]) -> None:
    """A scale of frequencies from a tenth, or from a hundredth where an eye resolves little."""
    ticks = [0.1, 1, 10, 50]
    if min(max(row["acuity"]) for row in rows) < 2:
        ticks = [0.01, *ticks]
    axes.set(xscale="log", xlim=(ticks[0], 60), xlabel="cycles per degree")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(True)


def _spread(axes: "Axes", row: Row, column: str, title: str) -> None:
    values = np.array(row[column], float)
    side = round(len(values) ** 0.5)
    # the square root shows the faint skirts too
    axes.imshow(np.sqrt(values.reshape(side, side)), cmap="gray", vmin=0)
    axes.set(xticks=[], yticks=[], title=f"{title}\n(optics, {row['spread_degrees']:g}° across)")


def _picture(axes: "Axes", picture: np.ndarray, title: str) -> None:
    axes.imshow(picture)
    axes.set(xticks=[], yticks=[], title=title)
    axes.spines[:].set_visible(False)
