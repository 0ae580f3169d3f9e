"""Near-duplicates: hashes stay while a picture looks the same; pairs agree with a plain search."""

import io

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageFilter
from sklearn.datasets import load_sample_image

from catsight.frames import near
from catsight.frames.dead_leaves import scene
from catsight.frames.near import FLAT, NEAR, near_pairs, perceptual_hash


def photos():
    return [
        skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.coffee(), skimage.data.rocket(),
        load_sample_image("china.jpg"), load_sample_image("flower.jpg"), scene(200, seed=0, number=0)[0],
    ]  # fmt: skip


def picture(rgb):
    return Image.fromarray(rgb)


def jpeg(rgb):
    file = io.BytesIO()
    picture(rgb).save(file, "JPEG", quality=50)
    return np.asarray(Image.open(file))


def cropped(rgb):
    height, width = rgb.shape[:2]
    y, x = round(height / 100), round(width / 100)
    return rgb[y : height - y, x : width - x]


CHANGES = {
    "jpeg": jpeg,
    "half": lambda rgb: np.asarray(picture(rgb).resize((rgb.shape[1] // 2, rgb.shape[0] // 2))),
    "squeezed": lambda rgb: np.asarray(picture(rgb).resize((300, 200))),
    "cropped": cropped,
    "brighter": lambda rgb: np.rint(
        255 * np.minimum((rgb / 255) ** 2.2 * 1.5, 1) ** (1 / 2.2)
    ).astype(np.uint8),
    "dull": lambda rgb: (rgb // 2 + 60).astype(np.uint8),
    "blurred": lambda rgb: np.asarray(picture(rgb).filter(ImageFilter.GaussianBlur(3))),
    "grey": lambda rgb: np.asarray(picture(rgb).convert("L").convert("RGB")),
}


def differing(a, b):
    return (a ^ b).bit_count()


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_picture_stays_near(change):
    bits = [
        differing(perceptual_hash(rgb), perceptual_hash(CHANGES[change](rgb))) for rgb in photos()
    ]
    assert max(bits) <= NEAR
    assert change in ("cropped", "brighter") or max(bits) <= 4


def test_other_pictures_are_far():
    hashes = [perceptual_hash(rgb) for rgb in photos()]
    hashes += [perceptual_hash(np.ascontiguousarray(rgb[:, ::-1])) for rgb in photos()]
    assert min(differing(a, b) for i, a in enumerate(hashes) for b in hashes[:i]) > 2 * NEAR
    assert all(0 < value < 2**64 for value in hashes)


def test_each_bit_is_the_sign_of_one_wave():
    """Of the 64 longest waves, from the longest on; among equals, those of fewer cycles down first."""
    waves = sorted((i * i + j * j, i, j) for i in range(12) for j in range(12))[1:65]
    y, x = (np.mgrid[:320, :320] + 0.5) / 320
    for seed in range(3):
        signs = np.random.default_rng(seed).choice([-1, 1], 64)
        values = 128 + sum(
            2 * sign * np.cos(np.pi * i * y) * np.cos(np.pi * j * x)
            for sign, (_, i, j) in zip(signs, waves)
        )
        rgb = np.repeat(np.clip(np.rint(values), 0, 255)[..., None], 3, axis=2).astype(np.uint8)
        assert f"{perceptual_hash(rgb):064b}" == "".join("1" if sign > 0 else "0" for sign in signs)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 2), (31, 33), (700, 20)])
def test_any_size_has_a_hash(size):
    value = perceptual_hash(np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8))
    assert isinstance(value, int) and 0 <= value < 2**64


def test_flat_pictures_have_none():
    rng = np.random.default_rng(0)
    for level in (0, 100, 255):
        for noise in (0, 5):
            values = np.clip(np.rint(rng.normal(level, noise, (200, 300, 3))), 0, 255).astype(
                np.uint8
            )
            assert perceptual_hash(values) == FLAT
    ramp = np.repeat(np.linspace(100, 110, 200)[None, :, None], 200, axis=0).repeat(3, axis=2)
    assert perceptual_hash(np.rint(ramp).astype(np.uint8)) != FLAT
    assert near_pairs(np.array([FLAT, FLAT, 1], np.uint64), ["a", "b", "c"]) == []


