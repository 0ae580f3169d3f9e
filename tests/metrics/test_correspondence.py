"""Retrieval and Procrustes: compared with a plain search, with scipy, and at their ends."""

import numpy as np
import pytest
from scipy.spatial import procrustes as scipy_procrustes
from scipy.spatial.distance import cdist
from scipy.stats import ortho_group

from catsight.metrics import correspondence, procrustes, retrieval
from catsight.metrics.correspondence import nuclear_norm


def by_search(x, y, groups, distance):
    """Retrieval, frame by frame."""
    found = []
    for i in range(len(x)):
        if distance == "cosine":
            apart = [1 - x[i] @ one / np.linalg.norm(x[i]) / np.linalg.norm(one) for one in y]
        else:
            apart = [np.linalg.norm(x[i] - one) for one in y]
        rivals = [j for j in range(len(y)) if j != i and (groups is None or groups[j] != groups[i])]
        found.append(1 + sum(apart[j] <= apart[i] for j in rivals))
    found = np.array(found)
    return (found == 1).mean(), (1 / found).mean()


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("groups", [None, np.repeat(list("abcdefgh"), 5)])
def test_retrieval_agrees_with_a_plain_search(distance, groups):
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(8, 6)), 5, axis=0) + 0.4 * rng.normal(size=(40, 6))
    y = x + 0.5 * rng.normal(size=(40, 6))
    result = retrieval(x, y, groups=groups, distance=distance)
    assert result == pytest.approx(by_search(x, y, groups, distance))
    assert 0.2 < result.top1 < 1


def test_retrieval_at_its_ends():
    x = np.random.default_rng(0).normal(size=(20, 5))
    assert retrieval(x, 3 * x) == (1, 1)
    same = np.tile(x[0], (20, 1))
    # features that distinguish nothing find nothing
    assert retrieval(x, same) == pytest.approx((0, 1 / 20))
    assert np.isnan(retrieval(x, x, groups=["one"] * 20).top1)
    assert np.isnan(retrieval(x, np.where(np.arange(20)[:, None] == 3, 0, x))[1])
    with pytest.raises(ValueError, match="distance is 'taxi'"):
        retrieval(x, x, distance="taxi")


