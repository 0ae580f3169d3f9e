"""Differences on their scales: closed forms, and the paired t-test."""

import numpy as np
import pytest
from scipy import stats

from catsight.metrics.differences import (
    bounds,
    differences,
    loss_ratios,
    on_values,
)

PAIR = np.array([[0, 1]])


def with_replicates(*members):
    """Means of groups' values, of all and without each: (members, 1 + groups)."""
    each = np.array(members, dtype=float)
    total, count = each.sum(axis=1, keepdims=True), each.shape[1]
    return np.concatenate([total / count, (total - each) / (count - 1)], axis=1)


def test_the_difference_of_two_means_is_the_paired_t_test():
    """Of light tails, which leave the degrees of freedom at groups - 1."""
    rng = np.random.default_rng(0)
    a, b = rng.uniform(size=(2, 12))
    found = differences(with_replicates(a, b), PAIR, "plain")
    wanted = stats.ttest_rel(a, b)
    assert found.df == 11
    np.testing.assert_allclose(found.z / found.error, wanted.statistic)
    np.testing.assert_allclose(2 * stats.t.sf(abs(found.z / found.error), found.df), wanted.pvalue)


def test_in_parts_each_part_has_its_own_jackknife():
    """The mean of two parts: the variance is that of each part's mean, over 4."""
    rng = np.random.default_rng(1)
    of_parts = [rng.normal(size=(2, 5)), rng.normal(size=(2, 9))]
    means = [with_replicates(*one) for one in of_parts]
    value = sum(one[:, :1] for one in means) / 2
    without = [value + (one[:, 1:] - one[:, :1]) / 2 for one in means]
    found = differences(np.concatenate([value, *without], axis=1), PAIR, "plain", (5, 9))
    variance = sum(np.var(one[0] - one[1], ddof=1) / one.shape[1] for one in of_parts) / 4
    np.testing.assert_allclose(found.error**2, variance)


def constant(*values):
    """Values that stay whichever of four blocks is left out."""
    return np.repeat(np.array(values, dtype=float)[:, None], 5, axis=1)


def test_scales():
    values = constant(0.9, 0.8, 1.1, -0.1)
    pairs = np.array([[0, 1], [1, 0], [0, 2], [0, 3]])
    fisher = differences(values, pairs, "fisher")
    assert fisher.scale.tolist() == ["fisher", "fisher", "plain", "fisher"]
    z = np.arctanh(0.9) - np.arctanh(0.8)
    np.testing.assert_allclose(fisher.z, [z, -z, -0.2, np.arctanh(0.9) + np.arctanh(0.1)])
    log = differences(values, pairs, "log")
    assert log.scale.tolist() == ["log", "log", "log", "plain"]
    np.testing.assert_allclose(log.z, [np.log(9 / 8), np.log(8 / 9), np.log(9 / 11), 1])
    assert set(differences(values, pairs, "plain").scale) == {"plain"}


def test_errors_are_of_the_scale_that_is_used():
    """(b - 1) / b of the squared deviations."""
    without = np.array([0.95, 0.8, 0.85, 0.9])
    values = np.array([[0.9, *without], [0.5] * 5])
    for scale, each in (("fisher", np.arctanh(without)), ("log", np.log(without)), ("plain", without)):  # fmt: skip
        wanted = np.sqrt(3 / 4 * np.square(each - each.mean()).sum())
        np.testing.assert_allclose(differences(values, PAIR, scale).error, wanted)


def test_a_value_in_range_whose_replicates_are_not_is_compared_as_it_is():
    values = np.array([[0.99, 0.98, 1.0, 0.99, 0.99], [0.9] * 5])
    found = differences(values, PAIR, "fisher")
    assert found.scale.tolist() == ["plain"] and found.z == pytest.approx(0.09)
    wanted = np.sqrt(3 / 4 * np.square(values[0, 1:] - 0.99).sum())
    np.testing.assert_allclose(found.error, wanted)


@pytest.mark.parametrize(("a", "b"), [(0.99, 0.97), (0.5, 0.95)])
def test_the_loss_ratio_of_cosines(a, b):
    found = differences(constant(a, b), PAIR, "fisher")
    ratio = loss_ratios(found, found.z)
    np.testing.assert_allclose(ratio, (1 - a) / (1 - b) * (1 + b) / (1 + a))
    if min(a, b) > 0.9:
        assert ratio == pytest.approx((1 - a) / (1 - b), rel=0.05)


def test_the_loss_ratio_of_distances_and_of_others():
    found = differences(constant(6, 2, -1), np.array([[0, 1], [0, 2]]), "log")
    np.testing.assert_allclose(loss_ratios(found, found.z), [3, np.nan])
    np.testing.assert_allclose(bounds(found, 1.5), [np.log(1.5), np.nan])


def test_the_margin_is_a_loss_ratio():
    found = differences(constant(0.9, 0.8), PAIR, "fisher")
    for sign, ratio in ((1, 1 / 1.25), (-1, 1.25)):
        np.testing.assert_allclose(loss_ratios(found, sign * bounds(found, 1.25)), ratio)


@pytest.mark.parametrize(("scale", "values"), [("fisher", [0.9, 0.7]), ("log", [3, 5]), ("plain", [2, -4])])  # fmt: skip
def test_a_difference_on_the_values_own_scale(scale, values):
    found = differences(constant(*values), PAIR, scale)
    np.testing.assert_allclose(on_values(found, found.z), values[0] - values[1])
    np.testing.assert_allclose(on_values(found, 0 * found.z), 0, atol=1e-15)
    ends = [on_values(found, found.z + step)[0] for step in (-0.1, 0, 0.1)]
    assert ends == sorted(ends)
