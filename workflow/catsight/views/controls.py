"""Controls: what any change of a picture does, on top of the reference, to set beside what an eye does."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from catsight.views import mirror
from catsight.views.colour import decode_srgb, encode_srgb

#: Relative luminance of linear sRGB (IEC 61966-2-1).
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
#: Halvings of the range in which a blur is looked for; its end is then known to a thousandth of the longest side.
_STEPS = 18


def jpeg(rgb: np.ndarray, quality: int) -> np.ndarray:
    """The picture, uint8 sRGB (h, w, 3), as a baseline JPEG of that ``quality`` (libjpeg's, 1 to 95) gives it back."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as picture:
        return np.asarray(picture.convert("RGB"))


def greyscale(rgb: np.ndarray) -> np.ndarray:
    """The picture, uint8 sRGB (h, w, 3), with each pixel's luminance as a grey."""
    grey = decode_srgb(rgb) @ _LUMINANCE
    return encode_srgb(np.repeat(grey[..., None], 3, axis=2))


def rms_difference(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square difference of two uint8 pictures of one shape, over pixels and channels, in 8-bit codes."""
    return float(np.sqrt(np.mean(np.square(one.astype(np.float32) - other))))


def blur(rgb: np.ndarray) -> Callable[[float], np.ndarray]:
    """A function of a standard deviation in pixels that blurs the picture, uint8 sRGB (h, w, 3), by that Gaussian.

    Light is blurred, not codes, and mirrored at the edges.
    """
    height, width = rgb.shape[:2]
    spectra = mirror.spectra(decode_srgb(rgb).transpose(2, 0, 1), tilted=False)
    fy, fx = (np.square(np.arange(n) / (2 * n))[i] for n, i in ((height, np.s_[:, None]), (width, np.s_[None, :])))

    def blurred(sigma: float) -> np.ndarray:
        transfer = np.exp(-2 * np.square(np.pi * sigma) * (fy + fx)).astype(np.float32)
        return encode_srgb(mirror.planes(spectra * transfer, (height, width), tilted=False).transpose(1, 2, 0))

    return blurred


def matched_blur(rgb: np.ndarray, difference: float) -> tuple[np.ndarray, float, bool]:
    """The picture, uint8 sRGB (h, w, 3), blurred by the Gaussian that moves it by a ``difference`` in 8-bit codes.

    The difference is :func:`rms_difference` from the picture itself. Gives the picture, the standard deviation in
    pixels, and whether any blur moves it so far: none does where colours change much and nothing else, and then the
    picture is as blurred as its longest side is long.
    """
    if difference <= 0:
        return rgb, 0.0, True
    blurred = blur(rgb)
    low, high = 0.0, float(max(rgb.shape[:2]))
    most = blurred(high)
    if rms_difference(most, rgb) < difference:
        return most, high, False
    best = (np.inf, rgb, 0.0)
    for _ in range(_STEPS):
        sigma = (low + high) / 2 if low else high / 4
        picture = blurred(sigma)
        found = rms_difference(picture, rgb)
        best = min(best, (abs(found - difference), picture, sigma), key=lambda one: one[0])
        if best[0] <= 0.002 * difference:
            break
        low, high = (sigma, high) if found < difference else (low, sigma)
    return best[1], best[2], True
