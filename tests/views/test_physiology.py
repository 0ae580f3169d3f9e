"""The numbers that follow from an eye's parts, each changed by the part that it comes from."""

import numpy as np
import pytest

from catsight import CatsightError
from catsight.inputs import eyes
from catsight.views import Eye
from catsight.views.acuity import neural_mtf
from catsight.views.colour import WAVELENGTHS, _illuminant
from catsight.views.optics import (
    aperture_otf,
    chromatic_defocus,
    disc_mtf,
    equivalent_defocus_mtf,
)


def eye(name="cat", **changes):
    """An eye with changed keys: ``pupil__tilt=3``."""
    parts = eyes.load(name)
    for key, value in changes.items():
        part, key = key.split("__")
        parts[part][key] = value
    return Eye(parts)


@pytest.fixture(scope="module")
def round_eye():
    """Diffraction at a pupil of 4 mm, hardly any residual blur, and an acuity of 200 c/deg."""
    parts = eyes.load("cat")
    parts["pupil"] |= {
        "shape": "disc", "area_max": 4 * np.pi, "area_min": 4 * np.pi,
        "residual": {"model": "equivalent_defocus", "dioptres": 1e-4},
    }  # fmt: skip
    parts["pupil"]["chromatic"] = {"focus": 541, "strength": 0}
    parts["acuity"]["cutoff"] = parts["acuity"]["rods"]["cutoff"] = 100
    return Eye(parts)


def transfer(f, light):
    """Of diffraction at that pupil, and of nerves that leave 0.0284 at 100 c/deg.

    ``light`` holds the quanta caught at each wavelength. Intensities of wavelengths add.
    """
    passed = np.array([disc_mtf(np.asarray(f), 4.0, nm) for nm in WAVELENGTHS])
    end = np.array([disc_mtf(100.0, 4.0, nm) for nm in WAVELENGTHS])
    share = light / light.sum()
    left = min(0.028447 / (share @ end), 1)
    return np.tensordot(share, passed, 1) * left ** np.square(np.asarray(f) / 100)


def caught_by(eye):
    """The quanta that the cones together, and then each receptor, catch of white."""
    each = eye.sensitivities * WAVELENGTHS * _illuminant("D65")
    share = eye.quanta(1.0)[:-1] / eye.quanta(1.0)[:-1].sum()
    return [share @ (each[:-1] / each[:-1].sum(axis=1, keepdims=True)), *each]


def test_transfer_is_that_of_diffraction_of_all_light_that_is_caught(round_eye):
    """At frequencies of any shape, and in any direction, without chromatic aberration."""
    f = np.array([[0.0, 10], [-30, 60]])
    together, *each = caught_by(round_eye)
    for orientation in (0, 45, 90, -360, 360):
        seen = round_eye.mtf(f, orientation, luminance=100)
        assert seen.shape == (2, 2)
        np.testing.assert_allclose(seen, transfer(f, together), atol=1e-3)
    # the rods' nerves are tuned to rods, the cones' to the cones together
    rods = round_eye.mtf(f, luminance=100, receptor="rod")
    np.testing.assert_allclose(rods, transfer(f, each[-1]), atol=1e-3)


def test_orientation_is_from_the_right_upwards():
    """A slit that leans 30 degrees to the right has its length at 60 degrees."""
    cat, leaning = eye(), eye(pupil__tilt=30)
    conditions = {"luminance": 100, "defocus": 0.5}
    for upright, turned in ((90, 60), (0, -30), (0, 150)):
        assert leaning.mtf(3, turned, **conditions) == pytest.approx(
            float(cat.mtf(3, upright, **conditions)), abs=1e-9
        )
    assert cat.mtf(3, **conditions) == cat.mtf(3, 0, **conditions)


def test_receptors_see_by_the_light_that_they_catch(round_eye):
    """With chromatic aberration only the light at 541 nm stays in focus."""
    pupil = round_eye.parts["pupil"] | {"chromatic": {"focus": 541, "strength": 0.665}}
    coloured = Eye(round_eye.parts | {"pupil": pupil})
    loss = {
        receptor: float(
            round_eye.mtf(8, luminance=100, receptor=receptor)
            - coloured.mtf(8, luminance=100, receptor=receptor)
        )
        for receptor in ("S", "L", "rod")
    }
    assert 0.02 < loss["L"] < loss["rod"] < loss["S"]


def test_chromatic_focus_and_strength_come_from_the_eye():
    """A focus at another wavelength is a defocus of all light alike."""
    blue, yellow = (eye(pupil__chromatic={"focus": focus, "strength": 0.5}) for focus in (480, 580))
    between = chromatic_defocus(580, 0.5, 480)
    for receptor in ("S", "L"):
        conditions = {"luminance": 1, "receptor": receptor}
        nerves = [neural_mtf(np.array([1.0, 3]), one._neural_sigma(1)) for one in (blue, yellow)]
        np.testing.assert_allclose(
            blue.mtf([1, 3], 90, defocus=0.2, **conditions) / nerves[0],
            yellow.mtf([1, 3], 90, defocus=0.2 + between, **conditions) / nerves[1],
            atol=1e-9,
        )


