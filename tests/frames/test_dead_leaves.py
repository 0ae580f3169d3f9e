"""Dead leaves, against a plain drawing of the same leaves, and the statistics of natural pictures."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from catsight.frames import dead_leaves
from catsight.frames.dead_leaves import scene


def linear(rgb):
    v = rgb / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def luminance(rgb):
    return linear(rgb) @ [0.2126, 0.7152, 0.0722]


@pytest.fixture
def drawn(monkeypatch):
    """The leaves of a scene, nearest first: x, y and radius in points, colour, distance."""
    chunks, leaves = [], dead_leaves._leaves

    def record(*arguments):
        chunks.append(leaves(*arguments))
        return chunks[-1]

    monkeypatch.setattr(dead_leaves, "_leaves", record)
    return lambda: [np.concatenate(values) for values in zip(*chunks)]


@pytest.fixture(scope="module")
def scenes():
    return [scene(128, seed=5, number=i) for i in range(40)]


@pytest.mark.parametrize("size", [1, 2, 7, 24, 65])
def test_the_nearest_leaf_is_seen_everywhere(drawn, size):
    """Every point of every pixel is looked up among all leaves, painted in any order."""
    rgb, depth = scene(size, seed=0, number=size)
    assert rgb.shape == (size, size, 3) and rgb.dtype == np.uint8 and depth.shape == (size, size)
    assert depth.dtype == np.float32
    x, y, radius, colour, distance = drawn()
    points = np.arange(5 * size)
    nearest = np.full((5 * size, 5 * size), np.inf)
    light = np.zeros((5 * size, 5 * size, 3))
    for leaf in np.random.default_rng(0).permutation(len(x)):
        inside = (points[:, None] - y[leaf]) ** 2 + (points - x[leaf]) ** 2 <= radius[leaf] ** 2
        # far away two leaves may share a rounded distance; the earlier one is the nearer
        inside &= leaf < nearest
        nearest[inside], light[inside] = leaf, colour[leaf] / 65535
    assert np.isfinite(nearest).all()
    np.testing.assert_array_equal(depth, distance[nearest[2::5, 2::5].astype(int)])
    mean = light.reshape(size, 5, size, 5, 3).mean(axis=(1, 3))
    encoded = 255 * np.where(mean <= 0.0031308, 12.92 * mean, 1.055 * mean ** (1 / 2.4) - 0.055)
    assert np.abs(rgb - encoded).max() <= 0.51


def test_leaves_are_drawn_from_the_nearest_on(drawn):
    scene(32, seed=0, number=0)
    *_, distance = drawn()
    assert (np.diff(distance) >= 0).all()
    assert distance[0] >= 0.5 and distance[-1] <= 50


def test_pixels_of_one_distance_have_one_colour(scenes):
    for rgb, depth in scenes[:5]:
        blocks = np.lib.stride_tricks.sliding_window_view(depth, (3, 3)).reshape(126, 126, 9)
        within = (blocks == blocks[..., :1]).all(axis=-1)
        inner, distances = rgb[1:-1, 1:-1][within], depth[1:-1, 1:-1][within]
        assert len(inner) > 1000
        leaves, which = np.unique(distances, return_inverse=True)
        assert len(leaves) > 50
        usual = np.array([np.median(inner[which == i], axis=0) for i in range(len(leaves))])
        # but where a leaf's sliver shows between two pixels' middles
        assert (inner == usual[which]).all(axis=1).mean() > 0.98
        # and the colours are as many as the leaves, nearly
        assert len(np.unique(usual, axis=0)) > 0.9 * len(leaves)


def test_radii_follow_the_third_power(drawn):
    for number in range(10):
        scene(100, seed=1, number=number)
    x, y, radius, *_ = drawn()
    # of all leaves on the plane; large ones reach into the frame from further away
    r = radius[(x >= 0) & (x < 500) & (y >= 0) & (y < 500)] / 5
    assert len(r) > 10_000
    assert r.min() >= 0.99 and r.max() <= 50.01
    for limit in (1.2, 1.5, 2, 3, 5):
        expected = (limit**-2 - 50**-2) / (1 - 50**-2)
        assert np.mean(r > limit) == pytest.approx(expected, abs=4 * np.sqrt(expected / len(r)))


def test_the_logarithm_of_visible_distances_is_uniform():
    distances = np.concatenate([scene(64, seed=2, number=i)[1].ravel() for i in range(150)])
    portion = np.log(distances / 0.5) / np.log(100)
    # some 11 independent leaves of more than a quarter of the frame a scene
    np.testing.assert_allclose(
        np.quantile(portion, [0.1, 0.25, 0.5, 0.75, 0.9]), [0.1, 0.25, 0.5, 0.75, 0.9], atol=0.04
    )


def test_colours(drawn):
    scene(64, seed=3, number=0)
    *_, colour, _ = drawn()
    logarithm = np.log10(colour[(colour < 65535).all(axis=1)] / 65535)
    red, green, blue = logarithm.T
    assert np.median(np.log10(colour / 65535)) == pytest.approx(-0.81, abs=0.03)
    yellow_blue, red_green = (red + green - 2 * blue) / 6, (red - green) / 2
    assert yellow_blue.std() == pytest.approx(0.13, rel=0.07)
    assert red_green.std() == pytest.approx(0.15, rel=0.07)
    assert np.corrcoef(yellow_blue, red_green)[0, 1] == pytest.approx(0.85, abs=0.03)
    assert 0.01 < (colour == 65535).mean() < 0.05  # as bright as can be


def test_power_falls_with_the_square_of_frequency(scenes):
    """As in natural pictures (Field 1987: near -2; Ruderman & Bialek 1994: -1.81).

    From 4 cycles a frame, where the largest leaves, a frame across, no longer set the limit, to 1/8
    cycles a pixel, where the smallest, 2 px across, do not yet.
    """
    n = 128
    window = np.outer(np.hanning(n), np.hanning(n))
    power = 0
    for rgb, _ in scenes:
        values = np.log(luminance(rgb))
        values -= np.average(values, weights=window)
        power = power + np.abs(np.fft.fft2(values * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.fftfreq(n)) * n
    octaves = [power[(frequency >= low) & (frequency < 2 * low)].mean() for low in (4, 8)]
    means = [frequency[(frequency >= low) & (frequency < 2 * low)].mean() for low in (4, 8)]
    # -1.89 here, and -1.89, -1.85, -1.71 with seeds 6, 7 and 8
    assert np.log(octaves[1] / octaves[0]) / np.log(means[1] / means[0]) == pytest.approx(
        -1.9, abs=0.25
    )


def test_contrasts_are_heavy_tailed_at_every_scale(scenes):
    for side in (1, 2, 4):
        small = [
            luminance(rgb).reshape(128 // side, side, -1, side).mean(axis=(1, 3))
            for rgb, _ in scenes
        ]
        steps = np.concatenate([np.diff(np.log(values), axis=1).ravel() for values in small])
        assert (
            np.mean(steps**4) / np.mean(steps**2) ** 2 > 4
        )  # a Gaussian's is 3; here 9.9, 6.2, 4.7


def test_a_scene_depends_on_its_arguments_alone():
    alone = [scene(33, seed=0, number=i) for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for (rgb, depth), (again, depth_again) in zip(
            alone, pool.map(lambda i: scene(33, seed=0, number=i), range(8))
        ):
            np.testing.assert_array_equal(rgb, again)
            np.testing.assert_array_equal(depth, depth_again)
    others = [*alone, scene(33, seed=1, number=0), scene(33, seed=0, number=10**15)]
    assert (
        len({rgb.tobytes() for rgb, _ in others})
        == len({depth.tobytes() for _, depth in others})
        == 10
    )


def test_scenes_do_not_change_from_one_version_to_the_next():
    rgb, depth = scene(48, seed=0, number=0)
    assert (
        hashlib.sha256(rgb.tobytes() + depth.astype("<f4").tobytes()).hexdigest()[:16]
        == "80a22e1816765fc8"
    )


def test_the_source_gives_numbered_scenes_of_its_size_and_seed():
    source = {"count": 3, "size": 9, "seed": 4, "depth": True}
    items = list(dead_leaves.items(source, {}, 7))
    names = ["scene-000000", "scene-000001", "scene-000002"]
    assert [(item.name, item.group) for item in items] == list(zip(names, names))
    for number, item in enumerate(items):
        rgb, depth = scene(9, seed=4, number=number)
        np.testing.assert_array_equal(item.load().rgb, rgb)
        np.testing.assert_array_equal(item.load().depth, depth)
    (flat,) = dead_leaves.items(source | {"count": 1, "depth": False}, {}, 7)
    assert flat.load().depth is None and (flat.load().rgb == items[0].load().rgb).all()
