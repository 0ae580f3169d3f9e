"""``catsight portraits``: what is known of each eye of a study, as a table to be drawn."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from catsight.inputs.pictures import encode_png
from catsight.run import job
from catsight.tables.columns.portraits import PORTRAITS
from catsight.tables.store import Store, address
from catsight.views import Eye
from catsight.views.colour import WAVELENGTHS
from catsight.views.rods import rod_weight

#: Adapting luminances in cd/m² at which the test chart is shown: daylight, a dim room, moonlight.
LEVELS = (1000.0, 10.0, 0.01)
#: The test chart: degrees across, and px.
CHART_DEGREES, CHART_PX = 8.0, 384
#: The point spread functions: degrees across, and px.
SPREAD_DEGREES, SPREAD_PX = 1.0, 81
#: How far out of focus the second point spread function is, in dioptres.
DEFOCUS = 0.5

_LUMINANCE = np.geomspace(1e-3, 1e4, 57)
_FREQUENCY = np.geomspace(0.1, 60, 120)


def main(arguments: Sequence[str]) -> None:
    parser = job.parser(
        "portraits",
        "Tabulates each eye of a study (pupil, optics, receptors, a test chart) under its viewing conditions.",
    )
    parser.add_argument("--output", type=Path, required=True, help="the table of eyes to write")
    options = parser.parse_args(arguments)

    store = Store(options.store)
    where = address(options.spec, {})
    if store.find(where, options.output):
        return
    eyes = {
        name: (Eye(view["eye"]), view["luminance"]) for name, view in options.spec["views"].items()
    }
    provenance = {"stage": "views", "spec": options.spec, "inputs": {}}
    store.save(where, options.output, PORTRAITS, portraits(eyes), provenance)


def portraits(eyes: Mapping[str, tuple[Eye, float]]) -> list[dict]:
    """Rows of :data:`catsight.tables.columns.portraits.PORTRAITS`: one for each eye, by name,
    looking at a luminance (cd/m²).
    """
    return [_portrait(name, eye, luminance) for name, (eye, luminance) in eyes.items()]


def _portrait(name: str, eye: Eye, luminance: float) -> dict:
    pupils = [eye.pupil(level) for level in _LUMINANCE]
    chart = draw_chart()
    spread = partial(
        eye.point_spread, field_of_view=SPREAD_DEGREES, px=SPREAD_PX, luminance=luminance
    )
    return {
        "eye": name,
        "adapted_to": luminance,
        "luminance": _LUMINANCE,
        "pupil_width": [pupil.width for pupil in pupils],
        "pupil_height": [pupil.height for pupil in pupils],
        "rod_weight": [rod_weight(eye.parts["rods"], level) for level in _LUMINANCE],
        "frequency": _FREQUENCY,
        "mtf_across": eye.mtf(_FREQUENCY, 0, luminance=luminance),
        "mtf_along": eye.mtf(_FREQUENCY, 90, luminance=luminance),
        "mtf_along_defocused": eye.mtf(_FREQUENCY, 90, luminance=luminance, defocus=DEFOCUS),
        "contrast_sensitivity": eye.contrast_sensitivity(_FREQUENCY),
        "spread_degrees": SPREAD_DEGREES,
        "spread": spread().ravel(),
        "spread_defocus": DEFOCUS,
        "spread_defocused": spread(defocus=DEFOCUS).ravel(),
        "wavelength": WAVELENGTHS,
        "receptors": [
            {"name": n, "sensitivity": s} for n, s in zip(eye.receptors, eye.sensitivities)
        ],
        "chart_degrees": CHART_DEGREES,
        "chart": _image(chart, "chart"),
        "levels": LEVELS,
        "charts": [
            _image(
                eye.see(chart, field_of_view=CHART_DEGREES, luminance=level), f"{name} {level:g}"
            )
            for level in LEVELS
        ],
    }


def draw_chart() -> np.ndarray:
    """A test chart, uint8 sRGB: hues, a star, gratings of 1.5, 3 and 6 c/deg both ways, and
    letters.
    """
    size = CHART_PX
    linear = np.full((size, size, 3), 0.35)
    half, quarter = size // 2, size // 4
    y, x = np.mgrid[:half, :half] - (half - 1) / 2.0
    star = np.where(
        np.hypot(x, y) < 0.94 * half / 2, 0.35 * (1 + np.sign(np.cos(18 * np.arctan2(y, x)))), 0.35
    )
    linear[:half, :half] = star[..., None]
    for row, cycles in enumerate((1.5, 3, 6)):
        top = row * (half // 3) + 6
        wave = 0.35 * (
            1 + np.sign(np.cos(2 * np.pi * cycles * CHART_DEGREES / size * np.arange(size)))
        )
        linear[top : top + half // 3 - 10, half + 6 : half + quarter - 4] = wave[: quarter - 10][
            None, :, None
        ]
        linear[top : top + half // 3 - 10, half + quarter + 4 : size - 6] = wave[: half // 3 - 10][
            :, None, None
        ]
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    picture = Image.fromarray(np.rint(255 * encoded).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    # eight hues; teal and pink, the fourth and the eighth, are one colour to a cat
    hues = ["#d62f2f", "#e58a00", "#d8c400", "#3fa493", "#2f8f2f", "#2456d6", "#7d3fc8", "#c48397"]
    for i, hue in enumerate(hues):
        left, top = 8 + (i % 4) * (quarter // 2), half + 10 + (i // 4) * (quarter // 2)
        pen.rectangle([left, top, left + quarter // 2 - 8, top + quarter // 2 - 8], fill=hue)
    for row, (letters, height) in enumerate((("CAT", 60), ("SIGHT", 32), ("LOOK AT ME", 17))):
        font = ImageFont.load_default(height)
        pen.text(
            (half + quarter, half + (34, 90, 126)[row]),
            letters,
            fill="#141414",
            font=font,
            anchor="mm",
        )
    grey = np.linspace(0, 255, half - 16).astype(np.uint8)
    ramp = Image.fromarray(
        np.broadcast_to(grey[None, :, None], (quarter // 3, half - 16, 3)).copy()
    )
    picture.paste(ramp, (8, half + quarter + 14))
    return np.asarray(picture)


def _image(rgb: np.ndarray, name: str) -> dict:
    return {"bytes": encode_png(rgb), "path": name}
