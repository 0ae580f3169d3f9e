"""First-order shares of a variance, against functions whose shares are known."""

import numpy as np
import pytest
from scipy import stats

from catsight.metrics import sensitivity


def draws(n, k, seed=0):
    """A Latin hypercube on 0..1, (n, k)."""
    rng = np.random.default_rng(seed)
    return (np.argsort(rng.random((n, k)), axis=0) + rng.random((n, k))) / n


def test_of_a_linear_function_24_draws_give_the_closed_form():
    """The variance of a sum of independent numbers is the sum of their variances."""
    slopes = np.zeros(15)
    slopes[[2, 7, 11]] = 3, -2, 1
    shares = sensitivity.first_order(draws(24, 15), 5 + draws(24, 15) @ slopes)
    np.testing.assert_allclose(shares, slopes**2 / 14, atol=1e-9)


def test_of_an_additive_function_with_noise_many_draws_give_the_closed_form():
    x = draws(4000, 4)
    noise = np.random.default_rng(1).normal(0, np.sqrt(5 / 12), 4000)
    shares = sensitivity.first_order(x, 2 * x[:, 0] + x[:, 3] + noise)
    np.testing.assert_allclose(shares, [0.4, 0, 0, 0.1], atol=0.02)


def test_of_the_ishigami_function_the_straight_part_is_found():
    """sin a + 7 sin² b + 0.1 c⁴ sin a (Ishigami & Homma 1990): first-order shares .31, .44 and 0.
    Of these, a straight line holds 6 / π² of the first, and none of the second, which is symmetric.
    """
    x = draws(20000, 3)
    a, b, c = (np.pi * (2 * x - 1)).T
    y = np.sin(a) + 7 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a)
    variance = 49 / 8 + 0.1 * np.pi**4 / 5 + 0.01 * np.pi**8 / 18 + 0.5
    first = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2 / variance
    assert first == pytest.approx(0.3139, abs=1e-4)
    shares = sensitivity.first_order(x, y)
    np.testing.assert_allclose(shares, [first * 6 / np.pi**2, 0, 0], atol=0.01)


def test_few_draws_find_a_curved_number_and_hardly_any_that_means_nothing():
    """A loss that falls with acuity as it does here; first-order shares from a million draws."""

    def loss(x):
        return (3 + 6 * x[:, 0]) ** -1.15 * (1 + 0.5 * (x[:, 1] - 0.5)) + 0.04 * x[:, 2]

    many = np.random.default_rng(0).random((10**6, 3))
    y = loss(many)
    cells = (many * 100).astype(int).T
    means = [np.bincount(of, y) / np.bincount(of) for of in cells]
    known = np.var(means, axis=1) / y.var()
    found = np.array([
        sensitivity.first_order(x, loss(x)) for x in (draws(24, 15, seed) for seed in range(60))
    ])  # fmt: skip
    assert known[0] > 0.7 and 0.1 < known[1] < 0.15
    np.testing.assert_allclose(found.mean(axis=0)[:3], known, atol=0.08)
    assert found[:, :2].std(axis=0).max() < 0.1
    assert found[:, 3:].mean() < 0.003 and found[:, 3:].max(axis=1).mean() < 0.02
    assert (found.argmax(axis=1) == 0).all()


def test_with_24_draws_only_the_largest_share_means_something():
    """Seven numbers of fifteen, some of them together. The largest is found within ±0.2; a number
    that means nothing rarely gets a tenth.
    """

    def loss(x):
        plain = x[:, :4] @ [1, 0.6, 0.5, 0.4]
        curved = 0.3 * np.sin(9 * x[:, 4]) * x[:, 5]
        return plain + curved + 2 * (x[:, 6] - 0.5) * (x[:, 7] - 0.5)

    many = loss(np.random.default_rng(0).random((10**6, 8)))
    known = 1 / 12 / many.var()
    assert 0.4 < known < 0.5
    found = np.array([
        sensitivity.first_order(x, loss(x)) for x in (draws(24, 15, seed) for seed in range(100))
    ])  # fmt: skip
    assert np.sqrt(np.mean((found[:, 0] - known) ** 2)) < 0.2
    assert abs(found[:, 0].mean() - known) < 0.05
    assert (found[:, 8:].max(axis=1) > 0.1).mean() < 0.06
    assert (found[:, 3] == 0).mean() > 0.3  # of a share of 0.07


def test_squares_of_slopes_are_corrected_for_their_error():
    """One number, of ten draws: on average the share that many draws give."""
    rng = np.random.default_rng(3)
    found = []
    for seed in range(400):
        x = draws(10, 1, seed)
        y = x[:, 0] + rng.normal(0, 0.15, 10)
        slope, _, r, p, error = stats.linregress(x[:, 0], y)
        rest = (1 - r**2) * np.sum((y - y.mean()) ** 2) / 8
        due = max(slope**2 - error**2, 0) / 12
        share = sensitivity.first_order(x, y)[0]
        assert share == pytest.approx(due / (due + rest) if p <= 0.02 else 0)
        found.append(share)
    assert np.mean(found) == pytest.approx(1 / 12 / (1 / 12 + 0.0225), abs=0.02)


def test_numbers_enter_as_by_plain_regressions():
    """Each step written out: the F test of every further number, by least squares."""
    x, rng = draws(30, 6), np.random.default_rng(4)
    y = x @ [3, 1, 0, 0.7, 0, 2] + rng.normal(0, 0.3, 30)

    def rest(columns):
        design = np.column_stack([np.ones(30), x[:, columns]])
        return np.sum((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2)

    entered = []
    while len(entered) < 6:
        left = {j: rest([*entered, j]) for j in range(6) if j not in entered}
        best = min(left, key=left.get)
        freedom = 30 - 2 - len(entered)
        f = (rest(entered) - left[best]) / (left[best] / freedom)
        if stats.f.sf(f, 1, freedom) > 0.02:
            break
        entered.append(best)
    assert 3 <= len(entered) < 6
    assert sensitivity.stepwise(x, y) == entered


def test_units_and_order_mean_nothing():
    x, rng = draws(24, 5), np.random.default_rng(5)
    y = x @ [3, 0, 1, 0, 2] + rng.normal(0, 0.2, 24)
    shares = sensitivity.first_order(x, y)
    assert 0.9 < shares.sum() < 1 and shares.min() >= 0
    np.testing.assert_allclose(sensitivity.first_order(x, 7 - 1e-4 * y), shares)
    order = [3, 1, 4, 0, 2]
    np.testing.assert_allclose(sensitivity.first_order(x[:, order], y), shares[order])


def test_without_variance_there_is_nothing_to_share():
    x, y = draws(24, 40), np.full(24, 0.1)
    assert not sensitivity.first_order(x, y).any()
    assert not sensitivity.first_order(x, y + 1e-15 * np.arange(24)).any()


def test_more_numbers_than_draws_are_no_obstacle():
    x = draws(24, 40)
    y = 2 * x[:, 33] + 0.01 * np.random.default_rng(6).normal(size=24)
    assert sensitivity.first_order(x, y)[33] > 0.99


def test_at_most_half_as_many_numbers_enter_as_there_are_draws():
    x = draws(24, 20)
    y = x @ 1.5 ** np.arange(20)  # each of them matters, and nothing else
    entered = sensitivity.stepwise(x, y)
    assert len(entered) == 12 and entered[0] == 19
