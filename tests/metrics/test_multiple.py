"""Holm, shared levels, equivalence and the set of the best, against closed forms and scipy.stats."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from catsight.metrics import multiple
from catsight.metrics.differences import differences

ALL_PAIRS = np.array(list(combinations(range(6), 2)))


def of_means(members: int = 6) -> np.ndarray:
    """Influences of the differences of all pairs of independent values with equal errors."""
    pairs = np.array(list(combinations(range(members), 2)))
    own = np.eye(members)
    return own[pairs[:, 0]] - own[pairs[:, 1]]


# -- p-values --------------------------------------------------------------------------------------


def test_p_values_are_two_sided():
    p = multiple.p_values(np.array([0.0, 2, -2]), np.array([1.0, 1, 2]), np.array([5.0, 5, 3]))
    np.testing.assert_allclose(p, [1, 2 * stats.t.sf(2, 5), 2 * stats.t.sf(1, 3)])


def test_holm_by_hand():
    np.testing.assert_allclose(multiple.holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(multiple.holm([0.4, 0.9, 0.6]), [1, 1, 1])
    np.testing.assert_allclose(multiple.holm([0.3]), [0.3])


def test_holm_is_closed_testing_with_bonferroni():
    """Marcus, Peritz & Gabriel 1976: a hypothesis falls if every set that it is in does."""
    p = np.random.default_rng(0).uniform(0, 0.3, size=6)
    sets = [one for k in range(1, 7) for one in combinations(range(6), k)]
    wanted = [
        max(min(1, len(one) * p[list(one)].min()) for one in sets if i in one) for i in range(6)
    ]
    np.testing.assert_allclose(multiple.holm(p), wanted)


# -- levels that contrasts share -------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 15, 300])
def test_the_level_of_independent_contrasts_is_sidaks(count):
    level = multiple.shared_level(np.eye(count), 0.05)
    assert level == pytest.approx(1 - 0.95 ** (1 / count), rel=0.08)


def test_equal_contrasts_cost_nothing():
    assert multiple.shared_level(np.ones((9, 4)), 0.05) == pytest.approx(0.05, rel=0.05)
    assert multiple.shared_level(np.ones((1, 4)), 0.1) == 0.1


def test_the_level_of_all_pairs_is_tukeys():
    range_ = stats.studentized_range.ppf(0.95, 6, np.inf)
    wanted = 2 * stats.norm.sf(range_ / np.sqrt(2))
    assert multiple.shared_level(of_means(), 0.05) == pytest.approx(wanted, rel=0.06)


@pytest.mark.parametrize("correlation", [-0.9, 0.5])
def test_the_level_of_two_correlated_contrasts(correlation):
    influences = np.array([[1, 0], [correlation, np.sqrt(1 - correlation**2)]])
    limit = -stats.norm.ppf(multiple.shared_level(influences, 0.1) / 2)
    both = stats.multivariate_normal(cov=[[1, correlation], [correlation, 1]])
    held = both.cdf([limit, limit], lower_limit=[-limit, -limit])
    assert held == pytest.approx(0.9, abs=0.004)


def test_the_level_knows_no_scale_and_is_the_same_each_time():
    influences = np.random.default_rng(1).normal(size=(5, 8))
    scaled = influences * np.array([[1], [-1e-9], [1e9], [-3], [0.2]])
    level = multiple.shared_level(influences, 0.05, seed=3)
    assert level == pytest.approx(multiple.shared_level(scaled, 0.05, seed=3), rel=1e-6)
    assert level == multiple.shared_level(influences, 0.05, seed=3)
    assert level != multiple.shared_level(influences, 0.05, seed=4)
    assert 0.05 / 5 <= level <= 0.05


def test_half_widths_are_those_of_student():
    half = multiple.half_widths(np.array([2.0, 1.0]), np.array([4.0, 30.0]), 0.01)
    np.testing.assert_allclose(half, [2 * stats.t.ppf(0.995, 4), stats.t.ppf(0.995, 30)])


# -- equivalence -----------------------------------------------------------------------------------


@pytest.mark.parametrize("z", [-0.6, -0.1, 0, 0.2, 0.3])
def test_equivalence_is_the_worse_of_two_one_sided_tests(z):
    found = multiple.equivalence(np.array([z]), np.array([0.1]), np.array([7.0]), np.array([0.3]))
    wanted = max(stats.t.sf((z + 0.3) / 0.1, 7), stats.t.cdf((z - 0.3) / 0.1, 7))
    np.testing.assert_allclose(found, wanted)


# -- the best --------------------------------------------------------------------------------------


def best(values, error=1.0, df=1e9):
    """The p-values of independent members with equal standard errors."""
    values = np.asarray(values, dtype=float)
    pairs = np.array(list(combinations(range(len(values)), 2)))
    z = values[pairs[:, 0]] - values[pairs[:, 1]]
    influences = error * of_means(len(values))
    return multiple.p_best(pairs, z, influences, np.full(len(z), df), len(values))


def test_of_two_the_worse_one_has_a_one_sided_p_value():
    p = stats.norm.sf(2 / np.sqrt(2))
    np.testing.assert_allclose(best([0, 2]), [p, 1 - p], rtol=0.06)
    t = stats.t.sf(2 / np.sqrt(2), 5)  # the tails of few degrees of freedom
    np.testing.assert_allclose(best([2, 0], df=5), [1 - t, t], rtol=0.06)


def test_a_member_is_compared_with_all_its_rivals_at_once():
    """Dunnett's one-sided probability, by quadrature: the rivals' differences correlate by ½."""
    found = best([0, 1, 2.5, 0.5])
    x, step = np.linspace(-9, 9, 4001, retstep=True)
    for value, p in zip((0, 1, 0.5), found[[0, 1, 3]]):
        wanted = 1 - (stats.norm.pdf(x) * stats.norm.cdf(2.5 - value + x) ** 3).sum() * step
        assert p == pytest.approx(wanted, rel=0.05)
    assert found[2] > 0.9


def test_equal_members_all_stay_and_order_does_not_matter():
    assert (best([1, 1, 1, 1]) > 0.2).all()
    values = np.array([0.3, 4, 3, -1, 2])
    order = [3, 1, 4, 0, 2]
    np.testing.assert_allclose(best(values)[order], best(values[order]), atol=0.015)
    np.testing.assert_array_equal(best(7 + 2 * values, error=2), best(values))


def test_no_p_value_is_smaller_than_the_draws_allow_and_a_seed_draws_others():
    pairs, z, influences, df = np.array([[0, 1]]), np.array([90.0]), np.ones((1, 4)), np.full(1, 1e9)  # fmt: skip
    assert multiple.p_best(pairs, z, influences, df, 2, draws=999)[1] == 1 / 1000
    found = [multiple.p_best(pairs, z / 60, influences, df, 2, seed=seed)[1] for seed in (1, 2)]
    assert found[0] != found[1]


def test_a_member_without_rivals_is_not_thrown_out():
    """Members that are equal have no contrast."""
    found = multiple.p_best(np.array([[0, 2]]), np.array([9.0]), np.ones((1, 4)), np.ones(1), 3)
    assert found[1] == 1 and found[2] < found[0]


# -- all of it, in studies -------------------------------------------------------------------------


def studies(count, blocks, true, seed):
    """Means of groups' values that six encoders share in part, as in a study of one layer."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        shared, own = rng.normal(size=(1, blocks)), rng.normal(size=(len(true), blocks))
        each = np.asarray(true)[:, None] + 0.3 * (np.sqrt(0.8) * shared + np.sqrt(0.2) * own)
        total = each.sum(axis=1, keepdims=True)
        z = np.concatenate([total / blocks, (total - each) / (blocks - 1)], axis=1)
        yield differences(np.tanh(z), ALL_PAIRS, "fisher")


