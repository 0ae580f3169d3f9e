"""The ranges of viewing conditions, and the checks of them."""

from collections.abc import Sequence

import numpy as np

from catsight.errors import CatsightError

#: Viewing condition -> unit, smallest and largest value.
RANGES = {
    "luminance": ("cd/m²", 1e-6, 1e6),
    "field_of_view": ("degrees", 1e-3, 120),
    "defocus": ("dioptres", -20, 20),
    "focus": ("metres", 0.05, 1e6),
    "orientation": ("degrees", -360, 360),
}


def checked(name: str, value: float) -> float:
    """The ``value`` of the condition ``name`` as a float.

    Raises :class:`CatsightError` unless it is a number in the condition's range.
    """
    unit, low, high = RANGES[name]
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not (real and low <= value <= high):  # NaN fails both comparisons
        raise CatsightError(
            f"{name} is {value}; it must be a number from {low:g} to {high:g} {unit}"
        )
    return float(value)


def check_seed(noise: int | Sequence[int] | None) -> None:
    """Raises :class:`CatsightError` unless ``noise`` is None, a seed, or a sequence of seeds."""
    if noise is None:
        return
    seeds = noise if isinstance(noise, Sequence) else [noise]
    if not all(
        isinstance(seed, int | np.integer) and not isinstance(seed, bool) and seed >= 0
        for seed in seeds
    ):
        raise CatsightError(
            f"noise is {noise}; a seed is a whole number from 0, or a sequence of them"
        )
