import numpy as np
import pytest

from catsight.inputs import eyes
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
    """Of 100 times the quanta a tenth of the noise, and a quarter with twice the px per degree."""
    planes = np.full((1, 100, 100), 0.4, np.float32)
    dim, bright = (add_photon_noise(planes, np.array([n]), 10, 3).std() for n in (1e4, 1e6))
    assert dim == pytest.approx(np.sqrt(0.4 / 100), rel=0.03)
    assert bright == pytest.approx(np.sqrt(0.4 / 10_000), rel=0.03)
    fine = add_photon_noise(planes, np.array([1e4]), 20, 3).std()
    assert fine == pytest.approx(np.sqrt(0.4 / 25), rel=0.03)


def test_an_eye_sees_the_noise_that_its_rods_count_after_its_nerves_blur_it():
    """In the dark the picture is that of the rods; a Gaussian blur leaves 1/(4π σ²) of white noise.

    The variance of light is that of the quanta in one pixel, and σ is in px: the nerves'.
    """
    grey = np.full((256, 256, 3), 118, np.uint8)
    light = decode_srgb(grey).mean()
    cat = Eye.load("cat")
    for luminance in (1e-5, 1e-4):
        seen = decode_srgb(cat.see(grey, field_of_view=64, luminance=luminance, noise=3))[..., 1]
        middle = seen[10:-10, 10:-10]  # at the edges the noise is added to its mirror image
        per_pixel = cat.quanta(luminance)[-1] / 4**2
        sigma = 4 * neural_width(cat, luminance)
        wanted = np.sqrt(light / per_pixel / (4 * np.pi * sigma**2))
        assert middle.std() == pytest.approx(wanted, rel=0.08)
        assert middle.mean() == pytest.approx(light, rel=0.03)
    bright = decode_srgb(cat.see(grey, field_of_view=8, luminance=300, noise=3))[..., 1]
    assert bright.std() < 0.004


def neural_width(eye: Eye, luminance: float) -> float:
    """Standard deviation in degrees of the rods' neural blur: what they have beyond the optics."""
    keen = eye.parts["acuity"]["rods"] | {"cutoff": 200}
    optics = Eye(eye.parts | {"acuity": eye.parts["acuity"] | {"rods": keen}})
    whole, alone = (e.mtf(0.3, luminance=luminance, receptor="rod") for e in (eye, optics))
    return float(np.sqrt(np.log(alone / whole) / 2) / np.pi / 0.3)


def changed(part: str, key: str, value: float) -> Eye:
    parts = eyes.load("cat")
    where = parts[part]["cones"]["S"] if key == "S" else parts[part]
    where = parts[part]["pigment"] if key == "rod" else where
    where = parts[part][key] if part == "temporal" else where
    key = "integration_time" if part == "temporal" else key
    where["quantum_efficiency" if key in ("S", "rod") else key] = value
    return Eye(parts)


@pytest.mark.parametrize(
    ("part", "key", "value", "gains"),
    [
        ("temporal", "cones", 0.1, [2, 2, 1]),
        ("temporal", "rods", 0.3, [1, 1, 3]),
        ("colour", "S", 0.03, [3, 1, 1]),
        ("rods", "rod", 0.15, [1, 1, 0.5]),
    ],
)
def test_quanta_are_counted_by_time_and_efficiency(part, key, value, gains):
    """The cat's S and L cones and rods: 50 and 100 ms, 0.01, 0.11 and 0.3."""
    few = Eye.load("cat").quanta(1)
    np.testing.assert_allclose(changed(part, key, value).quanta(1) / few, gains, rtol=1e-9)


def test_quanta_grow_with_luminance_and_pupil():
    cat = Eye.load("cat")
    gain = 10 * cat.pupil(10).area / cat.pupil(1).area
    cones = gain * 10**-0.12  # their time shortens in brighter light
    np.testing.assert_allclose(cat.quanta(10) / cat.quanta(1), [cones, cones, gain], rtol=1e-9)
    gain = 10 * cat.pupil(2000).area / cat.pupil(200).area
    np.testing.assert_allclose(cat.quanta(2000) / cat.quanta(200), gain, rtol=1e-9)


def test_quanta_in_the_dark():
    """Human rods count about 9 isomerisations per rod, second and scotopic troland.

    With 12 700 rods in 1 deg².
    """
    cat, human = Eye.load("cat"), Eye.load("human")
    trolands = (
        2.48 * 1e-3 / 0.18 * human.pupil(1e-3).area
    )  # S/P ratio of D65; white in a scene of 1e-3 cd/m²
    seconds = 0.1 * (0.01 / 1e-3) ** 0.05
    per_rod = human.quanta(1e-3)[-1] / 12_700 / seconds
    assert per_rod / trolands == pytest.approx(9, rel=0.05)
    # the cat catches more through its pupil, tapetum and clear lens: by 0.74 log unit, from
    # behaviour (Kang et al. 2009)
    assert np.log10(cat.quanta(1e-5)[-1] / human.quanta(1e-5)[-1]) == pytest.approx(0.74, abs=0.1)


def test_grey_is_hardly_coloured_by_noise_in_a_bright_room():
    """Noise of single kinds of cones would come back as coloured grain of 5 codes and more."""
    grey = np.full((256, 256, 3), 118, np.uint8)
    for name in ("cat", "human"):
        seen = Eye.load(name).see(grey, field_of_view=8, luminance=100, noise=3)
        assert seen.std(axis=(0, 1)).max() < 1.5
