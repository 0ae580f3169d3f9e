"""Linear CKA from sums over frames: compared with Gram matrices, whole and without blocks."""

import itertools

import numpy as np
import pytest

from catsight.metrics import between, inference, similarity
from catsight.metrics.grouping import Grouping
from catsight.metrics.streamed import streamed_cka
from support import by_hand


def views(n: int, dims: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, dims)) * np.linspace(2, 0.2, dims)
    return x, x @ rng.normal(size=(dims, dims + 1)) + 0.7 * rng.normal(size=(n, dims + 1)) + 0.5


def groups_of(sizes, seed: int = 0) -> np.ndarray:
    """Frames of groups of these sizes, in any order."""
    names = np.repeat([f"{i:03}" for i in range(len(sizes))], sizes)
    return np.random.default_rng(seed).permutation(names)


SIZES = {"frames": [1] * 30, "equal": [3] * 20, "unequal": [1, 9, 2, 5, 1, 1, 3, 8, 4, 2, 1, 6]}


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("dtype", "atol"), [(np.float64, 1e-11), (np.float32, 2e-7)])
def test_streamed_cka_equals_that_of_all_frames_at_once(dtype, atol, sizes):
    """Whole, and without each block of groups."""
    groups = groups_of(SIZES[sizes])
    x, y = (v.astype(dtype) for v in views(len(groups)))
    x[:, 0] += 1e4  # one feature has a huge offset
    found = streamed_cka(x, y, groups, inference.blocks(groups, most=7))
    keep = inference.kept(len(groups), inference.blocks(groups, most=7))
    k, m = similarity.gram(x), similarity.gram(y)
    for biased, over_groups, frames in zip(found.biased, found.over_groups, keep.astype(bool)):
        one, other = k[np.ix_(frames, frames)], m[np.ix_(frames, frames)]
        assert biased == pytest.approx(by_hand.cka(one, other, False), abs=atol)
        grouping = Grouping(groups[frames])
        kernels = [
            between.Kernel(v[np.ix_(grouping.order, grouping.order)], grouping)
            for v in (one, other)
        ]
        wanted = between.cka(*kernels, np.ones((1, len(grouping.sizes))))[0]
        assert over_groups == pytest.approx(wanted, abs=atol)
    assert np.ptp(found.biased) > 1e-3 and np.ptp(found.over_groups) > 1e-3


def test_streamed_cka_over_groups_is_its_definition():
    groups = groups_of([1, 4, 2, 2, 3, 1])
    x, y = views(len(groups))
    found = streamed_cka(x, y, groups, inference.blocks(groups))
    without = [np.arange(13), *(np.flatnonzero(groups != out) for out in sorted(set(groups)))]
    for value, kept in zip(found.over_groups, without):
        grams = [v[kept] @ v[kept].T for v in (x, y)]
        assert value == pytest.approx(by_hand.cka_over_groups(*grams, groups[kept]), rel=1e-9)


@pytest.mark.parametrize("sizes", [[1] * 5, [2] * 5, [3, 1, 2, 1, 4]])
def test_chance_is_the_mean_over_all_ways_to_pair_groups(sizes):
    groups = groups_of(sizes)
    x, y = views(len(groups))
    null = by_hand.null("cka_linear", x, y, groups)
    assert streamed_cka(x, y, groups, inference.blocks(groups)).chance == pytest.approx(null.mean())


def test_many_small_and_few_large_groups_are_summed_in_batches(monkeypatch):
    """A group may have more frames than features, or than are read at once."""
    groups = groups_of([1] * 9 + [40, 2, 2, 17])
    x, y = views(len(groups), dims=24)
    blocks = inference.blocks(groups)
    wanted = streamed_cka(x, y, groups, blocks)
    for rows in (1, 3, 20):
        monkeypatch.setattr("catsight.metrics.streamed._ROWS", rows)
        for found, of in zip(streamed_cka(x, y, groups, blocks), wanted):
            np.testing.assert_allclose(found, of, rtol=1e-10)


def test_too_few_frames_or_groups_and_constant_features_are_undefined():
    x, y = views(6)
    single = [*"abcdef"]
    found = streamed_cka(x, y, single, [np.arange(2), np.arange(2, 6)])
    assert np.isfinite(found.biased).tolist() == [True, True, False]
    assert np.isfinite(found.over_groups).tolist() == [True, True, False]
    three = streamed_cka(x, y, [*"aabbcc"], [np.arange(2), np.arange(2, 6)])
    assert np.isfinite(three.biased[0]) and np.isnan(three.over_groups).all()
    flat = streamed_cka(np.full((6, 3), 0.1), y, single, [np.arange(3), np.arange(3, 6)])
    assert np.isnan(flat.biased).all() and np.isnan(flat.over_groups).all()
    one = streamed_cka(x, y, ["a"] * 6, [np.arange(6)])
    assert np.isfinite(one.biased[0]) and np.isnan(one.chance)


@pytest.mark.parametrize("row", [0, 9])
@pytest.mark.parametrize("value", [1e-20, 0.1, 1e20])
def test_a_single_live_frame_is_told_from_rounding(value, row):
    """It gives unbiased HSIC no evidence; the biased value is defined."""
    x, y = np.zeros((10, 3)), views(10)[1]
    x[row] = value * np.array([1, 0.3, -2])
    for groups in (np.arange(10), np.arange(10) // 2):
        found = streamed_cka(x, y, groups, inference.blocks(groups))
        assert np.isnan(found.over_groups).all() and np.isfinite(found.biased[0])


@pytest.mark.parametrize("factor", [1e-25, 1e-15, 1e15, 1e25])
def test_streamed_cka_does_not_depend_on_the_unit(factor):
    """Squares of such float32 features vanish, or overflow."""
    x, y = (v.astype(np.float32) for v in views(40))
    groups = groups_of([2] * 20)
    blocks = inference.blocks(groups)
    for scaled, of in zip(
        streamed_cka(x * np.float32(factor), y, groups, blocks), streamed_cka(x, y, groups, blocks)
    ):
        np.testing.assert_allclose(scaled, of, rtol=1e-5)


def test_features_are_left_as_they_are():
    x, y = views(12)
    before = x.copy(), y.copy()
    streamed_cka(x, y, np.arange(12), inference.blocks(np.arange(12)))
    assert (x == before[0]).all() and (y == before[1]).all()


def test_the_order_of_frames_does_not_matter():
    groups, order = groups_of([1, 4, 2, 2, 3, 1]), np.random.default_rng(1).permutation(13)
    x, y = views(13)
    one = streamed_cka(x, y, groups, inference.blocks(groups))
    other = streamed_cka(x[order], y[order], groups[order], inference.blocks(groups[order]))
    for found, wanted in itertools.zip_longest(other, one):
        np.testing.assert_allclose(found, wanted, rtol=1e-9)
