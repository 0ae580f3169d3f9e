"""The strength at which a change differs as much as asked, on changes whose strength is known."""

import numpy as np
import pytest

from catsight.views.matching import matched


def change(strength):
    return np.full((1, 1, 3), round(strength * 10), np.uint8)


@pytest.mark.parametrize("wanted", [0.01, 1, 35.9])
def test_the_strength_is_that_of_the_difference_asked(wanted):
    """The difference is the square of the strength, which is at most 6."""
    found = matched(change, lambda strength: strength**2, wanted, 6.0)
    assert found.strength == pytest.approx(np.sqrt(wanted), abs=1e-4) and found.reached is True
    np.testing.assert_array_equal(found.picture, change(found.strength))


@pytest.mark.parametrize(("wanted", "reached"), [(36, True), (36.3, True), (36.5, False)])
def test_the_strongest_may_fall_short(wanted, reached):
    """By a hundredth it is as strong, since pictures are rounded."""
    found = matched(change, lambda strength: strength**2, wanted, 6.0)
    assert (found.strength, found.reached) == (6, reached)
    np.testing.assert_array_equal(found.picture, change(6))


@pytest.mark.parametrize("wanted", [0, 0.0009])
def test_nothing_is_changed_where_nothing_differs(wanted):
    """Even if the change cannot make a difference at all."""
    found = matched(change, lambda strength: 0.0, wanted, 6.0)
    assert (found.strength, found.reached) == (0, True)
    np.testing.assert_array_equal(found.picture, change(0))
    assert not matched(change, lambda strength: 0.0, 0.0011, 6.0).reached


def test_few_strengths_are_tried_each_once():
    tried = []
    matched(change, lambda strength: tried.append(strength) or np.tanh(strength), 0.5, 100.0)
    assert len(tried) == len(set(tried)) <= 25 and max(tried) == 100
