"""What frames are like: closed forms, published examples, and what must not matter."""

import numpy as np
import pytest

from catsight.frames.describe import colourfulness, contrast, describe, spectral_slope
from catsight.inputs.pictures import srgb_encode


def picture(luminance):
    """A grey picture, uint8 (h, w, 3), of this linear light, 0 to 1."""
    codes = np.rint(255 * srgb_encode(np.asarray(luminance, float))).astype(np.uint8)
    return np.repeat(codes[..., None], 3, axis=2)


def noise(slope, side=256, seed=0):
    """Noise (side, side) whose amplitude falls with frequency to this power."""
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    frequency[0, 0] = 1
    white = np.fft.rfft2(np.random.default_rng(seed).normal(size=(side, side)))
    return np.fft.irfft2(white * frequency**slope)


def test_contrast_of_a_grating_is_its_amplitude_over_root_two():
    x = np.arange(512) / 512
    wave = 0.5 + 0.4 * np.sin(2 * np.pi * 8 * x)
    assert contrast(np.tile(wave, (64, 1))) == pytest.approx(0.8 / np.sqrt(2), rel=1e-6)
    # of linear light, not of codes; nor does it depend on size
    for side in (256, 1024, 1536):
        stripes = np.zeros((side, side))
        stripes[:, : side // 2] = 0.5
        assert describe(picture(stripes))["contrast"] == pytest.approx(1, abs=0.01)


def test_green_is_brighter_than_red_and_blue():
    """Halves of full green and blue, whose luminances are those of IEC 61966-2-1."""
    halves = np.zeros((64, 64, 3), np.uint8)
    halves[:32, :, 1] = halves[32:, :, 2] = 255
    expected = (0.7152 - 0.0722) / (0.7152 + 0.0722)
    assert describe(halves)["contrast"] == pytest.approx(expected)


def test_nothing_is_said_of_what_is_uniform_or_tiny():
    black = describe(np.zeros((64, 64, 3), np.uint8))
    assert black == {"contrast": None, "colourfulness": 0, "spectral_slope": None}
    grey = describe(np.full((64, 64, 3), 90, np.uint8))
    assert grey["contrast"] == pytest.approx(0, abs=1e-12) and grey["spectral_slope"] is None
    assert describe(np.random.default_rng(0).integers(0, 256, (9, 90, 3)).astype(np.uint8))[
        "spectral_slope"
    ] is None  # fmt: skip


def test_colourfulness_is_that_of_the_paper():
    assert colourfulness(picture(noise(-1) / 9 + 0.5)) == 0
    # halves of pure red and pure green: rg is ±255, yb is 127.5
    halves = np.zeros((8, 8, 3), np.uint8)
    halves[:4, :, 0] = halves[4:, :, 1] = 255
    assert colourfulness(halves) == pytest.approx(255 + 0.3 * 127.5)
    # all blue: no spread, and yb is -255
    blue = np.zeros((8, 8, 3), np.uint8)
    blue[..., 2] = 255
    assert colourfulness(blue) == pytest.approx(0.3 * 255)


@pytest.mark.parametrize("slope", [0, -1, -1.5])
def test_the_slope_of_noise_is_the_one_that_made_it(slope):
    """Also in light ten times as strong, and through a picture's codes."""
    made = noise(slope)
    assert spectral_slope(made) == pytest.approx(slope, abs=0.1)
    assert spectral_slope(10 * made + 3) == pytest.approx(spectral_slope(made), abs=1e-6)
    seen = picture(np.clip(0.5 + 0.12 * made / made.std(), 0, 1))
    assert describe(seen)["spectral_slope"] == pytest.approx(slope, abs=0.15)


def test_blur_makes_the_slope_steeper():
    from scipy.ndimage import gaussian_filter

    made = noise(-1)
    assert spectral_slope(gaussian_filter(made, 2)) < spectral_slope(made) - 0.3
