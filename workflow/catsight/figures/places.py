"""Where in a picture the features differ between two views: maps over some frames, and what these
places have in common.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from catsight.figures import labels, reading, style
from catsight.figures.choices import Choices
from catsight.figures.gallery import tallest
from catsight.figures.reading import Pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Frames and encoders whose maps are shown.
FRAMES, ENCODERS = 2, 4
#: The layers shown of each encoder: its first, middle and last one with a map.
LAYERS = ("first layer", "middle layer", "last layer")
#: Into how many parts the places of a map are divided by eccentricity, and by contrast.
RINGS, FIFTHS = 6, 5
_SIDE = 300  # px
#: Percentile at which the colours of maps end.
_TOP = 98
_MAP = {"cmap": "inferno", "interpolation": "nearest"}


def of_focus(table: pd.DataFrame, choices: Choices) -> pd.DataFrame:
    """The rows, in network order, of this study's encoders and of the view in focus, or if the
    table lacks it the first other one; only those with a map.
    """
    there = set(table["view"])
    view = next((name for name in choices.compared if name in there), choices.focus)
    rows = table[(table["view"] == view) & table["mean"].notna()]
    rows = rows[rows["encoder"].isin(list(choices.encoders))]
    return rows.sort_values(["encoder", "layer_index"], kind="stable")


def shown(rows: pd.DataFrame) -> list[str]:
    """The frames whose maps are shown, in the table's order."""
    return list(dict.fromkeys(rows["frame_id"].sort_index()))[:FRAMES]


def read(
    rows: pd.DataFrame,
    frames: Sequence[Path],
    views: Mapping[str, Sequence[Path]],
    choices: Choices,
) -> Pictures:
    """The pictures of the frames :func:`shown`, from the shards of the frames and of each view."""
    chosen: Collection[str] = shown(rows)
    view = rows["view"].iloc[0] if len(rows) else choices.focus
    return Pictures(
        reference=reading.pictures(views[choices.reference], chosen),
        view=reading.pictures(views[view], chosen),
        titles=reading.titles(reading.listed(frames)),
    )


@style.styled
def draw(rows: pd.DataFrame, choices: Choices, pictures: Pictures) -> "Figure":
    """A figure with the maps of some frames, and all frames' means by eccentricity and contrast.

    ``rows``: those that :func:`of_focus` takes.
    """
    from matplotlib.figure import Figure

    if rows.empty:
        figure = Figure(figsize=(style.WIDTH, 0.6), layout="constrained")
        words = "no layer has a map: the column reason of places.parquet says why"
        figure.text(0.5, 0.5, words, ha="center", va="center", fontsize=8)
        return figure
    frames, encoders = shown(rows), list(choices.present(rows))
    width = style.width(len(LAYERS) * len(frames) + 0.6)
    seen = [of[frame] for frame in frames for of in (pictures.reference, pictures.view)]
    tall = tallest(seen) * (width - 0.5) / (len(LAYERS) * len(frames)) + 0.16
    upper = 0.35 + tall * (1 + len(encoders[:ENCODERS]))
    keys = len(encoders) + len(style.families(choices.present(rows)))
    lower = 1.9 + 0.17 * np.ceil(keys / 2)
    figure = Figure(figsize=(width, upper + lower))
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02)
    parts: Any = figure.subfigures(2, 1, height_ratios=[upper, lower])
    _maps(parts[0], rows, choices, pictures)
    _curves(parts[1], rows, choices)
    return figure


