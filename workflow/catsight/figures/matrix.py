"""Every view against every other: how much each pair differs, and a map of the views."""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from catsight.figures import labels, plane, select, style
from catsight.figures.choices import Choices

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Encoders shown, trained ones first.
MOST = 4
#: Inches: the tallest cell and the least, the room that cells get, the width of a map at least, and
#: margins.
_CELL, _LEAST, _ROOM, _MAP, _PAD = 0.36, 0.21, 2.4, 2.9, 0.12
#: The largest type, in points; a cell is so many times as wide as its type.
_TYPE, _LETTERS = 7.0, 2.9
#: Inches above a row for its title, and of a map: free for its scale, and for names around points.
_TITLE, _SCALE, _MARGIN = 0.34, 0.3, np.array([0.4, 0.25])
_COLOURS = "YlGnBu"


@style.styled
def draw(table: pd.DataFrame, choices: Choices) -> "Figure":
    """A figure with a row for each encoder: the losses between all views, and a map of the views.

    Losses are of the means over layers; one without an interval is left out, since it cannot be
    distinguished from noise. ``table`` is the study's table of the matrix, of which one metric is
    shown.
    """
    from matplotlib.figure import Figure

    rows = select.summaries(select.pooled(table, choices))
    rows = rows[rows["metric"] == choices.headline(rows)]
    encoders = list(choices.present(rows))[:MOST]
    rows = rows[rows["encoder"].isin(encoders)]
    notes, metric = select.gaps(rows, left_out=True), rows["metric"].iloc[0]
    what = ("" if choices.distance(metric) else "loss of ") + choices.label(metric)
    drawn = select.drawn(rows)
    losses = {name: matrix(drawn[drawn["encoder"] == name], choices) for name in encoders}
    views = list(choices.views)
    side = float(np.clip(_ROOM / len(views), _LEAST, _CELL)) * len(views)
    names = max(_text(view)[0] for view in views) + 0.06
    across = max(style.WIDTH, 3 * _PAD + names + side + _MAP)
    row, below = _TITLE + side + names + _PAD, 0.2 * len(notes)
    figure = Figure(figsize=(across, row * len(encoders) + below))
    tall = figure.get_figheight()
    highest = max((np.nanmax(one, initial=0) for one in losses.values()), default=0) or 1
    for place, name in enumerate(encoders):
        top = tall - row * place - _TITLE
        square = [_PAD + names, top - side, side, side]
        left = square[0] + side + _PAD
        beside = [left, square[1], across - left - _PAD, side]
        axes, chart = (
            figure.add_axes((x / across, y / tall, wide / across, high / tall))
            for x, y, wide, high in (square, beside)
        )
        _cells(axes, losses[name], views, highest, side / len(views))
        _map(chart, losses[name], choices, beside[2:], root=not choices.distance(metric))
        pooling = select.poolings(rows, choices.pooling)[name]
        title = f"{labels.encoder(choices, name, pooling)}: {what}"
        figure.text(_PAD / across, (top + 0.12) / tall, title, fontsize=8.5, fontweight="bold")
    if notes:
        figure.text(_PAD / across, 0.06 / tall, "\n".join(notes), fontsize=8, linespacing=1.4)
    return figure


def matrix(rows: pd.DataFrame, choices: Choices) -> np.ndarray:
    """The losses (views, views) of one encoder and metric, in the order of the figures' views; nan
    where unknown, 0 of a view with itself.
    """
    place = {view: i for i, view in enumerate(choices.views)}
    found = np.full((len(place), len(place)), np.nan)
    np.fill_diagonal(found, 0)
    for row in rows.to_dict("records"):
        pair = place.get(row["reference"]), place.get(row["view"])
        if None not in pair:
            value = row["value"]
            loss = value if choices.distance(row["metric"]) else 1 - value
            found[pair] = found[pair[::-1]] = loss
    return found


