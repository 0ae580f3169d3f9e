"""CKA and RSA: compared with definitions, scipy and rsatoolbox; their invariances and limits."""

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import kendalltau, ortho_group, pearsonr, rankdata, spearmanr

from catsight.metrics import cka_linear, cka_rbf, rsa, similarity
from support import by_hand


def data(n=30, d=12, e=9, seed=0):
    rng = np.random.default_rng(seed)
    scene = rng.normal(size=(n, 6))
    x, y = scene @ rng.normal(size=(6, d)), scene @ rng.normal(size=(6, e))
    return x + 0.3 * rng.normal(size=(n, d)), y + 0.3 * rng.normal(size=(n, e))


def cka_in_feature_space(x, y):
    """Kornblith et al. 2019: the same value without a Gram matrix."""
    x, y = x - x.mean(0), y - y.mean(0)
    return np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))


def hsic_by_enumeration(k, m):
    """Song et al. 2012: the unbiased HSIC as a U-statistic over all quadruples of frames."""
    from itertools import permutations

    n = len(k)
    total = sum(
        k[i, j] * (m[i, j] + m[p, q] - 2 * m[i, p]) for i, j, p, q in permutations(range(n), 4)
    )
    return total / (n * (n - 1) * (n - 2) * (n - 3))


def test_biased_cka_agrees_with_feature_space():
    x, y = data()
    assert cka_linear(x, y) == pytest.approx(cka_in_feature_space(x, y), rel=1e-12)


def test_unbiased_cka_agrees_with_enumeration():
    x, y = data(n=7)
    k, m = x @ x.T, y @ y.T
    wanted = hsic_by_enumeration(k, m) / np.sqrt(
        hsic_by_enumeration(k, k) * hsic_by_enumeration(m, m)
    )
    assert cka_linear(x, y, unbiased=True) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("distance", ["correlation", "cosine", "euclidean"])
@pytest.mark.parametrize("comparison", ["spearman", "pearson", "kendall"])
def test_rsa_agrees_with_scipy(distance, comparison):
    x, y = data()
    correlate = {"spearman": spearmanr, "pearson": pearsonr, "kendall": kendalltau}[comparison]
    wanted = correlate(pdist(x, distance), pdist(y, distance)).statistic
    assert rsa(x, y, distance=distance, comparison=comparison) == pytest.approx(wanted, rel=1e-9)


def test_identity_is_exactly_one():
    for seed in range(20):
        x = data(seed=seed)[0].astype(np.float32)
        for value in (
            rsa(x, x),
            rsa(x, x, distance="cosine"),
            cka_rbf(x, x),
            cka_rbf(x, x, unbiased=True),
        ):
            assert value == 1.0
        for value in (cka_linear(x, x), cka_linear(x, x, unbiased=True)):  # in feature space
            assert value == pytest.approx(1.0, abs=1e-14)
            gram = similarity.gram(x)
            assert similarity.cka(gram, gram, np.ones((1, len(x)))) == 1.0


def test_invariances():
    x, y = data()
    turned = 3 * x @ ortho_group.rvs(x.shape[1], random_state=0) + 5
    order = np.random.default_rng(0).permutation(len(x))
    for unbiased in (False, True):
        value = cka_linear(x, y, unbiased=unbiased)
        assert cka_linear(turned, y, unbiased=unbiased) == pytest.approx(value, rel=1e-9)
        assert cka_linear(y, x, unbiased=unbiased) == pytest.approx(value, rel=1e-12)
        assert cka_linear(x[order], y[order], unbiased=unbiased) == pytest.approx(value, rel=1e-9)
        assert (
            cka_linear(x[order], y, unbiased=unbiased) < value - 0.2
        )  # other pairs give another value
    assert rsa(x * 2 + 1, y) == pytest.approx(rsa(x, y), rel=1e-9)
    assert rsa(x[order], y[order]) == pytest.approx(rsa(x, y), rel=1e-9)


def test_a_huge_offset_costs_no_precision():
    x, y = data(n=60, d=96)
    shifted = x.astype(np.float32)
    offset = shifted.copy()
    offset[:, 3] += 1000  # a massive activation, as in DINOv2
    for unbiased in (False, True):
        assert cka_linear(offset, y, unbiased=unbiased) == pytest.approx(
            cka_linear(x, y, unbiased=unbiased), abs=1e-5
        )


def test_unrelated_data():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 64, 768))
    assert cka_linear(x, y) == pytest.approx(0.92, abs=0.01)  # by chance: few frames, many features
    assert abs(cka_linear(x, y, unbiased=True)) < 0.02
    assert abs(rsa(x, y)) < 0.1


