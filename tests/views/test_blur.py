"""Blurs by hand, and the blur that changes a picture as much as asked."""

import numpy as np
import pytest

from catsight.views import blur
from catsight.views.blur import gaussian_blur, matched_blur, rms_difference

NOISE = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)


def test_rms_difference_is_over_pixels_and_channels_and_does_not_wrap():
    one, other = np.zeros((1, 2, 3), np.uint8), np.zeros((1, 2, 3), np.uint8)
    one[0, 0] = [3, 0, 255]
    other[0, 0] = [0, 4, 0]
    assert rms_difference(one, other) == pytest.approx(np.sqrt((9 + 16 + 255**2) / 6))
    assert rms_difference(one, other) == rms_difference(other, one)


@pytest.mark.parametrize("turned", [False, True])
def test_a_grating_is_blurred_by_the_gaussians_transfer(turned):
    """Of 1/12 cycle per px, exp(-2 π² σ² f²): at 2 px 0.578, in linear light, along both axes."""
    wave = 0.4 + 0.2 * np.cos(2 * np.pi * (np.arange(48) + 0.5) / 12)
    grating = np.broadcast_to(wave[None, :, None], (12, 48, 3))
    grating = grating.swapaxes(0, 1) if turned else grating
    seen = blur.decode_srgb(gaussian_blur(blur.encode_srgb(grating))(2.0))
    wanted = 0.4 + 0.578 * (grating - 0.4)
    np.testing.assert_allclose(seen, wanted, atol=0.004)


def test_no_blur_where_no_difference_is_asked():
    for difference in (0, -1):
        assert matched_blur(NOISE, difference) == (NOISE, 0, True)


def test_the_least_blur_is_a_twentieth_of_a_pixel():
    """Where less is asked than it changes: noise by 2.7 codes, and a uniform picture by nothing."""
    picture, sigma, reached = matched_blur(NOISE, 1)
    assert (sigma, reached) == (0.05, True)
    np.testing.assert_array_equal(picture, gaussian_blur(NOISE)(0.05))
    assert rms_difference(picture, NOISE) == pytest.approx(2.69, abs=0.01)
    assert matched_blur(NOISE, 3).sigma > 0.05
    # no difference at all counts as a thousandth of a code
    plain = np.full((4, 4, 3), 7, np.uint8)
    assert matched_blur(plain, 0.0009)[1:] == (0.05, True)
    assert matched_blur(plain, 0.0011)[1:] == (4, False)


@pytest.mark.parametrize("turned", [False, True])
def test_the_strongest_blur_is_as_wide_as_the_longer_side(turned):
    rgb = NOISE.swapaxes(0, 1) if turned else NOISE
    picture, sigma, reached = matched_blur(rgb, 200)
    assert (sigma, reached) == (40, False)
    np.testing.assert_array_equal(picture, gaussian_blur(rgb)(40.0))


@pytest.mark.parametrize("difference", [3, 30, 60])
def test_the_blur_found_differs_by_as_much_as_asked(difference):
    """Weaker and stronger than a hundredth of the picture, where the search begins."""
    picture, sigma, reached = matched_blur(NOISE, difference)
    assert reached and picture.dtype == np.uint8
    assert rms_difference(picture, NOISE) == pytest.approx(difference, rel=0.02)
    np.testing.assert_array_equal(picture, gaussian_blur(NOISE)(sigma))
    assert (sigma > 0.4) == (difference > 45)


def test_few_blurs_are_tried(monkeypatch):
    """Each costs a transform of the picture."""
    tried = []
    monkeypatch.setattr(
        blur,
        "gaussian_blur",
        lambda rgb: lambda sigma: tried.append(sigma) or gaussian_blur(rgb)(sigma),
    )
    matched_blur(NOISE, 30)
    assert len(tried) <= 12
    assert tried[:3] == pytest.approx([40, 0.05, 0.4])