@pytest.mark.parametrize("blocks", [7, 15])
def test_equal_encoders_are_told_apart_as_rarely_as_promised(blocks):
    """Of six equal encoders, corrected tests tell some apart in at most .065 of studies, all
    intervals hold 0 in at least .91, and the set of the best holds any given one in .95.
    """
    told = uncorrected = held = kept = 0
    for one in studies(1000, blocks, [2] * 6, seed=blocks):
        p = multiple.p_values(one.z, one.error, one.df)
        told += (multiple.holm(p) <= 0.05).any()
        uncorrected += (p <= 0.05).any()
        level = multiple.shared_level(one.influences, 0.05, draws=2000)
        held += (np.abs(one.z) <= multiple.half_widths(one.error, one.df, level)).all()
        kept += multiple.p_best(ALL_PAIRS, one.z, one.influences, one.df, 6, draws=500)[0] > 0.05
    assert told <= 65 and uncorrected >= 250
    assert held >= 910 and kept >= 930


def test_encoders_at_the_margin_are_rarely_called_equivalent():
    true = 2 + 0.2 * np.array([0, 0, 0, 1, 1, 1])
    differ = np.abs(true[ALL_PAIRS[:, 0]] - true[ALL_PAIRS[:, 1]]) > 0.1
    wrong = right = 0
    for one in studies(300, 25, true, seed=5):
        p = multiple.equivalence(one.z, one.error, one.df, np.full(15, 0.2))
        equivalent = multiple.holm(p) <= 0.05
        wrong += equivalent[differ].any()
        right += equivalent[~differ].any()
    assert wrong <= 0.05 * 300 and right >= 0.5 * 300
