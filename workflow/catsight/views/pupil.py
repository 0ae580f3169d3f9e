"""The pupil: its size and shape at an adapting luminance."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from catsight.errors import CatsightError
from catsight.views.models import model


@dataclass(frozen=True)
class Pupil:
    """An aperture bounded by two arcs (a vesica): a slit, or a disc if it is as wide as tall.

    Raises :class:`CatsightError` for a pupil without extent, and for one that is wider than tall: a
    horizontal slit is a vertical one with a ``tilt`` of 90.
    """

    width: float  #: mm
    height: float  #: mm
    tilt: float = 0.0  #: degrees by which the slit's upper end leans to the right

    def __post_init__(self) -> None:
        if not 0 < self.width <= self.height < math.inf:
            raise CatsightError(
                f"a pupil {self.width:g} mm wide and {self.height:g} mm tall is impossible; the "
                "width must be above 0 and at most the height (for a horizontal slit, give a "
                "vertical one a tilt of 90 degrees)"
            )
        if not abs(self.tilt) <= 180:
            raise CatsightError(
                f"tilt is {self.tilt}; it must be a number from -180 to 180 degrees"
            )

    @property
    def area(self) -> float:
        """Area in mm²."""
        return vesica_area(self.width, self.height)

    @property
    def equal_area_diameter(self) -> float:
        """Diameter in mm of the disc of the same area."""
        return 2 * math.sqrt(self.area / math.pi)

    def half_width(self, y: np.ndarray) -> np.ndarray:
        """Half the width in mm at ``y`` mm along the slit from the centre; 0 outside."""
        radius = (self.height**2 + self.width**2) / (4 * self.width)
        inside = np.sqrt(np.maximum(radius**2 - np.square(y), 0)) - (radius - self.width / 2)
        return np.where(np.abs(y) <= self.height / 2, np.maximum(inside, 0), 0)


def pupil(part: Mapping, luminance: float) -> Pupil:
    """The pupil of an eye that is adapted to ``luminance`` (cd/m²).

    ``part`` is the eye's part ``pupil``. Raises :class:`CatsightError` if its numbers describe a
    slit that is wider than tall, or name an unknown model or shape.
    """
    return model(MODELS, part["model"], "pupil.model")(part, luminance)


def _human(part: Mapping, luminance: float) -> Pupil:
    diameter = watson_yellott2012(luminance, part["field_area"], part["age"], part["eyes"])
    return Pupil(diameter, diameter)


def _logistic_area(part: Mapping, luminance: float) -> Pupil:
    """The logarithm of the area is a falling logistic function of that of the luminance."""
    span = math.log10(part["area_max"] / part["area_min"])
    fraction = 1 / (1 + (luminance / part["half_luminance"]) ** part["slope"])
    area = part["area_min"] * 10 ** (span * fraction)
    return model(SHAPES, part["shape"], "pupil.shape")(part, luminance, fraction, area)


def _disc(part: Mapping, luminance: float, fraction: float, area: float) -> Pupil:
    diameter = 2 * math.sqrt(area / math.pi)
    return Pupil(diameter, diameter)


def _slit(part: Mapping, luminance: float, fraction: float, area: float) -> Pupil:
    """``fraction``: where the height lies between the smallest, 0, and the largest, 1."""
    height = part["height_min"] + (part["height_max"] - part["height_min"]) * fraction
    # 1 % above the area of a disc is rounding of the published numbers; more is another shape
    if area > 1.01 * math.pi * height**2 / 4:
        raise CatsightError(
            f"pupil: at {luminance:g} cd/m² the area is {area:.4g} mm² and the height "
            f"{height:.4g} mm, a slit wider than tall; area_max may be at most "
            f"{math.pi * part['height_max'] ** 2 / 4:.4g} mm² with this height_max"
        )
    return Pupil(max(vesica_width(area, height), part["width_min"]), height, part["tilt"])


#: From the numbers of an eye's part ``pupil`` and a luminance (cd/m²) to the pupil.
MODELS: dict[str, Callable[[Mapping, float], Pupil]] = {
    "logistic_area": _logistic_area,
    "watson_yellott2012": _human,
}
#: The shapes of a pupil of which the area is known.
SHAPES: dict[str, Callable[[Mapping, float, float, float], Pupil]] = {
    "vesica": _slit,
    "disc": _disc,
}


def watson_yellott2012(luminance: float, field_area: float, age: float, eyes: int) -> float:
    """Diameter in mm of the human pupil.

    ``luminance`` is in cd/m², ``field_area`` in deg², ``age`` 20 to 83 years. The unified formula
    of Watson & Yellott 2012, J. Vision 12(10):12: Stanley & Davies' light response, corrected for
    age, and for one eye (a tenth of the effect) or two.
    """
    flux = luminance * field_area * (1 if eyes == 2 else 0.1)
    response = (flux / 846) ** 0.41
    diameter = 7.75 - 5.75 * response / (response + 2)
    return diameter + (age - 28.58) * (0.02132 - 0.009562 * diameter)


def vesica_area(width: float, height: float) -> float:
    """Area in mm² between two equal arcs that meet at the ends of a chord of ``height`` mm.

    The arcs are ``width`` mm apart at their middles.
    """
    radius = (height**2 + width**2) / (4 * width)
    offset = radius - width / 2
    angle = math.acos(min(offset / radius, 1.0))
    return 2 * (radius**2 * angle - offset * radius * math.sin(angle))


def vesica_width(area: float, height: float) -> float:
    """Width in mm of the vesica with that ``area`` (mm²) and ``height`` (mm).

    At most the height, which is the width of a disc.
    """
    if area >= math.pi * height**2 / 4:
        return height
    return brentq(lambda width: vesica_area(width, height) - area, 1e-6 * height, height, xtol=1e-9)
