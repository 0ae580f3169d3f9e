from functools import partial

import numpy as np
import pytest

from catsight import CatsightError
from catsight.inputs import eyes, yaml_files
from catsight.views import Eye
from catsight.views.acuity import (
    THRESHOLD,
    blend_by_eccentricity,
    contrast_sensitivity,
    cutoff,
    neural_mtf,
    neural_sigma,
    photon_limit,
)
from catsight.views.colour import decode_srgb, encode_srgb


def test_acuity_in_dim_light():
    """Lind et al. 2017, PLoS ONE 12, e0188557: gratings at 43 and at 0.0087 cd/m²."""
    for name, bright, dim in [("dog", (5.5, 19.5), (1.8, 3.5)), ("human", (32, 44), (5.9, 9.9))]:
        eye = Eye.load(name)
        assert bright[0] <= eye.acuity(43) <= bright[1]
        assert dim[0] <= eye.acuity(0.0087) <= dim[1]


def test_a_human_loses_more_in_the_dark_than_a_cat_until_both_see_alike():
    """Pasternak & Merigan 1981, Vision Res. 21, 1333: from 16 cd/m² down over six log units."""
    cat, human = Eye.load("cat"), Eye.load("human")
    assert cat.acuity(16) == pytest.approx(6, rel=0.06)
    ratios = [
        human.acuity(level) / cat.acuity(level) for level in (16, 0.5, 0.05, 0.01, 1e-3, 16e-6)
    ]
    assert ratios[0] > 5.5
    assert (np.diff(ratios) < 0).all()
    assert 1 < ratios[-1] < 1.3


@pytest.mark.parametrize("luminance", [1e-4, 0.0087, 0.1, 1, 100])
def test_rods_have_a_limit_of_their_own(luminance):
    """Human rods pass at most 0.15 at 4 c/deg (Kang et al. 2009: poor or absent), at any light."""
    human = Eye.load("human")
    assert human.mtf(4, luminance=luminance, receptor="rod") <= 0.1501
    assert human.mtf(4, luminance=luminance) > 0.19


@pytest.mark.parametrize("name", ["human", "cat", "dog", "horse", "mouse"])
@pytest.mark.parametrize("luminance", [300, 3000])
def test_the_whole_eye_resolves_what_is_stated(name, luminance):
    eye = Eye.load(name)
    assert eye.acuity(luminance) == pytest.approx(eye.parts["acuity"]["cutoff"], rel=0.01)


@pytest.mark.parametrize("stated", [3, 6, 9, 20])
def test_doses_of_acuity_deliver_what_they_state(stated):
    cat = Eye(eyes.resolving(eyes.load("cat"), stated))
    assert cat.acuity(100) == pytest.approx(stated, rel=0.01)
    cat.check_acuity("a cat")
    # the optics of a sharper eye are better in proportion, those of a duller one the same
    scale = max(stated / 6, 1)
    assert cat.parts["pupil"]["residual"]["dioptres"] == pytest.approx(0.5 / scale)
    assert cat.parts["pupil"]["chromatic"]["strength"] == pytest.approx(0.665 / scale)
    assert cat.parts["acuity"]["rods"]["cutoff"] == pytest.approx(4 * stated / 6)


def test_an_acuity_that_the_optics_forbid_is_refused(tmp_path):
    text = (yaml_files.find("eyes") / "cat.yaml").read_text()
    lynx = tmp_path / "lynx.yaml"
    lynx.write_text(text.replace("cutoff: {value: 6, low: 3, high: 9", "cutoff: {value: 20"))
    with pytest.raises(CatsightError) as raised:
        Eye.load(str(lynx))
    told = str(raised.value)
    assert told.startswith(
        f"{lynx}: acuity.cutoff is 20 c/deg, but in focus the optics pass no more"
    )
    assert told.endswith(
        "lower the cutoff, or pupil.residual.dioptres and pupil.chromatic.strength"
    )


def test_colour_is_carried_less_far_than_detail():
    """Mullen 1985: gratings of red and green, or blue and yellow, end at 11 to 12 c/deg."""
    part = eyes.load("human")["acuity"]
    assert 11 <= cutoff(part, 1000, sense="colour") <= 12
    # a red-green grating of even luminance, drawn finer and finer; what is left of its colour
    human, left = Eye.load("human"), []
    swing = np.linalg.solve(human.catches[:-1], [0, -human._weights[2], human._weights[1]])
    swing *= 0.15 / np.abs(swing).max()
    for cycles in (2.0, 11.5):
        wave = np.cos(2 * np.pi * cycles * 4 * (np.arange(256) + 0.5) / 256)
        linear = 0.4 + np.broadcast_to(wave[None, :, None] * swing, (256, 256, 3))
        seen = decode_srgb(human.see(encode_srgb(linear), field_of_view=4, luminance=1000))
        cones = seen @ human.catches[:-1].T
        difference = (cones[..., 2] - cones[..., 1]).mean(axis=0)
        drawn = swing @ (human.catches[2] - human.catches[1])
        left.append(2 * difference @ wave / 256 / drawn)
    assert left[0] > 0.7
    assert left[1] == pytest.approx(THRESHOLD, abs=0.02)


