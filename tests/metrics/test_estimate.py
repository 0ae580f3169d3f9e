"""Estimates: the mean over layers, and which interval a measure has; numbers by hand."""

import numpy as np
import pytest

from catsight.metrics.estimate import Estimate, interval, mean_over_layers, undefined
from support import by_hand

FACTS = {"similarity": True, "cosine": False, "depends_on_n": False, "share": False}
VALUES, SIZES = np.array([0.62, 0.6, 0.65, 0.58, 0.7, 0.61]), [2, 3, 5, 10, 4]


def test_the_mean_over_layers_is_that_of_values_replicates_and_nulls():
    layers = [
        Estimate(np.array([1.0, 2, 3]), np.array([1.0, 0, 5]), 2.0, sizes=[4, 7]),
        Estimate(np.array([3.0, 6, 9]), np.array([3.0, 4, -5]), 3.0, sizes=[4, 7]),
        Estimate(np.array([5.0, 1, 0]), np.array([5.0, 2, 3]), 4.0, sizes=[4, 7]),
    ]
    mean = mean_over_layers(layers)
    assert mean.values.tolist() == [3, 3, 4] and mean.null.tolist() == [3, 2, 1]
    assert mean.sizes == [4, 7] and mean.bandwidth is mean.reason is mean.untested is None


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
@pytest.mark.parametrize("depends_on_n", [True, False])
@pytest.mark.parametrize("confidence", [0.7, 0.95])
def test_the_facts_of_a_measure_decide_its_interval(cosine, depends_on_n, confidence):
    facts = FACTS | {"cosine": cosine, "depends_on_n": depends_on_n}
    estimate, centred = Estimate(VALUES, sizes=SIZES), {"depends_on_n": depends_on_n}
    found = interval(facts, estimate, confidence)
    wanted = by_hand.jackknife(VALUES[0], VALUES[1:], SIZES, confidence, cosine=cosine, **centred)
    assert found[:2] == pytest.approx(wanted) and found.reason is None
    # a difference of cosines is no cosine
    difference = interval(facts, estimate, confidence, difference=True)
    wanted = by_hand.jackknife(VALUES[0], VALUES[1:], SIZES, confidence, **centred)
    assert difference[:2] == pytest.approx(wanted)


@pytest.mark.parametrize("value", [0.97, 0.03])
def test_a_share_ends_at_none_and_at_all(value):
    """A difference of shares does not."""
    values = value + np.array([0, 0.03, -0.03, 0.02, -0.02])
    facts, estimate = FACTS | {"share": True}, Estimate(values, sizes=[4] * 4)
    low, high = by_hand.jackknife(values[0], values[1:], [4] * 4, 0.95)
    assert low < 0 or high > 1
    found = interval(facts, estimate, 0.95)
    assert found[:2] == pytest.approx((max(low, 0), min(high, 1))) and found.reason is None
    assert interval(facts, estimate, 0.95, difference=True)[:2] == pytest.approx((low, high))
    assert interval(FACTS, estimate, 0.95)[:2] == pytest.approx((low, high))


def test_a_share_that_is_the_same_in_every_group_has_no_interval():
    facts = FACTS | {"share": True}
    same = Estimate(np.ones(5), sizes=[4] * 4)
    found = interval(facts, same, 0.95)
    assert np.isnan(found[:2]).all() and found.reason == "the same in every group, so no interval"
    assert interval(FACTS, same, 0.95) == (1, 1, None)
    three = interval(facts, Estimate(np.ones(4), sizes=[4] * 3), 0.95)
    assert three.reason == "fewer than 4 groups, too few for an interval"
