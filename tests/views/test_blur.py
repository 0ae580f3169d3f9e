"""Gaussian blurs by hand, and the luminance contrast that they take."""

import numpy as np
import pytest

from catsight.views import blur
from catsight.views.blur import contrast_lost, gaussian_blur
from catsight.views.differences import luminance_difference

NOISE = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)


def grating(mean, amplitude, turned=False):
    """One twelfth of a cycle per px, in linear light."""
    wave = mean + amplitude * np.cos(2 * np.pi * (np.arange(48) + 0.5) / 12)
    light = np.broadcast_to(wave[None, :, None], (12, 48, 3))
    return light.swapaxes(0, 1) if turned else light


@pytest.mark.parametrize("turned", [False, True])
def test_a_grating_is_blurred_by_the_gaussians_transfer(turned):
    """Of 1/12 cycle per px, exp(-2 π² σ² f²): at 2 px 0.578, in linear light, along both axes."""
    light = grating(0.4, 0.2, turned)
    seen = blur.decode_srgb(gaussian_blur(blur.encode_srgb(light))(2.0))
    np.testing.assert_allclose(seen, 0.4 + 0.578 * (light - 0.4), atol=0.004)


@pytest.mark.parametrize("turned", [False, True])
def test_a_grating_loses_what_the_transfer_takes_of_its_contrast(turned):
    """Its root mean square contrast is 0.5 / √2; at 2 px it loses 1 - 0.578 of it."""
    lost = contrast_lost(blur.encode_srgb(grating(0.4, 0.2, turned)))
    assert lost(2.0) == pytest.approx((1 - 0.578) * 0.5 / np.sqrt(2), rel=0.01)
    assert lost(0.0) == 0
    assert lost(48.0) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


def test_the_contrast_lost_is_that_of_the_blurred_picture():
    """But for its rounding, along both axes, whatever the shape; and it rises with the blur."""
    for rgb in (NOISE, NOISE.swapaxes(0, 1), NOISE[:, :39]):
        lost = contrast_lost(rgb)
        sigmas = (0.3, 1.0, 4.0, 15.0)
        for sigma in sigmas:
            seen = luminance_difference(gaussian_blur(rgb)(sigma), rgb)
            assert lost(sigma) == pytest.approx(seen, rel=0.01)
        assert np.all(np.diff([lost(sigma) for sigma in sigmas]) > 0)


def test_the_contrast_lost_is_relative_to_the_mean_and_of_luminance():
    """A flat picture has none to lose, a dimmer one as much. Opposed colours have no contrast."""
    for level in (0, 7, 255):
        assert contrast_lost(np.full((6, 9, 3), level, np.uint8))(3.0) == pytest.approx(0, abs=1e-6)
    bright, dim = (contrast_lost(blur.encode_srgb(grating(m, m / 2)))(2.0) for m in (0.4, 0.1))
    assert dim == pytest.approx(bright, rel=0.02)
    # red up by as much luminance as blue and green go down
    opposed = 0.3 + grating(0, 0.2) * [1, -0.2126 / 0.7874, -0.2126 / 0.7874]
    assert contrast_lost(blur.encode_srgb(opposed))(2.0) < 0.01
