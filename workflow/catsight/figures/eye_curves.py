"""Panels in which every eye has a curve of its colour: pupil, acuity, time, optics, receptors."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from catsight.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The line of what is less in sight: a pupil's height, rods, contrast along the slit.
DASHED = (0, (3, 1.5))
#: Least share of rods or cones in a picture with which their quanta are drawn.
_SHARE = 0.01

Row = Mapping[str, Any]
#: The colour of each eye by its name.
Colours = Mapping[str, str]


def _pupils(axes: "Axes", rows: Sequence[Row], colours: Colours) -> None:
    for row in rows:
        colour = colours[row["eye"]]
        axes.plot(row["luminance"], row["pupil_width"], color=colour)
        axes.plot(
            row["luminance"], row["pupil_height"], color=colour, linestyle=DASHED, linewidth=1
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


def _quanta(axes: "Axes", rows: Sequence[Row], colours: Colours) -> None:
    for row in rows:
        light, rods = np.array(row["luminance"]), np.array(row["rod_weight"])
        for name, share, line in (("cones", 1 - rods, "-"), ("rods", rods, DASHED)):
            seen = share >= _SHARE
            axes.plot(
                light[seen],
                np.array(row[f"quanta_{name}"])[seen],
                color=colours[row["eye"]],
                linestyle=line,
            )
    axes.set(yscale="log", title="quanta of 1 deg² (dashed: rods)")
    axes.set_yticks([1e2, 1e5, 1e8], ["100", "10⁵", "10⁸"])
    _luminances(axes)


def _flicker(axes: "Axes", rows: Sequence[Row], colours: Colours) -> None:
    for row in rows:
        axes.plot(row["luminance"], row["flicker_fusion"], color=colours[row["eye"]])
    axes.set(ylim=(0, None), title="flicker fusion, Hz")
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
        axes.plot(row["frequency"], row["mtf_along"], color=colour, linestyle=DASHED)
        axes.plot(
            row["frequency"], row["mtf_along_defocused"], color=colour, linestyle=":", linewidth=1
        )
    frequencies(axes, rows)
    axes.set(ylim=(-0.15, 1), title=f"contrast, {_light(rows)}")
    axes.axhline(0, color=style.GREY, linewidth=0.6)


def _turned(axes: "Axes", rows: Sequence[Row], colours: Colours) -> None:
    for row in rows:
        colour = colours[row["eye"]]
        axes.plot(row["orientation"], row["mtf_turned"], color=colour)
        axes.plot(
            row["orientation"],
            row["mtf_turned_defocused"],
            color=colour,
            linestyle=":",
            linewidth=1,
        )
    defocus = rows[0]["spread_defocus"]
    axes.set(
        title=f"contrast at half of the acuity\n(dotted: {defocus:g} D out of focus)",
        xlabel="orientation, ° (0: vertical bars)",
        xlim=(0, 180),
    )
    axes.set_xticks([0, 45, 90, 135, 180])
    axes.axhline(0, color=style.GREY, linewidth=0.6)
    axes.grid(True)


def _sensitivity(axes: "Axes", rows: Sequence[Row], colours: Colours) -> None:
    for row in rows:
        seen = np.array(row["contrast_sensitivity"])
        axes.plot(np.array(row["frequency"])[seen >= 1], seen[seen >= 1], color=colours[row["eye"]])
    frequencies(axes, rows)
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


def frequencies(axes: "Axes", rows: Sequence[Row]) -> None:
    """A scale of frequencies from a tenth, or from a hundredth where an eye resolves little."""
    ticks = [0.1, 1, 10, 50]
    if min(max(row["acuity"]) for row in rows) < 2:
        ticks = [0.01, *ticks]
    axes.set(xscale="log", xlim=(ticks[0], 60), xlabel="cycles per degree")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(True)


#: In the order in which they are drawn.
PANELS = (
    _pupils, _acuities, _rods, _quanta, _flicker, _transfer, _turned, _sensitivity, _receptors,
)  # fmt: skip
