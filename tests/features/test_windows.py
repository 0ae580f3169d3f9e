"""Where places lie in a picture, by hand and by timm's own transform, and what is in them."""

import math

import numpy as np
import pytest
from PIL import Image

from catsight.features import encoders, windows
from catsight.features.windows import Window

STEPS = {
    "size": 224, "crop": 0.875, "crop_mode": "center", "interpolation": "bilinear", "mean": [0, 0, 0], "std": [1, 1, 1],
}  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "steps", "wanted"),
    [
        # resized to 256 px, of which the middle 224 are kept
        ((512, 512), {}, (16 / 256, 16 / 256, 240 / 256, 240 / 256)),
        # the shorter side becomes 256 px: 512 by 256, and 224 of each are kept
        ((100, 200), {}, (144 / 512, 16 / 256, 368 / 512, 240 / 256)),
        ((200, 100), {}, (16 / 256, 144 / 512, 240 / 256, 368 / 512)),
        ((300, 300), {"crop": 1.0}, (0, 0, 1, 1)),
        ((100, 200), {"crop": 1.0, "crop_mode": "squash"}, (0, 0, 1, 1)),
        ((100, 200), {"crop_mode": "squash"}, (16 / 256, 16 / 256, 240 / 256, 240 / 256)),
        # the longer side becomes 224 px; 56 of padding above and below the other's 112
        ((100, 200), {"crop": 1.0, "crop_mode": "border"}, (0, -0.5, 1, 1.5)),
    ],
)
def test_the_part_that_a_network_is_given(shape, steps, wanted):
    assert windows.window(shape, STEPS | steps) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("shape", [(240, 240), (181, 300), (333, 200), (64, 50), (97, 401)])
@pytest.mark.parametrize("steps", [{}, {"crop": 0.95}, {"size": 64, "crop": 0.9}, {"crop_mode": "squash"},
                                   {"crop_mode": "border"}, {"size": 75, "crop": 1.0}])  # fmt: skip
