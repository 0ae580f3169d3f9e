"""Rearrangements, the Mantel test and p-values: enumerated, and compared with scikit-bio."""

import itertools
import math

import numpy as np
import pytest
import skbio.stats.distance

from catsight.metrics import (
    distribution,
    energy_distance,
    inference,
    mantel,
    mmd2,
    permutations,
    rsa,
    similarity,
)
from catsight.metrics.arrays import upper

GROUPS = ["a", "a", "b", "c", "b", "c", "d"]  # three groups of 2, one of 1


def test_whole_groups_are_relabelled_and_keep_their_order():
    each = permutations.relabellings(GROUPS, 999)
    assert each.exact and each.distinct == len(each.each) == 6 == len(
        {tuple(row) for row in each.each}
    )
    assert each.each[0].tolist() == list(range(7))
    assert each.reason == "too few groups to test: 6 arrangements of them in all"
    for order in each.each:
        assert order[6] == 6  # the only group of its size
        for members in ([0, 1], [2, 4], [3, 5]):
            assert order[members].tolist() in ([0, 1], [2, 4], [3, 5])


def test_many_relabellings_are_drawn_with_the_seed():
    groups = np.repeat(np.arange(30), 3)
    one, again, other = (permutations.relabellings(groups, 50, seed) for seed in (1, 1, 2))
    assert not one.exact and one.reason is None and one.each.shape == (51, 90)
    assert (one.each == again.each).all() and (one.each != other.each).any()
    assert (one.each[0] == np.arange(90)).all()
    assert (np.sort(one.each, axis=1) == np.arange(90)).all()
    assert (
        groups[one.each].reshape(51, 30, 3) == groups[one.each].reshape(51, 30, 3)[:, :, :1]
    ).all()


def test_swaps_exchange_whole_groups():
    each = permutations.swaps(GROUPS, 999)
    assert each.exact and each.distinct == len(each.each) == 8 == len(
        {tuple(row) for row in each.each}
    )
    assert (each.each[0] == 1).all() and (each.each[:, 0] == each.each[:, 1]).all()
    assert not any((row == -other).all() for row in each.each for other in each.each)


def test_many_swaps_are_drawn_with_the_seed():
    groups = np.repeat(np.arange(40), 2)
    one, again, other = (permutations.swaps(groups, 200, seed) for seed in (3, 3, 4))
    assert not one.exact and one.distinct == 2**39 and one.each.shape == (201, 80)
    assert (one.each == again.each).all() and (one.each != other.each).any()
    assert (one.each[0] == 1).all() and set(one.each.ravel()) == {-1, 1}
    assert (one.each[:, ::2] == one.each[:, 1::2]).all()
    # every group, the first too, is exchanged in about half of the arrangements
    shares = (one.each[1:] == -1).mean(axis=0)
    assert shares.min() > 0.3 and shares.max() < 0.7 and len(np.unique(one.each, axis=0)) == 201
    assert (permutations.swaps(groups, 200).each == permutations.swaps(groups, 200, 0).each).all()


def test_divisions_are_within_groups_of_one_size():
    each = permutations.divisions(GROUPS, 999)
    assert each.exact and each.distinct == len(each.each) == 20 * 2
    assert (each.each.sum(axis=1) == 0).all() and each.each[0].tolist() == [1] * 7 + [-1] * 7
    # the two views' groups of two frames are mixed with each other, and so are those of one
    pooled = [*GROUPS, *GROUPS]
    for signs in each.each:
        assert signs[[6, 13]].sum() == 0
        for group in "abc":
            members = [i for i in range(14) if pooled[i] == group]
            assert signs[members[0]] == signs[members[1]] and signs[members[2]] == signs[members[3]]
    assert len(np.unique(each.each, axis=0)) == 40