def test_procrustes_agrees_with_scipy():
    """scipy scales the second to fit, and returns the squared remainder: 1 - |X'Y|_*²."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 6))
    y = x @ ortho_group.rvs(6, random_state=1) + 0.5 * rng.normal(size=(30, 6))
    nuclear = np.sqrt(1 - scipy_procrustes(x, y)[2])
    assert procrustes(x, y) == pytest.approx(np.sqrt(2 - 2 * nuclear), rel=1e-8)


def test_procrustes_at_its_ends_and_its_invariances():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 6))
    turned = 4 * x @ ortho_group.rvs(6, random_state=1) - 7
    assert procrustes(x, turned) == pytest.approx(0, abs=1e-6)
    y = rng.normal(size=(30, 9))  # another number of features
    assert (
        procrustes(x, y)
        == pytest.approx(procrustes(turned, y), rel=1e-9)
        == pytest.approx(procrustes(y, x))
    )
    ends = np.zeros((30, 2))
    ends[:, 0], ends[:15, 0] = -1, 1
    across = np.zeros((30, 2))
    across[::2, 1], across[1::2, 1] = -1, 1  # uncorrelated except for 1/15 of the frames
    assert procrustes(ends, across) == pytest.approx(
        np.sqrt(2 - 2 * abs((ends[:, 0] * across[:, 1]).mean())), rel=0.01
    )
    assert np.isnan(procrustes(np.ones((5, 2)), x[:5]))


def test_the_nuclear_norm_is_computed_from_the_smaller_side():
    rng = np.random.default_rng(0)
    for d, e in ((5, 40), (40, 5), (40, 60)):
        x, y = rng.normal(size=(12, d)), rng.normal(size=(12, e))
        assert nuclear_norm(x, y) == pytest.approx(np.linalg.norm(x.T @ y, "nuc"), rel=1e-10)


def test_a_candidate_at_the_same_distance_counts_as_nearer():
    """Frames at 0, 2 and 9; their counterparts at 1, 1 and 9."""
    x, y = np.array([[0.0], [2], [9]]), np.array([[1.0], [1], [9]])
    assert retrieval(x, y, distance="euclidean") == pytest.approx((1 / 3, (1 / 2 + 1 / 2 + 1) / 3))
    apart = correspondence.distances(x, y, "euclidean")
    assert correspondence.ranks(apart).tolist() == [[2, 2, 3], [2, 2, 3], [3, 3, 1]]
    near = correspondence.as_near(apart)
    assert near.tolist() == [[False, True, False], [True, False, False], [False] * 3]
    # in one group, the two are no candidates for each other
    found = retrieval(x, y, distance="euclidean", groups=["a", "a", "b"])
    assert found == (1, 1)
    assert not correspondence.as_near(apart, ["a", "a", "b"]).any()


def test_ranks_of_every_frame_are_among_other_groups():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 9, 4))
    groups = [*"aabbbcccc"]
    for distance, metric in (("cosine", "cosine"), ("euclidean", "sqeuclidean")):
        apart = cdist(x, y, metric)
        wanted = [
            [
                1 + sum(apart[i, k] <= apart[i, j] for k in range(9) if groups[k] != groups[j])
                for j in range(9)
            ]
            for i in range(9)
        ]
        # distances are in units of the largest
        found = correspondence.distances(x, y, distance)
        assert correspondence.ranks(found, groups).tolist() == wanted
        near = [
            [j != i and groups[j] != groups[i] and apart[i, j] <= apart[i, i] for j in range(9)]
            for i in range(9)
        ]
        assert correspondence.as_near(found, groups).tolist() == near
        np.testing.assert_allclose(found, apart / apart.max(), atol=1e-11)


def test_retrieval_is_by_cosine_among_all_frames_unless_told_otherwise():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 30, 2))
    y = (x + 0.3 * y) * rng.uniform(0.1, 10, size=(30, 1))
    assert retrieval(x, y) == retrieval(x, y, distance="cosine", groups=None)
    assert retrieval(x, y) != retrieval(x, y, distance="euclidean")


def test_distances_that_differ_by_rounding_are_equal():
    """0.1 + 0.2 is not 0.3 in binary."""
    x, y = np.array([[0.0, 1]]), np.array([[0.1 + 0.2, 1], [0.3, 1]])
    for distance in correspondence.DISTANCES:
        one, other = correspondence.distances(x, y, distance)[0]
        assert one == other == 1
    assert (correspondence.distances(np.ones((2, 1)), np.ones((2, 1)), "euclidean") == 0).all()
    with pytest.raises(ValueError, match="distance is 'taxi'; it may be cosine, euclidean"):
        correspondence.distances(x, y, "taxi")


def test_retrieval_needs_every_frame_to_have_a_direction():
    """Both its values are undefined otherwise; with one group, too."""
    x = np.random.default_rng(0).normal(size=(6, 3))
    zero = x * (np.arange(6) != 2)[:, None]
    for found in (retrieval(zero, x), retrieval(x, zero), retrieval(x, x, groups=["a"] * 6)):
        assert np.isnan(found.top1) and np.isnan(found.mean_reciprocal_rank)
    with pytest.raises(ValueError, match="x has 3 features and y has 2"):
        retrieval(x, x[:, :2])


def test_procrustes_of_nothing_shared_is_the_root_of_two():
    """Across frames, the two patterns are orthogonal."""
    x = np.array([[1.0], [1], [-1], [-1]])
    y = np.array([[1.0], [-1], [1], [-1]])
    assert procrustes(x, y) == pytest.approx(np.sqrt(2))
    assert procrustes(x, 3 - 2 * x) == pytest.approx(0, abs=1e-7)
    assert np.isnan(procrustes(x, np.ones_like(y)))
    for seed in range(20):  # rounding never makes the root of a negative number
        same = np.random.default_rng(seed).normal(size=(9, 4))
        assert procrustes(same, same) == pytest.approx(0, abs=1e-6)