def planted(n, distance, seed=0):
    """Random hashes with groups; half of them differ from another in about ``distance`` bits."""
    rng = np.random.default_rng(seed)
    hashes = rng.integers(1, 2**64, n, dtype=np.uint64)
    groups = [f"g{i}" for i in rng.integers(0, n // 3, n)]
    for i in range(0, n - 1, 2):
        flipped = rng.permutation(64)[: rng.integers(0, distance + 3)]
        hashes[i + 1] = hashes[i] ^ np.bitwise_or.reduce(
            np.uint64(1) << flipped.astype(np.uint64), initial=0
        )
        if i % 6 == 0:
            groups[i + 1] = groups[i]
    order = rng.permutation(n)
    return hashes[order], [groups[i] for i in order]


def all_pairs(hashes, groups, distance):
    seen, frames = set(), []
    for i, key in enumerate(zip(hashes.tolist(), groups)):
        if key not in seen and key[0] != FLAT:
            frames.append(i)
        seen.add(key)
    bits = np.bitwise_count(hashes[frames][:, None] ^ hashes[frames])
    pairs = zip(*np.nonzero(np.triu(bits <= distance, 1)))
    return [
        (frames[a], frames[b], int(bits[a, b]))
        for a, b in pairs
        if groups[frames[a]] != groups[frames[b]]
    ]


@pytest.mark.parametrize("distance", [0, 1, 3, NEAR])
@pytest.mark.parametrize("pretended", [None, 10**5, 10**6, 10**8])  # sets of 1 to 4 bands
def test_all_pairs_are_found_and_no_others(monkeypatch, distance, pretended):
    if pretended:
        masks = near._masks
        monkeypatch.setattr(near, "_masks", lambda n, distance: masks(pretended, distance))
    hashes, groups = planted(600, distance)
    expected = all_pairs(hashes, groups, distance)
    assert len(expected) > 50
    found = near_pairs(hashes, groups, distance)
    assert found == expected
    assert all(type(value) is int for pair in found for value in pair)


def test_pairs_are_found_when_most_hashes_are_alike():
    rng = np.random.default_rng(1)
    flips = np.uint64(1) << rng.integers(0, 64, (400, 3)).astype(np.uint64)
    hashes = np.uint64(0x0123456789ABCDEF) ^ np.bitwise_xor.reduce(flips, axis=1)
    groups = [f"clip {i % 4}" for i in range(400)]
    assert near_pairs(hashes, groups) == all_pairs(hashes, groups, NEAR)


def test_a_still_clip_counts_once():
    hashes = np.array([5] * 2000 + [7] + [5] * 2000, np.uint64)
    groups = ["a"] * 2000 + ["b"] + ["c"] * 2000
    assert near_pairs(hashes, groups) == [(0, 2000, 1), (0, 2001, 0), (2000, 2001, 1)]


@pytest.mark.parametrize("n", [0, 1])
def test_few_frames(n):
    assert near_pairs(np.ones(n, np.uint64), ["a"] * n) == []


def test_more_hashes_are_sorted_by_more_bits():
    for n in (10, 10**4, 10**6, 10**9):
        for mask in near._masks(n, NEAR):
            assert 0 < int(mask) < 2**64
    bits = [
        np.mean([int(mask).bit_count() for mask in near._masks(n, NEAR)])
        for n in (100, 10**4, 10**6, 10**8)
    ]
    assert (np.diff(bits) >= 0).all() and bits[0] < 8 and bits[-1] > 17


def test_pairs_differ_in_at_most_8_bits():
    hashes = np.array([2**63, 2**63 ^ 0xFF, 2**63 ^ 0x1FF00000000], np.uint64)
    assert near_pairs(hashes, ["a", "b", "c"]) == [(0, 1, 8)]
    assert near_pairs(hashes, ["a", "b", "c"], 9) == [(0, 1, 8), (0, 2, 9)]
    assert near_pairs(hashes, ["a", "a", "c"], 9) == [(0, 2, 9)]
    assert near_pairs(hashes[::-1], ["c", "b", "a"], 9) == [(0, 2, 9), (1, 2, 8)]


@pytest.mark.parametrize(("levels", "flat"), [(3, True), (4, False)])
@pytest.mark.parametrize("turned", [False, True])
def test_a_picture_is_flat_below_a_standard_deviation_of_one_level(levels, flat, turned):
    """Three equal steps of one level have 0.82, four have 1.12."""
    luma = np.repeat(100 + np.arange(levels, dtype=np.uint8), 96 // levels)
    rgb = np.broadcast_to(luma[None, :, None], (96, 96, 3))
    rgb = np.ascontiguousarray(rgb.swapaxes(0, 1) if turned else rgb)
    assert (perceptual_hash(rgb) == 0) == flat
