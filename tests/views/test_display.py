"""Renderings of what two kinds of cones see: each is the original to the eye itself."""

import numpy as np
import pytest

from catsight import CatsightError
from catsight.inputs import viewing
from catsight.views import Eye
from catsight.views.colour import encode_srgb
from catsight.views.display import DISPLAYS, back_projection

_LEVELS = (np.arange(40) + 0.5) / 40  # the middles of cells: faces of the cube have no volume
#: The cube of linear sRGB, (33³, 3).
CUBE = np.stack(np.meshgrid(_LEVELS, _LEVELS, _LEVELS), axis=-1).reshape(-1, 3)
NAMED = [name for name in DISPLAYS if name != "auto"]


def catches_of(name: str) -> np.ndarray:
    return Eye.load(name).catches[:-1]


def v_of(name: str, display: str) -> np.ndarray:
    catches = catches_of(name)
    return back_projection(catches, display) @ catches


def clipped(v: np.ndarray) -> float:
    """Share of the cube that leaves the gamut."""
    colours = CUBE @ v.T
    return float(np.mean(((colours < -1e-9) | (colours > 1 + 1e-9)).any(axis=1)))


def test_every_rendering_has_a_name_that_a_study_may_give():
    assert list(DISPLAYS) == list(viewing.DISPLAYS)
    with pytest.raises(CatsightError, match="display is 'pink'; it may be auto, yellow-blue, red-"):
        Eye.load("cat").see(np.zeros((4, 4, 3), np.uint8), field_of_view=9, luminance=9, display="pink")  # fmt: skip


@pytest.mark.parametrize("display", DISPLAYS)
@pytest.mark.parametrize("eye", ["cat", "dog", "mouse", "tritanope"])
def test_every_rendering_is_the_original_to_the_eye_itself(eye, display):
    """M V = M, V V = V, white stays white, and what is confused becomes one colour."""
    catches, v = catches_of(eye), v_of(eye, display)
    np.testing.assert_allclose(catches @ v, catches, atol=1e-12)
    np.testing.assert_allclose(v @ v, v, atol=1e-11)
    np.testing.assert_allclose(v @ np.ones(3), 1, atol=1e-12)
    np.testing.assert_allclose(v @ np.cross(*catches), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("display", "alike"), [("yellow-blue", (0, 1)), ("red-cyan", (1, 2)), ("green-magenta", (0, 2))]
)
def test_a_pair_of_colours_has_the_channels_alike_that_its_name_says(display, alike):
    v = v_of("cat", display)
    np.testing.assert_allclose(v[alike[0]], v[alike[1]], atol=1e-12)
    assert not np.allclose(v[0], v[1]) or not np.allclose(v[1], v[2])


def test_a_choice_is_made_by_default_and_no_other_eye_has_any():
    for name, display in (
        ("cat", "yellow-blue"),
        ("dog", "yellow-blue"),
        ("tritanope", "red-cyan"),
    ):
        np.testing.assert_array_equal(v_of(name, "auto"), v_of(name, display))
    grey = np.array([[0.2, 0.5, 0.3]])
    for display in DISPLAYS:
        np.testing.assert_allclose(v_of("human", display), np.eye(3), atol=1e-12)
        np.testing.assert_allclose(back_projection(grey, display) @ grey, np.tile(grey, (3, 1)))


@pytest.mark.parametrize("eye", ["cat", "mouse", "tritanope"])
def test_of_all_planes_through_white_one_changes_colours_least(eye):
    """In steps of a degree; the sum of squares over all colours that average to grey."""
    catches = catches_of(eye)
    across = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])
    least = np.linalg.norm(v_of(eye, "least-change") - np.eye(3))
    found = []
    for angle in np.radians(np.arange(180)):
        basis = np.stack([np.ones(3), np.cos(angle) * across[0] + np.sin(angle) * across[1]], 1)
        found.append(np.linalg.norm(basis @ np.linalg.inv(catches @ basis) @ catches - np.eye(3)))
    assert least <= min(found) <= least + 1e-3


@pytest.mark.parametrize(
    ("eye", "shares"),
    [
        ("cat", [0.009, 0.691, 0.136, 0.02]),
        ("dog", [0.001, 0.735, 0.1, 0.01]),
        ("tritanope", [0.687, 0.047, 0.221, 0.067]),
        ("mouse", [0.289, 0.544, 0.046, 0.055]),
    ],
)
def test_how_much_of_the_gamut_is_clipped(eye, shares):
    """As docs/eyes.md says: a pair that the cones tell apart badly leaves the gamut."""
    found = [clipped(v_of(eye, display)) for display in NAMED]
    assert found == pytest.approx(shares, abs=0.002)


def test_luminance_by_long_cones_alone_cannot_be_shown():
    """Its plane holds the colour without luminance that L cones do not catch; a cat's nearly all
    clip, since 554 nm is nearly where luminance is caught, too.
    """
    luminance, catches = np.array([0.2126, 0.7152, 0.0722]), catches_of("cat")
    basis = np.stack([np.ones(3), np.cross(luminance, catches[1])], axis=1)
    v = basis @ np.linalg.inv(catches @ basis) @ catches
    np.testing.assert_allclose(luminance @ v, catches[1], atol=1e-9)
    assert clipped(v) > 0.9


def test_a_picture_in_each_rendering_is_one_picture_to_the_cat():
    """Colours of the middle of the gamut, where nothing clips: alike to the eye, not to a human."""
    cat, rng = Eye.load("cat"), np.random.default_rng(0)
    plain = encode_srgb(0.4 + 0.05 * rng.standard_normal((1, 1, 3)))
    field = np.broadcast_to(plain, (16, 16, 3)).copy()
    look = {"field_of_view": 8, "luminance": 1e5}
    wanted = cat.see(field, **look).astype(int)
    seen = {name: cat.see(field, display=name, **look) for name in NAMED}
    for name, picture in seen.items():
        np.testing.assert_allclose(
            cat.see(picture, **look).astype(int), wanted, atol=1, err_msg=name
        )
    assert np.ptp([picture[8, 8].astype(int) for picture in seen.values()], axis=0).max() > 5


def test_one_eye_sees_in_several_renderings_in_turn():
    """What is kept from one rendering is not used for another."""
    cat, look = Eye.load("cat"), {"field_of_view": 8, "luminance": 100}
    field = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    for display in ("auto", "red-cyan", "auto", "least-change"):
        for more in ({}, {"eccentricity": True}):
            ours = cat.see(field, display=display, **look, **more)
            fresh = Eye.load("cat").see(field, display=display, **look, **more)
            np.testing.assert_array_equal(ours, fresh)
