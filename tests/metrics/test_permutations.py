"""Rearrangements, the Mantel test and p-values: enumerated, and compared with scikit-bio."""

import itertools
import math

import numpy as np
import pytest
import skbio.stats.distance

from catsight.metrics import inference, mantel, permutations, rsa, similarity

SIZES = [2, 2, 2, 1]  # numbers of frames of four groups


def test_groups_are_relabelled_whatever_their_sizes():
    each = permutations.relabellings(4, 999)
    assert each.exact and each.distinct == 24 and each.reason is None
    wanted = set(itertools.permutations(range(4)))
    assert len(each.each) == 24 and {tuple(row) for row in each.each.tolist()} == wanted
    assert each.each[0].tolist() == [0, 1, 2, 3]
    few = permutations.relabellings(3, 999)
    assert few.reason == "too few groups to test: 6 arrangements of them in all"


def test_many_relabellings_are_drawn_with_the_seed():
    one, again, other = (permutations.relabellings(30, 50, seed) for seed in (1, 1, 2))
    assert not one.exact and one.reason is None and one.each.shape == (51, 30)
    assert one.distinct == math.factorial(30)
    assert (one.each == again.each).all() and (one.each != other.each).any()
    assert (one.each[0] == np.arange(30)).all()
    assert (np.sort(one.each, axis=1) == np.arange(30)).all()
    assert len(np.unique(one.each, axis=0)) == 51
    assert (permutations.relabellings(30, 9).each == permutations.relabellings(30, 9, 0).each).all()


def test_swaps_exchange_groups():
    """Exchanging all is exchanging none: no arrangement is the opposite of another."""
    each = permutations.swaps(4, 999)
    assert each.exact and each.distinct == len(each.each) == 8 == len(
        {tuple(row) for row in each.each}
    )
    assert (each.each[0] == 1).all() and set(each.each.ravel()) == {-1, 1}
    assert not any((row == -other).all() for row in each.each for other in each.each)


def test_many_swaps_are_drawn_with_the_seed():
    one, again, other = (permutations.swaps(40, 200, seed) for seed in (3, 3, 4))
    assert not one.exact and one.distinct == 2**39 and one.each.shape == (201, 40)
    assert (one.each == again.each).all() and (one.each != other.each).any()
    assert (one.each[0] == 1).all() and set(one.each.ravel()) == {-1, 1}
    # every group, the first too, is exchanged in about half of the arrangements
    shares = (one.each[1:] == -1).mean(axis=0)
    assert shares.min() > 0.3 and shares.max() < 0.7 and len(np.unique(one.each, axis=0)) == 201
    assert (permutations.swaps(40, 200).each == permutations.swaps(40, 200, 0).each).all()


def test_divisions_are_within_groups_of_one_size():
    each = permutations.divisions(SIZES, 999)
    assert each.exact and each.distinct == len(each.each) == 20 * 2
    assert each.each[0].tolist() == [1] * 4 + [-1] * 4
    # three of both views' six groups of two frames are in each view, and one of the others
    for signs in each.each:
        assert signs[[0, 1, 2, 4, 5, 6]].sum() == 0 and signs[[3, 7]].sum() == 0
    assert len(np.unique(each.each, axis=0)) == 40


def test_many_divisions_are_drawn_with_the_seed():
    sizes = np.array([1, 2] * 15)
    one, again, other = (permutations.divisions(sizes, 100, seed) for seed in (1, 1, 2))
    assert not one.exact and one.each.shape == (101, 60) and one.distinct == math.comb(30, 15) ** 2
    assert (one.each == again.each).all() and (one.each != other.each).any()
    assert one.each[0].tolist() == [1] * 30 + [-1] * 30
    for size in (1, 2):  # half of the groups of each size are in each view
        of = one.each[:, np.tile(sizes, 2) == size]
        assert of.shape[1] == 30 and (of.sum(axis=1) == 0).all()
    assert len(np.unique(one.each, axis=0)) == 101
    shares = (one.each[1:] == 1).mean(axis=0)
    assert shares.min() > 0.3 and shares.max() < 0.7
    assert (permutations.divisions(sizes, 9).each == permutations.divisions(sizes, 9, 0).each).all()


@pytest.mark.parametrize(
    ("arrange", "groups", "distinct"),
    [
        (permutations.relabellings, 4, 24),
        (permutations.swaps, 5, 16),
        (permutations.divisions, [2, 2, 2], 20),
    ],
)
def test_all_arrangements_are_taken_if_they_are_no_more_than_asked_for(arrange, groups, distinct):
    """The data's own is not among those that are asked for."""
    for count, exact in ((distinct, True), (distinct - 1, True), (distinct - 2, False)):
        found = arrange(groups, count)
        assert found.exact == exact and found.distinct == distinct
        assert len(found.each) == (distinct if exact else count + 1)


