"""Desaturation keeps luminance, and loses the colour that it says."""

import numpy as np
import pytest

from catsight.views import filters
from catsight.views.colour import decode_srgb
from catsight.views.differences import LUMINANCE, chroma, chromatic_difference
from catsight.views.grey import desaturation

NOISE = np.random.default_rng(2).integers(0, 256, (24, 40, 3), dtype=np.uint8)


def test_nothing_and_all_of_the_colour_can_be_taken():
    mixed, lost = desaturation(NOISE)
    np.testing.assert_array_equal(mixed(0.0), NOISE)
    off = mixed(1.0).astype(int) - filters.greyscale(NOISE)
    assert np.abs(off).max() <= 1
    assert lost(0.0) == 0
    rms_chroma = np.sqrt(np.mean(np.sum(chroma(decode_srgb(NOISE)) ** 2, axis=-1)))
    assert lost(1.0) == pytest.approx(rms_chroma, rel=1e-4)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_luminance_stays_and_each_channel_moves_towards_it(share):
    light, seen = decode_srgb(NOISE), decode_srgb(desaturation(NOISE)[0](share))
    wanted = (1 - share) * light + share * (light @ LUMINANCE)[..., None]
    step = decode_srgb(np.array([255, 254], np.uint8))
    np.testing.assert_allclose(seen, wanted, atol=(step[0] - step[1]) / 2 * 1.01)
    np.testing.assert_allclose(seen @ LUMINANCE, light @ LUMINANCE, atol=0.004)


def test_the_colour_lost_is_that_of_the_picture_and_rises():
    mixed, lost = desaturation(NOISE)
    shares = (0.1, 0.3, 0.6, 1.0)
    for share in shares:
        assert lost(share) == pytest.approx(chromatic_difference(mixed(share), NOISE), rel=0.01)
    assert np.all(np.diff([lost(share) for share in shares]) > 0)
