"""The pupil, optics and receptors of each eye, and what a test chart becomes."""

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
_DASHED = (0, (3, 1.5))

Row = Mapping[str, Any]
#: The colour of each eye by its name.
Colours = Mapping[str, str]


@style.styled
def draw(table: pd.DataFrame, choices: Choices | None = None) -> "Figure":
    """A figure of the eyes in ``table`` (:data:`catsight.tables.columns.portraits.PORTRAITS`),
    whatever the ``choices``.

    Above: the test chart and, with one colour for each eye, its pupil against luminance, its
    transfer of contrast, its contrast sensitivity and its receptors. Below: a row for each eye,
    with a point of light in and out of focus, and the chart from daylight to moonlight. Raises
    :class:`CatsightError` if there is no eye.
    """
    from matplotlib.figure import Figure

    rows = table.to_dict("records")
    if not rows:
        raise CatsightError("the table of eyes holds no eye to draw")
    columns = 2 + max(len(row["charts"]) for row in rows)
    colours = {row["eye"]: style.PALETTE[i % len(style.PALETTE)] for i, row in enumerate(rows)}
    figure = Figure(figsize=(_COLUMN * columns, 2.05 + 1.85 * len(rows)))
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    ratios = [1.15] + [1.0] * len(rows)
    grid = figure.subplots(1 + len(rows), columns, squeeze=False, height_ratios=ratios)
    chart = decode_png(rows[0]["chart"]["bytes"])
    _picture(grid[0][0], chart, f"test chart, {rows[0]['chart_degrees']:g}° across")
    for axes, panel in zip(grid[0][1:], (_pupils, _transfer, _sensitivity, _receptors)):
        panel(axes, rows, colours)
    for axes in grid[0][5:]:
        axes.set_visible(False)
    for axes_row, row in zip(grid[1:], rows):
        _of_an_eye(axes_row, row, colours[row["eye"]])
    _legend(figure, colours, rows[0]["spread_defocus"])
    return figure


def _legend(figure: "Figure", colours: Colours, defocus: float) -> None:
    from matplotlib.lines import Line2D

    lines: dict[str, Any] = {
        "contrast across the slit": "-",
        "along it": _DASHED,
        f"along it, {defocus:g} D out of focus": ":",
    }
    handles = [Line2D([], [], color=colour) for colour in colours.values()]
    handles += [Line2D([], [], color=style.GREY, linestyle=line) for line in lines.values()]
    figure.legend(handles, [*colours, *lines], loc="outside upper center", ncols=len(handles))


def _of_an_eye(axes_row: "Sequence[Axes]", row: Row, colour: str) -> None:
    """Draws one eye's row: a point of light twice, then the charts."""
    _spread(axes_row[0], row, "spread", "a point in focus")
    _spread(axes_row[1], row, "spread_defocused", f"{row['spread_defocus']:g} D out of focus")
    charts = axes_row[2:]
    for axes, level, chart in zip(charts, row["levels"], row["charts"]):
        _picture(axes, decode_png(chart["bytes"]), f"at {level:g} cd/m²")
    for axes in charts[len(row["charts"]) :]:
        axes.set_visible(False)
    axes_row[0].set_ylabel(row["eye"], color=colour, fontsize=9, fontweight="bold")


def _pupils(axes: "Axes", rows: Sequence[Row], colours: Colours) -> None:
    for row in rows:
        colour = colours[row["eye"]]
        axes.plot(row["luminance"], row["pupil_width"], color=colour)
        axes.plot(
            row["luminance"], row["pupil_height"], color=colour, linestyle=_DASHED, linewidth=1
        )
    axes.set(
        xscale="log", ylim=(0, None), xlabel="luminance, cd/m²", title="pupil, mm (dashed: height)"
    )
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
    _frequencies(axes)
    light = sorted({row["adapted_to"] for row in rows})
    axes.set(ylim=(-0.15, 1), title=f"contrast, {', '.join(f'{x:g}' for x in light)} cd/m²")
    axes.axhline(0, color=style.GREY, linewidth=0.6)


def _sensitivity(axes: "Axes", rows: Sequence[Row], colours: Colours) -> None:
    for row in rows:
        seen = np.array(row["contrast_sensitivity"])
        axes.plot(np.array(row["frequency"])[seen >= 1], seen[seen >= 1], color=colours[row["eye"]])
    _frequencies(axes)
    axes.set(yscale="log", ylim=(1, 400), title="contrast sensitivity")
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


def _frequencies(axes: "Axes") -> None:
    axes.set(xscale="log", xlim=(0.1, 60), xlabel="cycles per degree")
    axes.set_xticks([0.1, 1, 10, 50], ["0.1", "1", "10", "50"])
    axes.minorticks_off()
    axes.grid(True)


def _spread(axes: "Axes", row: Row, column: str, title: str) -> None:
    values = np.array(row[column], float)
    side = round(len(values) ** 0.5)
    # the square root shows the faint skirts too
    axes.imshow(np.sqrt(values.reshape(side, side)), cmap="gray", vmin=0)
    axes.set(xticks=[], yticks=[], title=f"{title}\n(optics alone, {row['spread_degrees']:g}°)")


def _picture(axes: "Axes", picture: np.ndarray, title: str) -> None:
    axes.imshow(picture)
    axes.set(xticks=[], yticks=[], title=title)
    axes.spines[:].set_visible(False)
