"""Pictures in tables: arrays to PNG files and back."""

import io

import numpy as np
from PIL import Image

#: zlib compression level of stored PNGs, 0 to 9.
_PNG_LEVEL = 3


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
