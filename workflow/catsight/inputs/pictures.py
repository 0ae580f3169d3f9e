"""Pictures in tables: arrays to PNG files and back."""

import io

import numpy as np
from PIL import Image

#: zlib compression level of stored PNGs, 0 to 9.
_PNG_LEVEL = 3
_CODES = np.arange(256) / 255
#: The linear light, 0 to 1, of each uint8 sRGB code (IEC 61966-2-1), float64 (256,).
SRGB_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4)


def decode_png(data: bytes) -> np.ndarray:
    """The uint8 sRGB picture (h, w, 3) in ``data``, as :func:`encode_png` made it."""
    with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
        return np.asarray(picture.convert("RGB"))


def encode_png(rgb: np.ndarray) -> bytes:
    """The PNG file of a uint8 sRGB picture (h, w, 3)."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG", compress_level=_PNG_LEVEL)
    return buffer.getvalue()


def srgb_encode(linear: np.ndarray) -> np.ndarray:
    """sRGB values, 0 to 1, of linear light from 0 to 1 (IEC 61966-2-1), as floats."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
