"""The eyes: pupil, optics and receptors of each, and what a test chart becomes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from catsight import tables
from catsight.errors import CatsightError
from catsight.figures import style
from catsight.inputs.pictures import decode_png

_COLUMN = 1.75  # inches


def read(path: Path) -> list[dict]:
    """The rows of a table of eyes; raises :class:`CatsightError` where there is none."""
    rows = tables.read(path).to_pylist()
    if not rows:
        raise CatsightError(f"{path} holds no eye to draw")
    return rows


@style.styled
def draw(rows: Sequence[Mapping]):
    """A figure of the eyes in ``rows`` (as :data:`catsight.tables.columns.portraits.PORTRAITS`).

    Above the test chart and, with one colour for each eye, its pupil against luminance, its
    transfer of contrast, its contrast sensitivity and its receptors; below a row for each eye: what
    becomes of a point, in and out of focus, and of the chart from daylight to moonlight.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    columns = 2 + max(len(row["charts"]) for row in rows)
    colours = {row["eye"]: style.PALETTE[i % len(style.PALETTE)] for i, row in enumerate(rows)}
    figure = Figure(figsize=(_COLUMN * columns, 2.05 + 1.85 * len(rows)))
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    grid = figure.subplots(
        1 + len(rows), columns, squeeze=False, height_ratios=[1.15, *[1] * len(rows)]
    )
    _picture(
        grid[0][0],
        decode_png(rows[0]["chart"]["bytes"]),
        f"test chart, {rows[0]['chart_degrees']:g}° across",
    )
    for axes, panel in zip(grid[0][1:], (_pupils, _transfer, _sensitivity, _receptors)):
        panel(axes, rows, colours)
    for axes in grid[0][5:]:
        axes.set_visible(False)
    handles = [Line2D([], [], color=colour) for colour in colours.values()]
    defocused = f"along it, {rows[0]['spread_defocus']:g} D out of focus"
    lines: dict[str, Any] = {
        "contrast across the slit": "-",
        "along it": (0, (3, 1.5)),
        defocused: ":",
    }
    handles += [Line2D([], [], color=style.GREY, linestyle=line) for line in lines.values()]
    figure.legend(handles, [*colours, *lines], loc="outside upper center", ncols=len(handles))
    for axes_row, row in zip(grid[1:], rows):
        _spread(axes_row[0], row, "spread", "a point in focus")
        _spread(axes_row[1], row, "spread_defocused", f"{row['spread_defocus']:g} D out of focus")
        for axes, level, chart in zip(axes_row[2:], row["levels"], row["charts"]):
            _picture(axes, decode_png(chart["bytes"]), f"at {level:g} cd/m²")
        for axes in axes_row[2 + len(row["charts"]) :]:
            axes.set_visible(False)
        axes_row[0].set_ylabel(row["eye"], color=colours[row["eye"]], fontsize=9, fontweight="bold")
    return figure


def _pupils(axes, rows: Sequence[Mapping], colours: Mapping[str, str]) -> None:
    for row in rows:
        colour = colours[row["eye"]]
        axes.plot(row["luminance"], row["pupil_width"], color=colour)
        axes.plot(
            row["luminance"],
            row["pupil_height"],
            color=colour,
            linestyle=(0, (3, 1.5)),
            linewidth=1,
        )
    axes.set(
        xscale="log", ylim=(0, None), xlabel="luminance, cd/m²", title="pupil, mm (dashed: height)"
    )
    axes.set_xticks([1e-2, 1, 1e2, 1e4], ["0.01", "1", "100", "10⁴"])
    axes.minorticks_off()
    axes.grid(True)


def _transfer(axes, rows: Sequence[Mapping], colours: Mapping[str, str]) -> None:
    for row in rows:
        colour = colours[row["eye"]]
        axes.plot(row["frequency"], row["mtf_across"], color=colour)
        axes.plot(row["frequency"], row["mtf_along"], color=colour, linestyle=(0, (3, 1.5)))
        axes.plot(
            row["frequency"], row["mtf_along_defocused"], color=colour, linestyle=":", linewidth=1
        )
    _frequencies(axes)
    light = sorted({row["adapted_to"] for row in rows})
    axes.set(ylim=(-0.15, 1), title=f"contrast, {', '.join(f'{x:g}' for x in light)} cd/m²")
    axes.axhline(0, color=style.GREY, linewidth=0.6)


def _sensitivity(axes, rows: Sequence[Mapping], colours: Mapping[str, str]) -> None:
    for row in rows:
        seen = np.array(row["contrast_sensitivity"])
        axes.plot(np.array(row["frequency"])[seen >= 1], seen[seen >= 1], color=colours[row["eye"]])
    _frequencies(axes)
    axes.set(yscale="log", ylim=(1, 400), title="contrast sensitivity")
    axes.set_yticks([1, 10, 100], ["1", "10", "100"])
    axes.minorticks_off()


def _receptors(axes, rows: Sequence[Mapping], colours: Mapping[str, str]) -> None:
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


def _frequencies(axes) -> None:
    axes.set(xscale="log", xlim=(0.1, 60), xlabel="cycles per degree")
    axes.set_xticks([0.1, 1, 10, 50], ["0.1", "1", "10", "50"])
    axes.minorticks_off()
    axes.grid(True)


def _spread(axes, row: Mapping, column: str, title: str) -> None:
    values = np.array(row[column])
    side = round(len(values) ** 0.5)
    # the square root shows the faint skirts too
    axes.imshow(np.sqrt(values.reshape(side, side)), cmap="gray", vmin=0)
    axes.set(xticks=[], yticks=[], title=f"{title}, {row['spread_degrees']:g}°")


def _picture(axes, picture: np.ndarray, title: str) -> None:
    axes.imshow(picture)
    axes.set(xticks=[], yticks=[], title=title)
    axes.spines[:].set_visible(False)
