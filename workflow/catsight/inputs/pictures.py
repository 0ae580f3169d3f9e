"""Pictures in tables: PNG bytes to arrays and back."""

import io

import numpy as np
from PIL import Image

#: zlib effort of stored PNGs.
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
