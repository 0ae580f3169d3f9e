"""How far two pictures differ in luminance, and how far in colour.

An eye's optics and nerves take contrast of luminance, and its receptors take differences of colour.
A control that is matched to a view loses as much of one of the two. Both are of pictures, uint8
sRGB (h, w, 3), of one shape.
"""

import numpy as np

from catsight.views.colour import decode_srgb

#: From linear sRGB to XYZ / that of white (IEC 61966-2-1; D65); the rows sum to 1.
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_TO_XYZ = (_XYZ / _XYZ.sum(axis=1, keepdims=True)).astype(np.float32)
#: Relative luminance of linear sRGB, (3,).
LUMINANCE = _TO_XYZ[1]
# CIE 1976 (CIE 15): f is a cube root, and below (6/29)³ a line.
_KNEE = 6 / 29


def relative_luminance(rgb: np.ndarray) -> np.ndarray:
    """The luminance of each pixel over its mean, (h, w); all 1 if the picture is black."""
    light = decode_srgb(rgb) @ LUMINANCE
    mean = light.mean(dtype=np.float64)
    return light / np.float32(mean) if mean > 0 else np.ones_like(light)


def luminance_difference(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square difference of luminance, each picture's relative to its mean.

    So it is a contrast, and a picture that is brighter by a factor does not differ. Of a blurred
    picture and the picture itself, it is the root mean square contrast of what the blur takes.
    """
    apart = relative_luminance(one) - relative_luminance(other)
    return float(np.sqrt(np.mean(np.square(apart), dtype=np.float64)))


def chromatic_difference(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square distance of the pixels in the plane of a* and b* (CIELAB 1976, D65)."""
    return rms_distance(chroma(decode_srgb(one)), chroma(decode_srgb(other)))


def rms_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square distance of the points (h, w, 2) of two planes."""
    return float(np.sqrt(2 * np.mean(np.square(one - other), dtype=np.float64)))


def chroma(linear: np.ndarray) -> np.ndarray:
    """CIELAB's a* and b* of linear sRGB (h, w, 3), as (h, w, 2)."""
    x, y, z = np.moveaxis(_compressed(linear @ _TO_XYZ.T), -1, 0)
    return np.stack([500 * (x - y), 200 * (y - z)], axis=-1)


def _compressed(xyz: np.ndarray) -> np.ndarray:
    """CIELAB's function f of X, Y and Z over those of white."""
    return np.where(xyz > _KNEE**3, np.cbrt(xyz), xyz / (3 * _KNEE**2) + 4 / 29)