def test_acuity_falls_off_the_line_of_sight():
    # Pasternak & Horn 1991: half an octave at 4, 1.3 octaves at 16 degrees
    part = eyes.load("cat")["acuity"]
    assert cutoff(part, 100, 4) / 6 == pytest.approx(2**-0.5, abs=0.03)
    assert cutoff(part, 100, 16) / 6 == pytest.approx(2**-1.3, abs=0.03)


@pytest.mark.parametrize(
    ("name", "peak", "at", "limit"),
    [("human", 217, 3.45, 47.2), ("cat", 99, 0.51, 5.99), ("dog", 99, 0.86, 10)],
)
def test_contrast_sensitivity(name, peak, at, limit):
    f = np.linspace(0.01, 60, 60_000)
    sensitivity = Eye.load(name).contrast_sensitivity(f)
    assert sensitivity.max() == pytest.approx(peak, rel=0.01)
    assert f[sensitivity.argmax()] == pytest.approx(at, abs=0.02)
    assert f[sensitivity >= 1].max() == pytest.approx(limit, abs=0.1)


def test_blend_has_the_variance_that_is_wanted():
    """Planes that hold the variance of their blur are mixed to the variance wanted at each pixel."""
    degrees = np.linspace(0, 20, 2000).reshape(1, -1)

    for least in (0.0, 0.05):
        wanted = partial(np.polyval, [0.01, least])
        blended = blend_by_eccentricity(
            degrees, wanted, lambda sigma: np.full((1, 1, 2000), sigma**2, np.float32)
        )
        np.testing.assert_allclose(
            blended[0, 0], (least + 0.01 * degrees[0]) ** 2, rtol=2e-3, atol=1e-5
        )


def test_eccentricity_blurs_the_edges_and_spares_the_middle():
    rgb = np.random.default_rng(0).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    cat, conditions = Eye.load("cat"), {"field_of_view": 20, "luminance": 100}
    plain = decode_srgb(cat.see(rgb, **conditions))
    fading = decode_srgb(cat.see(rgb, eccentricity=True, **conditions))
    middle = (slice(76, 84), slice(76, 84))
    np.testing.assert_allclose(fading[middle], plain[middle], atol=0.03)
    assert fading[:20].std() < 0.8 * plain[:20].std()
    grey = np.full((40, 60, 3), 77, np.uint8)
    np.testing.assert_array_equal(cat.see(grey, eccentricity=True, **conditions), grey)


@pytest.mark.parametrize(
    ("luminance", "eccentricity", "limit"),
    [(4, 0, 12), (40, 0, 12), (1, 0, 6), (0.25, 0, 3), (4, 5, 6), (4, 15, 3), (1, 5, 3)],
)
def test_acuity_by_luminance_and_eccentricity(luminance, eccentricity, limit):
    """12 c/deg; as the root of luminance below 4 cd/m², and half of it at 5 degrees."""
    part = {"cutoff": 12, "dim_luminance": 4, "dim_exponent": 0.5, "half_eccentricity": 5}
    assert cutoff(part, luminance, eccentricity) == pytest.approx(limit, rel=1e-12)


def test_the_nerves_take_what_the_optics_leave_up_to_the_threshold():
    """exp(-π²/(4 ln 2)) = 0.0284 of the contrast at the limit of acuity, whatever the optics."""
    assert pytest.approx(0.028447, abs=1e-6) == THRESHOLD
    for limit in (5.0, 40.0):
        for optics in (1.0, 0.5, 0.03):
            passed = optics * neural_mtf(limit, neural_sigma(limit, optics))
            assert passed == pytest.approx(0.028447, abs=1e-6)
        assert neural_sigma(limit, 0.028) == neural_sigma(limit, -0.1) == 0
    # the transform of a Gaussian whose standard deviation is 1/(2π) degrees
    np.testing.assert_allclose(neural_mtf([0, 1, -2], 0.5 / np.pi), np.exp([0, -0.5, -2]))


def test_contrast_sensitivity_is_a_difference_of_two_hyperbolic_secants():
    """sech 1 = 0.648054, sech 2 = 0.265802; where low frequencies are lost altogether it is 0."""
    part = {"gain": 100, "high": 2, "low": 1, "attenuation": 0.5, "power": 2}
    np.testing.assert_allclose(contrast_sensitivity([0, 2], part), [50, 51.5153], atol=1e-3)
    part |= {"power": 3, "high": 1, "low": 0.5}
    assert contrast_sensitivity(1, part) == pytest.approx(64.8054 - 13.2901, abs=1e-3)
    np.testing.assert_array_equal(contrast_sensitivity([0.0, 60], part | {"attenuation": 1.2}), 0)


