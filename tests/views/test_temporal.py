"""Time: the response of receptors, weights of frames, and what an eye sees of a moving scene."""

import numpy as np
import pytest
from scipy import integrate, stats

from catsight import CatsightError
from catsight.inputs import eyes
from catsight.views import Eye
from catsight.views.colour import decode_srgb, encode_srgb
from catsight.views.temporal import FUSION, at, response, transfer, weights

CONDITIONS = {"field_of_view": 60, "luminance": 100}


@pytest.mark.parametrize(
    ("seconds", "hertz"), [(0.05, 55), (0.05, 75), (0.03, 50), (0.1, 20), (1, 1.25), (0.05, 300)]
)
def test_a_response_has_its_integration_time_and_its_critical_frequency(seconds, hertz):
    """By quadrature of the response itself, a gamma density, and of its Fourier integral."""
    found = response(seconds, hertz)
    flash = stats.gamma(found.order, scale=found.constant)
    t = np.linspace(0, flash.ppf(1 - 1e-9), 400_001)[1:]
    h = flash.pdf(t)
    assert integrate.trapezoid(h, t) / h.max() == pytest.approx(seconds, rel=2e-3)
    wave = integrate.trapezoid(h * np.exp(-2j * np.pi * hertz * t), t)
    assert abs(wave) == pytest.approx(FUSION, rel=0.05)
    assert transfer(hertz, found) == pytest.approx(FUSION, rel=1e-6)
    assert transfer(0, found) == 1


def test_the_weight_of_a_frame_is_the_response_to_the_time_in_which_it_was_shown():
    found = response(0.05, 55)
    flash = stats.gamma(found.order, scale=found.constant)
    ages = [0.02, 0.05, 0.06]
    shares = weights(ages, found)
    for share, (newer, older) in zip(shares, [(0, 0.02), (0.02, 0.05), (0.05, np.inf)]):
        assert share == pytest.approx(integrate.quad(flash.pdf, newer, older)[0], abs=1e-7)
    assert shares.sum() == pytest.approx(1, abs=1e-15)
    np.testing.assert_array_equal(weights([0.04], found), [1])  # a scene that stands still


def test_time_stretches_in_dim_light_as_a_power_of_luminance():
    curve = {"integration_time": 0.05, "flicker": 60, "dim_luminance": 10, "dim_exponent": 0.5}
    assert at(curve, 10) == at(curve, 1000) == (0.05, 60)
    assert at(curve, 0.1) == pytest.approx((0.5, 6))


def test_flicker_fuses_where_it_was_measured():
    """Humans: 50 to 60 Hz in good light, and by Ferry and Porter's law some 11 Hz less for each
    decade (Hecht & Shlaer 1936); rods alone by 20 Hz. Cats: 55 to 70 Hz (Loop & Berkley 1975).
    """
    human, cat = Eye.load("human"), Eye.load("cat")
    assert 50 <= human.flicker_fusion(100) <= 60
    assert 9 <= human.flicker_fusion(100) - human.flicker_fusion(10) <= 14
    assert 15 <= human.flicker_fusion(1e-4) <= 20
    assert 55 <= cat.flicker_fusion(300) <= 70
    rates = [cat.flicker_fusion(level) for level in np.geomspace(1e-4, 1e3, 15)]
    assert (np.diff(rates) >= 0).all()


def grey(values):
    return encode_srgb(np.repeat(np.broadcast_to(values, (24, 24))[..., None], 3, axis=2))


def test_a_still_that_has_stood_for_ever_is_a_still():
    rgb = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    for name in ("cat", "human"):
        eye = Eye.load(name)
        still = eye.see(rgb, **CONDITIONS).astype(int)
        stood = eye.see(rgb, past=[(0.04, rgb), (0.08, rgb)], **CONDITIONS)
        np.testing.assert_allclose(stood, still, atol=1)


