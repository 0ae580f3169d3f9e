"""Catsight's curves over published values: the figure of ``catsight validate``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from catsight.figures import style
from catsight.look import validation_values as values
from catsight.look.validation import Compared
from catsight.views.colour import WAVELENGTHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = dict(zip(("human", "cat", "dog"), style.PALETTE))
_DASHED = (0, (3, 1.5))
#: cd/m² at which sensitivity to contrast is drawn.
_STARLIGHT = 1e-3


@style.styled
def draw(compared: Mapping[str, Sequence[Compared]]) -> "Figure":
    """Six panels: curves of the eyes; each published value that lies on one of them as a point.

    A point is filled if catsight agrees, open if it differs; a bar is a published band.
    """
    from matplotlib.figure import Figure

    every = [one for rows in compared.values() for one in rows]
    figure = Figure(figsize=(7.2, 4.6))
    figure.set_layout_engine("constrained", w_pad=0.05, h_pad=0.05)
    panels = (_cat_optics, _human_optics, _pupils, _acuities, _sensitivities, _receptors)
    for axes, panel in zip(figure.subplots(2, 3).flat, panels):
        axes.grid(True)
        panel(axes, every)
    return figure


def _cat_optics(axes: "Axes", every: Sequence[Compared]) -> None:
    f = np.geomspace(0.2, 20, 120)
    for pupil, line in ((4.4, "-"), (12.0, _DASHED)):
        for dioptres, colour in ((None, _COLOURS["cat"]), (1.1, style.GREY)):
            seen = values.optics("cat", pupil, dioptres).mtf(f, luminance=1000)
            axes.plot(f, seen, color=colour, linestyle=line, linewidth=1.2)
    for one in _of(every, "half_contrast"):
        _point(axes, one, one.row.published, 0.5, _COLOURS["cat"])
    _frequencies(axes, 0.2, 20)
    axes.set(ylim=(-0.05, 1.02), title="cat's optics: 4.4, 12 mm (dashed)")
    _name(axes, {"as in cat.yaml": _COLOURS["cat"], "1.1 D": style.GREY})


def _human_optics(axes: "Axes", every: Sequence[Compared]) -> None:
    f = np.geomspace(1, 50, 120)
    for pupil, line in ((3, "-"), (6, _DASHED)):
        seen = values.optics("human", pupil).mtf(f, luminance=1000)
        axes.plot(f, seen, color=_COLOURS["human"], linestyle=line)
    for one in _of(every, "transfer", eye="human", receptor=None):
        _point(axes, one, one.row.at["frequency"], one.row.published, _COLOURS["human"])
    _frequencies(axes, 1, 50)
    axes.set(ylim=(0, 1.02), title="human's optics: 3, 6 mm (dashed)")


def _pupils(axes: "Axes", every: Sequence[Compared]) -> None:
    light = np.geomspace(1e-3, 1e4, 60)
    for eye in ("human", "cat"):
        widths = [values.pupil_width(eye, x) for x in light]
        axes.plot(light, widths, color=_COLOURS[eye], label=eye)
        for one in _of(every, "pupil_width", eye=eye):
            place = max(one.row.at["luminance"], 2 * light[0])
            _point(axes, one, place, one.row.published, _COLOURS[eye])
    axes.set(ylim=(0, 15), title="width of the pupil, mm")
    _luminances(axes, light)
    _name(axes, {eye: _COLOURS[eye] for eye in ("human", "cat")})


def _acuities(axes: "Axes", every: Sequence[Compared]) -> None:
    light = np.geomspace(1e-5, 1e3, 25)
    for eye, colour in _COLOURS.items():
        axes.plot(light, [values.acuity(eye, float(x)) for x in light], color=colour)
        for one in _of(every, "acuity", eye=eye):
            _point(axes, one, one.row.at["luminance"], one.row.published, colour)
    axes.set(yscale="log", ylim=(0.7, 70), title="acuity, c/deg")
    axes.set_yticks([1, 3, 10, 30], ["1", "3", "10", "30"])
    _luminances(axes, light)
    _name(axes, _COLOURS)


def _sensitivities(axes: "Axes", every: Sequence[Compared]) -> None:
    f = np.geomspace(0.05, 6, 150)
    for eye in ("human", "cat"):
        seen = values.load(eye).contrast_sensitivity(f, _STARLIGHT)
        axes.plot(f, seen, color=_COLOURS[eye])
    for one in _of(every, "border", luminance=_STARLIGHT):
        place = one.row.band[0]
        axes.axvline(place, color=style.INK, linewidth=0.8, linestyle=":")
        axes.annotate(
            "border published by\nKang et al. 2009",
            (place, 75),
            (3, 0),
            textcoords="offset points",
            fontsize=6,
            color=style.GREY,
        )
    _frequencies(axes, 0.05, 6)
    axes.set(yscale="log", ylim=(1, 120), title="contrast sensitivity, 0.001 cd/m²")
    axes.set_yticks([1, 10, 100], ["1", "10", "100"])
    axes.minorticks_off()


def _receptors(axes: "Axes", every: Sequence[Compared]) -> None:
    cat = values.load("cat")
    lines = {"S": style.PALETTE[0], "L": style.PALETTE[1], "rod": style.GREY}
    for receptor, seen in zip(cat.receptors, cat.sensitivities):
        axes.plot(WAVELENGTHS, seen / seen.max(), color=lines[receptor])
        for one in _of(every, "receptor_peak", eye="cat", receptor=receptor):
            _point(axes, one, one.row.published, 1.0, lines[receptor])
    axes.set(ylim=(0, 1.08), title="cat's receptors", xlabel="wavelength, nm")
    axes.set_xticks([400, 500, 600, 700])


def _of(every: Sequence[Compared], value: str, **at: Any) -> Iterator[Compared]:
    """The rows of that kind of value at those conditions; None: without the condition."""
    for one in every:
        if one.row.value == value and all(
            one.row.at.get(key) == wanted for key, wanted in at.items()
        ):
            yield one


def _point(axes: "Axes", one: Compared, x: Any, y: Any, colour: str) -> None:
    """A published number as a point, or a published band along y as a bar."""
    if isinstance(y, Sequence):
        axes.plot([x, x], y, color=colour, linewidth=3, alpha=0.35, solid_capstyle="butt")
        return
    face = colour if one.agrees else "white"
    axes.plot([x], [y], "o", color=colour, markerfacecolor=face, markersize=4, zorder=3)


def _frequencies(axes: "Axes", least: float, most: float) -> None:
    ticks = [x for x in (0.1, 0.3, 1, 3, 10, 30) if least <= x <= most]
    axes.set(xscale="log", xlim=(least, most), xlabel="frequency, c/deg")
    axes.set_xticks(ticks, [f"{x:g}" for x in ticks])
    axes.minorticks_off()


def _luminances(axes: "Axes", light: np.ndarray) -> None:
    axes.set(xscale="log", xlim=(light[0], light[-1]), xlabel="luminance, cd/m²")
    names = {1e-4: "10⁻⁴", 1e-2: "0.01", 1: "1", 1e2: "100", 1e4: "10⁴"}
    ticks = [x for x in names if light[0] <= x <= light[-1]]
    axes.set_xticks(ticks, [names[x] for x in ticks])
    axes.minorticks_off()


def _name(axes: "Axes", colours: Mapping[str, str]) -> None:
    """A legend of coloured words."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=colour, label=name) for name, colour in colours.items()]
    axes.legend(handles=handles, fontsize=6, handlelength=1.2, borderaxespad=0.2)