def test_it_is_the_part_that_timms_transform_leaves(shape, steps):
    """A picture whose red grows to the right and whose green grows downwards says where it was cut."""
    steps = STEPS | steps
    height, width = shape
    rgb = np.full((height, width, 3), 128, np.uint8)
    rgb[..., 0] = np.rint(255 * (np.arange(width) + 0.5) / width)
    rgb[..., 1] = np.rint(255 * (np.arange(height) + 0.5) / height)[:, None]
    seen = encoders.transform(steps)(Image.fromarray(rgb)).numpy()
    part, size = windows.window(shape, steps), steps["size"]
    middles = (np.arange(size) + 0.5) / size
    right = part.left + middles * (part.right - part.left)
    down = part.top + middles * (part.bottom - part.top)
    # neither padding nor the half pixel at an edge, which is repeated beyond it
    inside = [(one > 3 / size) & (one < 1 - 3 / size) for one in (right, down)]
    assert all(one.sum() > 20 for one in inside)
    red = seen[0][size // 2][inside[0]]
    green = seen[1][:, size // 2][inside[1]]
    # half a pixel of the resized picture, and two codes
    assert np.abs(red - right[inside[0]]).max() < 0.5 / size + 2 / 255
    assert np.abs(green - down[inside[1]]).max() < 0.5 / size + 2 / 255
    assert abs((red - right[inside[0]]).mean()) < 0.2 / size + 1e-3


def test_the_share_of_each_piece_in_a_cell():
    np.testing.assert_allclose(windows.shares(4, 2), [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    # a cell of 1.5 pieces
    np.testing.assert_allclose(windows.shares(3, 2), [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]])
    # from 0.25 to 0.75, of pieces of a quarter; from -0.5 to 0.5, of which half lies beyond
    np.testing.assert_allclose(windows.shares(4, 2, 0.25, 0.75), [[0, 1, 0, 0], [0, 0, 1, 0]])
    np.testing.assert_allclose(windows.shares(2, 2, -0.5, 0.5), [[0, 0], [1, 0]])


@pytest.mark.parametrize("count", range(1, 60))
def test_as_many_cells_as_pieces_are_these(count):
    np.testing.assert_array_equal(windows.shares(count, count) > 0, np.eye(count))


def test_a_map_is_averaged_to_at_most_so_many_cells():
    values = np.arange(24.0).reshape(4, 6)
    np.testing.assert_allclose(windows.pooled(values, 2), [[4, 7], [16, 19]])
    np.testing.assert_array_equal(windows.pooled(values, 6), values)
    assert windows.pooled(values, 5).shape == (4, 5)
    np.testing.assert_allclose(windows.pooled(values, 1), values.mean())


def test_what_is_unknown_does_not_count_unless_all_is():
    values = np.array([[1.0, np.nan, np.nan, np.nan], [3.0, np.nan, np.nan, 5.0]])
    np.testing.assert_allclose(windows.pooled(values, 2), [[1, np.nan], [3, 5]])
    np.testing.assert_array_equal(
        windows.pooled(np.array([[np.nan, np.nan], [np.nan, 2]]), 1), [[2.0]]
    )


def test_contrast_is_the_standard_deviation_over_the_mean():
    rng = np.random.default_rng(0)
    luminance = rng.uniform(0.1, 1, (12, 8))
    found = windows.contrasts(luminance, Window(0, 0, 1, 1), (3, 2))
    for row in range(3):
        for column in range(2):
            cell = luminance[4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            assert found[row, column] == pytest.approx(cell.std() / cell.mean())
    # of bars of a and b it is (a - b) / (a + b), Michelson's
    bars = np.tile([0.9, 0.3], (4, 4))
    np.testing.assert_allclose(windows.contrasts(bars, Window(0, 0, 1, 1), (1, 1)), 0.5)
    # it does not depend on the light
    np.testing.assert_allclose(
        windows.contrasts(7 * luminance, Window(0, 0, 1, 1), (3, 2)), found, rtol=1e-6
    )


def test_contrast_is_that_of_the_part_that_the_network_is_given():
    luminance = np.ones((8, 8))
    luminance[:2] = np.arange(1, 9)  # above the part
    luminance[4, 6:8] = 3, 0  # its right lower quarter reaches from column 4 to 6
    found = windows.contrasts(luminance, Window(0.25, 0.25, 0.75, 0.75), (2, 2))
    np.testing.assert_allclose(found, 0, atol=1e-7)
    luminance[5, 4] = 5
    found = windows.contrasts(luminance, Window(0.25, 0.25, 0.75, 0.75), (2, 2))
    np.testing.assert_allclose(found[1, 1], np.std([1, 1, 5, 1]) / 2)
    np.testing.assert_allclose(found.ravel()[:3], 0, atol=1e-7)


def test_what_is_black_or_padding_has_no_contrast():
    luminance = np.ones((4, 4))
    luminance[:2, :2] = 0
    found = windows.contrasts(luminance, Window(0, 0, 1, 1), (2, 2))
    np.testing.assert_array_equal(np.isnan(found), [[True, False], [False, False]])
    found = windows.contrasts(np.ones((4, 4)), Window(0, -0.5, 1, 1.5), (4, 1))
    np.testing.assert_array_equal(np.isnan(found[:, 0]), [True, False, False, True])


def test_luminance_is_that_of_srgb():
    rgb = np.array([[[255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [188, 188, 188]]], np.uint8)  # fmt: skip
    found = windows.luminance(rgb)
    np.testing.assert_allclose(found, [[1, 0.2126, 0.7152, 0.0722, 0.502886]], atol=1e-6)


@pytest.mark.parametrize("perspective", [False, True])
def test_eccentricity_by_hand(perspective):
    """A picture 400 px wide and 200 high that spans 20 degrees; two by four cells over all of it."""
    found = windows.eccentricities((200, 400), Window(0, 0, 1, 1), (2, 4), 20, perspective)
    focal = 200 / math.tan(math.radians(10))
    for row, y in enumerate((-50, 50)):
        for column, x in enumerate((-150, -50, 50, 150)):
            away = math.hypot(x, y)
            wanted = math.degrees(math.atan(away / focal)) if perspective else away / 20
            assert found[row, column] == pytest.approx(wanted)


def test_eccentricity_counts_from_the_middle_of_the_picture_not_of_the_part():
    found = windows.eccentricities((100, 100), Window(0.5, 0.25, 1, 0.75), (1, 2), 10, False)
    np.testing.assert_allclose(found, [[1.25, 3.75]])
