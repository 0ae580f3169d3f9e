"""The pupil, optics and receptors of each eye, and what a test chart becomes."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from catsight.errors import CatsightError
from catsight.figures import style
from catsight.figures.choices import Choices
from catsight.figures.eye_curves import DASHED, PANELS, Colours, Row
from catsight.figures.eye_rows import BEFORE_CHARTS, draw_row, picture
from catsight.inputs.pictures import decode_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMN = 1.5  # inches
#: Heights in inches of a row of curves and of a row of pictures.
_CURVES, _PICTURES = 2.05, 1.85
#: Rows of curves and panels in each; the legend takes the place of the last two.
_DOWN, _ACROSS = 3, 4
#: Most letters of an eye's name in the legend, and most entries in one of its columns.
_LETTERS, _ENTRIES = 24, 9
#: Colours for eyes beyond those of the palette, dark enough for their names.
_MORE = ("#5D3A9B", "#8C564B", "#7A7A00", "#8E8E8E")


@style.styled
def draw(table: pd.DataFrame, choices: Choices | None = None) -> "Figure":
    """A figure of the eyes in ``table`` (:data:`catsight.tables.columns.portraits.PORTRAITS`),
    whatever the ``choices``.

    Above: the test chart and, with one colour for each eye, its pupil, its acuity, the weight of
    its rods, the quanta that it counts and the flicker that it sees against luminance, its transfer
    of contrast by frequency and by orientation, its contrast sensitivity and its receptors. Below:
    a row for each eye, with the transfer by receptor, the colours that it confuses, a point of
    light in and out of focus, and the chart from daylight to moonlight. Raises
    :class:`CatsightError` if there is no eye.
    """
    from matplotlib.figure import Figure

    rows = table.to_dict("records")
    if not rows:
        raise CatsightError("the table of eyes holds no eye to draw")
    columns = BEFORE_CHARTS + max(len(row["charts"]) for row in rows)
    colours = _colours([row["eye"] for row in rows])
    heights = _CURVES * _DOWN, _PICTURES * len(rows)
    figure = Figure(figsize=(_COLUMN * columns, sum(heights)))
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.03)
    halves: Any = figure.subfigures(2, 1, height_ratios=heights)
    above, below = halves
    grid = above.add_gridspec(_DOWN, _ACROSS)
    first, *places = [above.add_subplot(grid[divmod(i, _ACROSS)]) for i in range(len(PANELS) + 1)]
    picture(first, decode_png(rows[0]["chart"]["bytes"]), f"test chart, {_degrees(rows)}")
    for axes, panel in zip(places, PANELS, strict=True):
        panel(axes, rows, colours)
    _legend(above.add_subplot(grid[-1, -2:]), colours, rows[0]["spread_defocus"])
    for axes_row, row in zip(below.subplots(len(rows), columns, squeeze=False), rows):
        draw_row(axes_row, row, colours[row["eye"]])
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
        "along it": DASHED,
        f"along it, {defocus:g} D out of focus": ":",
    }
    handles = [Line2D([], [], color=colour) for colour in colours.values()]
    handles += [Line2D([], [], color=style.GREY, linestyle=line) for line in lines.values()]
    names = [style.shortened(name, _LETTERS) for name in colours]
    axes.legend(
        handles,
        [*names, *lines],
        loc="center",
        ncols=-(-len(handles) // _ENTRIES),
        borderaxespad=0,
    )
    axes.set_axis_off()