def test_undefined_is_nan():
    x, y = data(n=10)
    assert np.isnan(cka_linear(np.ones_like(x), y))
    assert np.isnan(cka_linear(x[:3], y[:3], unbiased=True))
    assert np.isnan(rsa(x[:2], y[:2]))
    flat = x.copy()
    flat[4] = 1.0  # constant features have no correlation with any others
    assert np.isnan(rsa(flat, y))
    assert np.isnan(cka_rbf(np.ones_like(x), y))
    assert np.isnan(cka_linear(x * 0 + 0.1, y)) and np.isnan(
        rsa(x * 0 + 0.1, y)
    )  # 0.1 is not exact in binary
    with pytest.raises(ValueError, match="comparison is 'kendal'"):
        rsa(x, y, comparison="kendal")
    with pytest.raises(ValueError, match="distance is 'taxi'"):
        rsa(x, y, distance="taxi")


@pytest.mark.parametrize(
    ("comparison", "theirs"), [("spearman", "spearman"), ("pearson", "corr"), ("kendall", "tau-b")]
)
def test_rsa_and_cka_agree_with_rsatoolbox(comparison, theirs):
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm
    from rsatoolbox.rdm import compare as rsatoolbox_compare

    x, y = data()
    one, other = (calc_rdm(Dataset(values), method="correlation") for values in (x, y))
    wanted = rsatoolbox_compare(one, other, method=theirs)[0, 0]
    assert rsa(x, y, comparison=comparison) == pytest.approx(wanted, abs=1e-8)
    # CKA is the cosine of whitened squared distances
    one, other = (calc_rdm(Dataset(values), method="euclidean") for values in (x, y))
    wanted = rsatoolbox_compare(one, other, method="cosine_cov")[0, 0]
    assert cka_linear(x, y) == pytest.approx(wanted, abs=1e-8)


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("n", [8, 40])
def test_linear_cka_is_the_same_of_frames_and_of_features(n, unbiased):
    """Of fewer frames than features it is computed from frames, else from features."""
    x, y = data(n=n)
    wanted = by_hand.cka(x @ x.T, y @ y.T, unbiased)
    assert cka_linear(x, y, unbiased=unbiased) == pytest.approx(wanted, rel=1e-9)
    x32, y32 = x.astype(np.float32), y.astype(np.float32)
    assert cka_linear(x32, y32, unbiased=unbiased) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("bandwidth", [0.5, 1.0, 3.0])
def test_rbf_cka_is_its_definition(bandwidth, unbiased):
    """With the median of squared distances over pairs, without the diagonal."""
    x, y = data()
    wanted = by_hand.cka(by_hand.gaussian(x, bandwidth), by_hand.gaussian(y, bandwidth), unbiased)
    found = cka_rbf(x, y, unbiased=unbiased, bandwidth=bandwidth)
    assert found == pytest.approx(wanted, rel=1e-9)
    if bandwidth == 1:
        assert cka_rbf(x, y, unbiased=unbiased) == found


def test_cka_is_biased_and_rsa_of_ranked_correlations_unless_told_otherwise():
    x, y = data()
    assert cka_linear(x, y) == cka_linear(x, y, unbiased=False) != cka_linear(x, y, unbiased=True)
    assert cka_rbf(x, y) == cka_rbf(x, y, unbiased=False)
    assert rsa(x, y) == rsa(x, y, distance="correlation", comparison="spearman")


def test_the_fewest_frames_of_each_measure():
    """Two for CKA, four if it is unbiased, three for RSA."""
    x, y = data(n=4, d=3, e=2)
    for function in (cka_linear, cka_rbf):
        assert np.isnan(function(x[:1], y[:1])) and function(x[:2], y[:2]) == pytest.approx(1)
        assert np.isnan(function(x[:3], y[:3], unbiased=True))
    assert np.isfinite(cka_linear(x, y, unbiased=True))
    assert np.isfinite(cka_rbf(x, y, unbiased=True))
    assert np.isnan(rsa(x[:2], y[:2])) and np.isfinite(rsa(x[:3], y[:3]))


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_squares_of_float32_neither_vanish_nor_overflow(factor):
    for n in (8, 40):
        x, y = (values.astype(np.float32) for values in data(n=n))
        for unbiased in (False, True):
            found = cka_linear(x * np.float32(factor), y, unbiased=unbiased)
            assert found == pytest.approx(cka_linear(x, y, unbiased=unbiased), abs=1e-5)


def test_cka_of_subsets_is_cka_of_their_frames():
    x, y = data(n=12)
    k, m = x @ x.T + 2, y @ y.T
    keep = np.ones((4, 12))
    keep[1, 3:5], keep[2, 4:], keep[3, 3:] = 0, 0, 0  # 12, 10, 4 and 3 frames
    for unbiased in (False, True):
        found = similarity.cka(k, m, keep, unbiased=unbiased)
        for value, kept in zip(found[:3], keep.astype(bool)):
            wanted = by_hand.cka(k[np.ix_(kept, kept)], m[np.ix_(kept, kept)], unbiased)
            assert value == pytest.approx(wanted, rel=1e-9)
        assert np.isnan(found[3]) == unbiased


