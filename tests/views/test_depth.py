import numpy as np
import pytest

from catsight import CatsightError
from catsight.views import Eye
from catsight.views.colour import decode_srgb
from catsight.views.depth import STEP, blur_by_depth, defocus_map

CONDITIONS = {"field_of_view": 8, "luminance": 30}


@pytest.fixture
def rgb():
    return np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)


def test_dioptres_of_a_distance():
    depth = np.array([[0.5, 1, 2, np.inf]])
    np.testing.assert_allclose(defocus_map(depth, 1.0, 8), [[1, 0, -0.5, -1]])
    # objects nearer than the near point stay out of focus
    np.testing.assert_allclose(defocus_map(depth, 0.1, 4), [[-2, -3, -3.5, -4]])


def test_a_flat_scene_is_one_defocus(rgb):
    cat = Eye.load("cat")
    for depth, focus, dioptres in [
        (1.0, 1.0, 0.0),
        (1.0, None, 0.0),
        (2.0, 1.0, -0.5),
        (np.inf, 2.0, -0.5),
        (0.5, 1.0, 1.0),
    ]:
        seen = cat.see(rgb, depth=np.full((96, 128), depth), focus=focus, **CONDITIONS)
        np.testing.assert_allclose(
            seen.astype(int), cat.see(rgb, defocus=dioptres, **CONDITIONS), atol=1
        )


def test_uniform_field_stays_whatever_its_depth():
    grey = np.full((96, 128, 3), 118, np.uint8)
    depth = np.random.default_rng(1).uniform(0.2, 20, (96, 128))
    for name in ("cat", "human"):
        np.testing.assert_array_equal(
            Eye.load(name).see(grey, depth=depth, focus=1.0, **CONDITIONS), grey
        )


def halves(near_left: bool):
    """A white half at 0.5 m beside a black one at 10 m."""
    rgb = np.zeros((64, 128, 3), np.uint8)
    depth = np.full((64, 128), 10.0)
    side = slice(0, 64) if near_left else slice(64, 128)
    rgb[:, side], depth[:, side] = 255, 0.5
    return rgb, depth


def test_a_near_thing_in_focus_has_a_sharp_edge_over_a_blurred_ground():
    rgb, depth = halves(near_left=True)
    cat = Eye.load("cat")
    sharp = decode_srgb(cat.see(rgb, **CONDITIONS))[32, :, 1]
    seen = decode_srgb(cat.see(rgb, depth=depth, focus=0.5, **CONDITIONS))[32, :, 1]
    np.testing.assert_allclose(
        seen, sharp, atol=0.01
    )  # the ground is black: its blur cannot be seen
    # the same edge, blurred as much as the ground, is far wider
    blurred = decode_srgb(cat.see(rgb, defocus=-1.9, **CONDITIONS))[32, :, 1]
    assert np.abs(blurred - sharp).max() > 0.1


def test_a_near_thing_out_of_focus_spreads_over_a_sharp_ground():
    rgb, depth = halves(near_left=False)
    cat = Eye.load("cat")
    seen = decode_srgb(cat.see(rgb, depth=depth, focus=10.0, **CONDITIONS))[32, :, 1]
    blurred = decode_srgb(cat.see(rgb, defocus=1.9, **CONDITIONS))[32, :, 1]
    np.testing.assert_allclose(seen, blurred, atol=0.02)
    assert (np.diff(seen) > -0.01).all()  # no dark or light seam


def test_a_thing_between_leaves_no_halo_around_a_nearer_one_elsewhere():
    """A black ground, a near black box in focus, and a white card between them in another corner."""
    rgb, depth = np.zeros((96, 96, 3), np.uint8), np.full((96, 96), 10.0)
    depth[10:30, 10:30] = 0.5
    rgb[80:, 80:], depth[80:, 80:] = 255, 1.0
    for name in ("cat", "human"):
        seen = Eye.load(name).see(rgb, depth=depth, focus=0.5, **CONDITIONS)
        assert seen[:45, :45].max() <= 2, name
        assert seen[90:, 90:].min() > 100


def test_each_part_is_as_sharp_as_its_distance_allows(rgb):
    """Texture far from the seam is blurred by its own defocus alone."""
    depth = np.full((96, 128), 1.0)
    depth[:, 64:] = 4.0
    cat = Eye.load("cat")
    seen = cat.see(rgb, depth=depth, focus=1.0, **CONDITIONS).astype(int)
    np.testing.assert_allclose(seen[:, :20], cat.see(rgb, **CONDITIONS)[:, :20], atol=2)
    np.testing.assert_allclose(
        seen[:, 108:], cat.see(rgb, defocus=-0.75, **CONDITIONS)[:, 108:], atol=2
    )


def test_layers_lie_a_step_apart():
    asked = []

    def blur(planes, dioptres):
        asked.append(dioptres)
        return planes.copy()

    planes = np.random.default_rng(2).random((2, 5, 6)).astype(np.float32)
    defocus = np.linspace(-1, 1, 30).reshape(5, 6)
    np.testing.assert_allclose(blur_by_depth(planes, defocus, blur), planes, atol=1e-6)
    assert asked[0] == -1 and max(asked) == 1
    assert all(step / STEP == round(step / STEP) for step in asked)


@pytest.mark.parametrize(
    ("depth", "focus", "words"),
    [
        (
            np.ones((5, 5)),
            None,
            r"depth has the shape \(5, 5\); it must have the picture's, \(96, 128\)",
        ),
        (
            np.zeros((96, 128)),
            None,
            "depth must be in metres, each value a number of at least 0.01",
        ),
        (np.full((96, 128), np.nan), None, "depth must be in metres"),
        (np.ones((96, 128)), 0, "focus is 0; it must be a number from 0.05 to 1e\\+06 metres"),
        (np.full((96, 128), "near"), None, "depth must be in metres"),
    ],
)
def test_absurd_depths_are_named(rgb, depth, focus, words):
    with pytest.raises(CatsightError, match=words):
        Eye.load("cat").see(rgb, depth=depth, focus=focus, **CONDITIONS)
