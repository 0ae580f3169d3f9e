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


#: Where an eye looks unless it is said otherwise: fractions of a picture's width and height.
MIDDLE = (0.5, 0.5)


def check_gaze(gaze: Sequence[float]) -> tuple[float, float]:
    """The ``gaze`` as a pair. Raises :class:`CatsightError` unless it lies in the picture."""
    if len(gaze) != 2 or not all(0 <= at <= 1 for at in gaze):  # NaN fails both comparisons
        raise CatsightError(
            f"gaze is {gaze}; it must be two numbers from 0 to 1, fractions of width and height"
        )
    return float(gaze[0]), float(gaze[1])


def check_past(
    past: Sequence[tuple[float, np.ndarray]], shape: tuple[int, ...]
) -> tuple[list[float], list[np.ndarray]]:
    """The times and the pictures of a past, the latest first.

    Raises :class:`CatsightError` unless times are above 0, and pictures uint8 of that ``shape``.
    """
    ago, pictures = zip(*sorted(past, key=lambda one: one[0]))
    if not ago[0] > 0 or not np.isfinite(ago[-1]):
        raise CatsightError(f"past has times {list(ago)}; each must be above 0, in seconds before")
    for picture in pictures:
        if picture.shape != shape or picture.dtype != np.uint8:
            raise CatsightError(
                f"past holds a picture of {picture.dtype} {picture.shape}; it must be uint8 {shape}"
            )
    return list(ago), list(pictures)


def check_picture(rgb: np.ndarray) -> None:
    """Raises :class:`CatsightError` unless ``rgb`` is uint8 (h, w, 3) and not empty."""
    if not (
        isinstance(rgb, np.ndarray)
        and rgb.dtype == np.uint8
        and rgb.ndim == 3
        and rgb.shape[2] == 3
    ):
        raise CatsightError("a picture must be a uint8 array (height, width, 3) of sRGB values")
    if 0 in rgb.shape:
        raise CatsightError(f"a picture of {rgb.shape[1]} × {rgb.shape[0]} px is empty")


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
