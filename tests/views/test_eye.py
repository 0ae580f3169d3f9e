"""An eye: what it takes, its point spread, and the options of seeing, one at a time."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest

import catsight.views
from catsight import CatsightError
from catsight.inputs import eyes
from catsight.views import Eye
from catsight.views.colour import decode_srgb, encode_srgb

RGB = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
CONDITIONS = {"field_of_view": 5, "luminance": 3}


@pytest.fixture(scope="module")
def cat():
    return Eye.load("cat")


def test_the_package_gives_its_public_names():
    assert set(dir(catsight.views)) == {"FILTERS", "Eye", "Pupil"}
    for name, module in (("FILTERS", "filters"), ("Eye", "eye"), ("Pupil", "pupil")):
        found = getattr(catsight.views, name)
        assert getattr(__import__(f"catsight.views.{module}", fromlist=[name]), name) is found
    with pytest.raises(AttributeError, match=r"module 'catsight.views' has no attribute 'Iris'"):
        _ = catsight.views.Iris


@pytest.mark.parametrize(
    ("rgb", "words"),
    [
        ([[[0, 0, 0]]], "a picture must be a uint8 array (height, width, 3) of sRGB values"),
        (
            RGB.astype(np.uint16),
            "a picture must be a uint8 array (height, width, 3) of sRGB values",
        ),
        (RGB[..., 0], "a picture must be a uint8 array (height, width, 3) of sRGB values"),
        (RGB[None], "a picture must be a uint8 array (height, width, 3) of sRGB values"),
        (RGB[..., :2], "a picture must be a uint8 array (height, width, 3) of sRGB values"),
        (RGB[:, :0], "a picture of 0 × 20 px is empty"),
        (RGB[:0], "a picture of 30 × 0 px is empty"),
    ],
)
def test_what_is_no_picture_is_said(cat, rgb, words):
    with pytest.raises(CatsightError) as raised:
        cat.see(rgb, **CONDITIONS)
    assert str(raised.value) == words


def test_seeing_changes_neither_the_picture_nor_the_eye(cat):
    kept, parts = RGB.copy(), copy.deepcopy(cat.parts)
    for options in ({}, {"noise": 1}, {"eccentricity": True}, {"depth": np.ones((20, 30))}):
        first = cat.see(RGB, **CONDITIONS, **options)
        np.testing.assert_array_equal(RGB, kept)
        np.testing.assert_array_equal(cat.see(RGB, **CONDITIONS, **options), first)
        assert first.dtype == np.uint8 and first.shape == RGB.shape
    assert cat.parts == parts
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(cat)).see(RGB, **CONDITIONS), cat.see(RGB, **CONDITIONS)
    )


@pytest.mark.parametrize("name", ["cat", "human"])
def test_a_flat_scene_is_seen_as_a_picture_is_step_by_step(name):
    """Catching, blurring and projecting back one after another are the one map of a plain picture."""
    eye = Eye.load(name)
    seen = eye.see(RGB, depth=np.ones((20, 30)), focus=1, **CONDITIONS).astype(int)
    np.testing.assert_allclose(seen, eye.see(RGB, **CONDITIONS), atol=1)


def test_conditions_are_not_mixed_up_with_those_seen_before(cat):
    """Each picture is what an eye that never saw another one sees."""
    seen = [
        (shape, dict(zip(("field_of_view", "luminance", "defocus"), numbers)))
        for shape in ((20, 30), (30, 20))
        for numbers in ((5, 3, 0), (6, 3, 0), (5, 30, 0), (5, 3, 1))
    ]
    pictures = [cat.see(RGB.reshape(*shape, 3), **conditions) for shape, conditions in seen]
    for (shape, conditions), picture in zip(seen, pictures):
        fresh = Eye.load("cat").see(RGB.reshape(*shape, 3), **conditions)
        np.testing.assert_array_equal(picture, fresh)
    assert len({picture.tobytes() for picture in pictures}) == 8


def test_the_field_of_view_is_that_of_the_width(cat):
    """So the same pixels below one another, twice as many, are seen alike far from the seam."""
    tall = cat.see(np.concatenate([RGB, RGB[::-1]]), **CONDITIONS)
    np.testing.assert_allclose(tall[:15].astype(int), cat.see(RGB, **CONDITIONS)[:15], atol=1)
    wide = cat.see(
        np.concatenate([RGB, RGB[:, ::-1]], axis=1), **CONDITIONS | {"field_of_view": 10}
    )
    np.testing.assert_allclose(wide[:, :25].astype(int), cat.see(RGB, **CONDITIONS)[:, :25], atol=1)


def test_acuity_falls_off_the_middle_by_its_distance_in_both_directions(cat):
    """A fine grating keeps its contrast in the middle and loses it by distance, whichever way."""
    size = 96
    wave = 0.4 + 0.3 * np.cos(2 * np.pi * np.arange(size) / 3)
    plane = np.broadcast_to(wave, (size, size))
    round_ = Eye(cat.parts | {"acuity": cat.parts["acuity"] | {"streak": 1}})
    for grating in (plane, plane.T):
        rgb = encode_srgb(np.repeat(grating[..., None], 3, axis=2))
        seen = round_.see(rgb, field_of_view=16, luminance=100, eccentricity=True)
        light = decode_srgb(seen)[..., 1]
        spread = {
            place: light[rows, columns].std()
            for place, rows, columns in (
                ("middle", slice(44, 52), slice(44, 52)),
                ("left", slice(44, 52), slice(4, 12)),
                ("right", slice(44, 52), slice(84, 92)),
                ("top", slice(4, 12), slice(44, 52)),
                ("bottom", slice(84, 92), slice(44, 52)),
            )
        }
        edges = [spread[place] for place in ("left", "right", "top", "bottom")]
        assert spread["middle"] > 1.5 * max(edges)
        np.testing.assert_allclose(edges, np.mean(edges), rtol=0.12)


def test_with_a_streak_acuity_falls_off_faster_across_the_horizon(cat):
    """Twice as fast: 4 degrees up is as blurred as 8 degrees to the right, and no other."""
    wave = 0.4 + 0.3 * np.cos(2 * np.pi * (np.arange(120)[:, None] + np.arange(120)) / 5)
    rgb = encode_srgb(np.repeat(wave[..., None], 3, axis=2))
    kept = {}
    for streak in (1, 2):
        eye = Eye(cat.parts | {"acuity": cat.parts["acuity"] | {"streak": streak}})
        seen = eye.see(rgb, field_of_view=24, luminance=100, eccentricity=True)
        light = decode_srgb(seen)[..., 1]
        kept[streak] = {
            (x, y): light[slice(55 - 5 * y, 65 - 5 * y), slice(55 + 5 * x, 65 + 5 * x)].std()
            for x, y in ((0, 0), (8, 0), (0, 4), (0, 8))
        }
    assert kept[2][8, 0] == pytest.approx(kept[1][8, 0], rel=0.02)
    assert kept[2][0, 4] == pytest.approx(kept[2][8, 0], rel=0.12)
    assert kept[2][0, 8] < 0.8 * kept[1][0, 8] and kept[1][0, 8] < kept[1][0, 0]


def test_acuity_is_best_where_the_eye_looks(cat):
    wave = 0.4 + 0.3 * np.cos(2 * np.pi * (np.arange(100)[:, None] + np.arange(100)) / 5)
    rgb = encode_srgb(np.repeat(wave[..., None], 3, axis=2))
    seen = cat.see(rgb, field_of_view=20, luminance=100, eccentricity=True, gaze=(0.8, 0.3))
    light = decode_srgb(seen)[..., 1]
    kept = np.array([[light[r : r + 10, c : c + 10].std() for c in range(0, 100, 10)]
                     for r in range(0, 100, 10)])  # fmt: skip
    row, column = np.unravel_index(kept.argmax(), kept.shape)
    assert row in (2, 3) and column in (7, 8)
    for wrong in ((1.2, 0.5), (0.5,), (np.nan, 0.5)):
        with pytest.raises(CatsightError, match=r"gaze is .*; it must be two numbers from 0 to 1"):
            cat.see(rgb, field_of_view=20, luminance=100, gaze=wrong)


def test_without_a_focus_the_eye_is_focused_where_it_looks(cat):
    """The left half is near, the right half far; the half that is looked at stays as sharp."""
    rgb = np.random.default_rng(2).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    depth = np.where(np.arange(60) < 30, 0.4, 4.0)[None].repeat(40, 0)
    look = {"field_of_view": 10, "luminance": 100, "depth": depth}
    for gaze, focus in (((0.1, 0.5), 0.4), ((0.9, 0.5), 4.0), ((0, 0), 0.4), ((1, 1), 4.0)):
        np.testing.assert_array_equal(
            cat.see(rgb, gaze=gaze, **look), cat.see(rgb, focus=focus, **look)
        )


@pytest.mark.parametrize("more", [{}, {"noise": 1}, {"eccentricity": True}])
def test_glare_lays_a_veil_over_the_picture_as_bright_as_its_mean(cat, more):
    """Of a white square on black a fifth of the light lies everywhere: by hand in linear light."""
    linear = np.zeros((48, 48, 3))
    linear[12:36, 12:36] = 0.8
    eye = Eye(cat.parts | {"pupil": cat.parts["pupil"] | {"glare": 0.2}})
    look = {"field_of_view": 16, "luminance": 100, **more}
    seen = decode_srgb(eye.see(encode_srgb(linear), **look))
    mean = 0.8 / 4
    np.testing.assert_allclose(seen[:3, :3], 0.2 * mean, atol=0.004)
    np.testing.assert_allclose(seen[22:26, 22:26], 0.8 * 0.8 + 0.2 * mean, atol=0.03)
    np.testing.assert_allclose(
        eye.mtf([0, 1, 3], luminance=100), cat.mtf([0, 1, 3], luminance=100) * [1, 0.8, 0.8]
    )


@pytest.mark.parametrize("px", [0, -3, 4097, 2.0, "9", None])
def test_a_point_spread_has_a_whole_number_of_px(cat, px):
    with pytest.raises(CatsightError) as raised:
        cat.point_spread(field_of_view=1, px=px, luminance=1)
    assert str(raised.value) == f"px is {px}; it must be a whole number from 1 to 4096"


def test_a_point_spread_of_one_pixel_is_the_point(cat):
    for px in (1, np.int64(1)):
        spread = cat.point_spread(field_of_view=1, px=px, luminance=1)
        assert spread.shape == (1, 1) and spread == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"field_of_view": 0}, "field_of_view"),
        ({"luminance": 0}, "luminance"),
        ({"defocus": 21}, "defocus"),
    ],
)
def test_conditions_of_a_point_spread_are_checked(cat, change, words):
    with pytest.raises(CatsightError, match=f"^{words} is "):
        cat.point_spread(**{"field_of_view": 1, "px": 3, "luminance": 1} | change)


@pytest.mark.parametrize("px", [20, 21])
def test_a_point_spread_is_symmetric_positive_and_smears_along_the_slit(cat, px):
    sharp, spread = (
        cat.point_spread(field_of_view=2, px=px, luminance=100, defocus=d) for d in (0, 0.5)
    )
    for one in (sharp, spread):
        assert one.shape == (px, px) and one.dtype == np.float32
        assert one.min() >= 0 and one.sum() == pytest.approx(1, abs=1e-6)
        middle = px // 2
        assert np.unravel_index(one.argmax(), one.shape) == (middle, middle)
        inner = one[1:, 1:] if px % 2 == 0 else one
        np.testing.assert_allclose(inner, inner[::-1, ::-1], atol=1e-6)
    rows, columns = spread.sum(axis=1), spread.sum(axis=0)
    assert rows[px // 2] < columns[px // 2]  # it is taller than wide
    assert sharp.max() > 1.5 * spread.max()


def test_the_point_spread_is_that_of_the_longest_waves():
    """An eye whose L cones lie out of focus has a wider point spread; that of S cones is not shown."""
    parts = eyes.load("cat")
    spreads = []
    for focus in (541, 456):
        parts["pupil"]["chromatic"] = {"focus": focus, "strength": 1}
        spreads.append(Eye(parts).point_spread(field_of_view=1, px=31, luminance=30).max())
    assert spreads[0] > 1.3 * spreads[1]


def test_a_picture_is_seen_in_little_more_memory_than_its_light_takes(cat):
    """Three planes of float32 for the light, and as many for its transform, which takes its place."""
    rgb = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    cat.see(rgb, **CONDITIONS)
    tracemalloc.start()
    cat.see(rgb, **CONDITIONS)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 7 * 4 * 300 * 400
