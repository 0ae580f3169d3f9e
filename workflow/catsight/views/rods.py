"""Rods: how much of what is seen comes from them, and what they make of a colour."""

import numpy as np


def rod_weight(part: dict, luminance: float) -> float:
    """Weight of the rods at an adapting ``luminance`` (cd/m²): near 1 by starlight, near 0 by day, 0.5 in between."""
    return 1 / (1 + (luminance / part["half_luminance"]) ** part["slope"])


def mesopic_mix(cones: np.ndarray, rods: np.ndarray, weight: float) -> np.ndarray:
    """The colour map (3, 3) of cones and rods together: the rods add an achromatic signal.

    ``cones`` is the map (3, 3) of the cones alone, ``rods`` the rods' catch of linear sRGB (3,). Both keep white, so
    the mix does: brightness is taken out by adaptation (von Kries), and luminance changes colour, not the mean.
    """
    return (1 - weight) * cones + weight * np.tile(rods, (3, 1))
