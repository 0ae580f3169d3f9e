"""The look of every figure: one style, one colour per encoder, the same bytes on every run."""

import functools
import os
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np
from PIL import Image

from catsight.errors import CatsightError
from catsight.inputs.files import appearing
from catsight.run.figure_specs import FigureEncoder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

#: Okabe & Ito (2008), distinct for colour-blind readers; without yellow, too pale on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
#: The same for the parts of the eye, in their order.
_PART_PALETTE = ("#0072B2", "#E69F00", "#CC79A7", "#009E73", "#56B4E9", "#D55E00", "#000000")
#: Each family of encoders has its own marker.
MARKERS = {"cnn": "s", "vit": "o", "windowed-vit": "D", "hybrid": "^", "mlp": "v"}
#: The words for each family.
FAMILIES = {
    "cnn": "convolutional",
    "vit": "ViT",
    "windowed-vit": "windowed ViT",
    "hybrid": "hybrid",
    "mlp": "MLP",
}

#: Width of every figure in inches; printed in one column (89 mm) its type is still 5 to 6 pt.
WIDTH = 5.6
#: Width that a column of panels needs; a figure with many columns grows beyond WIDTH.
_COLUMN = 1.3
INK, GREY, PALE = "#1f2328", "#6b7075", "#e4e4e0"

#: Dots per inch at which figures are laid out: at fewer, letters are measured too narrow and labels
#: cut off.
_LAYOUT_DPI = 200
#: Digits of the places of panels, as fractions of the figure.
_DIGITS = 9

_RC: dict[Any, Any] = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so a figure is the same on every machine
    "font.size": 8.5,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8.5,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 8,
    "text.parse_math": False,  # a $ in the name of a file is a $
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.6,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.4,
    "lines.markersize": 3.2,
    "legend.frameon": False,
    "svg.fonttype": "path",  # letters as outlines, so the file needs no font
    "svg.hashsalt": "catsight",  # ids inside an SVG are random without it
}


@dataclass(frozen=True)
class Look:
    """How one encoder is drawn: its colour, marker and line; dashed and hollow if untrained."""

    colour: str
    marker: str
    line: Any  # as matplotlib takes it: "-", or an offset and the lengths of dashes and gaps
    face: str

    @property
    def drawn(self) -> dict[str, Any]:
        """The options with which matplotlib draws a line like this."""
        return {
            "color": self.colour,
            "linestyle": self.line,
            "marker": self.marker,
            "markerfacecolor": self.face,
            "markeredgewidth": 0.8,
        }


