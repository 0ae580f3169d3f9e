"""Estimates: the mean over layers, and which interval a measure has; numbers by hand."""

import numpy as np
import pytest
from scipy.stats import kurtosis
from scipy.stats import t as student

from catsight.metrics.estimate import Estimate, interval, mean_over_layers, undefined
from support import by_hand

FACTS = {"similarity": True, "cosine": False, "share": False}
VALUES = np.array([0.62, 0.6, 0.65, 0.58, 0.7, 0.61])


def test_the_mean_over_layers_is_that_of_values_replicates_and_nulls():
    layers = [
        Estimate(np.array([1.0, 2, 3]), np.array([1.0, 0, 5]), 2.0, parts=(2,)),
        Estimate(np.array([3.0, 6, 9]), np.array([3.0, 4, -5]), 3.0, parts=(2,)),
        Estimate(np.array([5.0, 1, 0]), np.array([5.0, 2, 3]), 4.0, parts=(2,)),
    ]
    mean = mean_over_layers(layers)
    assert mean.values.tolist() == [3, 3, 4] and mean.null.tolist() == [3, 2, 1]
    assert mean.parts == (2,) and mean.bandwidth is mean.reason is mean.untested is None


def test_the_mean_has_no_null_if_a_layer_has_none():
    with_null = Estimate(np.ones(3), np.ones(4))
    without = Estimate(np.full(3, 3.0), untested="too few")
    for layers in ([with_null, without], [without, with_null]):
        mean = mean_over_layers(layers)
        assert mean.null is None and mean.untested == "too few" and mean.values.tolist() == [2] * 3
    assert mean_over_layers([Estimate(np.ones(3))] * 2).null is None


def test_the_mean_is_undefined_if_a_layer_is_for_the_first_reason():
    layers = [Estimate(np.ones(3)), undefined("flat", 2), undefined("zero", 2)]
    mean = mean_over_layers(layers)
    assert mean.reason == "undefined in a layer: flat" and np.isnan(mean.values).all()


def test_undefined_has_a_value_and_a_replicate_for_each_block():
    for count in (0, 3):
        estimate = undefined("flat", count)
        assert len(estimate.values) == 1 + count and np.isnan(estimate.values).all()
        assert estimate.reason == "flat" and estimate.null is None
    assert len(undefined("flat").values) == 1


@pytest.mark.parametrize("cosine", [True, False])
@pytest.mark.parametrize("confidence", [0.7, 0.95])
@pytest.mark.parametrize(
    "values", [VALUES, VALUES - 0.64, -VALUES, [0.99, 0.98, 0.995, 0.9, 0.992]]
)
def test_the_facts_of_a_measure_decide_its_interval(values, confidence, cosine):
    """Fisher's z of a cosine; of a difference, even of cosines, the logarithm if it is positive."""
    facts, estimate = FACTS | {"cosine": cosine}, Estimate(np.array(values))
    found = interval(facts, estimate, confidence)
    wanted = by_hand.interval(values, confidence, cosine=cosine)
    assert found[:2] == pytest.approx(wanted, rel=1e-12) and found.reason is None
    difference = interval(facts, estimate, confidence, difference=True)
    wanted = by_hand.interval(values, confidence, loss=True)
    assert difference[:2] == pytest.approx(wanted, rel=1e-12)


def test_the_interval_of_the_mean_of_groups_is_the_textbook_one():
    """Mean ± t s/√g with g - 1 degrees of freedom, of values whose tails are light."""
    rng = np.random.default_rng(0)
    groups = rng.uniform(size=9)
    values = np.array([groups.mean(), *((groups.sum() - groups) / 8)])
    low, high, _ = interval(FACTS, Estimate(values), 0.9)
    reach = student.ppf(0.95, 8) * groups.std(ddof=1) / 3
    assert (low, high) == pytest.approx((groups.mean() - reach, groups.mean() + reach), rel=1e-12)
    # one group is far off, so the variance is uncertain: fewer degrees of freedom
    groups[3] = 30
    values = np.array([groups.mean(), *((groups.sum() - groups) / 8)])
    low, high, _ = interval(FACTS, Estimate(values), 0.9)
    df = 18 / (3 + kurtosis(groups, bias=False) - 6 / 8)
    assert 1 < df < 3
    reach = student.ppf(0.95, df) * groups.std(ddof=1) / 3
    assert (low, high) == pytest.approx((groups.mean() - reach, groups.mean() + reach), rel=1e-9)


def test_a_cosine_near_one_has_ends_below_one():
    """On Fisher's z its interval reaches farther down than up; on its own scale beyond 1."""
    values = np.array([0.97, 0.98, 0.95, 0.97, 0.96, 0.985])
    low, high, _ = interval(FACTS | {"cosine": True}, Estimate(values), 0.95)
    assert 0 < low < 0.97 < high < 1 and 0.97 - low > high - 0.97
    assert interval(FACTS, Estimate(values), 0.95).high > 1
    opposite = interval(FACTS | {"cosine": True}, Estimate(-values), 0.95)
    assert opposite[:2] == pytest.approx((-high, -low))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    "values",
    [[1.02, 0.99, 0.98, 0.97, 0.995], [0.98, 0.97, 1.001, 0.95, 0.99], [1.0, 1.0, 0.9, 1.0, 1.0]],
)
def test_a_cosine_that_reaches_one_has_an_interval_on_its_own_scale(values, sign):
    """An unbiased CKA can exceed 1."""
    values = sign * np.array(values)
    found = interval(FACTS | {"cosine": True}, Estimate(values), 0.9)
    assert found[:2] == pytest.approx(by_hand.interval(values, 0.9))


