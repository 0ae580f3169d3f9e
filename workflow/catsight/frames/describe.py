"""What a frame is like in three numbers, to ask what frames that lose much have in common."""

import numpy as np
from PIL import Image

from catsight.inputs.pictures import SRGB_LINEAR

#: Longest side in px at which a frame is described. Larger ones are reduced by a whole number, so
#: their finest detail does not count.
_SIDE = 512
#: Luminance of linear sRGB (IEC 61966-2-1).
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
#: The frequencies that the slope is fitted to: from this many cycles per picture (below, the
#: picture's frame counts), to this share of the sampling frequency (above, JPEG and interpolation).
_LOWEST, _HIGHEST = 4, 0.25
#: Rings of frequencies, evenly spaced in their logarithm.
_RINGS = 12


def describe(rgb: np.ndarray) -> dict[str, float | None]:
    """Contrast, colourfulness and spectral slope of a picture, uint8 sRGB (h, w, 3), by the names
    of their columns; None where one is undefined.
    """
    picture = Image.fromarray(rgb)
    small = np.asarray(picture.reduce(-(-max(picture.size) // _SIDE)))
    luminance = SRGB_LINEAR[small] @ _LUMINANCE
    return {
        "contrast": contrast(luminance),
        "colourfulness": colourfulness(small),
        "spectral_slope": spectral_slope(luminance),
    }


def contrast(luminance: np.ndarray) -> float | None:
    """RMS contrast: the standard deviation of ``luminance`` (h, w) over its mean (Peli 1990,
    "Contrast in complex images", J. Opt. Soc. Am. A 7). None of a black picture.
    """
    mean = luminance.mean()
    return float(luminance.std() / mean) if mean > 0 else None


def colourfulness(rgb: np.ndarray) -> float:
    """Colourfulness of a picture, uint8 sRGB (h, w, 3): 0 is grey, 15 slightly, 59 quite, 109
    extremely colourful (Hasler & Süsstrunk 2003, "Measuring colourfulness in natural images",
    Proc. SPIE 5007, M̂(3)).
    """
    red, green, blue = np.moveaxis(rgb.astype(np.float64), 2, 0)
    opponents = np.stack([red - green, (red + green) / 2 - blue])
    spread, offset = opponents.std(axis=(1, 2)), opponents.mean(axis=(1, 2))
    return float(np.hypot(*spread) + 0.3 * np.hypot(*offset))


def spectral_slope(luminance: np.ndarray) -> float | None:
    """The slope of amplitude against spatial frequency, both logarithmic, of ``luminance`` (h, w).

    About −1 in natural scenes; steeper (−1.5) in smooth or blurred ones, flatter (−0.7) where there
    is much fine detail (Tolhurst, Tadmor & Chao 1992, "Amplitude spectra of natural images",
    Ophthalmic Physiol. Opt. 12). Of its middle square; None of a uniform picture, or one of less
    than 32 px.
    """
    side = min(luminance.shape)
    if side < 32 or np.ptp(luminance) == 0:
        return None
    top, left = (luminance.shape[0] - side) // 2, (luminance.shape[1] - side) // 2
    square = luminance[top : top + side, left : left + side]
    window = np.hanning(side)  # else the picture's edges are a cross in the spectrum
    weights = np.outer(window, window)
    square = (square - np.average(square, weights=weights)) * weights
    amplitude = np.abs(np.fft.rfft2(square))
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    edges = np.geomspace(_LOWEST / side, _HIGHEST, _RINGS + 1)
    ring = np.digitize(frequency, edges)
    means = [
        (np.log(frequency[ring == i]).mean(), np.log(mean))
        for i in range(1, _RINGS + 1)
        if (ring == i).any() and (mean := amplitude[ring == i].mean()) > 0
    ]
    if len(means) < 3:
        return None
    where, height = np.transpose(means)
    return float(np.polyfit(where, height, 1)[0])
