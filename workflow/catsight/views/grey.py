"""Mixing a picture with its own grey, which keeps the luminance of every pixel."""

from collections.abc import Callable

import numpy as np

from catsight.views.colour import decode_srgb, encode_srgb
from catsight.views.differences import LUMINANCE, chroma, rms_distance


def desaturation(
    rgb: np.ndarray,
) -> tuple[Callable[[float], np.ndarray], Callable[[float], float]]:
    """Two functions of a share from 0 to 1, for the picture ``rgb``, uint8 sRGB (h, w, 3).

    The first replaces that share of each pixel's linear light by the grey of its luminance; it
    returns uint8 sRGB. The second is the
    :func:`~catsight.views.differences.chromatic_difference` of that picture from ``rgb``, but for
    the rounding to 8 bits. It rises with the share, from 0 to the root mean square chroma.
    """
    linear = decode_srgb(rgb)
    apart = (linear @ LUMINANCE)[..., None] - linear
    colours = chroma(linear)

    def mixed(share: float) -> np.ndarray:
        return linear + np.float32(share) * apart

    def lost(share: float) -> float:
        return rms_distance(chroma(mixed(share)), colours)

    return lambda share: encode_srgb(mixed(share)), lost
