"""MMD², energy and Wasserstein: compared with definitions, dcor, scipy, POT and closed forms."""

import dcor
import numpy as np
import ot
import pytest
from scipy.spatial.distance import cdist, pdist
from scipy.stats import wasserstein_distance

from catsight.metrics import distribution, energy_distance, mmd2, sliced_wasserstein, wasserstein


def data(n=40, m=40, d=6, shift=0.3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)) * 1.2 + shift


def mmd2_by_definition(x, y, unbiased, factor=1.0):
    s = factor * np.median(pdist(np.concatenate([x, y])))
    k_xx, k_yy, k_xy = (
        np.exp(-np.square(cdist(a, b)) / (2 * s * s)) for a, b in ((x, x), (y, y), (x, y))
    )
    if unbiased:
        within = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (k_xx, k_yy)]
        return sum(within) - 2 * k_xy.mean()
    return k_xx.mean() + k_yy.mean() - 2 * k_xy.mean()


@pytest.mark.parametrize("m", [40, 25])
@pytest.mark.parametrize("unbiased", [False, True])
def test_mmd2_is_its_definition(m, unbiased):
    x, y = data(m=m)
    assert mmd2(x, y, unbiased=unbiased) == pytest.approx(
        mmd2_by_definition(x, y, unbiased), rel=1e-10
    )
    wanted = mmd2_by_definition(x, y, unbiased, 0.5)
    assert mmd2(x, y, unbiased=unbiased, bandwidth=0.5) == pytest.approx(wanted, rel=1e-10)


def test_paired_mmd2_omits_terms_of_a_frame_with_itself():
    """Gretton et al. 2012, eq. 4: unbiased for paired data, which eq. 3 is not."""
    x, y = data()
    s = np.median(pdist(np.concatenate([x, y])))
    k = [np.exp(-np.square(cdist(a, b)) / (2 * s * s)) for a, b in ((x, x), (y, y), (x, y), (y, x))]
    h = k[0] + k[1] - k[2] - k[3]
    wanted = (h.sum() - np.trace(h)) / (40 * 39)
    assert mmd2(x, y, unbiased=True, paired=True) == pytest.approx(wanted, rel=1e-9)

    rng = np.random.default_rng(0)
    draws = {True: [], False: []}
    for _ in range(300):
        scene = rng.normal(size=(20, 4))
        x, y = (scene + 0.3 * rng.normal(size=(20, 4)) for _ in range(2))
        for paired in draws:
            draws[paired].append(mmd2(x, y, unbiased=True, paired=paired))
    error = np.std(draws[True]) / np.sqrt(300)
    assert abs(np.mean(draws[True])) < 3 * error
    assert np.mean(draws[False]) < -10 * error


@pytest.mark.parametrize("m", [40, 25])
def test_energy_distance_agrees_with_dcor(m):
    x, y = data(m=m)
    assert energy_distance(x, y) == pytest.approx(dcor.energy_distance(x, y), rel=1e-8)


@pytest.mark.parametrize("m", [40, 25])
def test_wasserstein_agrees_with_scipy(m):
    x, y = data(m=m)
    wanted = np.mean([wasserstein_distance(x[:, i], y[:, i]) for i in range(x.shape[1])])
    assert wasserstein(x, y) == pytest.approx(wanted, rel=1e-10)
    pooled, labels = np.concatenate([x, y]), distribution.labels(40, m)
    assert distribution.wasserstein_of(pooled, labels)[0] == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("p", [1, 2])
def test_sliced_wasserstein_agrees_with_pot(p):
    x, y = data()
    directions = distribution.unit_vectors(6, 70, seed=3)
    wanted = ot.sliced_wasserstein_distance(x, y, projections=directions, p=p)
    assert sliced_wasserstein(x, y, projections=70, p=p, seed=3) == pytest.approx(
        float(wanted), rel=1e-10
    )
    assert sliced_wasserstein(x, y, projections=70, p=p, seed=4) != sliced_wasserstein(
        x, y, projections=70, p=p, seed=3
    )