def test_many_divisions_are_drawn_with_the_seed():
    groups = np.repeat(np.arange(30), [1, 2] * 15)
    one, again, other = (permutations.divisions(groups, 100, seed) for seed in (1, 1, 2))
    assert not one.exact and one.each.shape == (101, 90) and one.distinct == math.comb(30, 15) ** 2
    assert (one.each == again.each).all() and (one.each != other.each).any()
    assert one.each[0].tolist() == [1] * 45 + [-1] * 45
    pooled = np.concatenate([groups, groups + 30])
    for size in (1, 2):  # half of the groups of each size are in each view
        of = one.each[:, np.isin(pooled % 30, np.flatnonzero(np.bincount(groups) == size))]
        assert of.shape[1] == 30 * size and (of.sum(axis=1) == 0).all()
    assert len(np.unique(one.each, axis=0)) == 101
    shares = (one.each[1:] == 1).mean(axis=0)
    assert shares.min() > 0.3 and shares.max() < 0.7
    assert (
        permutations.divisions(groups, 9).each == permutations.divisions(groups, 9, 0).each
    ).all()


@pytest.mark.parametrize(
    ("arrange", "groups", "distinct"),
    [
        (permutations.relabellings, "aabbccdd", 24),
        (permutations.swaps, "aabbccddee", 16),
        (permutations.divisions, "aabbcc", 20),
    ],
)
def test_all_arrangements_are_taken_if_they_are_no_more_than_asked_for(arrange, groups, distinct):
    """The data's own is not among those that are asked for."""
    for count, exact in ((distinct, True), (distinct - 1, True), (distinct - 2, False)):
        found = arrange(list(groups), count)
        assert found.exact == exact and found.distinct == distinct
        assert len(found.each) == (distinct if exact else count + 1)


def test_twenty_arrangements_are_enough_for_a_test():
    assert permutations.divisions([*"aabbcc"], 99).reason is None
    assert (
        permutations.swaps([*"abcde"], 99).reason
        == "too few groups to test: 16 arrangements of them in all"
    )
    assert (
        permutations.relabellings([*"aab"], 99).reason
        == "too few groups to test: 1 arrangement of them in all"
    )
    assert permutations.Arrangements(np.ones((19, 2)), 19, True).reason is not None
    assert permutations.Arrangements(np.ones((2, 2)), 20, False).reason is None


def test_drawn_relabellings_are_uniform():
    """Each of eight groups comes into each place in an eighth of 2000 draws, within chance."""
    found = permutations.relabellings([*"abcdefgh"], 2000, seed=5)
    counts = np.array([[np.sum(found.each[1:, i] == j) for j in range(8)] for i in range(8)])
    assert counts.min() > 180 and counts.max() < 320