def _maps(part: Any, rows: pd.DataFrame, choices: Choices, pictures: Pictures) -> None:
    """Draws the pictures of some frames, and below them the maps of each encoder."""
    frames, encoders = shown(rows), list(choices.present(rows))[:ENCODERS]
    columns = len(LAYERS)
    grid = part.subplots(1 + len(encoders), columns * len(frames), squeeze=False)
    view = rows["view"].iloc[0]
    for place, frame in enumerate(frames):
        cells = grid[:, place * columns : (place + 1) * columns]
        own = rows[rows["frame_id"] == frame]
        _head(cells[0], own, (choices.reference, view), frame, pictures)
        for axes_row, name in zip(cells[1:], encoders):
            of_encoder = own[own["encoder"] == name]
            if of_encoder.empty:
                for axes in axes_row:
                    axes.set_visible(False)
                continue
            for axes, at in zip(axes_row, _three(len(of_encoder))):
                row = of_encoder.iloc[at]
                same = rows[(rows["encoder"] == name) & (rows["layer"] == row["layer"])]
                most = _most(same.loc[same["frame_id"].isin(frames), "distance"])
                _map(axes, row, pictures.view[frame], most)
        for axes, word in zip(cells[1], LAYERS):
            axes.set_title(word, fontsize=7)
    for axes, name in zip(grid[1:, 0], encoders):
        label = style.wrapped(choices.encoders[name]["label"], 16)
        axes.set_ylabel(label, fontsize=7, color=choices.looks[name].colour)


def _most(maps: Iterable[np.ndarray]) -> float:
    """The value up to which colours run: single places far above all others do not decide it."""
    values = np.concatenate([np.asarray(one, float) for one in maps])
    values = values[np.isfinite(values)]
    return float(np.percentile(values, _TOP)) if len(values) else 0.0


def _three(count: int) -> tuple[int, int, int]:
    return 0, (count - 1) // 2, count - 1


def _head(
    cells: np.ndarray, own: pd.DataFrame, views: tuple[str, str], frame: str, pictures: Pictures
) -> None:
    """Draws a frame in both views, and its local contrast on the finest grid of its maps."""
    for axes, word, seen in zip(cells, views, (pictures.reference, pictures.view)):
        axes.imshow(style.reduce(seen[frame], _SIDE), interpolation="antialiased")
        axes.set_title(style.shortened(word, 20), fontsize=7)
    finest = own.loc[own["height"].idxmax()]
    contrast = _square(finest, "contrast")
    look = {"vmin": 0, "vmax": _most([contrast.ravel()]) or 1, "cmap": "gray"}
    _over(cells[2], finest, contrast, pictures.reference[frame].shape, **look)
    cells[2].set_title("local contrast", fontsize=7)
    title = style.shortened(pictures.titles.get(frame, frame), 26)
    # above the names of the views, however tall the picture is
    above = {"xycoords": "axes fraction", "textcoords": "offset points", "fontsize": 8}
    cells[0].annotate(title, (0, 1), (0, 16), va="bottom", **above)
    for axes in cells:
        _bare(axes)


def _map(axes: "Axes", row: pd.Series, picture: np.ndarray, most: float) -> None:
    """Draws one map over the picture's frame; the brightest colour is ``most``."""
    _over(axes, row, _square(row, "distance"), picture.shape, vmin=0, vmax=most or 1, **_MAP)
    axes.set_xlabel(f"0 to {most:.2g}", fontsize=6.5, labelpad=1.5, color=style.GREY)
    _bare(axes)


def _over(
    axes: "Axes", row: pd.Series, values: np.ndarray, shape: tuple[int, ...], **look: Any
) -> None:
    """Draws values (h, w) in the part of the picture that they divide, in the picture's frame."""
    height, width = shape[:2]
    ends = (row["left"] * width, row["right"] * width, row["bottom"] * height, row["top"] * height)
    axes.imshow(values, extent=ends, **look)
    axes.set(xlim=(0, width), ylim=(height, 0))


def _bare(axes: "Axes") -> None:
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=style.PALE, linewidth=0.6)


def _square(row: pd.Series, name: str) -> np.ndarray:
    values: np.ndarray = np.asarray(row[name], float).reshape(row["height"], row["width"])
    return values