def test_closed_forms():
    """One point and another at distance 5; a set of points and the same set shifted."""
    x, y = np.zeros((5, 2)), np.tile([3.0, 4.0], (5, 1))
    assert energy_distance(x, y) == pytest.approx(10)
    assert wasserstein(x, y) == pytest.approx(3.5)
    x = data()[0]
    assert wasserstein(x, x + 2.5) == pytest.approx(2.5)
    directions = distribution.unit_vectors(6, 500, seed=0)
    assert sliced_wasserstein(x, x + 1) == pytest.approx(np.abs(directions.sum(axis=0)).mean())
    for metric in (mmd2, energy_distance, wasserstein, sliced_wasserstein):
        assert metric(x, x) == pytest.approx(0, abs=1e-12)


def test_invariances():
    x, y = data()
    order = np.random.default_rng(0).permutation(40)
    for metric in (mmd2, energy_distance, wasserstein, sliced_wasserstein):
        assert metric(x[order], y) == pytest.approx(metric(x, y), rel=1e-10)  # these ignore pairs
        assert metric(y, x) == pytest.approx(metric(x, y), rel=1e-10)
        assert metric(x + 1e6, y + 1e6) == pytest.approx(metric(x, y), rel=1e-6)
    assert mmd2(x * 7, y * 7) == pytest.approx(mmd2(x, y), rel=1e-10)
    for metric in (energy_distance, wasserstein, sliced_wasserstein):
        assert metric(x * 7, y * 7) == pytest.approx(7 * metric(x, y), rel=1e-10)
        factor = distribution.scale(x)
        assert metric(
            7 * x / distribution.scale(7 * x), 7 * y / distribution.scale(7 * x)
        ) == pytest.approx(metric(x, y) / factor, rel=1e-10)


def test_each_column_of_weights_is_a_division():
    """Its value is that of the frames that it divides, here with some left out."""
    x, y = data()
    pooled = np.concatenate([x, y])
    rng = np.random.default_rng(1)
    weights, wanted = [], []
    for _ in range(5):
        first, second = rng.permutation(80)[:60].reshape(2, 30)
        column = np.zeros(80)
        column[first], column[second] = 1 / 30, -1 / 30
        weights.append(column)
        wanted.append((pooled[first], pooled[second]))
    weights = np.array(weights).T
    distances = cdist(pooled, pooled)
    assert distribution.energy_of(distances, weights) == pytest.approx(
        [energy_distance(*w) for w in wanted]
    )
    assert distribution.wasserstein_of(pooled, weights) == pytest.approx(
        [wasserstein(*w) for w in wanted]
    )
    kernel, s = distribution.kernel_of(distances**2)
    for unbiased in (False, True):
        own = [
            mmd2(*w, unbiased=unbiased, bandwidth=s / np.median(pdist(np.concatenate(w))))
            for w in wanted
        ]
        assert distribution.mmd2_of(kernel, weights, unbiased=unbiased) == pytest.approx(own)


def test_bad_input_is_named():
    x, y = data()
    with pytest.raises(ValueError, match="x has 6 features and y has 5"):
        energy_distance(x, y[:, :5])
    bad = y.copy()
    bad[3, 2] = np.inf
    for metric in (mmd2, energy_distance, wasserstein, sliced_wasserstein):
        with pytest.raises(ValueError, match=r"y\[3, 2\] is inf"):
            metric(x, bad)
    with pytest.raises(ValueError, match="x has 40 frames and y has 25"):
        sliced_wasserstein(x, y[:25], p=2)
    with pytest.raises(ValueError, match=r"p is 0\.5"):
        sliced_wasserstein(x, y, p=0.5)
    with pytest.raises(ValueError, match=r"p is 1 and projections 0; both must be at least 1"):
        sliced_wasserstein(x, y, projections=0)
    assert np.isnan(mmd2(np.ones((5, 2)), np.ones((5, 2))))