def test_mantel_of_few_frames_is_exact():
    """As enumerated here for each comparison; the identity is one of the 5! relabellings."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(5, 4))
    y = x + rng.normal(size=(5, 4))
    for comparison, alternative in itertools.product(
        similarity.COMPARISONS, ("greater", "less", "two-sided")
    ):
        values = [
            rsa(x, y[list(o)], comparison=comparison) for o in itertools.permutations(range(5))
        ]
        sign = {
            "greater": np.array(values),
            "less": -np.array(values),
            "two-sided": np.abs(values),
        }[alternative]
        test = mantel(x, y, comparison=comparison, alternative=alternative)
        assert test.permutations == 119
        assert test.statistic == pytest.approx(rsa(x, y, comparison=comparison), rel=1e-9)
        assert test.p_value == pytest.approx(np.mean(sign >= sign[0] - 1e-9), abs=1e-12)
        assert test.null_mean == pytest.approx(np.mean(values), abs=1e-6)


@pytest.mark.parametrize("comparison", ["spearman", "pearson"])
def test_mantel_agrees_with_scikit_bio(comparison):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(25, 5))
    y = x + 4 * rng.normal(size=(25, 5))
    a, b = (
        skbio.stats.distance.DissimilarityMatrix(similarity.rdm(v, "euclidean")) for v in (x, y)
    )
    wanted, p, _ = skbio.stats.distance.mantel(
        a, b, method=comparison, permutations=4999, alternative="greater", seed=1
    )
    test = mantel(x, y, distance="euclidean", comparison=comparison, permutations=4999)
    assert test.statistic == pytest.approx(wanted, rel=1e-8)
    assert test.p_value == pytest.approx(p, abs=0.03) and 0.002 < test.p_value < 0.5


def test_too_few_groups_get_no_p_value():
    x = np.random.default_rng(0).normal(size=(12, 4))
    test = mantel(x, x, groups=np.repeat([0, 1, 2], 4))
    assert np.isnan(test.p_value) and test.statistic == 1 and "6 arrangements" in test.reason
    assert np.isnan(mantel(np.ones((9, 3)), x[:9]).statistic)
    with pytest.raises(ValueError, match="alternative is 'more'"):
        mantel(x, x, alternative="more")


def test_the_null_of_cka_is_cka_of_relabelled_frames():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 5)), rng.normal(size=(20, 7))
    y[:, :5] += x
    orders = permutations.relabellings(np.repeat(np.arange(10), 2), 30).each
    k, m = (
        similarity.gram(x) + 3,
        similarity.rbf(np.square(similarity.rdm(y, "euclidean")))[0],
    )  # not centred
    for null, unbiased in zip(inference.cka_nulls(k, m, orders), (False, True)):
        for value, order in zip(null, orders):
            wanted = similarity.cka(
                k, m[np.ix_(order, order)], np.ones((1, 20)), unbiased=unbiased
            )[0]
            assert value == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("comparison", similarity.COMPARISONS)
def test_the_null_of_rsa_is_rsa_of_relabelled_frames(comparison):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 12, 5))
    orders = permutations.relabellings(range(12), 20).each
    a, b = (upper(similarity.rdm(v)) for v in (x, y))
    for value, order in zip(inference.rsa_null(a, b, orders, comparison), orders):
        assert value == pytest.approx(rsa(x, y[order], comparison=comparison), abs=1e-6)


def test_weights_of_swaps_exchange_the_views_of_frames():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 8, 3))
    signs = permutations.swaps(range(8), 10).each
    weights = permutations.weights(np.hstack([signs, -signs]))
    energies = distribution.energy_of(np.sqrt(distribution.pooled_squares(x, y)), weights)
    kernel, _ = distribution.kernel_of(distribution.pooled_squares(x, y))
    squares = distribution.mmd2_of(kernel, weights, unbiased=True, paired=True)
    for energy, square, sign in zip(energies, squares, signs):
        swapped_x, swapped_y = np.where(sign[:, None] > 0, x, y), np.where(sign[:, None] > 0, y, x)
        assert energy == pytest.approx(energy_distance(swapped_x, swapped_y))
        assert square == pytest.approx(mmd2(swapped_x, swapped_y, unbiased=True, paired=True))


def test_p_value_counts_the_data_itself():
    null = np.array([2.0, 1, 3, 2, 0])
    assert inference.p_value(null) == 3 / 5  # 3, the tie, and itself
    assert inference.p_value(null, "less") == 4 / 5
    assert inference.p_value(np.array([-2.0, 1, 3, 2, 0]), "two-sided") == 3 / 5
    assert inference.p_value(np.array([2.0, 1, 2 - 1e-9, 0])) == 2 / 4  # equal except for rounding
    assert np.isnan(inference.p_value(np.array([1.0, np.nan])))


def test_corrected_p_values_hold_for_all_layers_at_once():
    """If the null is true in all 12 layers, 1 - 0.95^12 of studies have a p-value below 0.05.

    Of corrected p-values only 5 % of studies do.
    """
    rng = np.random.default_rng(0)
    scales = np.logspace(-3, 3, 12)[:, None]  # layers of very different units
    single, family = [], []
    for _ in range(400):
        nulls = scales * rng.normal(size=(12, 100))
        single.append(min(inference.p_value(null) for null in nulls) <= 0.05)
        family.append(inference.corrected(nulls).min() <= 0.05)
    assert np.mean(single) > 0.35
    assert 0.02 < np.mean(family) < 0.085
    assert inference.corrected(nulls[:1])[0] == inference.p_value(nulls[0])


def test_permutation_test_holds_its_level_with_grouped_frames():
    """Unrelated views with similar frames within groups: relabelling whole groups rejects 5 %.

    Relabelling single frames rejects far more.
    """
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(12), 4)
    rejected = {"groups": 0, "frames": 0}
    for _ in range(150):
        x, y = (
            np.repeat(rng.normal(size=(12, 5)), 4, 0) + 0.3 * rng.normal(size=(48, 5))
            for _ in range(2)
        )
        rejected["groups"] += (
            mantel(x, y, groups=groups, permutations=99, distance="euclidean").p_value <= 0.05
        )
        rejected["frames"] += mantel(x, y, permutations=99, distance="euclidean").p_value <= 0.05
    assert rejected["groups"] / 150 < 0.11
    assert rejected["frames"] / 150 > 0.2