def blended(degrees, sigma):
    """The sigmas of a blend of planes of ones, and the blend."""
    asked = []

    def blur(level):
        asked.append(float(level))
        return np.ones((2, *degrees.shape), np.float32)

    return asked, blend_by_eccentricity(degrees, sigma, blur)


def test_blurs_of_a_blend_are_a_quarter_apart_and_their_weights_sum_to_1():
    degrees = np.linspace(0, 10, 50).reshape(5, 10)
    asked, whole = blended(degrees, lambda e: 0.1 + 0.09 * e)
    np.testing.assert_allclose(whole, 1, atol=1e-6)
    assert asked[0] == pytest.approx(0.1) and asked[-1] == pytest.approx(1)
    assert len(asked) == 12  # 1.25^10 < 10 < 1.25^11
    np.testing.assert_allclose(np.diff(np.log(asked)), np.log(10) / 11, rtol=1e-6)


def test_a_blend_from_no_blur_at_all_begins_with_none():
    """Then with a 64th of the strongest: 1.25^18 < 64 < 1.25^19."""
    asked, whole = blended(np.linspace(0, 10, 50).reshape(5, 10), lambda e: 0.1 * e)
    np.testing.assert_allclose(whole, 1, atol=1e-6)
    assert asked[0] == 0 and asked[-1] == pytest.approx(1) and len(asked) == 20
    assert asked[1] == pytest.approx(64 ** (1 / 19) / 64)


def test_one_blur_is_enough_where_acuity_does_not_fall():
    asked, whole = blended(np.linspace(0, 10, 50).reshape(5, 10), lambda e: 0.3)
    assert asked == [0.3] and (whole == 1).all()
    asked, _ = blended(np.linspace(0, 10, 50).reshape(5, 10), lambda e: 0.3 + 0.001 * e)
    assert asked == pytest.approx([0.3, 0.31])


def test_contrast_sensitivity_in_dim_light_moves():
    part = Eye.load("cat").parts["acuity"]["contrast"]
    f = np.array([0.1, 0.3, 0.7, 2.0])
    np.testing.assert_allclose(
        contrast_sensitivity(0.25 * f, part, 0.25), contrast_sensitivity(f, part)
    )


@pytest.mark.parametrize(("frequency", "area"), [(0, 144.0), (1.25, 72.0), (30, 0.2496)])
def test_photon_limit_is_that_of_a_matched_filter(frequency, area):
    """A grating of that contrast in Poisson counts, summed with the weights of the grating: its
    mean is three standard deviations. 12 % of 5000 quanta/deg² count, of 12 degrees and 15 cycles
    at most.
    """
    contrast = 1 / float(photon_limit(frequency, np.array(5000.0)))
    wave = np.cos(2 * np.pi * np.arange(1000) / 1000)
    each = 0.12 * 5000 * area / 1000
    signal = wave @ (each * (1 + contrast * wave)) - wave @ np.full(1000, each)
    noise = np.sqrt(np.square(wave) @ np.full(1000, each))
    assert signal / noise == pytest.approx(3, rel=1e-3)


def changed(**values: float) -> Eye:
    """A cat with other numbers, possible or not: quanta counted by ``cones`` and ``rods``, ..."""
    cat = Eye(eyes.load("cat"))
    for cone in cat.parts["colour"]["cones"].values():
        cone["quantum_efficiency"] *= values.get("cones", 1)
    rods = cat.parts["rods"]
    rods["pigment"]["quantum_efficiency"] *= values.get("rods", 1)
    rods["tapetum"] = values.get("tapetum", rods["tapetum"])
    cat.parts["acuity"]["contrast"]["gain"] *= values.get("gain", 1)
    return cat


def test_in_the_dark_sensitivity_is_the_root_of_the_quanta_caught():
    """De Vries-Rose: by luminance, by the rods' efficiency, by the tapetum."""
    f, cat = np.array([0.05, 0.125, 0.25]), Eye.load("cat")
    dim = cat.contrast_sensitivity(f, 1e-6)
    light = np.sqrt(cat.quanta(1e-5)[-1] / cat.quanta(1e-6)[-1])
    np.testing.assert_allclose(cat.contrast_sensitivity(f, 1e-5) / dim, light, rtol=0.03)
    # of grey, 0.18 as bright as white; nearly all of 12 degrees
    np.testing.assert_allclose(dim[0], np.sqrt(0.12 * 0.18 * cat.quanta(1e-6)[-1] * 72) / 3, 0.03)
    quarter = changed(rods=0.25)
    np.testing.assert_allclose(quarter.contrast_sensitivity(f, 1e-6) / dim, 0.5, rtol=0.01)
    bare = changed(tapetum=0)
    caught = np.sqrt(bare.quanta(1e-6)[-1] / cat.quanta(1e-6)[-1])
    assert 0.8 < caught < 0.95
    np.testing.assert_allclose(bare.contrast_sensitivity(f, 1e-6) / dim, caught, rtol=0.01)