def test_twenty_arrangements_are_enough_for_a_test():
    assert permutations.divisions([2, 2, 2], 99).reason is None
    said = "too few groups to test: {} of them in all"
    assert permutations.swaps(5, 99).reason == said.format("16 arrangements")
    assert permutations.relabellings(1, 99).reason == said.format("1 arrangement")
    assert permutations.divisions([1, 2], 99).reason == said.format("4 arrangements")
    assert permutations.Arrangements(np.ones((19, 2)), 19, True).reason is not None
    assert permutations.Arrangements(np.ones((2, 2)), 20, False).reason is None


@pytest.mark.parametrize("arrange", [permutations.relabellings, permutations.swaps])
def test_none_is_drawn_if_none_is_asked_for(arrange):
    assert len(arrange(9, 0).each) == 1 == len(permutations.divisions([1] * 9, 0).each)


def test_drawn_relabellings_are_uniform():
    """Each of eight groups comes into each place in an eighth of 2000 draws, within chance."""
    found = permutations.relabellings(8, 2000, seed=5)
    counts = np.array([[np.sum(found.each[1:, i] == j) for j in range(8)] for i in range(8)])
    assert counts.min() > 180 and counts.max() < 320


@pytest.mark.parametrize("unit", [1e-300, 1e-30, 1.0, 1e30, 1e150])
def test_products_of_relabelled_matrices_are_plain_sums(unit):
    rng = np.random.default_rng(0)
    a, b = (matrix + matrix.T for matrix in rng.normal(size=(2, 9, 9)))
    orders = permutations.relabellings(9, 30).each
    found = permutations.permuted_products(unit * a, b, orders)
    above = np.triu_indices(9, 1)
    wanted = [unit * (a[above] @ b[np.ix_(order, order)][above]) for order in orders]
    np.testing.assert_allclose(found, wanted, atol=unit * 1e-5)
    assert (permutations.permuted_products(np.zeros((9, 9)), b, orders) == 0).all()


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
        assert test.null_mean == pytest.approx(np.mean(values[1:]), abs=1e-6)


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
    assert (
        np.isnan(test.p_value)
        and test.statistic == pytest.approx(1)
        and "6 arrangements" in test.reason
    )
    assert np.isnan(mantel(np.ones((9, 3)), x[:9]).statistic)
    with pytest.raises(ValueError, match="alternative is 'more'"):
        mantel(x, x, alternative="more")


def test_p_value_counts_the_data_itself():
    null = np.array([2.0, 1, 3, 2, 0])
    assert inference.p_value(null) == 3 / 5  # 3, the tie, and itself
    assert inference.p_value(null, "less") == 4 / 5
    assert inference.p_value(np.array([-2.0, 1, 3, 2, 0]), "two-sided") == 3 / 5
    assert inference.p_value(np.array([2.0, 1, 2 - 1e-9, 0])) == 2 / 4  # equal except for rounding
    assert np.isnan(inference.p_value(np.array([1.0, np.nan])))


def test_corrected_p_values_hold_for_all_layers_at_once():
    """If the null is true in all 12 layers, 1 - 0.95^12 of studies have a p-value below 0.05.

    Of corrected p-values only 5 % of studies do. They are multiples of about 12 / 1000 here.
    """
    rng = np.random.default_rng(0)
    scales = np.logspace(-3, 3, 12)[:, None]  # layers of very different units
    single, family = [], []
    for _ in range(400):
        nulls = scales * rng.normal(size=(12, 1000))
        single.append(min(inference.p_value(null) for null in nulls) <= 0.05)
        family.append(inference.corrected(nulls).min() <= 0.05)
    assert np.mean(single) > 0.35
    assert 0.02 < np.mean(family) < 0.085
    assert inference.corrected(nulls[:1])[0] == inference.p_value(nulls[0])


def test_permutation_test_holds_its_level_with_grouped_frames():
    """Unrelated views with similar frames within groups, of one to seven frames: relabelling whole
    groups rejects 5 %.

    Relabelling single frames rejects far more.
    """
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(12), [1, 2, 3, 4, 5, 6, 7, 4, 4, 4, 4, 4])
    rejected = {"groups": 0, "frames": 0}
    for _ in range(150):
        x, y = (rng.normal(size=(12, 5))[groups] + 0.3 * rng.normal(size=(48, 5)) for _ in range(2))
        rejected["groups"] += (
            mantel(x, y, groups=groups, permutations=99, distance="euclidean").p_value <= 0.05
        )
        rejected["frames"] += mantel(x, y, permutations=99, distance="euclidean").p_value <= 0.05
    assert rejected["groups"] / 150 < 0.11
    assert rejected["frames"] / 150 > 0.2
