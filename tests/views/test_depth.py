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
    grey = np.full((24, 32, 3), 118, np.uint8)
    depth = np.random.default_rng(1).choice([0.8, 1, 5], (24, 32))
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


def smeared(planes, dioptres):
    """A blur by hand: the mean of three neighbours in a row, unless in focus."""
    if dioptres == 0:
        return planes.copy()
    padded = np.pad(planes, ((0, 0), (0, 0), (1, 1)), mode="edge")
    return (padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]) / 3


@pytest.mark.parametrize(
    ("values", "steps", "wanted"),
    [
        # near and blurred over far and sharp: half transparent at its edge
        ([0.5, 0.5, 0.5, 1, 1, 1], [0, 0, 0, 2, 2, 2], [0.5, 0.5, 2 / 3, 5 / 6, 1, 1]),
        # near and sharp over far and blurred: the ground goes on behind it
        ([0, 0, 0.6, 1, 1, 1], [-2, -2, -2, 0, 0, 0], [0, 0.2, 0.4, 1, 1, 1]),
        # three layers: the middle one goes on behind the nearest, which lies over both
        ([0, 0, 0.5, 0.5, 1, 1], [0, 0, 1, 1, 2, 2], [0, 1 / 6, 1 / 3, 2 / 3, 5 / 6, 1]),
        # the same scene from the other side
        ([1, 1, 0.5, 0.5, 0, 0], [2, 2, 1, 1, 0, 0], [1, 5 / 6, 2 / 3, 1 / 3, 1 / 6, 0]),
        # a layer that does not border on the nearest one does not go on behind it
        ([0.5, 0.5, 0, 0, 1, 1], [1, 1, 0, 0, 2, 2], [0.5, 1 / 3, 1 / 6, 1 / 3, 2 / 3, 1]),
    ],
)
@pytest.mark.parametrize("down", [False, True])
def test_layers_are_composed_as_by_hand(values, steps, wanted, down):
    planes, defocus = np.array([[values], [values]]), np.array([steps]) * 0.125

    def blur(planes, dioptres):
        return smeared(planes.swapaxes(1, 2), dioptres).swapaxes(1, 2)

    if down:
        seen = blur_by_depth(planes.swapaxes(1, 2), defocus.T, blur).swapaxes(1, 2)
    else:
        seen = blur_by_depth(planes, defocus, smeared)
    np.testing.assert_allclose(seen, np.array([[wanted], [wanted]]), atol=1e-12)


def test_a_step_is_half_a_cycle_of_the_cats_acuity():
    """Through its slit, 11.5 mm tall: 5 minutes of arc, and 6 c/deg have half cycles of 5."""
    assert np.degrees(11.5e-3 * STEP) * 60 == pytest.approx(5, abs=0.1)


def test_dioptres_are_rounded_to_the_nearest_layer():
    asked = []
    blur_by_depth(
        np.ones((1, 1, 4)),
        np.array([[-0.0624, 0.0624, 0.0626, 0.1874]]),
        lambda planes, dioptres: asked.append(dioptres) or planes.copy(),
    )
    assert sorted(set(asked)) == [0, 0.125]


def test_defocus_is_added_to_that_of_the_depth():
    """1 m lies 0.5 D nearer than the plane in focus, at 2 m; chromatic blur tells the signs apart."""
    rgb = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    human = Eye.load("human")
    seen = human.see(rgb, depth=np.ones((24, 32)), focus=2.0, defocus=0.25, **CONDITIONS)
    for dioptres, same in ((0.75, True), (0.25, False), (-0.75, False)):
        wanted = human.see(rgb, defocus=dioptres, **CONDITIONS).astype(int)
        assert (np.abs(seen - wanted).max() <= 1) == same


@pytest.mark.parametrize(
    ("depth", "focus", "defocus", "dioptres"), [(0.01, 1, 0, 20), (np.inf, 0.25, -18, -20)]
)
def test_dioptres_stay_in_the_range_of_defocus(depth, focus, defocus, dioptres):
    rgb = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    seen = Eye.load("cat").see(
        rgb, depth=np.full((6, 8), depth), focus=focus, defocus=defocus, **CONDITIONS
    )
    wanted = Eye.load("cat").see(rgb, defocus=dioptres, **CONDITIONS)
    np.testing.assert_allclose(seen.astype(int), wanted, atol=1)


@pytest.mark.parametrize(("columns", "focus"), [(slice(14, 17), 1.0), (slice(14, 16), 4.0)])
@pytest.mark.parametrize("turned", [False, True])
def test_an_eye_looks_at_the_middle_by_default(columns, focus, turned):
    """At the median depth of the pixels up to a sixteenth of the picture from its centre.

    Of 32 px these are 5, from 14 to 18; a thing at 1 m fills three of them, or two.
    """
    depth = np.full((32, 32), 4.0)
    depth[10:24, columns] = 1.0
    rgb = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    depth = depth.T if turned else depth
    cat = Eye.load("cat")
    seen = cat.see(rgb, depth=depth, **CONDITIONS)
    np.testing.assert_array_equal(seen, cat.see(rgb, depth=depth, focus=focus, **CONDITIONS))
    other = cat.see(rgb, depth=depth, focus=5 - focus, **CONDITIONS)
    assert np.abs(seen.astype(int) - other).max() > 3


@pytest.mark.parametrize(("depth", "focus"), [(0.01, 0.05), (np.inf, 1e6)])
def test_the_middle_may_be_nearer_or_farther_than_any_focus(depth, focus):
    rgb = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    cat, depth = Eye.load("cat"), np.full((6, 8), depth)
    seen = cat.see(rgb, depth=depth, **CONDITIONS)
    np.testing.assert_array_equal(seen, cat.see(rgb, depth=depth, focus=focus, **CONDITIONS))


@pytest.mark.parametrize("kind", [np.float16, np.float64, np.int32, np.uint8, list])
def test_depth_may_be_of_any_kind_of_number(kind):
    rgb = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    depth = np.full((6, 8), 2).tolist() if kind is list else np.full((6, 8), 2, kind)
    seen = Eye.load("cat").see(rgb, depth=depth, focus=1, **CONDITIONS).astype(int)
    wanted = Eye.load("cat").see(rgb, defocus=-0.5, **CONDITIONS)
    np.testing.assert_allclose(seen, wanted, atol=1)


@pytest.mark.parametrize("depth", [0.0099, -1.0, np.nan, True, 1j])
def test_one_pixel_that_is_no_distance_is_enough(depth):
    rgb, depths = np.zeros((6, 8, 3), np.uint8), np.full((6, 8), np.array(depth))
    if not isinstance(depth, bool | complex):
        depths[:] = 1
        depths[3, 5] = depth
    with pytest.raises(CatsightError) as raised:
        Eye.load("cat").see(rgb, depth=depths, **CONDITIONS)
    assert str(raised.value) == (
        "depth must be in metres, each value a number of at least 0.01 (or infinity)"
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
