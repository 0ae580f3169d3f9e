"""The numbers that follow from an eye's parts, each changed by the part that it comes from."""

import numpy as np
import pytest

from catsight import CatsightError
from catsight.inputs import eyes
from catsight.views import Eye
from catsight.views.acuity import neural_mtf
from catsight.views.colour import effective_wavelength
from catsight.views.optics import chromatic_defocus, disc_mtf


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
    parts["acuity"]["cutoff"] = 200
    return Eye(parts)


def transfer(f, wavelength):
    """Of diffraction at that pupil, and of nerves that pass 0.0284 at 200 c/deg."""
    return disc_mtf(f, 4.0, wavelength) * 0.028447 ** np.square(np.asarray(f) / 200)


def test_transfer_is_that_of_diffraction_by_the_wavelength_in_focus(round_eye):
    """541 nm; at frequencies of any shape, and in any direction."""
    f = np.array([[0.0, 10], [-30, 60]])
    for orientation in (0, 45, 90, -360, 360):
        seen = round_eye.mtf(f, orientation, luminance=100)
        assert seen.shape == (2, 2)
        np.testing.assert_allclose(seen, transfer(f, 541), atol=3e-4)
    assert round_eye.mtf(20, luminance=100) == pytest.approx(transfer(20, 541), abs=3e-4)


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
    """Each in focus for its own light where there is no chromatic aberration."""
    pupil = round_eye.parts["pupil"] | {"chromatic": {"focus": 541, "strength": 0}}
    for i, receptor in enumerate(("S", "L", "rod")):
        light = effective_wavelength(round_eye.sensitivities[i], "D65")
        seen = Eye(round_eye.parts | {"pupil": pupil}).mtf(40, luminance=100, receptor=receptor)
        assert seen == pytest.approx(transfer(40, light), abs=3e-4)
        # with it, only the light at 541 nm stays in focus
        loss = seen - round_eye.mtf(40, luminance=100, receptor=receptor)
        assert (loss > 0.1) == (receptor != "L")


def test_chromatic_focus_and_strength_come_from_the_eye():
    """Defocus makes up for another strength, or another wavelength in focus."""
    weak = eye(pupil__chromatic={"focus": 541, "strength": 0.5})
    light = effective_wavelength(weak.sensitivities[0], "D65")
    for focus, strength in ((541, 1.0), (600, 0.5)):
        other = eye(pupil__chromatic={"focus": focus, "strength": strength})
        more = chromatic_defocus(light, strength, focus) - chromatic_defocus(light, 0.5, 541)
        assert more < -0.1
        conditions = {"luminance": 1, "receptor": "S"}
        np.testing.assert_allclose(
            other.mtf([1, 3], 90, defocus=0.2 - more, **conditions),
            weak.mtf([1, 3], 90, defocus=0.2, **conditions),
        )


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
        )
        passed = cat.mtf(limit, 90, luminance=luminance)
        assert passed == pytest.approx(np.exp(-3.5597), rel=0.06)
        half = np.sqrt(np.log(2) / 3.5597)
        assert neural_mtf(1, cat._neural_sigma(luminance)) == pytest.approx(
            0.5 ** (1 / (half * limit) ** 2), rel=1e-3
        )


def test_an_eye_is_made_of_its_own_parts():
    parts = eyes.load("cat")
    cat = Eye(parts)
    parts["pupil"] = eyes.load("human")["pupil"]
    assert cat.parts == eyes.load("cat")
    with pytest.raises(CatsightError, match=r"^an eye is not valid:\n  the eye lacks 'pupil'"):
        Eye({name: part for name, part in parts.items() if name != "pupil"})