def _cells(axes: "Axes", losses: np.ndarray, views: list[str], highest: float, side: float) -> None:
    """Draws the matrix, each pair's loss in its cell in both places; cells have a ``side`` in
    inches. Colours go by the square root, so that one view far from all leaves some to the others.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import PowerNorm

    colours = ScalarMappable(PowerNorm(0.5, 0, highest, clip=True), _COLOURS)
    shown = np.where(np.eye(len(views), dtype=bool), np.nan, losses)
    look: dict[str, Any] = {"norm": colours.norm, "cmap": _COLOURS, "interpolation": "nearest"}
    axes.imshow(shown, aspect="auto", **look)
    size = min(_TYPE, 72 * side / _LETTERS)
    for y, x in product(range(len(views)), repeat=2):
        if np.isfinite(shown[y, x]):
            red, green, blue, _ = colours.to_rgba(shown[y, x])
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
            colour = "white" if dark else style.INK
            words = number(float(shown[y, x]))
            axes.text(x, y, words, ha="center", va="center", fontsize=size, color=colour)
    axes.set_xticks(range(len(views)), views, rotation=90, fontsize=_TYPE)
    axes.set_yticks(range(len(views)), views, fontsize=_TYPE)
    axes.tick_params(length=0, pad=2)
    for spine in axes.spines.values():
        spine.set_visible(False)


def number(loss: float) -> str:
    """A loss in four letters, or five with its sign: ``.033``, ``1.20``, ``13.5``, ``240``."""
    size = abs(loss)
    digits = next((d for d, end in ((3, 0.9995), (2, 9.995), (1, 99.95)) if size < end), 0)
    text = f"{size:.{digits}f}"
    text = text[1:] if digits == 3 else text
    return labels.signed(f"-{text}") if loss < 0 and float(text) else text


def _map(
    axes: "Axes", losses: np.ndarray, choices: Choices, size: Sequence[float], root: bool
) -> None:
    """Draws the map of the views, in a panel of this ``size`` in inches.

    With ``root``, distances are the square roots of losses. Of CKA and RSA, which are cosines, that
    is the distance of unit vectors over √2; 1 − CKA itself is not a metric, and no map could keep
    it (Williams et al. 2021, NeurIPS).
    """
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=style.PALE)
    if not np.isfinite(losses).all():
        return style.empty(axes, "no map: some pairs have\nno value with an interval")
    views = list(choices.views)
    points, share = plane.scaled(np.sqrt(np.maximum(losses, 0)) if root else losses)
    points = plane.turned(points, views.index(choices.reference))
    sizes = [_text(view) for view in views]
    wide, tall = size[0], size[1] - _SCALE
    inch = float(max(np.ptp(points, axis=0) / ([wide, tall] - 2 * _MARGIN))) or 1.0
    middle = points.min(axis=0) + np.ptp(points, axis=0) / 2
    corner = middle - inch * np.array([wide, tall]) / 2  # of the room above the scale
    axes.set_xlim(corner[0], corner[0] + inch * wide)
    axes.set_ylim(corner[1] - inch * _SCALE, corner[1] + inch * tall)
    boxes = plane.named((points - corner) / inch, sizes, (wide, tall))
    for view, point, box in zip(views, points, boxes):
        _point(axes, view, point, corner + inch * np.array(box.middle), choices)
    _scale(axes, corner - inch * np.array([-0.1, _SCALE - 0.1]), inch, wide, 2 if root else 1)
    words = f"{labels.share(share)} of the variance"
    axes.text(0.98, 0.1 / size[1], words, transform=axes.transAxes, ha="right", fontsize=_TYPE)
    return None


def _point(axes: "Axes", view: str, point: np.ndarray, name: np.ndarray, choices: Choices) -> None:
    """Draws a view at its ``point``, with a thin line to its ``name``: hollow unless it is an
    eye's, black and above others if it is the reference.
    """
    first = view == choices.reference
    colour = style.INK if first else style.PALETTE[0]
    face = colour if choices.views[view]["eye"] else "white"
    axes.plot(*zip(point, name), color=style.GREY, linewidth=0.4, label="_name", zorder=1)
    words = axes.text(name[0], name[1], view, ha="center", va="center", fontsize=_TYPE)
    words.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    look: dict[str, Any] = {
        "color": colour,
        "markerfacecolor": face,
        "zorder": 2.2 if first else 2.1,
    }
    axes.plot(*point, marker="o", markersize=4, label=view, **look)


def _scale(axes: "Axes", start: np.ndarray, inch: float, wide: float, power: int) -> None:
    """Draws a bar, at most a third of the panel, for a round loss, and says which; a loss is a
    distance to the ``power``.
    """
    longest = (inch * wide / 3) ** power
    ten = 10.0 ** np.floor(np.log10(longest))
    loss = ten * max(one for one in (1, 2, 5) if one * ten <= longest)
    length = loss ** (1 / power)
    axes.hlines(start[1], start[0], start[0] + length, color=style.INK, linewidth=1.4)
    axes.text(start[0], start[1] + 0.05 * inch, f"{loss:g}", fontsize=_TYPE, va="bottom")


def _text(words: str) -> tuple[float, float]:
    """Inches that words take, in width and height."""
    from matplotlib.textpath import TextPath

    width: float = TextPath((0, 0), words, size=_TYPE).get_extents().width / 72
    return width, _TYPE * 1.2 / 72