def test_a_moving_edge_smears_as_the_sum_says():
    """An edge that moves a pixel in 10 ms: behind it light falls off as the response adds it up.

    At 60 degrees for 24 px the optics do nothing. Cones and rods by their weight, in linear light.
    """
    human = Eye.load("human")
    step, frames = 0.01, 16
    places = np.arange(24)
    shown = [np.where(places < 20 - k, 0.8, 0.1) for k in range(frames)]  # the latest first
    past = [(step * k, grey(shown[k])) for k in range(1, frames)]
    seen = decode_srgb(human.see(grey(shown[0]), past=past, **CONDITIONS))[12, :, 1]
    edges = step * np.arange(frames + 1)
    edges[-1] = np.inf
    rods = 1 / (1 + 100 / 0.16)
    curves = ((1 - rods, (0.05, 55)), (rods, (0.1, 20)))
    wanted = np.zeros(24)
    for share, numbers in curves:
        found = response(*numbers)
        held = np.diff(stats.gamma(found.order, scale=found.constant).cdf(edges))
        wanted += share * (held @ np.array(shown))
    np.testing.assert_allclose(seen[2:-2], wanted[2:-2], atol=0.012)
    assert 0.2 < wanted[17] < 0.7  # there is a smear


def test_after_a_pause_a_picture_has_been_shown_for_a_moment_not_for_as_long():
    """A screen that was black for a second turns white: it is not white to the eye at once."""
    human = Eye.load("human")
    look = {"field_of_view": 60, "luminance": 0.01}
    light = [
        decode_srgb(human.see(grey(0.9), past=past, **look))[..., 1].mean()
        for past in ([(1.0, grey(0.02))], [(0.02, grey(0.9)), (1.02, grey(0.02))],
                     [(0.02, grey(0.9)), (0.04, grey(0.9)), (1.04, grey(0.02))])
    ]  # fmt: skip
    assert light[0] < 0.5 and abs(light[0] - light[1]) < 0.2 and light[1] < light[2] < 0.9


def test_the_order_of_the_past_does_not_matter_and_its_times_do():
    rng = np.random.default_rng(1)
    now, one, two = rng.integers(0, 256, (3, 16, 20, 3), dtype=np.uint8)
    cat = Eye.load("cat")
    seen = cat.see(now, past=[(0.04, one), (0.08, two)], **CONDITIONS)
    np.testing.assert_array_equal(cat.see(now, past=[(0.08, two), (0.04, one)], **CONDITIONS), seen)
    assert (cat.see(now, past=[(0.04, two), (0.08, one)], **CONDITIONS) != seen).any()
    assert (cat.see(now, past=[(0.02, one), (0.08, two)], **CONDITIONS) != seen).any()


def test_a_flash_fades_more_slowly_in_dim_light():
    human = Eye.load("human")
    flash, dark = grey(0.9), grey(0.02)
    left = [
        decode_srgb(human.see(dark, past=[(0.1, dark), (0.13, flash), (0.16, dark)],
                              field_of_view=60, luminance=level))[..., 1].mean()
        for level in (1, 10, 100)
    ]  # fmt: skip
    assert left[0] > left[1] > left[2] > 0.019


@pytest.mark.parametrize(
    ("past", "words"),
    [
        ([(0, np.zeros((4, 5, 3), np.uint8))], r"past has times \[0\]; each must be above 0"),
        ([(np.nan, np.zeros((4, 5, 3), np.uint8))], "each must be above 0"),
        ([(np.inf, np.zeros((4, 5, 3), np.uint8))], "each must be above 0"),
        ([(0.1, np.zeros((5, 4, 3), np.uint8))], r"past holds a picture of uint8 \(5, 4, 3\)"),
        ([(0.1, np.zeros((4, 5, 3)))], r"past holds a picture of float64 \(4, 5, 3\)"),
    ],
)
def test_a_past_that_cannot_be_is_refused(past, words):
    with pytest.raises(CatsightError, match=words):
        Eye.load("cat").see(np.zeros((4, 5, 3), np.uint8), past=past, **CONDITIONS)


def test_a_response_that_cannot_be_is_refused_with_what_may_be():
    parts = eyes.load("cat")
    parts["temporal"]["cones"]["flicker"] = 10
    with pytest.raises(CatsightError) as raised:
        Eye(parts)
    assert str(raised.value).splitlines()[1:] == [
        "  temporal.cones.flicker is 10; with an integration_time of 0.05 s it may be 25 to 300 Hz"
    ]