def _curves(part: Any, rows: pd.DataFrame, choices: Choices) -> None:
    """Draws each encoder's distance against eccentricity and local contrast, over all frames."""
    left, right = part.subplots(1, 2, sharey=True)
    known = [one for one in rows["eccentricity"] if one is not None]
    edges = np.linspace(0, max((float(np.max(one)) for one in known), default=1), RINGS + 1)
    fifths = np.arange(FIFTHS)
    if known:
        _lines(left, rows, choices, (edges[1:] + edges[:-1]) / 2, lambda row: rings(row, edges))
    else:
        style.empty(left, "no one field of view")
    _lines(right, rows, choices, fifths, by_contrast)
    left.set(xlabel="degrees from the middle of the picture", ylabel="relative distance")
    right.set(xlabel="places by local contrast, in fifths")
    right.set_xticks(fifths, ["least", *[""] * (FIFTHS - 2), "most"])
    for axes in (left, right):
        axes.axhline(1, color=style.GREY, linewidth=0.7)
        axes.grid(axis="y")
    handles, _ = right.get_legend_handles_labels()
    entries = [*handles, *style.families(choices.present(rows))]
    part.legend(handles=entries, loc="outside upper center", ncols=2, handlelength=2.8)


def _lines(axes: "Axes", rows: pd.DataFrame, choices: Choices, x: np.ndarray, parts: Any) -> None:
    """Draws a line for each encoder: the mean over frames, shaded by their standard deviation."""
    encoders = choices.present(rows)
    for name in encoders:
        look, own = choices.looks[name], rows[rows["encoder"] == name]
        mean, spread = over_frames(own, parts)
        axes.fill_between(
            x,
            mean - spread,
            mean + spread,
            facecolor=look.colour,
            alpha=style.shade(len(encoders)),
            linewidth=0,
        )
        axes.plot(x, mean, label=labels.key(choices, name), **look.drawn)
    if not any(np.isfinite(line.get_ydata()).any() for line in axes.get_lines()):
        style.empty(axes, "no difference")


def over_frames(rows: pd.DataFrame, parts: Any) -> tuple[np.ndarray, np.ndarray]:
    """The mean over frames of what ``parts`` gives for each row, averaged over a frame's layers,
    and the frames' standard deviation. Parts without a place do not count.
    """
    frames = np.stack(
        [_mean([parts(row) for _, row in own.iterrows()]) for _, own in rows.groupby("frame_id")]
    )
    mean = _mean(frames)
    return mean, np.sqrt(_mean((frames - mean) ** 2))


def rings(row: pd.Series, edges: np.ndarray) -> np.ndarray:
    """The mean relative distance (see :func:`relative`) of the places of a map between each two
    ``edges`` of eccentricity, in degrees; nan where there are none.
    """
    return _by(relative(row), np.searchsorted(edges[1:-1], row["eccentricity"]), len(edges) - 1)


def by_contrast(row: pd.Series) -> np.ndarray:
    """The mean relative distance of each fifth of the places of a map, by their local contrast."""
    values, contrast = relative(row), np.asarray(row["contrast"], float)
    known = np.isfinite(values) & np.isfinite(contrast)
    values, contrast = values[known], contrast[known]
    if len(values) < FIFTHS:
        return np.full(FIFTHS, np.nan)
    ranks = np.argsort(np.argsort(contrast, kind="stable"), kind="stable")
    return _by(values, ranks * FIFTHS // len(values), FIFTHS)


def relative(row: pd.Series) -> np.ndarray:
    """The distances of a map's places, divided by their mean; nan if that is 0."""
    values = np.asarray(row["distance"], float)
    mean = np.nanmean(values)
    return values / mean if mean > 0 else np.full(len(values), np.nan)


def _by(values: np.ndarray, of: np.ndarray, count: int) -> np.ndarray:
    """The mean of the values of each of ``count`` parts; nan of none."""
    return np.array([_mean(values[of == one]) for one in range(count)])


def _mean(values: Any) -> np.ndarray:
    """The mean along the first axis of what is not nan; nan if there is nothing."""
    values = np.asarray(values, float)
    known = np.isfinite(values)
    sums, counts = np.where(known, values, 0).sum(axis=0), known.sum(axis=0)
    return np.divide(sums, counts, out=np.full(np.shape(sums), np.nan), where=counts > 0)
