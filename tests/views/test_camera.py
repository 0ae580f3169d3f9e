"""A camera's perspective: pixels become degrees, and come back."""

import numpy as np
import pytest

from catsight.views import Eye
from catsight.views.camera import lens
from catsight.views.colour import decode_srgb, encode_srgb

SHAPE, FIELD, MIDDLE = (60, 80), 60.0, (0.5, 0.5)


def angle(one, other, shape=SHAPE, field=FIELD):
    """Degrees between two pixels (row, column) of an ideal camera, by its rays' inner product."""
    focal = shape[1] / 2 / np.tan(np.radians(field / 2))
    rays = [
        np.array([c - (shape[1] - 1) / 2, r - (shape[0] - 1) / 2, focal]) for r, c in (one, other)
    ]
    cosine = rays[0] @ rays[1] / np.linalg.norm(rays[0]) / np.linalg.norm(rays[1])
    return np.degrees(np.arccos(min(cosine, 1)))


@pytest.mark.parametrize("gaze", [MIDDLE, (0.3, 0.7), (0.75, 0.25)])
@pytest.mark.parametrize("pixel", [(0, 0), (59, 79), (10, 70), (30, 5), (42, 24)])
def test_distances_from_the_line_of_sight_are_those_of_the_rays(gaze, pixel):
    through = lens(SHAPE, FIELD, gaze)
    place = through.pixels[:, *pixel] - np.array(through.sight)
    sight = (gaze[1] * SHAPE[0] - 0.5, gaze[0] * SHAPE[1] - 0.5)
    wanted = angle(sight, pixel)
    assert np.hypot(*place) / through.px_per_degree == pytest.approx(wanted, abs=1e-3)


def test_a_photograph_of_60_degrees_is_off_by_9_to_21_percent_without_it():
    """Its middle has 9 % fewer px per degree than the mean over its width, its edges 21 % more."""
    wide = (61, 801)
    through = lens(wide, FIELD, MIDDLE)
    columns = through.pixels[1, 30] / through.px_per_degree
    scale = 1 / np.diff(columns) / (wide[1] / FIELD)
    assert scale.min() == pytest.approx(0.907, abs=0.002)
    assert scale.max() == pytest.approx(1.209, abs=0.003)
    assert np.allclose(through.pixels[0, 30], through.sight[0], atol=1e-3)  # level stays level


def test_the_grid_and_the_photograph_point_at_each_other():
    through = lens(SHAPE, FIELD, (0.4, 0.6))
    rows, columns = through.grid
    inside = (rows > 1) & (rows < 58) & (columns > 1) & (columns < 78)
    at = np.array(np.nonzero(inside)).T[::37]
    for row, column in at:
        r, c = rows[row, column], columns[row, column]
        lo = int(r), int(c)
        corner = through.pixels[:, *lo]
        across = through.pixels[:, lo[0], lo[1] + 1] - corner
        down = through.pixels[:, lo[0] + 1, lo[1]] - corner
        back = corner + (c - lo[1]) * across + (r - lo[0]) * down
        np.testing.assert_allclose(back, [row, column], atol=0.02)


def test_smooth_planes_come_back():
    y, x = np.mgrid[:60, :80]
    planes = np.stack([np.sin(x / 9), np.cos(y / 7 + x / 11)]).astype(np.float32)
    through = lens(SHAPE, FIELD, MIDDLE)
    back = through.onto_pixels(through.onto_grid(planes))
    np.testing.assert_allclose(back[:, 5:-5, 5:-5], planes[:, 5:-5, 5:-5], atol=2e-3)


def test_an_edge_far_from_the_middle_is_blurred_by_more_pixels():
    """A cat's blur is even in degrees: of 80 degrees the outer pixels span fewer than the middle's.

    By the ratio of the slopes of thin bars in the middle and 36 degrees away: 1 / cos² 36 = 1.53.
    """
    cat = Eye.load("cat")
    width = 4000
    focal = width / 2 / np.tan(np.radians(40))
    spreads = []
    for middle in (2000, round(2000 + focal * np.tan(np.radians(36)))):
        light = np.full((9, width), 0.05)
        light[:, middle - 1 : middle + 1] = 0.9
        rgb = encode_srgb(np.repeat(light[..., None], 3, axis=2))
        seen = cat.see(rgb, field_of_view=80, luminance=100, perspective=True)
        line = decode_srgb(seen)[4, :, 1] - 0.05
        near = np.arange(middle - 30, middle + 31)
        spreads.append(line[near].sum() / line[near].max())
    assert spreads[1] / spreads[0] == pytest.approx(1.53, rel=0.06)


