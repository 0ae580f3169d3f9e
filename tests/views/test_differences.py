"""How far pictures differ in luminance and in colour, by hand and beside scikit-image."""

import numpy as np
import pytest

from catsight.views.colour import decode_srgb, encode_srgb
from catsight.views.differences import (
    LUMINANCE,
    chroma,
    chromatic_difference,
    luminance_difference,
    relative_luminance,
)

NOISE = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def test_luminance_is_that_of_srgb_and_relative_to_its_mean():
    np.testing.assert_allclose(LUMINANCE, [0.2126, 0.7152, 0.0722], atol=1e-7)
    rgb = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    np.testing.assert_allclose(
        relative_luminance(rgb), 3 * np.array([[0.2126, 0.7152, 0.0722]]), rtol=1e-5
    )
    assert (relative_luminance(np.zeros((2, 3, 3), np.uint8)) == 1).all()


def test_the_luminance_difference_by_hand():
    """Greys of 0.2 and 0.6 are 0.5 and 1.5 of their mean; swapped, they differ by 1 each."""
    rgb = encode_srgb(np.array([[[0.2] * 3, [0.6] * 3]]))
    assert luminance_difference(rgb, rgb[:, ::-1]) == pytest.approx(1, rel=0.01)
    flat = encode_srgb(np.full((1, 2, 3), 0.4))
    assert luminance_difference(rgb, flat) == pytest.approx(0.5, rel=0.01)
    assert luminance_difference(flat, rgb) == luminance_difference(rgb, flat)


def test_brightness_and_colour_are_no_luminance_difference():
    light = decode_srgb(NOISE)
    assert luminance_difference(NOISE, encode_srgb(0.5 * light)) < 0.01
    grey = encode_srgb(np.repeat((light @ LUMINANCE)[..., None], 3, axis=2))
    assert luminance_difference(NOISE, grey) < 0.01
    assert luminance_difference(NOISE, NOISE) == chromatic_difference(NOISE, NOISE) == 0


def test_chroma_is_cielabs():
    """scikit-image rounds the white of D65 to other digits."""
    from skimage.color import rgb2lab

    np.testing.assert_allclose(chroma(decode_srgb(NOISE)), rgb2lab(NOISE)[..., 1:], atol=0.05)
    dark = NOISE // 32  # below the knee of CIELAB's function
    np.testing.assert_allclose(chroma(decode_srgb(dark)), rgb2lab(dark)[..., 1:], atol=0.05)


def test_the_chromatic_difference_is_a_root_mean_square_over_pixels():
    from skimage.color import rgb2lab

    other = NOISE[::-1]
    apart = (rgb2lab(NOISE) - rgb2lab(other))[..., 1:]
    wanted = np.sqrt(np.mean(np.sum(apart**2, axis=-1)))
    assert chromatic_difference(NOISE, other) == pytest.approx(wanted, rel=1e-3)
    assert chromatic_difference(other, NOISE) == chromatic_difference(NOISE, other)


def test_greys_have_no_colour():
    greys = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert np.abs(chroma(decode_srgb(greys))).max() < 1e-3
    assert chromatic_difference(greys, greys[:, ::-1]) < 1e-3
