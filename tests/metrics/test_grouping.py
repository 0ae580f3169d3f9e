"""Groups of frames and means over them, compared with loops."""

import numpy as np
import pytest

from catsight.metrics.grouping import Grouping, weighted_median
from support import by_hand

GROUPS = [*"bdabbca"]  # in any order; c and d are single frames
SORTED = [*"aabbbcd"]


@pytest.fixture
def grouping():
    return Grouping(GROUPS)


def test_frames_are_sorted_by_group_and_keep_their_order(grouping):
    assert grouping.order.tolist() == [2, 6, 0, 3, 4, 5, 1]
    assert grouping.sizes.tolist() == [2, 3, 1, 1] and grouping.starts.tolist() == [0, 2, 5, 6]
    assert grouping.of.tolist() == [0, 0, 1, 1, 1, 2, 3]
    assert grouping.weights.tolist() == [1 / 2] * 2 + [1 / 3] * 3 + [1, 1]


@pytest.mark.parametrize(
    ("groups", "single", "equal"),
    [("abc", True, True), ("aabb", False, True), ("aab", False, False), ("aaa", False, True)],
)
def test_groups_may_be_single_frames_or_equal(groups, single, equal):
    found = Grouping([*groups])
    assert found.single == single and found.equal == equal


def test_pairs_of_frames_are_apart_unless_of_one_group(grouping):
    wanted = [[one != other for other in SORTED] for one in SORTED]
    assert grouping.apart.tolist() == wanted
    assert grouping.own.tolist() == [[g == name for name in "abcd"] for g in SORTED]
    pairs = grouping.pairs
    rows, columns = by_hand.pairs_apart(SORTED)
    assert np.argwhere(pairs.places).tolist() == np.transpose([rows, columns]).tolist()
    for weight, i, j in zip(pairs.weights, rows, columns):
        assert weight == pytest.approx(1 / SORTED.count(SORTED[i]) / SORTED.count(SORTED[j]))
    assert Grouping([*"aabb"]).pairs.weights is None


@pytest.mark.parametrize("groups", [SORTED, [*"abcdefg"], ["a"] * 7])
def test_means_are_over_the_frames_of_each_group(groups):
    grouping, own = Grouping(groups), by_hand.members(groups)
    matrix = np.random.default_rng(0).normal(size=(7, 7))
    np.testing.assert_allclose(grouping.means(matrix[:, 0]), [matrix[g, 0].mean() for g in own])
    np.testing.assert_allclose(grouping.means(matrix), [matrix[g].mean(axis=0) for g in own])
    wanted = np.transpose([matrix[:, g].mean(axis=1) for g in own])
    np.testing.assert_allclose(grouping.columns(matrix), wanted)
    np.testing.assert_allclose(grouping.blocks(matrix), by_hand.blocks(matrix, groups))


@pytest.mark.parametrize("groups", [SORTED, [*"abcdefg"], ["a"] * 7])
def test_means_within_groups_are_over_pairs_of_two_frames(groups):
    """Of a single frame, its own entry."""
    matrix = np.random.default_rng(0).normal(size=(7, 7))
    wanted = []
    for rows in by_hand.members(groups):
        found = [matrix[i, j] for i in rows for j in rows if i != j]
        wanted.append(np.mean(found or [matrix[rows[0], rows[0]]]))
    np.testing.assert_allclose(Grouping(groups).within(matrix), wanted)


@pytest.mark.parametrize("seed", range(30))
def test_the_weighted_median_is_that_of_repeated_values(seed):
    rng = np.random.default_rng(seed)
    values, times = (
        rng.integers(0, 9, size=seed % 7 + 1).astype(float),
        rng.integers(1, 5, seed % 7 + 1),
    )
    wanted = np.median(np.repeat(values, times))
    assert weighted_median(values, times / 7) == wanted
    assert weighted_median(values, None) == np.median(values)


def test_the_median_of_equal_weights_is_the_ordinary_one_in_spite_of_rounding():
    """A tenth is not exact in binary: three of six tenths are not half of six."""
    for count in range(1, 60):
        values = np.random.default_rng(count).normal(size=count)
        assert weighted_median(values, np.full(count, 0.1)) == np.median(values)
    assert np.isnan(weighted_median(np.array([]), None))
    assert np.isnan(weighted_median(np.array([]), np.array([])))