@pytest.mark.parametrize("value", [0.97, 0.03])
def test_a_share_ends_at_none_and_at_all(value):
    """A difference of shares does not."""
    values = value + np.array([0, 0.03, -0.03, 0.02, -0.02, 0.01, -0.01])
    facts, estimate = FACTS | {"share": True}, Estimate(values)
    low, high = by_hand.interval(values, 0.95)
    assert low < 0 or high > 1
    found = interval(facts, estimate, 0.95)
    assert found[:2] == pytest.approx((max(low, 0), min(high, 1))) and found.reason is None
    assert interval(FACTS, estimate, 0.95)[:2] == pytest.approx((low, high))
    difference = Estimate(np.array([0.03, -0.03, 0.02, 0.05, 0.01]))
    found = interval(facts, difference, 0.95, difference=True)
    assert found.low < 0 and found[:2] == pytest.approx(by_hand.interval(difference.values, 0.95))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("few", [0, 1, 2, 3])
def test_a_share_of_nearly_equal_groups_has_no_interval(few, sign):
    """At least three groups must raise it, and three lower it, by more than rounding."""
    moved = np.concatenate([np.full(few, 0.1), np.full(9 - few, -0.01), [1e-12, -1e-12]])
    estimate = Estimate(np.array([0.5, *(0.5 + sign * moved)]))
    found = interval(FACTS | {"share": True}, estimate, 0.95)
    if few == 3:
        assert found.reason is None and found.low < 0.5 < found.high
    else:
        # the few leave a higher share without them
        does = "lower" if sign > 0 else "raise"
        who = {0: f"no group {does}s", 1: f"only 1 group {does}s", 2: f"only 2 groups {does}"}[few]
        assert found.reason == f"{who} it, so no interval"
        assert np.isnan(found[:2]).all()
    # measures that are no shares have one, and so has a difference of shares
    assert interval(FACTS, estimate, 0.95).reason is None
    difference = interval(FACTS | {"share": True}, estimate, 0.95, difference=True)
    assert difference.reason is None


def test_a_share_that_is_the_same_in_every_group_has_no_interval():
    facts = FACTS | {"share": True}
    same = Estimate(np.ones(5))
    found = interval(facts, same, 0.95)
    assert np.isnan(found[:2]).all() and found.reason == "the same in every group, so no interval"
    assert interval(FACTS, same, 0.95) == (1, 1, None)
    three = interval(facts, Estimate(np.ones(4)), 0.95)
    assert three.reason == "fewer than 4 groups, too few for an interval"


def test_four_groups_have_an_interval_and_three_do_not():
    four = np.array([0.5, 0.4, 0.6, 0.5, 0.52])
    assert interval(FACTS, Estimate(four), 0.95).reason is None
    few = interval(FACTS, Estimate(four[:4]), 0.95)
    assert np.isnan(few[:2]).all() and few.reason == "fewer than 4 groups, too few for an interval"


@pytest.mark.parametrize("place", [0, 1, 4])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_or_replicate_that_is_undefined_leaves_no_interval(place, bad):
    values = VALUES.copy()
    values[place] = bad
    found = interval(FACTS, Estimate(values), 0.95)
    assert np.isnan(found[:2]).all() and found.reason == "undefined if certain groups are left out"


def test_equal_replicates_have_no_width():
    """Around the value itself, whatever they are."""
    for replicates in (np.full(5, 0.3), np.full(5, 0.4)):
        found = interval(FACTS, Estimate(np.array([0.3, *replicates])), 0.95)
        assert found[:2] == pytest.approx((0.3, 0.3)) and found.low <= 0.3 <= found.high


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("cosine", [True, False])
@pytest.mark.parametrize("difference", [True, False])
def test_the_value_lies_inside_its_interval(difference, cosine, seed):
    """Even if the replicates lie on one side of it, or differ from it in their last bits alone."""
    rng = np.random.default_rng(seed)
    spread = 10.0 ** -rng.integers(0, 17)
    values = 1 - spread * rng.uniform(size=8)
    values[0] = values.max() if seed % 2 else rng.uniform()
    facts = FACTS | {"cosine": cosine}
    low, high, reason = interval(facts, Estimate(values), 0.95, difference=difference)
    assert reason is None and low <= values[0] <= high


def test_the_jackknife_of_parts_is_of_each_part():
    """The mean of two parts that differ: the difference between them is no spread."""
    rng = np.random.default_rng(3)
    parts = rng.normal(size=6), 100 + rng.normal(size=9)
    value = (parts[0].mean() + parts[1].mean()) / 2
    without = [value + ((part.sum() - part) / (len(part) - 1) - part.mean()) / 2 for part in parts]
    estimate = Estimate(np.array([value, *without[0], *without[1]]), parts=(6, 9))
    low, high, _ = interval(FACTS, estimate, 0.95)
    error = np.sqrt(sum(part.var(ddof=1) / len(part) for part in parts)) / 2
    moves = [np.sqrt((len(p) - 1) / len(p)) * (p - p.mean()) / (len(p) - 1) for p in parts]
    kappa = 3 + kurtosis(np.concatenate(moves), bias=False)
    df = min(13, 30 / (kappa - 12 / 14))
    reach = student.ppf(0.975, df) * error
    assert (low, high) == pytest.approx((value - reach, value + reach), rel=1e-9)
