"""What a figure of matplotlib says: words, marks, lines and intervals, read back from what is drawn.

Colours are ``#rrggbb``; places and lengths are in units of the data, or in inches where a name says
so.
"""

from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer

#: Labels of lines that stand for no data, and do not run through a panel.
_APART = ("_end", "_joined")


class Mark(NamedTuple):
    """How something is drawn: a line ("-", "--", or "" if there is none), or a patch without any."""

    colour: str
    marker: str = ""
    line: str = ""
    face: str = ""


class Rule(NamedTuple):
    """A straight line through the whole panel, at a height (axis "y") or place (axis "x")."""

    axis: str
    at: float
    colour: str
    width: float


class Band(NamedTuple):
    """Shading between two curves, as (x, low, high); a gap of the data parts it into stretches."""

    colour: str
    alpha: float
    points: list[tuple[float, float, float]]
    stretches: int
    label: str


class Bar(NamedTuple):
    """A straight line between two points of the data, as an interval is drawn."""

    colour: str
    start: tuple[float, float]
    end: tuple[float, float]
    width: float


def mark(artist) -> Mark:
    """How a line or patch is drawn."""
    if not hasattr(artist, "get_marker"):
        return Mark(to_hex(artist.get_facecolor()))
    marker, line = (
        "" if what in ("None", "none", None, " ") else what
        for what in (artist.get_marker(), artist.get_linestyle())
    )
    face = to_hex(artist.get_markerfacecolor()) if marker else ""
    return Mark(to_hex(artist.get_color()), marker, line, face)


def legend(owner) -> list[tuple[str, Mark]]:
    """The entries of the legend of a figure, or of a panel, in order."""
    one = owner.get_legend() if hasattr(owner, "get_legend") else owner.legends[0]
    words = [text.get_text() for text in one.get_texts()]
    return list(zip(words, map(mark, one.legend_handles), strict=True))


def curves(axes) -> list:
    """The lines and dots that stand for data, in the order in which they were drawn."""
    return [
        line
        for line in axes.get_lines()
        if len(line.get_xdata()) and not _crosses(line) and line.get_label() not in _APART
    ]


def points(line) -> list[tuple[float, float]]:
    """The points of a line; nothing for those that are undefined."""
    return [(float(x), float(y)) for x, y in line.get_xydata() if np.isfinite([x, y]).all()]


def dots(axes) -> list[tuple[float, float, Mark]]:
    """The single dots of a panel, as (x, y, look)."""
    return [(*points(line)[0], mark(line)) for line in curves(axes) if len(line.get_xdata()) == 1]


def rules(axes) -> list[Rule]:
    """The lines through the whole panel."""
    found = []
    for line in axes.get_lines():
        if _crosses(line) and line.get_label() not in _APART:
            across = line.get_transform().contains_branch_seperately(axes.transData)[1]
            at = (line.get_ydata() if across else line.get_xdata())[0]
            colour = to_hex(line.get_color())
            found.append(Rule("y" if across else "x", float(at), colour, line.get_linewidth()))
    return found


def joined(axes) -> list[list[int]]:
    """The rows that upright bars join, from the bar next to the panel outwards."""
    bars = [line for line in axes.get_lines() if line.get_label() == "_joined"]
    bars.sort(key=lambda line: -line.get_window_extent().x0)
    return [[int(y) for y in line.get_ydata()] for line in bars]


def _crosses(line) -> bool:
    """Whether a line runs through the whole panel, wherever its data lie."""
    branches = line.get_transform().contains_branch_seperately(line.axes.transData)
    return sorted(branches) == [False, True]


def bands(axes) -> list[Band]:
    """The shadings between curves."""
    found = []
    for one in axes.collections:
        if isinstance(one, PolyCollection):
            ends: dict[float, list[float]] = {}
            for path in one.get_paths():
                for x, y in path.vertices:
                    ends.setdefault(float(x), []).append(float(y))
            colour = to_hex(one.get_facecolor()[0]) if len(one.get_facecolor()) else ""
            spans = [(x, min(heights), max(heights)) for x, heights in sorted(ends.items())]
            found.append(
                Band(colour, one.get_alpha(), spans, len(one.get_paths()), one.get_label())
            )
    return found