def test_dissimilarities_that_differ_by_rounding_are_equal():
    """Frames at right angles, by any distance and comparison: nothing to rank or to correlate."""
    y = np.random.default_rng(0).normal(size=(14, 6))
    for shift, distance, comparison in itertools.product(
        (0, 0.1), similarity.DISTANCES, similarity.COMPARISONS
    ):
        x = np.eye(14) + shift
        assert np.isnan(rsa(x, y, distance=distance, comparison=comparison)), (distance, comparison)
        assert np.isnan(rsa(y, x, distance=distance, comparison=comparison))
    a, b = np.array([1, 1 + 1e-13, 2, 3]), np.array([1.0, 2, 3, 4])
    for comparison, correlate in (("spearman", spearmanr), ("kendall", kendalltau)):
        wanted = correlate(np.round(a, 9), b).statistic
        assert similarity.compare(a, b, comparison) == pytest.approx(wanted)
        assert similarity.compare(a[::-1], b, comparison) == pytest.approx(-wanted)
        far = correlate([1, 1 + 1e-10, 2, 3], b).statistic
        assert similarity.compare(np.array([1, 1 + 1e-10, 2, 3]), b, comparison) == far


def test_ranks_of_any_subset_are_average_ranks():
    values = np.array([3.0, 1, 2, 2, 5, 3, 3, 0])
    ranks = similarity.Ranks(values)
    np.testing.assert_array_equal(ranks(), rankdata(values))
    keep = np.array([1, 0, 1, 1, 0, 1, 1, 1], dtype=bool)
    np.testing.assert_array_equal(ranks(keep), rankdata(values[keep]))
    assert similarity.Ranks(np.array([]))().tolist() == []


def test_weighted_ranks_are_those_of_repeated_values():
    """But for a constant: a value that stands for three comes in the middle of their places."""
    values, times = np.array([3.0, 1, 2, 2, 5]), np.array([2, 3, 1, 4, 1])
    repeated = rankdata(np.repeat(values, times))
    wanted = repeated[np.cumsum(times) - 1]
    found = similarity.Ranks(values)(weights=times.astype(float))
    np.testing.assert_allclose(found - wanted, found[0] - wanted[0])
    keep = np.array([1, 0, 1, 1, 0], dtype=bool)
    kept = similarity.Ranks(values)(keep, times[keep].astype(float))
    wanted = rankdata(np.repeat(values[keep], times[keep]))[np.cumsum(times[keep]) - 1]
    np.testing.assert_allclose(kept - wanted, kept[0] - wanted[0])


def test_dissimilarities_are_exactly_0_on_the_diagonal_and_symmetric():
    x, _ = data()
    for distance in similarity.DISTANCES:
        found = similarity.rdm(x, distance)
        assert (np.diag(found) == 0).all() and found.dtype == np.float64
        np.testing.assert_allclose(found, found.T, atol=1e-12)
    np.testing.assert_array_equal(similarity.rdm(x), similarity.rdm(x, "correlation"))
    zero = np.vstack([np.zeros(12), x])
    assert np.isnan(similarity.rdm(zero, "cosine")[0, 1:]).all()
    assert np.isfinite(similarity.rdm(np.vstack([np.ones(12), x]), "cosine")).all()
    assert similarity.rdm(np.vstack([x[:1], -x[:1]]), "correlation")[0, 1] == pytest.approx(2)


def test_comparing_is_undefined_for_what_does_not_vary_or_is_not_a_number():
    a, b = np.array([1.0, 2, 4]), np.array([2.0, 1, 7])
    for comparison in similarity.COMPARISONS:
        assert np.isnan(similarity.compare(a, np.ones(3), comparison))
        assert np.isnan(similarity.compare(np.ones(3), b, comparison))
        assert np.isnan(similarity.compare(a, np.array([1, np.nan, 2]), comparison))
        assert np.isnan(similarity.compare(np.array([1, np.inf, 2]), b, comparison))
    assert similarity.compare(a, b) == pytest.approx(0.5)
    assert similarity.compare(a, b, "kendall") == pytest.approx(1 / 3)
    with pytest.raises(
        ValueError, match="comparison is 'taxi'; it may be spearman, pearson, kendall"
    ):
        similarity.compare(a, b, "taxi")
    with pytest.raises(
        ValueError, match="distance is 'taxi'; it may be correlation, cosine, euclid"
    ):
        similarity.rdm(np.ones((3, 2)), "taxi")


def test_a_gram_matrix_is_of_centred_float64_features():
    x = data()[0].astype(np.float32) + 100
    found, moved = similarity.gram(x), x.astype(float) - x.astype(float).mean(axis=0)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, moved @ moved.T, atol=1e-9)
