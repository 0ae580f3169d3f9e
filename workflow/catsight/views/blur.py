"""Gaussian blurs, and the luminance contrast that they take."""

from collections.abc import Callable

import numpy as np
from scipy import fft

from catsight.views import mirror
from catsight.views.colour import decode_srgb, encode_srgb
from catsight.views.differences import relative_luminance


def gaussian_blur(rgb: np.ndarray) -> Callable[[float], np.ndarray]:
    """A function that blurs the picture, uint8 sRGB (h, w, 3), by a Gaussian.

    It takes the standard deviation in pixels. Linear light is blurred, not sRGB codes, and the
    picture is continued by its mirror image.
    """
    shape = rgb.shape[:2]
    spectra = mirror.spectra(decode_srgb(rgb).transpose(2, 0, 1), tilted=False)

    def blurred(sigma: float) -> np.ndarray:
        transfer = _transfer(shape, sigma).astype(np.float32)
        planes = mirror.planes(spectra * transfer, shape, tilted=False)
        return encode_srgb(planes.transpose(1, 2, 0))

    return blurred


def contrast_lost(rgb: np.ndarray) -> Callable[[float], float]:
    """A function from a blur's standard deviation in pixels to the contrast that it takes.

    That is the :func:`~catsight.views.differences.luminance_difference` of the blurred picture from
    ``rgb``, but for the rounding to 8 bits. It rises with the standard deviation, from 0 to the
    root mean square contrast of the picture. By Parseval's theorem it is a sum over frequencies,
    which costs no transform.
    """
    light = relative_luminance(rgb)
    spectrum = fft.dctn(light, norm="ortho", workers=mirror.threads())
    power = np.square(spectrum, dtype=np.float64) / light.size

    def lost(sigma: float) -> float:
        return float(np.sqrt(np.sum(np.square(1 - _transfer(light.shape, sigma)) * power)))

    return lost


def _transfer(shape: tuple[int, ...], sigma: float) -> np.ndarray:
    """The transfer (h, w) of a Gaussian of ``sigma`` px at :func:`mirror.frequencies`."""
    fx, fy = mirror.frequencies((shape[0], shape[1]), 1.0, tilted=False)
    column, row = (np.exp(-2 * np.square(np.pi * sigma * f)) for f in (fy, fx))
    return column[:, None] * row[None, :]