def test_only_the_optics_take_light_from_a_grating_in_the_dark():
    """The nerves pool its signal and the noise of its quanta alike."""
    luminance, cat = 1e-4, Eye.load("cat")
    f, nerves = np.array([0.1, 2.0]), cat._neural_sigma(1e-4, 0, "rods")
    passed = np.mean([
        cat.mtf(f, angle, luminance=luminance, receptor="rod") / neural_mtf(f, nerves)
        for angle in (0, 90)
    ], axis=0)  # fmt: skip
    assert passed[1] < 0.6
    alone = changed(gain=1e6).contrast_sensitivity(f, luminance)
    area = 1 / (1 / 144 + f**2 / 225)
    wanted = passed * np.sqrt(area)
    assert alone[1] / alone[0] == pytest.approx(wanted[1] / wanted[0], rel=1e-3)


@pytest.mark.parametrize(("luminance", "night"), [(1e-4, 1), (10, 0.5), (30, 0.1)])
def test_the_noise_of_quanta_adds_to_that_in_good_light(luminance, night):
    """Each alone: with much contrast, and with many quanta. Rods weigh 0.5 at 10 cd/m²."""
    f = np.array([0.1, 0.4, 1.0])
    both = Eye.load("cat").contrast_sensitivity(f, luminance)
    photons = changed(gain=1e6).contrast_sensitivity(f, luminance)
    nerves = changed(cones=1e8, rods=1e8).contrast_sensitivity(f, luminance)
    np.testing.assert_allclose(both**-2, photons**-2 + nerves**-2, rtol=1e-5)
    # the nerves' curve is that in good light, moved as the acuity of cones and rods is
    part = eyes.load("cat")["acuity"]
    limits = [cutoff(part, luminance, 0, sense) for sense in ("cones", "rods")]
    fall = ((1 - night) * limits[0] + night * limits[1]) / 6
    np.testing.assert_allclose(nerves, contrast_sensitivity(f / fall, part["contrast"]), rtol=1e-4)
    # quanta of cones and of rods count by their weights
    of_cones = changed(gain=1e6, rods=1e-9).contrast_sensitivity(f, luminance)
    of_rods = changed(gain=1e6, cones=1e-9).contrast_sensitivity(f, luminance)
    np.testing.assert_allclose(photons**2, of_cones**2 + of_rods**2, rtol=1e-3)
    counted = Eye.load("cat").quanta(luminance)
    ratio = night * counted[-1] / ((1 - night) * counted[:-1].sum() or np.inf)
    if night < 1:
        assert (of_rods[0] / of_cones[0]) ** 2 == pytest.approx(ratio, rel=0.03)


@pytest.mark.parametrize("name", ["cat", "human", "dog"])
def test_an_eyes_contrast_sensitivity_in_good_light(name):
    """Few quanta are lacking; and there is a value for a plain field and for the finest grating."""
    eye, f = Eye.load(name), np.geomspace(0.05, 2, 7)
    np.testing.assert_allclose(
        eye.contrast_sensitivity(f, 1000.0), eye.contrast_sensitivity(f), rtol=0.002
    )
    plain, fine = eye.contrast_sensitivity([0, 5000], 0.01)
    assert plain > 1 and fine == 0
    assert eye.contrast_sensitivity(1.0, 0.01).shape == ()


def test_in_the_dark_a_cat_sees_coarse_contrast_better_than_a_human_and_fine_worse():
    """Kang et al. 2009: by 0.74 log units of light up to 1/8 c/deg; the border is 1/2 c/deg.

    Ours lies at 0.5 to 0.8. Light counts by its root. 4 c/deg are poor or absent for both.
    """
    f = np.array([1 / 16, 1 / 8, 1 / 2, 1, 2])
    for luminance in (1e-5, 1e-4, 1e-3):
        cat, human = (
            Eye.load(name).contrast_sensitivity(f, luminance) for name in ("cat", "human")
        )
        assert (cat[:3] > human[:3]).all()
        assert (cat[3:] < human[3:]).all()
        assert (Eye.load("human").contrast_sensitivity(4, luminance)) < 1
        if luminance < 1e-3:
            np.testing.assert_allclose(2 * np.log10(cat[:2] / human[:2]), 0.74, atol=0.1)