def test_the_frames_of_a_paired_statistic_must_be_as_many():
    x, y = data(m=25)
    assert np.isfinite(mmd2(x, y)) and np.isfinite(sliced_wasserstein(x, y))
    with pytest.raises(ValueError, match="x has 40 frames and y has 25"):
        mmd2(x, y, unbiased=True, paired=True)
    for metric in (mmd2, wasserstein, sliced_wasserstein):
        with pytest.raises(ValueError, match="x has 6 features and y has 5"):
            metric(x[:25], y[:, :5])


def test_defaults_are_the_biased_statistic_500_directions_and_seed_0():
    x, y = data()
    assert mmd2(x, y) == mmd2(x, y, unbiased=False, paired=False, bandwidth=1)
    assert mmd2(x, y, unbiased=True) == mmd2(x, y, unbiased=True, paired=False)
    wanted = sliced_wasserstein(x, y, projections=500, seed=0, p=1)
    assert sliced_wasserstein(x, y) == wanted != sliced_wasserstein(x, y, projections=499)
    # the V-statistic is the same, paired or not
    assert mmd2(x, y, paired=True) == mmd2(x, y)


def test_statistics_of_one_frame():
    """One pair of frames: distances are defined, U-statistics are not."""
    x, y = np.array([[1.0, 2]]), np.array([[4.0, 6]])
    assert energy_distance(x, y) == pytest.approx(10)
    assert wasserstein(x, y) == pytest.approx(3.5)
    assert mmd2(x, y) == pytest.approx(2 - 2 * np.exp(-0.5))
    assert np.isnan(mmd2(x, y, unbiased=True)) and np.isnan(mmd2(x, y, unbiased=True, paired=True))
    assert np.isnan(mmd2(np.vstack([x, x + 1]), y, unbiased=True))
    # with two, each other's pair remains
    two, others = np.array([[0.0], [3]]), np.array([[1.0], [7]])
    s = np.median([3, 1, 7, 2, 4, 6])
    k = {d: np.exp(-d * d / (2 * s * s)) for d in (1, 2, 3, 4, 6, 7)}
    assert mmd2(two, others, unbiased=True, paired=True) == pytest.approx(k[3] + k[6] - k[7] - k[2])
    wanted = k[3] + k[6] - (k[1] + k[7] + k[2] + k[4]) / 2
    assert mmd2(two, others, unbiased=True) == pytest.approx(wanted)


def test_the_scale_is_the_root_of_the_mean_variance():
    """Over n - 1: variances of 2 and 8."""
    assert distribution.scale(np.array([[0, 1], [2, 5]])) == pytest.approx(np.sqrt(5))


def test_directions_are_unit_vectors_in_all_directions():
    found = distribution.unit_vectors(3, 4000, seed=0)
    np.testing.assert_allclose((found**2).sum(axis=0), 1)
    np.testing.assert_allclose(found @ found.T / 4000, np.eye(3) / 3, atol=0.02)
    assert np.abs(found.mean(axis=1)).max() < 0.03
    assert (found == distribution.unit_vectors(3, 4000, seed=0)).all()
    assert (found != distribution.unit_vectors(3, 4000, seed=1)).any()


def test_more_divisions_than_are_walked_at_once():
    """70 columns, of which 64 stay in the processor's cache."""
    x, y = data(n=6, m=6, d=2)
    pooled, rng = np.concatenate([x, y]), np.random.default_rng(2)
    orders = [rng.permutation(12) for _ in range(70)]
    weights = np.zeros((12, 70))
    for column, order in enumerate(orders):
        weights[order[:6], column], weights[order[6:], column] = 1 / 6, -1 / 6
    wanted = [wasserstein(pooled[order[:6]], pooled[order[6:]]) for order in orders]
    np.testing.assert_allclose(distribution.wasserstein_of(pooled, weights), wanted)
    paired = distribution.mmd2_of(np.eye(12), np.full((12, 1), 0.0), unbiased=True, paired=True)
    assert np.isnan(paired).all()
