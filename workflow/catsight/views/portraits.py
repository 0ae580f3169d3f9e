"""Portraits: the curves and pictures of each eye of a study, for the figure of eyes."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from catsight.inputs.pictures import encode_png, srgb_encode
from catsight.run.specs import PortraitsSpec
from catsight.views.colour import WAVELENGTHS
from catsight.views.confusion import confusion_lines
from catsight.views.eye import Eye
from catsight.views.rods import rod_weight

#: Adapting luminances in cd/m² at which the test chart is seen: daylight, a dim room, moonlight.
LEVELS = (1000.0, 10.0, 0.01)
#: The test chart: degrees across to an eye that resolves it, and px.
CHART_DEGREES, CHART_PX = 8.0, 384
#: Cycles of the chart's gratings; at 8 degrees they have 1.5, 3 and 6 c/deg.
GRATINGS = (12, 24, 48)
#: The point spread functions: degrees across beside a chart of 8 degrees, and px.
SPREAD_DEGREES, SPREAD_PX = 1.0, 81
#: Defocus of the second point spread function, in dioptres.
DEFOCUS = 0.5

#: Luminances (cd/m²) of the curves of pupil and rods, frequencies (c/deg) of the transfers, and
#: orientations (degrees) of gratings, from one that varies to the right to one to the left.
_LUMINANCE = np.geomspace(1e-3, 1e4, 57)
_FREQUENCY = np.geomspace(0.01, 60, 160)
_ORIENTATION = np.linspace(0, 180, 37)
#: Linear light of the chart's background, and of the mean of its patterns; white is 1.
_GREY = 0.35
#: Eight hues; teal and pink, the fourth and the eighth, are one colour to a cat.
_HUES = (
    "#d62f2f", "#e58a00", "#d8c400", "#3fa493", "#2f8f2f", "#2456d6", "#7d3fc8", "#c48397",
)  # fmt: skip


def portraits_of_study(spec: PortraitsSpec) -> list[dict[str, Any]]:
    """The :func:`portraits` of a study's eyes."""
    return portraits(
        {name: (Eye(view["eye"]), view["luminance"]) for name, view in spec["views"].items()}
    )


def portraits(eyes: Mapping[str, tuple[Eye, float]]) -> list[dict[str, Any]]:
    """Rows of :data:`catsight.tables.columns.portraits.PORTRAITS`, one for each eye.

    ``eyes`` holds, by name, an eye and the luminance (cd/m²) that it is adapted to.
    """
    return [_portrait(name, eye, luminance) for name, (eye, luminance) in eyes.items()]


def _portrait(name: str, eye: Eye, luminance: float) -> dict[str, Any]:
    pupils = [eye.pupil(level) for level in _LUMINANCE]
    chart, degrees = draw_chart(), _chart_degrees(eye)
    spread_degrees = degrees / CHART_DEGREES * SPREAD_DEGREES
    spread = partial(
        eye.point_spread, field_of_view=spread_degrees, px=SPREAD_PX, luminance=luminance
    )
    # the directions across and along the pupil's longer axis, upright unless it is tilted
    across, along = -pupils[0].tilt, 90 - pupils[0].tilt
    transfer = partial(eye.mtf, _FREQUENCY, luminance=luminance)
    half = eye.acuity(luminance) / 2
    turned = partial(_by_orientation, eye, half, luminance)
    counted = np.array([eye.quanta(level) for level in _LUMINANCE])
    return {
        "eye": name,
        "adapted_to": luminance,
        "luminance": _LUMINANCE,
        "pupil_width": [pupil.width for pupil in pupils],
        "pupil_height": [pupil.height for pupil in pupils],
        "rod_weight": [rod_weight(eye.parts["rods"], level) for level in _LUMINANCE],
        "acuity": [eye.acuity(level) for level in _LUMINANCE],
        "quanta_cones": counted[:, :-1].sum(axis=1),
        "quanta_rods": counted[:, -1],
        "flicker_fusion": [eye.flicker_fusion(level) for level in _LUMINANCE],
        "frequency": _FREQUENCY,
        "mtf_across": transfer(across),
        "mtf_along": transfer(along),
        "mtf_along_defocused": transfer(along, defocus=DEFOCUS),
        "contrast_sensitivity": eye.contrast_sensitivity(_FREQUENCY, luminance),
        "orientation": _ORIENTATION,
        "orientation_frequency": half,
        "mtf_turned": turned(0.0),
        "mtf_turned_defocused": turned(DEFOCUS),
        "spread_degrees": spread_degrees,
        "spread": spread().ravel(),
        "spread_defocus": DEFOCUS,
        "spread_defocused": spread(defocus=DEFOCUS).ravel(),
        "wavelength": WAVELENGTHS,
        "receptors": [
            {"name": receptor, "sensitivity": s, "transfer": transfer(across, receptor=receptor)}
            for receptor, s in zip(eye.receptors, eye.sensitivities)
        ],
        "confusion_lines": [
            {"start": start, "end": end} for start, end in confusion_lines(eye.catches[:-1])
        ],
        "chart_degrees": degrees,
        "chart": _image(chart, "chart"),
        "levels": LEVELS,
        "charts": [
            _image(eye.see(chart, field_of_view=degrees, luminance=level), f"{name} {level:g}")
            for level in LEVELS
        ],
    }


