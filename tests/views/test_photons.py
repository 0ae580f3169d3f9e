import numpy as np
import pytest

from catsight.views import Eye
from catsight.views.colour import decode_srgb
from catsight.views.photons import add_photon_noise


def test_counts_are_poisson():
    """The mean is kept, the variance in quanta equals the mean, and all quanta are whole."""
    planes = np.full((2, 200, 300), 0.5, np.float32)
    planes[1] = 0.1
    counted = add_photon_noise(planes, np.array([4000.0, 900.0]), 10, seed=0).astype(
        float
    )  # 40 and 9 per pixel
    for plane, mean, per_pixel in zip(counted, (20, 0.9), (40, 9)):
        quanta = plane * per_pixel
        np.testing.assert_allclose(quanta, np.rint(quanta), atol=1e-4)
        assert quanta.mean() == pytest.approx(mean, rel=0.01)
        assert quanta.var() == pytest.approx(mean, rel=0.03)


def test_light_that_is_not_there_is_not_counted():
    counted = add_photon_noise(np.array([[[-0.01, 0.0]]], np.float32), np.array([1e6]), 10, seed=0)
    np.testing.assert_array_equal(counted, 0)


def test_noise_is_seeded():
    grey = np.full((64, 64, 3), 118, np.uint8)
    see = Eye.load("cat").see
    conditions = {"field_of_view": 4, "luminance": 1e-4}
    first = see(grey, noise=1, **conditions)
    np.testing.assert_array_equal(first, see(grey, noise=1, **conditions))
    assert (first != see(grey, noise=2, **conditions)).any()
    assert (first != see(grey, noise=[1, 5], **conditions)).any()
    assert (first != grey).any()


def test_noise_falls_with_light_as_the_square_root():
    grey = np.full((128, 128, 3), 118, np.uint8)
    cat = Eye.load("cat")
    noise = []
    for luminance in (1e-4, 1e-3, 1e-2):
        seen = decode_srgb(cat.see(grey, field_of_view=8, luminance=luminance, noise=3))[..., 1]
        assert seen.mean() == pytest.approx(decode_srgb(grey).mean(), rel=0.05)
        noise.append(seen.std())
    quanta = [cat.quanta(luminance)[-1] for luminance in (1e-4, 1e-3, 1e-2)]
    # in better light the nerves average over a smaller area, so it is not quite the square root
    assert noise[0] > noise[1] > noise[2]
    assert noise[0] / noise[1] == pytest.approx(np.sqrt(quanta[1] / quanta[0]), rel=0.5)
    bright = decode_srgb(cat.see(grey, field_of_view=8, luminance=300, noise=3))[..., 1]
    assert bright.std() < 0.004


def test_quanta_in_the_dark():
    """Human rods count about 9 isomerisations per rod, second and scotopic troland.

    With 12 700 rods in 1 deg².
    """
    cat, human = Eye.load("cat"), Eye.load("human")
    trolands = (
        2.48 * 1e-3 / 0.18 * human.pupil(1e-3).area
    )  # S/P ratio of D65; white in a scene of 1e-3 cd/m²
    per_rod = human.quanta(1e-3)[-1] / 12_700 / human.parts["rods"]["integration_time"]
    assert per_rod / trolands == pytest.approx(9, rel=0.05)
    # the cat catches more through its pupil, tapetum and clear lens: by 0.74 log unit, from
    # behaviour (Kang et al. 2009)
    assert np.log10(cat.quanta(1e-5)[-1] / human.quanta(1e-5)[-1]) == pytest.approx(0.74, abs=0.1)