def test_the_slits_transfer_is_that_of_the_whole_band():
    """Along the slit at 6 c/deg an L cone's contrast is .32 at 100 cd/m², not the .50 of 541 nm."""
    cat = Eye.load("cat")
    size, f = cat.pupil(100), np.array([6.0])
    light = caught_by(cat)[2]
    each = [
        aperture_otf(size, 0 * f, f, chromatic_defocus(nm, 0.665, 541), nm)[0] for nm in WAVELENGTHS
    ]
    wanted = equivalent_defocus_mtf(6.0, size, 0.5) * (light @ each) / light.sum()
    assert wanted == pytest.approx(0.32, abs=0.01)
    seen = cat.mtf(f, 90, luminance=100, receptor="L") / neural_mtf(6.0, cat._neural_sigma(100))
    assert seen == pytest.approx(wanted, abs=0.008)


@pytest.mark.parametrize(
    ("receptor", "frequency", "defocus", "luminance", "wanted"),
    [("L", 6, 0.5, 83, (0.60, 0.65)), ("rod", 4, 0, 0.195, (0.45, 0.57)), ("S", 4, 0, 0.195, (0.26, 0.40))],
)  # fmt: skip
def test_a_human_out_of_focus_is_as_measured_eyes_are(
    receptor, frequency, defocus, luminance, wanted
):
    """Virtual eyes from the wavefronts of Thibos 2009: 0.60 to 0.64 of L cones' contrast at 3 mm and
    0.5 D; 0.53 of the rods' and 0.33 of the S cones' at 6 mm, in focus.
    """
    human = Eye.load("human")
    assert human.pupil(luminance).width == pytest.approx(3 if defocus else 6, abs=0.06)
    sense = "rods" if receptor == "rod" else "cones"
    nerves = neural_mtf(frequency, human._neural_sigma(luminance, 0, sense))
    seen = human.mtf(frequency, luminance=luminance, defocus=defocus, receptor=receptor) / nerves
    assert wanted[0] <= seen <= wanted[1]


@pytest.mark.parametrize("frequency", [np.nan, np.inf, [1, -np.inf]])
def test_frequencies_are_finite(frequency):
    with pytest.raises(CatsightError) as raised:
        Eye.load("cat").mtf(frequency, luminance=1)
    assert str(raised.value) == "frequency must be finite, in c/deg"
    with pytest.raises(CatsightError) as raised:
        Eye.load("cat").contrast_sensitivity(frequency)
    assert str(raised.value) == "frequency must be finite and at least 0, in c/deg"


def test_contrast_sensitivity_begins_at_0():
    assert Eye.load("cat").contrast_sensitivity([0, 1.0]) == pytest.approx([25.62, 73.76], abs=0.01)
    with pytest.raises(CatsightError, match="at least 0, in c/deg"):
        Eye.load("cat").contrast_sensitivity(-1e-9)


@pytest.mark.parametrize(
    ("luminance", "defocus", "words"), [(0, 0, "luminance"), (1, 30, "defocus")]
)
def test_conditions_of_a_transfer_are_checked(luminance, defocus, words):
    with pytest.raises(CatsightError, match=f"{words} is "):
        Eye.load("cat").mtf(1, luminance=luminance, defocus=defocus)
    if words == "luminance":
        for call in (Eye.load("cat").quanta, Eye.load("cat").colour_map):
            with pytest.raises(CatsightError, match="luminance is 0"):
                call(luminance)


def test_an_unknown_receptor_is_named_with_those_that_there_are():
    with pytest.raises(CatsightError) as raised:
        Eye.load("cat").mtf(1, luminance=1, receptor="M")
    assert str(raised.value) == "the eye has no receptor 'M'; it has S, L, rod"


def test_colours_are_those_of_cones_by_day_and_of_rods_by_night():
    """In between they mix by the rods' weight, here a half at 10 cd/m² and 0.1 at 30."""
    cat = Eye.load("cat")
    day, night, dusk, dim = (cat.colour_map(x) for x in (1e6, 1e-6, 10, 30))
    np.testing.assert_allclose(night, np.tile(cat.catches[-1], (3, 1)), atol=1e-6)
    np.testing.assert_allclose(cat.catches[:2] @ day, cat.catches[:2], atol=1e-6)
    np.testing.assert_allclose(day[0], day[1], atol=1e-9)  # red and green are one
    np.testing.assert_allclose(dusk, (day + night) / 2, atol=1e-6)
    np.testing.assert_allclose(dim, 0.9 * day + 0.1 * night, atol=1e-6)
    human = Eye.load("human").colour_map(1e6)
    np.testing.assert_allclose(human, np.eye(3), atol=2e-3)


def test_nerves_blur_up_to_the_acuity_at_that_luminance():
    """An eye of 3 c/deg in optics that pass nearly all: exp(-3.56) at its limit."""
    for luminance, limit in ((100, 3), (16, 3), (1.6, 3 * 10**-0.18)):
        cat = eye(
            acuity__cutoff=3,
            pupil__residual={"model": "equivalent_defocus", "dioptres": 1e-3},
            pupil__chromatic={"focus": 541, "strength": 0},
        )
        passed = [float(cat.mtf(limit, angle, luminance=luminance)) for angle in (0, 90)]
        assert np.mean(passed) == pytest.approx(np.exp(-3.5597), rel=1e-3)
        half = np.sqrt(np.log(2) / 3.5597)
        assert neural_mtf(1, cat._neural_sigma(luminance)) == pytest.approx(
            0.5 ** (1 / (half * limit) ** 2), rel=6e-3
        )


def test_an_eye_is_made_of_its_own_parts():
    parts = eyes.load("cat")
    cat = Eye(parts)
    parts["pupil"] = eyes.load("human")["pupil"]
    assert cat.parts == eyes.load("cat")
    with pytest.raises(CatsightError, match=r"^an eye is not valid:\n  the eye lacks 'pupil'"):
        Eye({name: part for name, part in parts.items() if name != "pupil"})