def test_a_uniform_picture_stays_and_a_small_field_hardly_changes():
    cat = Eye.load("cat")
    plain = np.full((40, 56, 3), 128, np.uint8)
    for gaze in (MIDDLE, (0.3, 0.6)):
        seen = cat.see(plain, field_of_view=90, luminance=100, perspective=True, gaze=gaze)
        np.testing.assert_allclose(seen.astype(int), 128, atol=1)
    y, x = np.mgrid[:40, :56]
    smooth = encode_srgb(0.4 + 0.3 * np.stack([np.sin(x / 5), np.cos(y / 4), np.sin(y / 6)], -1))
    flat, exact = (
        cat.see(smooth, field_of_view=4, luminance=100, perspective=way).astype(int)
        for way in (False, True)
    )
    np.testing.assert_allclose(exact[2:-2, 2:-2], flat[2:-2, 2:-2], atol=2)


def test_depth_noise_and_fall_off_take_the_same_way():
    """Each delivers a picture of the photograph's shape, near the one without perspective."""
    rgb = np.random.default_rng(0).integers(90, 160, (36, 48, 3), dtype=np.uint8)
    near = np.where(np.arange(48) < 24, 0.5, 4.0)[None].repeat(36, 0)
    cat = Eye.load("cat")
    for more in ({"depth": near}, {"noise": 1}, {"eccentricity": True}, {"past": [(0.04, rgb)]}):
        seen = cat.see(rgb, field_of_view=50, luminance=100, perspective=True, **more)
        flat = cat.see(rgb, field_of_view=50, luminance=100, **more)
        assert seen.shape == rgb.shape and np.abs(seen.astype(int) - flat).mean() < 6


def test_a_tall_photograph_keeps_its_detail_at_its_top():
    """The grid is as fine as the photograph there, so a human sees bars of 4 px as in the middle."""
    bars = np.where(np.arange(640) // 4 % 2, 0.8, 0.1)
    rgb = encode_srgb(np.repeat(np.broadcast_to(bars[:, None], (640, 360))[..., None], 3, 2))
    seen = Eye.load("human").see(rgb, field_of_view=60, luminance=100, perspective=True)
    light = decode_srgb(seen)[:, 170:190, 1]
    assert light[20:60].std() == pytest.approx(light[300:340].std(), rel=0.03)


@pytest.mark.parametrize("field", [60, 100])
def test_each_pixel_of_a_photograph_counts_its_own_quanta(field):
    """Without blur: the noise of grey is that of the quanta from the pixel's solid angle, which
    falls as the cube of the cosine. By hand, where the human's optics do nothing.
    """
    human = Eye.load("human")
    rgb = np.full((72, 96, 3), 118, np.uint8)
    through = lens((72, 96), float(field), MIDDLE)
    focal = 48 / np.tan(np.radians(field / 2))
    y, x = np.mgrid[:72, :96]
    cosine = focal / np.sqrt(focal**2 + (x - 47.5) ** 2 + (y - 35.5) ** 2)
    solid = np.degrees(1 / focal) ** 2 * cosine**3
    np.testing.assert_allclose(through.density, 1 / np.sqrt(solid), rtol=1e-5)
    look = {"field_of_view": field, "luminance": 1e-4}  # several codes of noise
    spread = {}
    for way in (True, False):
        pictures = [
            decode_srgb(human.see(rgb, perspective=way, noise=seed, **look))[..., 1].astype(float)
            for seed in range(30)
        ]
        spread[way] = np.std(pictures, axis=0)
    even = (field / 96) ** 2  # deg² of a pixel without perspective
    middle, edge = (slice(30, 42), slice(42, 54)), (slice(30, 42), slice(2, 14))
    for part in (middle, edge):
        ratio = np.sqrt(np.mean(spread[True][part] ** 2) / np.mean(spread[False][part] ** 2))
        assert ratio == pytest.approx(np.sqrt(even / solid[part].mean()), rel=0.18)
