"""Rods: how much of what is seen comes from them, and what they make of a colour."""

from collections.abc import Mapping

import numpy as np


def rod_weight(part: Mapping, luminance: float) -> float:
    """Weight of the rods at an adapting ``luminance`` (cd/m²): near 1 by starlight, near 0 by day,
    0.5 in between.
    """
    return 1 / (1 + (luminance / part["half_luminance"]) ** part["slope"])


def mesopic_mix(cones: np.ndarray, weight: float) -> np.ndarray:
    """The map (3, n + 1) from the catches of n kinds of cones, and of the rods, to linear sRGB.

    ``cones`` is the map (3, n) of the cones alone; the rods add an achromatic signal of that
    ``weight``. White stays white: brightness is taken out by adaptation (von Kries), and luminance
    changes colour, not the mean.
    """
    return np.hstack([(1 - weight) * cones, np.full((3, 1), weight)])
