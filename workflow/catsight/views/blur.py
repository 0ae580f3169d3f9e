"""Gaussian blurs, and the blur that changes a picture as much as another view does."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import toms748

from catsight.views import mirror
from catsight.views.colour import decode_srgb, encode_srgb


class Matched(NamedTuple):
    """A picture that was blurred until it differs from the original by a given amount."""

    picture: np.ndarray  #: uint8 sRGB (h, w, 3)
    sigma: float  #: standard deviation of the blur, px
    reached: bool  #: whether the picture differs by as much as asked


def rms_difference(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square difference of two uint8 pictures of one shape, in 8-bit codes.

    The mean is over pixels and channels.
    """
    return float(np.sqrt(np.mean(np.square(one.astype(np.float32) - other))))


def gaussian_blur(rgb: np.ndarray) -> Callable[[float], np.ndarray]:
    """A function that blurs the picture, uint8 sRGB (h, w, 3), by a Gaussian.

    It takes the standard deviation in pixels. Linear light is blurred, not sRGB codes, and the
    picture is continued by its mirror image.
    """
    height, width = rgb.shape[:2]
    spectra = mirror.spectra(decode_srgb(rgb).transpose(2, 0, 1), tilted=False)
    # squared frequencies in cycles per pixel: one column, and one row
    fy = np.square(np.arange(height) / (2 * height))[:, None]
    fx = np.square(np.arange(width) / (2 * width))[None, :]

    def blurred(sigma: float) -> np.ndarray:
        transfer = np.exp(-2 * np.square(np.pi * sigma) * (fy + fx)).astype(np.float32)
        planes = mirror.planes(spectra * transfer, (height, width), tilted=False)
        return encode_srgb(planes.transpose(1, 2, 0))

    return blurred


def matched_blur(rgb: np.ndarray, difference: float) -> Matched:
    """The picture, uint8 sRGB (h, w, 3), blurred until it differs by ``difference`` 8-bit codes.

    The difference is :func:`rms_difference` from the picture itself. If even the strongest blur,
    with a standard deviation of the picture's longer side, differs by less, that blur is returned
    with ``reached`` False: this happens when the other view changes colours and little else.
    """
    if difference <= 0:
        return Matched(rgb, 0.0, True)
    blurred, most = gaussian_blur(rgb), float(max(rgb.shape[:2]))
    tried: dict[float, np.ndarray] = {}

    def excess(log_sigma: float) -> float:
        """Logarithm of the difference at this sigma over the one asked for.

        Nearly a straight line in the logarithm of sigma, so the root takes few steps.
        """
        tried[log_sigma] = blurred(math.exp(log_sigma))
        return math.log(max(rms_difference(tried[log_sigma], rgb), 1e-3) / difference)

    low, high = math.log(0.05), math.log(most)
    if excess(high) < 0:
        return Matched(tried[high], most, False)
    if excess(low) >= 0:
        return Matched(tried[low], 0.05, True)
    middle = math.log(0.01 * most)  # usually close to the root, so half the interval is skipped
    if excess(middle) > 0:
        high = middle
    else:
        low = middle
    found = toms748(excess, low, high, xtol=1e-3, rtol=1e-6)
    if found not in tried:
        tried[found] = blurred(math.exp(found))
    return Matched(tried[found], math.exp(found), True)
