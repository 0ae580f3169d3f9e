"""Controls: what any change of a picture does, on top of the reference, to set beside what an eye
does.
"""

import io
import math
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy.optimize import toms748

from catsight.views import mirror
from catsight.views.colour import decode_srgb, encode_srgb

#: Relative luminance of linear sRGB (IEC 61966-2-1).
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def jpeg(rgb: np.ndarray, quality: int) -> np.ndarray:
    """The picture, uint8 sRGB (h, w, 3), as a baseline JPEG of that ``quality`` (libjpeg's, 1 to
    95) gives it back.
    """
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as picture:
        return np.asarray(picture.convert("RGB"))


def greyscale(rgb: np.ndarray) -> np.ndarray:
    """The picture, uint8 sRGB (h, w, 3), with each pixel's luminance as a grey."""
    grey = decode_srgb(rgb) @ _LUMINANCE
    return encode_srgb(np.repeat(grey[..., None], 3, axis=2))


def rms_difference(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square difference of two uint8 pictures of one shape, over pixels and channels, in
    8-bit codes.
    """
    return float(np.sqrt(np.mean(np.square(one.astype(np.float32) - other))))


def blur(rgb: np.ndarray) -> Callable[[float], np.ndarray]:
    """A function of a standard deviation in pixels that blurs the picture, uint8 sRGB (h, w, 3), by
    that Gaussian.

    Light is blurred, not codes, and mirrored at the edges.
    """
    height, width = rgb.shape[:2]
    spectra = mirror.spectra(decode_srgb(rgb).transpose(2, 0, 1), tilted=False)
    fy, fx = (
        np.square(np.arange(n) / (2 * n))[i]
        for n, i in ((height, np.s_[:, None]), (width, np.s_[None, :]))
    )

    def blurred(sigma: float) -> np.ndarray:
        transfer = np.exp(-2 * np.square(np.pi * sigma) * (fy + fx)).astype(np.float32)
        return encode_srgb(
            mirror.planes(spectra * transfer, (height, width), tilted=False).transpose(1, 2, 0)
        )

    return blurred


def matched_blur(rgb: np.ndarray, difference: float) -> tuple[np.ndarray, float, bool]:
    """The picture, uint8 sRGB (h, w, 3), blurred by the Gaussian that moves it by a ``difference``
    in 8-bit codes.

    The difference is :func:`rms_difference` from the picture itself. Gives the picture, the
    standard deviation in pixels, and whether any blur moves it so far: none does where colours
    change much and nothing else, and then the picture is as blurred as its longest side is long.
    """
    if difference <= 0:
        return rgb, 0.0, True
    blurred, most = blur(rgb), float(max(rgb.shape[:2]))

    def missed(log_sigma: float) -> float:
        """How far off, in logarithms: nearly a straight line in the logarithm of sigma, so few
        steps lead there.
        """
        tried[log_sigma] = blurred(math.exp(log_sigma))
        return math.log(max(rms_difference(tried[log_sigma], rgb), 1e-3) / difference)

    tried: dict[float, np.ndarray] = {}
    low, high = math.log(0.05), math.log(most)
    if missed(high) < 0:
        return tried[high], most, False
    if missed(low) >= 0:
        return tried[low], 0.05, True
    start = math.log(0.01 * most)  # a guess that is seldom far off
    low, high = (low, start) if missed(start) > 0 else (start, high)
    found = toms748(missed, low, high, xtol=1e-3, rtol=1e-6)
    if found not in tried:
        tried[found] = blurred(math.exp(found))
    return tried[found], math.exp(found), True
