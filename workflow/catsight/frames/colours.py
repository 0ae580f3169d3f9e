"""Colours that a file states in another way than by an ICC profile."""

from collections.abc import Sequence

import numpy as np

from catsight.inputs.pictures import srgb_encode

#: Chromaticities x, y of white, red, green and blue.
SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
#: Adobe RGB (1998): its exponent, and its chromaticities.
ADOBE_RGB = 2.19921875, (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
#: The exponent and chromaticities that are sRGB's, or nearly.
SRGB_EXPONENT, _NEAR = 2.2, 0.01


def to_srgb(rgb: np.ndarray, exponent: float, chromaticities: Sequence[float]) -> np.ndarray:
    """uint8 sRGB (h, w, 3) of values whose linear light is their power ``exponent``.

    ``chromaticities``: x, y of white, red, green and blue. White stays white. Colours that sRGB
    cannot hold are clipped.
    """
    matrix = (np.linalg.inv(_to_xyz(SRGB)) @ _to_xyz(chromaticities)).astype(np.float32)
    matrix /= matrix.sum(axis=1, keepdims=True)
    table = (np.linspace(0, 1, 256) ** exponent).astype(np.float32)
    result = np.empty_like(rgb)
    for row, values in enumerate(rgb):  # a row at a time: no copy of the picture in floats
        linear = np.clip(table[values] @ matrix.T, 0, 1)
        result[row] = np.rint(255 * srgb_encode(linear)).astype(np.uint8)
    return result


def is_srgb(exponent: float, chromaticities: Sequence[float]) -> bool:
    """Whether these are sRGB's, within 1 %."""
    far = np.abs(np.subtract(chromaticities, SRGB)).max()
    return abs(exponent / SRGB_EXPONENT - 1) <= _NEAR and bool(far <= _NEAR)


def _to_xyz(chromaticities: Sequence[float]) -> np.ndarray:
    """The map (3, 3) from linear RGB to XYZ, white having Y = 1 (SMPTE RP 177)."""
    white, *primaries = (
        np.array([x / y, 1, (1 - x - y) / y]) for x, y in np.reshape(chromaticities, (4, 2))
    )
    columns = np.stack(primaries, axis=1)
    return columns * np.linalg.solve(columns, white)
