"""Catsight's own values, to be set beside published ones: a function for each kind of value."""

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from scipy.optimize import minimize_scalar

from catsight.inputs import eyes
from catsight.views import Eye, colour
from catsight.views.acuity import cutoff
from catsight.views.colour import WAVELENGTHS

#: cd/m² at which cones see alone, and a pupil of given size does not care.
_DAY = 1000.0


@cache
def load(eye: str) -> Eye:
    """The eye of that name, loaded once."""
    return Eye.load(eye)


@cache
def optics(eye: str, pupil: float, dioptres: float | None = None) -> Eye:
    """The eye behind a round pupil of ``pupil`` mm, with nerves that take no contrast.

    ``dioptres`` replaces the equivalent defocus of its own imperfection in focus.
    """
    parts, area = eyes.load(eye), math.pi * pupil**2 / 4
    fixed = {"model": "logistic_area", "shape": "disc", "area_max": area, "area_min": area}
    parts["pupil"] |= fixed | {"half_luminance": 1, "slope": 1}
    if dioptres is not None:
        parts["pupil"]["residual"] |= {"dioptres": dioptres}
    for curve in (parts["acuity"], parts["acuity"]["rods"]):
        curve |= {"cutoff": 200, "dim_exponent": 0}
    return Eye(parts)


def transfer(
    eye: str,
    pupil: float,
    frequency: float,
    receptor: str | None = None,
    defocus: float = 0.0,
    dioptres: float | None = None,
) -> float:
    """The contrast of ``frequency`` c/deg that the optics pass."""
    seen = optics(eye, pupil, dioptres).mtf(
        frequency, luminance=_DAY, receptor=receptor, defocus=defocus
    )
    return float(seen)


def half_contrast(eye: str, pupil: float, dioptres: float | None = None) -> float:
    """Frequency in c/deg of which the optics in focus pass half the contrast."""
    f = np.geomspace(0.1, 60, 300)
    seen = optics(eye, pupil, dioptres).mtf(f, luminance=_DAY)
    return _first(f, seen, 0.5)


def half_contrast_ratio(pupil: float, dioptres: float | None = None) -> float:
    """How many times as fine the human's optics resolve as the cat's, by half the contrast."""
    return half_contrast("human", pupil) / half_contrast("cat", pupil, dioptres)


def pupil_width(eye: str, luminance: float) -> float:
    """Width of the pupil in mm."""
    return load(eye).pupil(luminance).width


def pupil_range(eye: str) -> float:
    """How many times larger the pupil's area is in the dark than in the brightest light."""
    return load(eye).pupil(1e-6).area / load(eye).pupil(1e6).area


def acuity(eye: str, luminance: float) -> float:
    """The finest grating in c/deg."""
    return _acuity(eye, luminance)


@cache
def _acuity(eye: str, luminance: float) -> float:
    return load(eye).acuity(luminance)


def acuity_ratio(luminance: float) -> float:
    """How many times as fine a grating a human resolves as a cat."""
    return acuity("human", luminance) / acuity("cat", luminance)


def colour_acuity(eye: str) -> float:
    """The finest grating of colour alone, in c/deg, in good light."""
    return cutoff(load(eye).parts["acuity"], _DAY, sense="colour")


def octaves(eye: str, eccentricity: float) -> float:
    """By how many octaves acuity falls, ``eccentricity`` degrees from the line of sight."""
    part = load(eye).parts["acuity"]
    return math.log2(cutoff(part, _DAY, eccentricity) / cutoff(part, _DAY))


def receptor_peak(eye: str, receptor: str) -> float:
    """Wavelength in nm of most quanta caught by a receptor, behind the eye's media."""
    one = load(eye)
    seen = one.sensitivities[one.receptors.index(receptor)]
    near = slice(max(int(seen.argmax()) - 2, 0), int(seen.argmax()) + 3)
    curve = np.polyfit(WAVELENGTHS[near], seen[near], 2)
    return float(-curve[1] / (2 * curve[0]))


def neutral_point(eye: str) -> float:
    """Wavelength in nm that a dichromat's cones catch in the ratio in which they catch daylight."""
    caught = load(eye).sensitivities[:2]
    white = colour.caught(caught, load(eye).parts["colour"]["illuminant"]).sum(axis=1)
    balance = np.log(caught[0] / white[0]) - np.log(caught[1] / white[1])
    between = (WAVELENGTHS >= 440) & (WAVELENGTHS <= 545)
    return float(np.interp(0, -balance[between], WAVELENGTHS[between]))


