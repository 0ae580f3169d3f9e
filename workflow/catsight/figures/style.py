"""How every figure looks: one style, one colour per encoder, and files that are the same bytes on
every run.
"""

import functools
import os
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from catsight.errors import CatsightError
from catsight.inputs.files import appearing

#: Okabe & Ito (2008), told apart by colour-blind readers; without yellow, which is too pale on
#: white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
#: Families of encoders are told apart by their markers.
MARKERS = {"cnn": "s", "vit": "o", "windowed-vit": "D", "hybrid": "^", "mlp": "v"}
#: Parts of the eye.
PARTS = {"pupil": "#0072B2", "acuity": "#E69F00", "colour": "#CC79A7", "rods": "#009E73"}

#: Width of every figure in inches; printed in one column (89 mm) its type is still 5 to 6 pt.
WIDTH = 5.6
#: Width that a column of panels needs; a figure with many columns grows beyond WIDTH.
_COLUMN = 1.3
INK, GREY, PALE = "#1f2328", "#6b7075", "#e4e4e0"

#: Dots per inch at which figures are laid out: at fewer, letters are measured too narrow and labels
#: cut off.
_LAYOUT_DPI = 200

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
    "svg.fonttype": "path",  # letters as outlines: no font is looked for where the file is opened
    "svg.hashsalt": "catsight",  # else ids inside the SVG are random
}


@dataclass(frozen=True)
class Look:
    """How one encoder is drawn: its colour is its own, an untrained one is dashed and hollow."""

    colour: str
    marker: str
    line: str | tuple
    face: str

    @property
    def drawn(self) -> dict:
        """How matplotlib is told to draw a line so."""
        return {"color": self.colour, "linestyle": self.line, "marker": self.marker, "markerfacecolor": self.face,
                "markeredgewidth": 0.8}  # fmt: skip


def looks(encoders: Mapping[str, Mapping]) -> dict[str, Look]:
    """The look of each encoder (as in the spec: name to label, training, family, ...).

    Its marker is its family's; its colour is its own where there are enough, else its own within
    the family.
    """
    result, many, of_family = {}, len(encoders) > len(PALETTE), dict.fromkeys(MARKERS, 0)
    for place, (name, encoder) in enumerate(encoders.items()):
        own = of_family[encoder["family"]] if many else place
        of_family[encoder["family"]] += 1
        colour, turn = PALETTE[own % len(PALETTE)], own // len(PALETTE)
        trained = encoder["training"] != "untrained"
        # solid or dashed; where colours have run out, with as many dots as they have
        dash = (3, 1.5) if not trained else (6, 1) if turn else ()
        line = (0, dash + (1, 1) * turn) if dash else "-"
        result[name] = Look(
            colour, MARKERS[encoder["family"]], line, colour if trained else "white"
        )
    return result


def shade(lines: int) -> float:
    """How opaque the shading of each of so many intervals is, so that those below still show."""
    return 0.11 * min(1.0, 4 / max(lines, 1))


def families(encoders: Mapping[str, Mapping]) -> list:
    """Handles for a legend that say which marker is which family's; none where there is but one."""
    from matplotlib.lines import Line2D

    found = [
        family
        for family in MARKERS
        if family in {encoder["family"] for encoder in encoders.values()}
    ]
    if len(found) < 2:
        return []
    return [
        Line2D([], [], color=GREY, linestyle="", marker=MARKERS[family], label=family)
        for family in found
    ]


def width(columns: float) -> float:
    """Width of a figure with so many columns of panels, in inches."""
    return max(WIDTH, _COLUMN * columns)


def styled(draw: Callable) -> Callable:
    """Lets a function that makes a figure do so in this style, whatever the user's matplotlibrc
    says.

    The figure is laid out here, once: laid out anew for every file that it is saved as, it would
    shift a little.
    """

    @functools.wraps(draw)
    def inner(*arguments, **options):
        with _context():
            figure = draw(*arguments, **options)
            figure.set_dpi(_LAYOUT_DPI)
            for _ in range(
                2
            ):  # labels beside pictures that keep their shape find their place at the second time
                figure.draw_without_rendering()
            figure.set_layout_engine("none")
            return figure

    return inner


def save(figure, path: str | os.PathLike, dpi: int) -> None:
    """Writes a matplotlib figure as ``path`` (.png or .svg), whole or not at all, the same bytes on
    every run.

    Raises :class:`CatsightError` for any other suffix.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("png", "svg"):
        raise CatsightError(f"{path}: figures are written as .png or .svg; name the output so")
    # an SVG holds pictures as they are; a PNG resamples them, and smoothly
    for axes in figure.axes:
        for image in axes.images:
            image.set_interpolation("none" if kind == "svg" else "antialiased")
    with appearing(path) as part, _context():
        figure.savefig(
            part, format=kind, dpi=dpi, metadata={"Date": None} if kind == "svg" else None
        )


def reduce(picture: np.ndarray, side: int) -> np.ndarray:
    """The picture, uint8 (h, w, 3), with no side longer than ``side`` px."""
    if max(picture.shape[:2]) <= side:
        return picture
    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=None)
    return np.asarray(image)


def shortened(text: str, length: int) -> str:
    """The text in at most so many letters."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


@contextmanager
def _context():
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        yield