def bars(axes) -> list[Bar]:
    """The single lines between points, as ``hlines`` and ``vlines`` draw them."""
    return [
        Bar(to_hex(one.get_colors()[0]), tuple(map(float, ends[0])), tuple(map(float, ends[-1])),
            float(one.get_linewidths()[0]))
        for one in axes.collections
        if isinstance(one, LineCollection)
        for ends in one.get_segments()
        if len(ends) and np.isfinite(ends).all() and len(one.get_colors())
    ]  # fmt: skip


def stacked(axes) -> list[tuple[str, float, float, float]]:
    """The filled bars of a panel that have a height, as (colour, middle, bottom, top)."""
    return [
        (
            to_hex(bar.get_facecolor()), bar.get_x() + bar.get_width() / 2, bar.get_y(),
            bar.get_y() + bar.get_height(),
        )
        for container in axes.containers
        if isinstance(container, BarContainer)
        for bar in container.patches
        if bar.get_height()
    ]  # fmt: skip


def ticks(axis) -> list[tuple[float, str]]:
    """The places and words of an axis, in order."""
    words = [text.get_text() for text in axis.get_ticklabels()]
    return list(zip(map(float, axis.get_ticklocs()), words, strict=True))


def words(axes) -> list[str]:
    """What is written into or beside a panel."""
    return [text.get_text() for text in axes.texts]


def grid(panels: Iterable) -> list[list]:
    """The panels as a reader sees them: rows from the top, each from the left."""
    rows: dict[float, list] = {}
    for axes in panels:
        if axes.get_visible():
            top = axes.get_window_extent().y1 / axes.get_figure(root=True).dpi
            place = next((seen for seen in rows if abs(seen - top) < 0.1), top)
            rows.setdefault(place, []).append(axes)
    return [
        sorted(rows[top], key=lambda axes: axes.get_window_extent().x0)
        for top in sorted(rows, reverse=True)
    ]


def inches(axes) -> tuple[float, float]:
    """The width and height of a panel in inches."""
    extent, dpi = axes.get_window_extent(), axes.get_figure(root=True).dpi
    return extent.width / dpi, extent.height / dpi


def gridlines(axes) -> str:
    """The axes whose ticks have lines through the panel: "", "x", "y" or "xy"."""
    return "".join(
        name
        for name, axis in (("x", axes.xaxis), ("y", axes.yaxis))
        if any(line.get_visible() for line in axis.get_gridlines())
    )


def texts(figure) -> list:
    """Every text of a figure that has letters and can be seen."""
    found = [figure._supxlabel, *(figure.legends[0].get_texts() if figure.legends else [])]
    for part in getattr(figure, "subfigs", []):
        found += texts(part)
    for axes in figure.axes:
        found += [axes.title, axes._left_title, *axes.texts]
        if axes.get_legend():
            found += axes.get_legend().get_texts()
        if axes.axison:
            found += [axes.xaxis.label, axes.yaxis.label]
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                found += [
                    tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high
                ] + [
                    tick.label2 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high
                ]
    seen = dict.fromkeys(one for one in found if one is not None)
    return [one for one in seen if one.get_visible() and one.get_text().strip()]


def misplaced(figure, slack: float = 0.02) -> list[str]:
    """What a reader would trip over: words that leave the page or cover one another, and panels that
    do, by more than ``slack`` inches.
    """
    page, by = figure.bbox, slack * figure.dpi
    found = []
    boxes = [(one.get_text(), one.get_window_extent()) for one in texts(figure)]
    for text, box in boxes:
        if box.x0 < -by or box.y0 < -by or box.x1 > page.width + by or box.y1 > page.height + by:
            found.append(f"“{text}” leaves the page")
    for (one, here), (other, there) in combinations(boxes, 2):
        wide = min(here.x1, there.x1) - max(here.x0, there.x0)
        tall = min(here.y1, there.y1) - max(here.y0, there.y0)
        if wide > by and tall > by:
            found.append(f"“{one}” lies over “{other}”")
    shown = [axes.get_window_extent() for axes in figure.axes if axes.get_visible()]
    for here, there in combinations(shown, 2):
        wide = min(here.x1, there.x1) - max(here.x0, there.x0)
        tall = min(here.y1, there.y1) - max(here.y0, there.y0)
        if wide > by and tall > by:
            found.append("a panel lies over another")
    return found


def letters(figure) -> set[float]:
    """The sizes of a figure's type, in points."""
    return {one.get_fontsize() for one in texts(figure)}
