import numpy as np
import pytest

from catsight import CatsightError, eyes, resources
from catsight.views import Eye
from catsight.views.colour import (
    WAVELENGTHS,
    decode_srgb,
    encode_srgb,
    govardovskii2000,
    metamer_projection,
    sensitivity,
)


@pytest.mark.parametrize(
    ("peak", "alpha"),
    [
        (450, [0.489, 1.001, 0.338, 0.0074, 0.0001, 0]),
        (501, [0.102, 0.547, 1.001, 0.451, 0.0271, 0.0004]),
        (554, [0.015, 0.137, 0.574, 0.997, 0.571, 0.069]),
    ],
)
def test_pigment_template(peak, alpha):
    # the alpha band at 400, 450 ... 650 nm; the beta band adds most at 400 and 450, and 0.004 at 500 for the L pigment
    nm = np.array([500.0, 550, 600, 650])
    np.testing.assert_allclose(govardovskii2000(nm, peak), alpha[2:], atol=5e-3)


def test_catches_of_the_cat():
    # Mallett & Yuksel under D65, 400 to 700 nm, worked out beforehand for this cat (with its own quadrature: 0.004)
    cat = Eye.load("cat")
    np.testing.assert_allclose(cat.cone_catches, [[0.0273, 0.1840, 0.7887], [0.1840, 0.6411, 0.1749]], atol=0.004)
    np.testing.assert_allclose(cat.rod_catch, [0.0246, 0.5465, 0.4289], atol=0.004)


def test_catches_of_the_human():
    human = Eye.load("human")
    wanted = [[0.0207, 0.0983, 0.8811], [0.1013, 0.7732, 0.1255], [0.2737, 0.6526, 0.0737]]
    np.testing.assert_allclose(human.cone_catches, wanted, atol=0.001)
    np.testing.assert_allclose(human.rod_catch, [0.0181, 0.5852, 0.3966], atol=0.001)


def test_projection_merges_metamers_and_changes_no_catch():
    catches = Eye.load("cat").cone_catches
    v = metamer_projection(catches)
    np.testing.assert_allclose(v, [[0.2287, 0.7713, 0], [0.2287, 0.7713, 0], [-0.0267, 0.0267, 1]], atol=0.002)
    np.testing.assert_allclose(v @ v, v, atol=1e-12)
    np.testing.assert_allclose(catches @ v, catches, atol=1e-12)
    np.testing.assert_allclose(v @ np.ones(3), 1, atol=1e-12)
    assert np.linalg.matrix_rank(v) == 2
    np.testing.assert_array_equal(metamer_projection(Eye.load("human").cone_catches), np.eye(3))
    np.testing.assert_allclose(metamer_projection(np.array([[0.2, 0.5, 0.3]])), np.tile([0.2, 0.5, 0.3], (3, 1)))


def test_teal_and_pink_are_one_colour_to_a_cat_and_two_to_a_human():
    teal, pink = (np.full((16, 16, 3), rgb, np.uint8) for rgb in ([63, 164, 147], [196, 131, 151]))
    conditions = {"field_of_view": 5, "luminance": 300}
    cat, human = Eye.load("cat"), Eye.load("human")
    difference = cat.see(teal, **conditions).astype(int) - cat.see(pink, **conditions)
    assert np.abs(difference).max() <= 2
    np.testing.assert_allclose(cat.see(teal, **conditions), 149, atol=2)
    difference = human.see(teal, **conditions).astype(int) - human.see(pink, **conditions)
    assert np.abs(difference).max() > 100


def test_neutral_point():
    """Where a monochromatic light looks white to the cat: its cones are caught in the ratio of white."""
    from colour import SDS_ILLUMINANTS

    parts = eyes.load("cat")["colour"]
    light = SDS_ILLUMINANTS["D65"]
    white = np.interp(WAVELENGTHS, light.wavelengths, light.values)
    short, long = (sensitivity(parts["cones"][cone], parts["media"]) for cone in "SL")
    balance = np.log((short / (short @ white)) / (long / (long @ white)))
    nm = np.interp(0, -balance[10:30], WAVELENGTHS[10:30])
    assert 499 < nm < 507


def test_srgb_goes_there_and_back():
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(encode_srgb(decode_srgb(codes)), codes)
    assert decode_srgb(np.array([188], np.uint8))[0] == pytest.approx(0.5029, abs=1e-4)


def test_every_number_of_an_eye_has_unit_source_and_confidence():
    def check(node, where):
        assert isinstance(node, dict), f"{where} is a bare value"
        if "value" in node:
            assert set(node) == {"value", "unit", "source", "confidence"}, where
            assert node["confidence"] in ("high", "medium", "low"), where
            assert len(str(node["source"])) > 8, where
        else:
            for key, child in node.items():
                check(child, f"{where}.{key}")

    for name in eyes.names():
        check(resources.load_yaml(resources.find("eyes") / f"{name}.yaml"), name)


def test_unknown_eye_and_part():
    with pytest.raises(CatsightError, match="'lion' is unknown; it may be cat, human"):
        Eye.load("lion")
    with pytest.raises(CatsightError, match="no part 'whiskers'; its parts are pupil, acuity, colour, rods"):
        Eye.load("cat").swap(Eye.load("human"), ["whiskers"])
