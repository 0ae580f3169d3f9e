"""How many groups a difference takes, against the published formula and the non-central t."""

import numpy as np
import pytest
from scipy import stats

from catsight.metrics.power import needed, power_of, spread

#: σ = 1 on the scale of Fisher's z, from 1,001 groups.
ONE = spread(1 / np.sqrt(1001), 1000.0, 1001)


def apart(a, b):
    return np.arctanh(a) - np.arctanh(b)


@pytest.mark.parametrize(("a", "b", "groups"), [(0.99, 0.97, 26), (0.97, 0.95, 116), (0.9, 0.88, 840)])  # fmt: skip
def test_examples(a, b, groups):
    """The normal formula, ((1.960 + 0.842) σ / Δ)²; Student's t takes two more."""
    normal = (2.8015852 / apart(a, b)) ** 2
    assert normal == pytest.approx(groups, abs=6)
    assert 1.5 < needed(apart(a, b), ONE).groups - normal < 3.5


@pytest.mark.parametrize(("level", "power"), [(0.05, 0.8), (0.003, 0.8), (0.05, 0.95)])
def test_the_number_solves_the_formula(level, power):
    df, groups, error = np.array([4.0, 14, 30]), np.array([15.0, 15, 40]), np.array([0.3, 0.02, 0.1])  # fmt: skip
    difference = np.array([0.5, -0.1, 0.2])

    def asked(n):
        share = np.maximum(df / (groups - 1) * (n - 1), 1)
        t = stats.t.ppf(1 - level / 2, share) + stats.t.ppf(power, share)
        return np.square(t * error * np.sqrt(groups) / difference)

    n = needed(difference, spread(error, df, groups), level, power).groups
    assert (n == np.floor(n)).all()
    # n is enough and n - 1 is not; below 4 there is no interval
    assert (asked(n) <= n + 1e-3).all() and ((asked(n - 1) > n - 1) | (n == 4)).all()


def test_that_many_groups_have_that_power():
    for difference in (0.1, 0.3, 0.6):
        n = needed(difference, ONE).groups
        assert power_of(n, difference, ONE) == pytest.approx(0.8, abs=0.015)


@pytest.mark.parametrize(("df", "level"), [(9.0, 0.05), (14.0, 0.01)])
def test_power_is_that_of_the_non_central_t(df, level):
    of, n = spread(0.3, df, 15), np.array([5, 15, 40, 200])
    share = np.maximum(df / 14 * (n - 1), 1)
    limit, shift = stats.t.ppf(1 - level / 2, share), 0.5 * np.sqrt(n / 15) / 0.3
    wanted = stats.nct.sf(limit, share, shift) + stats.nct.cdf(-limit, share, shift)
    np.testing.assert_allclose(power_of(n, 0.5, of, level), wanted, atol=1e-3)
    np.testing.assert_allclose(power_of(n, 0, of, level), level, atol=1e-3)


def test_the_range_is_that_of_a_standard_deviation():
    """It holds the true number in 95 % of pilots of 15 groups."""
    rng, held = np.random.default_rng(0), 0
    truth = needed(0.2, ONE).groups
    errors = rng.normal(size=(2000, 15)).std(axis=1, ddof=1) / np.sqrt(15)
    found = needed(np.full(2000, 0.2), spread(errors, np.full(2000, 14.0), np.full(2000, 15)))
    held = np.mean((found.low <= truth) & (truth <= found.high))
    assert 0.93 <= held <= 0.97
    assert (found.low < found.groups).all() and (found.groups < found.high).all()


def test_what_cannot_be_told_takes_infinitely_many():
    found = needed(np.array([0.0, 1e-9, 50]), ONE)
    assert found.groups.tolist() == [np.inf, np.inf, 4]