def _by_orientation(eye: Eye, frequency: float, luminance: float, defocus: float) -> list[float]:
    """Transfer of gratings of one ``frequency`` (c/deg) at :data:`_ORIENTATION`."""
    return [
        float(eye.mtf(frequency, angle, luminance=luminance, defocus=defocus))
        for angle in _ORIENTATION
    ]


def _chart_degrees(eye: Eye) -> float:
    """Degrees across at which the eye is shown the chart: 8, so that eyes can be compared.

    For an eye that would see no pattern in it, doubled until the coarsest grating has at most half
    the frequency that the eye resolves; at most 64.
    """
    resolved = eye.parts["acuity"]["cutoff"] * CHART_DEGREES  # cycles in a chart of 8 degrees
    doublings = math.ceil(math.log2(2 * GRATINGS[0] / resolved))
    return CHART_DEGREES * 2 ** min(max(doublings, 0), 3)


def _image(rgb: np.ndarray, name: str) -> dict[str, Any]:
    return {"bytes": encode_png(rgb), "path": name}


def draw_chart() -> np.ndarray:
    """A test chart, uint8 sRGB (h, w, 3): a star, gratings, hues, letters and a ramp of greys.

    The gratings have 12, 24 and 48 cycles in the chart's width (1.5, 3 and 6 c/deg if it is 8
    degrees), with vertical and with horizontal bars.
    """
    linear = np.full((CHART_PX, CHART_PX, 3), _GREY)
    half, quarter = CHART_PX // 2, CHART_PX // 4
    linear[:half, :half] = _star(half)[..., None]
    for i, cycles in enumerate(GRATINGS):
        wave = _square_wave(cycles)
        top = i * (half // 3) + 6
        rows = slice(top, top + half // 3 - 10)
        linear[rows, half + 6 : half + quarter - 4] = wave[None, : quarter - 10, None]
        linear[rows, half + quarter + 4 : CHART_PX - 6] = wave[: half // 3 - 10, None, None]
    picture = Image.fromarray(np.rint(255 * srgb_encode(linear)).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    _draw_hues(pen)
    _draw_letters(pen)
    grey = np.linspace(0, 255, half - 16).astype(np.uint8)
    ramp = np.broadcast_to(grey[None, :, None], (quarter // 3, half - 16, 3)).copy()
    picture.paste(Image.fromarray(ramp), (8, half + quarter + 14))
    return np.asarray(picture)


def _star(size: int) -> np.ndarray:
    """A star of 18 pairs of rays on grey, linear light (size, size)."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2.0
    rays = _GREY * (1 + np.sign(np.cos(18 * np.arctan2(y, x))))
    return np.where(np.hypot(x, y) < 0.94 * size / 2, rays, _GREY)


def _square_wave(cycles: int) -> np.ndarray:
    """A square wave of ``cycles`` along the chart, linear light (px,)."""
    phase = 2 * np.pi * cycles / CHART_PX * np.arange(CHART_PX)
    return _GREY * (1 + np.sign(np.cos(phase)))


def _draw_hues(pen: ImageDraw.ImageDraw) -> None:
    """Two rows of four squares, at the lower left."""
    step = CHART_PX // 8
    for i, hue in enumerate(_HUES):
        left, top = 8 + (i % 4) * step, CHART_PX // 2 + 10 + (i // 4) * step
        pen.rectangle([left, top, left + step - 8, top + step - 8], fill=hue)


def _draw_letters(pen: ImageDraw.ImageDraw) -> None:
    """Three lines, smaller from top to bottom, at the lower right."""
    half = CHART_PX // 2
    for letters, height, middle in (("CAT", 60, 34), ("SIGHT", 32, 90), ("LOOK AT ME", 17, 126)):
        place = (half + CHART_PX // 4, half + middle)
        pen.text(place, letters, "#141414", ImageFont.load_default(height), anchor="mm")