def looks(encoders: Mapping[str, FigureEncoder]) -> dict[str, Look]:
    """The look of each encoder.

    The marker is that of its family. No other encoder has the same colour if there are enough
    colours; otherwise no other of its family has. Raises :class:`CatsightError` for an unknown
    family.
    """
    many = len(encoders) > len(PALETTE)
    result: dict[str, Look] = {}
    in_family = dict.fromkeys(MARKERS, 0)
    for place, (name, encoder) in enumerate(encoders.items()):
        family = encoder["family"]
        if family not in MARKERS:
            raise CatsightError(
                f"the encoder '{name}' is of the family '{family}', which has no marker; there are "
                f"{', '.join(MARKERS)}"
            )
        own = in_family[family] if many else place
        in_family[family] += 1
        colour = PALETTE[own % len(PALETTE)]
        trained = encoder["training"] != "untrained"
        line = _line(trained, own // len(PALETTE))
        result[name] = Look(colour, MARKERS[family], line, colour if trained else "white")
    return result


def _line(trained: bool, turn: int) -> Any:
    """Solid or, if untrained, dashed. In the ``turn``-th use of the same colours (from 0), with
    ``turn`` dots between dashes.
    """
    if trained and turn == 0:
        return "-"
    dash = (6.0, 1.0) if trained else (3.0, 1.5)
    dots: tuple[float, ...] = (1.0, 1.0) * turn
    return 0, dash + dots


def part_colours(parts: Sequence[str]) -> dict[str, str]:
    """The colour of each part of the eye, by their order."""
    return {part: _PART_PALETTE[i % len(_PART_PALETTE)] for i, part in enumerate(parts)}


def shade(lines: int) -> float:
    """The opacity of the shading of each of this many intervals, so that those below still show."""
    return 0.11 * min(1.0, 4 / max(lines, 1))


def families(encoders: Mapping[str, FigureEncoder]) -> "list[Line2D]":
    """Handles for a legend that say which marker is which family's; none if there is one family."""
    from matplotlib.lines import Line2D

    there = {encoder["family"] for encoder in encoders.values()}
    if len(there) < 2:
        return []
    return [
        Line2D([], [], color=GREY, linestyle="", marker=marker, label=FAMILIES[family])
        for family, marker in MARKERS.items()
        if family in there
    ]


def width(columns: float) -> float:
    """Width in inches of a figure with this many columns of panels."""
    return max(WIDTH, _COLUMN * columns)


Arguments = ParamSpec("Arguments")


def styled(draw: "Callable[Arguments, Figure]") -> "Callable[Arguments, Figure]":
    """A function that draws as ``draw`` does, in this style, whatever the user's matplotlibrc says.

    It lays the figure out, once: laid out again for every file that it is saved as, panels would
    shift a little. Places are rounded, since the last digits of the layout's solver differ from
    process to process.
    """

    @functools.wraps(draw)
    def inner(*arguments: Arguments.args, **options: Arguments.kwargs) -> "Figure":
        with _context():
            figure = draw(*arguments, **options)
            figure.set_dpi(_LAYOUT_DPI)
            # twice: labels beside pictures that keep their shape are in place after the second time
            figure.draw_without_rendering()
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
            _round_places(figure)
            return figure

    return inner


def _round_places(figure: Any) -> None:
    """Rounds where panels stand in the figure."""
    from matplotlib.transforms import Bbox

    for part in figure.subfigs:
        part.bbox_relative.set_points(part.bbox_relative.get_points().round(_DIGITS))
        _round_places(part)
    for axes in figure.axes:
        for which in ("original", "active"):
            place = axes.get_position(original=which == "original")
            axes.set_position(Bbox(place.get_points().round(_DIGITS)), which)


#: Characters that names of files may hold, and XML may not (XML 1.0, 2.2).
_NO_XML = re.compile(rb"[\0-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")


def save(figure: "Figure", path: str | os.PathLike[str], dpi: int) -> None:
    """Writes a figure as ``path`` (.png or .svg), whole or not at all, the same bytes on every run.

    Raises :class:`CatsightError` for any other suffix.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("png", "svg"):
        raise CatsightError(f"{path}: a figure is a .png or .svg file; change the output's suffix")
    # an SVG holds pictures as they are; a PNG resamples them, smoothly
    for axes in figure.axes:
        for image in axes.images:
            image.set_interpolation("none" if kind == "svg" else "antialiased")
    metadata: Any = {"Date": None} if kind == "svg" else None
    # parts of an SVG are named after numbers as numpy prints them, which `import colour` changes
    with appearing(path) as part, _context(), np.printoptions(legacy=False):
        figure.savefig(part, format=kind, dpi=dpi, metadata=metadata)
        if kind == "svg":
            part.write_bytes(_NO_XML.sub(b"", part.read_bytes()))


def reduce(picture: np.ndarray, side: int) -> np.ndarray:
    """The picture, uint8 (h, w, 3), with no side longer than ``side`` px."""
    if max(picture.shape[:2]) <= side:
        return picture
    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=None)
    return np.asarray(image)


def wrapped(text: str, width: int) -> str:
    """The text in at most two lines of ``width`` letters, cut if it is longer."""
    text = " ".join(text.split())
    lines = textwrap.wrap(text, width)
    if len(lines) < 2:
        return text
    return f"{lines[0]}\n{shortened(text[len(lines[0]) :].strip(), width)}"


def shortened(text: str, length: int) -> str:
    """The text, cut to at most ``length`` letters: after a word, or inside one that is longer."""
    if len(text) <= length:
        return text
    whole = text[:length].rpartition(" ")[0] or text[: length - 1]
    return f"{whole.rstrip(' ,;:–-')}…"


def empty(axes: "Axes", words: str) -> None:
    """Writes into a panel why it is empty, in the place of its scale."""
    axes.text(
        0.5,
        0.5,
        words,
        transform=axes.transAxes,
        ha="center",
        va="center",
        fontsize=7,
        color=GREY,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )


@contextmanager
def _context() -> Iterator[None]:
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        yield