def colour_map(eye: str, to: str, of: str) -> float:
    """How much of the colour ``of`` (R, G or B of linear sRGB) the eye shows in ``to``."""
    return float(load(eye).colour_map(1e6)["RGB".index(to), "RGB".index(of)])


def sensitivity(eye: str, frequency: float, luminance: float) -> float:
    """Sensitivity to the contrast of a grating of ``frequency`` c/deg."""
    return float(load(eye).contrast_sensitivity(frequency, luminance))


def sensitivity_ratio(frequency: float, luminance: float) -> float:
    """How many times as sensitive a cat is to contrast as a human."""
    return sensitivity("cat", frequency, luminance) / sensitivity("human", frequency, luminance)


def peak_ratio(luminance: float) -> float:
    """How many times as high a human's sensitivity to contrast rises as a cat's."""
    return _peak("human", luminance)[1] / _peak("cat", luminance)[1]


def peak_frequency_ratio(luminance: float) -> float:
    """How many times as fine the gratings are to which a human is most sensitive."""
    return _peak("human", luminance)[0] / _peak("cat", luminance)[0]


def fall_ratio(of: str, luminances: Sequence[float]) -> float:
    """How many times as far the human falls as the cat, between two luminances.

    ``of`` is "acuity", or "sensitivity" at its peak.
    """
    ratio = {"acuity": acuity_ratio, "sensitivity": peak_ratio}[of]
    bright, dim = luminances
    return ratio(bright) / ratio(dim)


@cache
def _peak(eye: str, luminance: float) -> tuple[float, float]:
    """The frequency in c/deg of the highest sensitivity to contrast, and that sensitivity."""
    one, ends = load(eye), (math.log(0.01), math.log(30))
    found = minimize_scalar(
        lambda log: -float(one.contrast_sensitivity(math.exp(log), luminance)),
        bounds=ends,
        method="bounded",
        options={"xatol": 1e-4},
    )
    return math.exp(found.x), -float(found.fun)


def border(luminance: float) -> float:
    """Frequency in c/deg from which on a human is more sensitive to contrast than a cat."""
    f = np.geomspace(1 / 8, 4, 150)
    human, cat = (load(eye).contrast_sensitivity(f, luminance) for eye in ("human", "cat"))
    return _first(f, cat / human, 1.0)


def de_vries_rose(eye: str, frequency: float, luminances: Sequence[float]) -> float:
    """The power of retinal illuminance by which sensitivity to contrast grows."""
    one = load(eye)
    seen = np.log([sensitivity(eye, frequency, x) for x in luminances])
    light = np.log([x * one.pupil(x).area for x in luminances])
    return float(np.diff(seen)[0] / np.diff(light)[0])


def rod_advantage(luminance: float) -> float:
    """How many times the quanta a cat's rods count as a human's, in log units."""
    return math.log10(load("cat").quanta(luminance)[-1] / load("human").quanta(luminance)[-1])


def flicker(eye: str, luminance: float) -> float:
    """Frequency in Hz above which flicker looks steady."""
    return load(eye).flicker_fusion(luminance)


def flicker_rise(eye: str, luminances: Sequence[float]) -> float:
    """By how many Hz that frequency rises for ten times the light, between two luminances."""
    dim, bright = luminances
    return (flicker(eye, bright) - flicker(eye, dim)) / math.log10(bright / dim)


def flicker_ratio(luminance: float) -> float:
    """How many times as fast as a human's a dog's flicker may be before it fuses."""
    return flicker("dog", luminance) / flicker("human", luminance)


def _first(f: np.ndarray, seen: np.ndarray, level: float) -> float:
    """Where a curve over the frequencies ``f`` first falls to a ``level``; nan if nowhere."""
    below = np.flatnonzero(seen < level)
    if len(below) == 0 or below[0] == 0:
        return math.nan
    pair = [below[0], below[0] - 1]
    return float(np.interp(level, seen[pair], f[pair]))


#: The name of each kind of value, as ``resources/validation.yaml`` uses it.
VALUES: dict[str, Callable[..., float]] = {
    function.__name__: function
    for function in (
        transfer, half_contrast, half_contrast_ratio, pupil_width, pupil_range, acuity,
        acuity_ratio, colour_acuity, octaves, receptor_peak, neutral_point, colour_map, sensitivity,
        sensitivity_ratio, peak_ratio, peak_frequency_ratio, fall_ratio, border, de_vries_rose,
        rod_advantage, flicker, flicker_rise, flicker_ratio,
    )
}  # fmt: skip
