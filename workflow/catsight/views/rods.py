"""Rods: their weight in the picture, and their contribution to its colours."""

from collections.abc import Mapping

import numpy as np


def rod_weight(part: Mapping, luminance: float) -> float:
    """Weight of the rods at an adapting ``luminance`` (cd/m²).

    Near 1 in starlight, near 0 in daylight, and 0.5 at the part's ``half_luminance``.
    """
    return 1 / (1 + (luminance / part["half_luminance"]) ** part["slope"])


def mesopic_mix(cones: np.ndarray, weight: float) -> np.ndarray:
    """The map (3, n + 1) from the catches of n kinds of cones, and of the rods, to linear sRGB.

    ``cones`` is the map (3, n) of the cones alone; the rods add an achromatic signal of that
    ``weight``. White stays white: adaptation (von Kries) removes brightness, so luminance changes
    colours and not the mean.
    """
    return np.hstack([(1 - weight) * cones, np.full((3, 1), weight)])
