"""Estimates over distinct groups: brute force, independent packages, and what must not change them."""

import itertools
from functools import partial

import dcor
import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import kendalltau, pearsonr, spearmanr

from catsight.metrics import (
    between,
    cka_linear,
    cka_rbf,
    energy_distance,
    inference,
    mmd2,
    rsa,
    similarity,
    suite,
)
from catsight.metrics.estimate import interval
from catsight.metrics.grouping import Grouping
from catsight.metrics.plan import Plan
from catsight.study.measures import MEASURES
from support import by_hand
from support.toy_tables import SPEC

pytestmark = pytest.mark.filterwarnings("error")

#: Six groups in any order, of 1 to 3 frames.
GROUPS = np.array([*"baacdddebf"])
OVER_GROUPS = [name for name in MEASURES if by_hand.over_groups(name)]
TESTED = [name for name in OVER_GROUPS if name != "cknna"]


def two(n, dims=5, noise=0.7, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, dims))
    return x, x + noise * rng.normal(size=x.shape) + 0.3


def compare(x, y, groups, *names, permutations=99, **changes):
    frames = {f"{i:03}": str(group) for i, group in enumerate(groups)}
    return suite.compare(x, y, Plan(frames, SPEC | changes, permutations), names)


def value(x, y, groups, name, **changes):
    return compare(x, y, groups, name, permutations=0, **changes)[name].values[0]


# -- by brute force --------------------------------------------------------------------------------


@pytest.fixture(params=["linear", "gaussian"])
def kernels(request):
    """Two kernels of frames as given, and as :mod:`between` takes them."""
    x, y = two(10)
    if request.param == "linear":
        pair = x @ x.T + 3, y @ y.T
    else:
        pair = by_hand.gaussian(x), by_hand.gaussian(y)
    grouping = Grouping(GROUPS)
    order = np.ix_(grouping.order, grouping.order)
    return pair, [between.Kernel(kernel[order], grouping) for kernel in pair]


KEEP = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 0, 1, 1, 1], [0, 1, 1, 1, 0, 1], [1, 1, 1, 0, 0, 0]])


def test_hsic_is_its_sum_over_all_tuples_of_distinct_groups(kernels):
    """Of all groups, of five and of four; of three it is undefined."""
    given, found = kernels
    values = between.hsic(*found, KEEP.astype(float))
    names = np.array(sorted(set(GROUPS)))
    for one, keep in zip(values[:3], KEEP.astype(bool)):
        frames = np.isin(GROUPS, names[keep])
        k, m = (kernel[np.ix_(frames, frames)] for kernel in given)
        assert one == pytest.approx(by_hand.hsic_over_groups(k, m, GROUPS[frames]), rel=1e-10)
    assert np.isnan(values[3])


def test_hsic_is_its_sum_over_all_quadruples_of_frames(kernels):
    """Frame by frame: each quadruple of frames of distinct groups, as often as its groups weigh."""
    given, found = kernels
    sizes = {group: np.sum(group == GROUPS) for group in GROUPS}
    total = weights = 0.0
    for i, j, p, q in itertools.permutations(range(10), 4):
        if len({*GROUPS[[i, j, p, q]]}) == 4:
            weight = 1 / np.prod([sizes[group] for group in GROUPS[[i, j, p, q]]])
            k, m = given[0][i, j], given[1]
            total += weight * k * (m[i, j] + m[p, q] - 2 * m[i, p])
            weights += weight
    assert between.hsic(*found, np.ones((1, 6)))[0] == pytest.approx(total / weights, rel=1e-10)


def test_the_null_of_cka_is_the_mean_over_all_ways_to_pair_frames(kernels):
    given, found = kernels
    orders = np.array(list(by_hand.orders(GROUPS)))[::37]
    wanted = by_hand._null_of_cka(*given, GROUPS)[::37]
    np.testing.assert_allclose(between.cka_null(*found, orders), wanted, atol=1e-6)


@pytest.mark.parametrize("groups", [GROUPS, [*"abcdef"], [*"aabbccddee"]])
def test_the_null_of_biased_cka_is_of_all_frames(groups):
    x, y = two(len(groups))
    grouping = Grouping(groups)
    order = np.ix_(grouping.order, grouping.order)
    orders = np.array(list(by_hand.orders(groups)))[::7]
    grams = [(v @ v.T)[order] for v in (x, y)]
    found = between.cka_biased_null(*grams, grouping, orders)
    wanted = by_hand.null("cka_linear", x, y, groups)[::7]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("comparison", similarity.COMPARISONS)
@pytest.mark.parametrize("distance", similarity.DISTANCES)
@pytest.mark.parametrize("groups", [GROUPS, [*"aabbccddee"], [*"abcdefghij"]])
def test_rsa_is_of_pairs_of_different_groups(groups, distance, comparison):
    x, y = two(10)
    found = value(x, y, groups, "rsa", rsa_distance=distance, rsa_comparison=comparison)
    wanted = by_hand.rsa_over_groups(x, y, groups, distance, comparison)
    assert found == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("comparison", similarity.COMPARISONS)
def test_rsa_without_a_group_is_that_of_the_others(comparison):
    x, y = two(10)
    found = compare(x, y, GROUPS, "rsa", rsa_comparison=comparison)["rsa"].values
    for one, out in zip(found[1:], sorted(set(GROUPS))):
        kept = out != GROUPS
        wanted = by_hand.rsa_over_groups(x[kept], y[kept], GROUPS[kept], comparison=comparison)
        assert one == pytest.approx(wanted, rel=1e-9)


def test_a_subset_of_equal_dissimilarities_is_undefined_not_rounding():
    """Without the first group, all frames of different groups are at right angles."""
    x = np.eye(12)
    x[0, 5] = 0.5
    groups = [*"aabcccdeeffg"]
    for comparison in similarity.COMPARISONS:
        options = {"rsa_distance": "cosine", "rsa_comparison": comparison}
        found = compare(x, two(12)[1], groups, "rsa", **options)["rsa"]
        assert np.isfinite(found.values[0]) and np.isnan(found.values[1])
        assert np.isfinite(found.values[[2, 4, 5, 6]]).all()


# -- as functions ----------------------------------------------------------------------------------

FUNCTIONS = {
    "cka_linear_unbiased": (partial(cka_linear, unbiased=True), {}),
    "cka_rbf_unbiased": (partial(cka_rbf, unbiased=True, bandwidth=0.5), {"bandwidth": 0.5}),
    "mmd2_unbiased": (partial(mmd2, unbiased=True, bandwidth=2), {"bandwidth": 2}),
    "energy": (energy_distance, {}),
} | {
    f"rsa {distance} {comparison}": (
        partial(rsa, distance=distance, comparison=comparison),
        {"rsa_distance": distance, "rsa_comparison": comparison},
    )
    for distance in similarity.DISTANCES
    for comparison in similarity.COMPARISONS
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dims", [3, 40])
def test_functions_of_features_and_groups_are_those_of_the_table(dims, name):
    """Frames in any order, float32 or not; more or fewer features than frames."""
    x, y = two(10, dims)
    function, options = FUNCTIONS[name]
    found = function(x, y, groups=GROUPS)
    assert found == pytest.approx(value(x, y, GROUPS, name.split()[0], **options), rel=1e-9)
    assert found == function(x, y, groups=[*GROUPS]) and found != function(x, y)
    assert function(np.float32(x), np.float32(y), groups=GROUPS) == pytest.approx(found, abs=1e-5)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_say_what_is_wrong_with_groups(name):
    x, y = two(10)
    function = FUNCTIONS[name][0]
    with pytest.raises(ValueError, match="there are 10 frames, and groups of 9"):
        function(x, y, groups=GROUPS[:9])
    with pytest.raises(ValueError, match="x has 10 frames and y has 9"):
        function(x, y[:9], groups=GROUPS)
    fewest = {"cka": 4, "rsa": 3, "mmd": 2, "ene": 2}[name[:3]]
    for count in range(1, 5):
        found = function(x, y, groups=np.arange(10) % count)
        assert np.isfinite(found) == (count >= fewest)


@pytest.mark.parametrize("comparison", similarity.COMPARISONS)
def test_rsa_of_a_frame_without_direction_is_undefined(comparison):
    x, y = two(10)
    for value, distance in ((2.0, "correlation"), (0, "cosine")):
        flat = np.where(np.arange(10)[:, None] == 4, value, x)
        for pair in ((flat, y), (y, flat)):
            assert np.isnan(rsa(*pair, groups=GROUPS, distance=distance, comparison=comparison))
    assert np.isfinite(rsa(flat, y, groups=GROUPS, distance="euclidean", comparison=comparison))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (cka_linear, "biased CKA is of"),
        (cka_rbf, "biased CKA is of"),
        (mmd2, "the V-statistic is of"),
    ],
)
def test_groups_are_for_unbiased_estimates(function, words):
    with pytest.raises(ValueError, match=words + " all frames"):
        function(*two(10), groups=GROUPS)


# -- one frame in each group: the usual estimates --------------------------------------------------


def test_with_one_frame_in_each_group_these_are_the_published_estimates():
    """scipy's correlations of distances, and Song's, Gretton's and dcor's statistics."""
    x, y = two(12)
    groups = range(12)
    assert value(x, y, groups, "cka_linear_unbiased") == pytest.approx(
        cka_linear(x, y, unbiased=True), rel=1e-10
    )
    assert value(x, y, groups, "cka_rbf_unbiased") == pytest.approx(
        cka_rbf(x, y, unbiased=True), rel=1e-10
    )
    assert value(x, y, groups, "mmd2_unbiased") == pytest.approx(
        mmd2(x, y, unbiased=True, paired=True), rel=1e-9
    )
    for comparison, correlate in (
        ("spearman", spearmanr),
        ("pearson", pearsonr),
        ("kendall", kendalltau),
    ):
        wanted = correlate(pdist(x, "correlation"), pdist(y, "correlation")).statistic
        found = value(x, y, groups, "rsa", rsa_comparison=comparison)
        assert found == pytest.approx(wanted, rel=1e-10)
    every = [name for name in MEASURES if f"{name}_frames" in MEASURES and name != "energy"]
    assert len(every) == 4
    for name in every:  # frame by frame, and over groups
        one, other = compare(x, y, groups, name, f"{name}_frames").values()
        if name != "mmd2_unbiased":  # whose width differs without a frame
            np.testing.assert_allclose(one.values, other.values, rtol=1e-9)
        np.testing.assert_allclose(one.null, other.null, atol=1e-7)


def test_energy_over_single_frames_is_dcors_u_statistic_but_for_the_pairs_of_one_frame():
    """dcor leaves out the distances of a frame from itself; here also those of its two views."""
    x, y = two(12)
    u_statistic = dcor.energy_distance(x, y, estimation_stat="u_statistic")
    across = np.linalg.norm(x - y, axis=1).mean()
    mean = np.linalg.norm(x[:, None] - y[None], axis=2).mean()
    wanted = u_statistic + 2 * ((12 * mean - across) / 11 - mean)
    assert value(x, y, range(12), "energy") == pytest.approx(wanted, rel=1e-10)


def test_cka_over_single_frames_is_dcors_bias_corrected_correlation():
    """Of squared distances: linear CKA is distance correlation with exponent 2."""
    x, y = two(12)
    with pytest.warns(UserWarning, match="not guaranteed to characterize independence"):
        wanted = dcor.u_distance_correlation_sqr(x, y, exponent=2)
    assert value(x, y, range(12), "cka_linear_unbiased") == pytest.approx(wanted, rel=1e-9)


# -- invariances -----------------------------------------------------------------------------------


def same(one, other, rtol=1e-9):
    """Two estimates with the same value, replicates, interval and p-value."""
    np.testing.assert_allclose(one.values, other.values, rtol=rtol, atol=1e-12)
    if one.null is not None:
        np.testing.assert_allclose(one.null, other.null, atol=2e-6 * np.abs(one.null).max())
        assert inference.p_value(one.null) == inference.p_value(other.null)


@pytest.mark.parametrize("comparison", similarity.COMPARISONS)
def test_a_frame_that_is_shown_six_times_changes_nothing(comparison):
    """Neither value nor interval nor p: of every frame, and of one frame in each group."""
    x, y = two(16)
    single, few = np.arange(16), np.array([*"aabcdefghhijkllm"])
    for groups in (single, few):
        rng = np.random.default_rng(1)
        every, some = np.repeat(np.arange(16), 6), np.arange(16)
        if groups is single:  # as often as one likes if a group is a single frame
            some = np.repeat(np.arange(16), rng.integers(1, 7, size=16))
        wanted = compare(x, y, groups, *OVER_GROUPS, rsa_comparison=comparison)
        for again in (every, rng.permutation(some)):
            found = compare(
                x[again], y[again], groups[again], *OVER_GROUPS, rsa_comparison=comparison
            )
            for name in OVER_GROUPS:
                same(found[name], wanted[name])


def test_frames_in_another_order_change_nothing():
    x, y = two(16)
    groups = np.array([*"aabcdefghhijkllm"])
    order = np.random.default_rng(2).permutation(16)
    names = [name for name in MEASURES if MEASURES[name].cosine or name in OVER_GROUPS]
    wanted = compare(x, y, groups, *names)
    found = compare(x[order], y[order], groups[order], *names)
    for name in names:
        same(found[name], wanted[name])


def test_views_change_places_without_a_difference():
    x, y = two(10)
    for name in OVER_GROUPS:
        if name not in ("energy_scaled", "cknna"):  # in units of the reference; as published
            found = value(y, x, GROUPS, name)
            assert found == pytest.approx(value(x, y, GROUPS, name), rel=1e-9), name


@pytest.mark.parametrize("name", list(MEASURES))
@pytest.mark.parametrize("unit", [1e-15, 1e-12, 1e9, 1e15])
def test_the_unit_of_features_changes_no_p_value(unit, name):
    """Nor any value but a distance in the features' unit, which grows with it."""
    x, y = two(30, noise=2.0)
    groups = np.arange(30) // 2
    for scales in ((unit, unit), (unit, 1.0), (1.0, unit)):
        if scales[0] != scales[1] and not MEASURES[name].cosine:
            continue
        wanted = compare(x, y, groups, name)[name]
        found = compare(scales[0] * x, scales[1] * y, groups, name)[name]
        in_units = name.removesuffix("_frames") in ("energy", "wasserstein", "sliced_wasserstein")
        factor = unit if in_units else 1.0
        np.testing.assert_allclose(found.values / factor, wanted.values, rtol=1e-6, atol=1e-9)
        if wanted.null is not None:
            assert inference.p_value(found.null) == inference.p_value(wanted.null)
            assert inference.p_value(found.null) >= 1 / 100


def test_each_group_has_the_same_weight():
    """The estimand is the mean over groups: a large group counts no more than a small one.

    Of 30 scenes that agree and 30 that do not, of which either are shown often.
    """
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 5))
    y = np.where(np.arange(60)[:, None] < 30, x, rng.normal(size=(60, 5)))
    for often in (np.arange(60) < 30, np.arange(60) >= 30):
        again = np.repeat(np.arange(60), np.where(often, 6, 1))
        for name in ("cka_linear_unbiased", "rsa", "energy"):
            once, frames = value(x, y, range(60), name), f"{name}_frames"
            assert value(x[again], y[again], again, name) == pytest.approx(once)
            of_frames = value(x[again], y[again], again, frames)
            assert abs(of_frames - value(x, y, range(60), frames)) > 0.02, name


# -- bias, tests, intervals ------------------------------------------------------------------------


def test_frames_of_a_group_are_no_evidence_of_alignment():
    """Unrelated scenes of several glances: 0 over groups; far from 0 if frames are taken for
    independent.
    """
    names = ("cka_linear_unbiased", "cka_rbf_unbiased", "rsa", "energy")
    sums = {}
    groups = np.repeat(np.arange(12), [1, 2, 3, 4, 5, 6, 7, 8, 2, 2, 3, 3])
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x, y = (rng.normal(size=(12, 8))[groups] + 0.3 * rng.normal(size=(46, 8)) for _ in range(2))
        found = compare(x, y, groups, *names, *(f"{n}_frames" for n in names), permutations=0)
        for name, estimate in found.items():
            sums.setdefault(name, []).append(estimate.values[0])
    for name in names:
        error = np.std(sums[name]) / np.sqrt(60)
        assert abs(np.mean(sums[name])) < 3.5 * error, name
        assert np.mean(sums[f"{name}_frames"]) > 5 * error, name


def test_groups_of_unequal_sizes_have_p_values():
    """Down to the smallest that the number of arrangements allows."""
    x, y = two(30, noise=0.3)
    groups = np.repeat(np.arange(7), [1, 2, 3, 4, 5, 7, 8])
    names = [n for n in MEASURES if MEASURES[n].similarity and n not in ("cknna",)]
    for name, estimate in compare(x, y, groups, *names, permutations=199).items():
        assert estimate.untested is None and len(estimate.null) == 200
        p = inference.p_value(estimate.null)
        assert 1 / 200 <= p <= (0.1 if "cka" in name or "rsa" in name else 1), name


@pytest.mark.parametrize("null", ["paired", "unpaired"])
def test_the_null_of_distances_begins_with_the_data(null):
    x, y = two(10)
    names = ("energy", "energy_scaled", "mmd2_unbiased", "energy_frames", "mmd2")
    for name, estimate in compare(x, y, GROUPS, *names, null=null).items():
        assert estimate.null[0] == pytest.approx(estimate.values[0]), name


@pytest.mark.parametrize("seed", range(8))
def test_the_value_lies_inside_its_interval(seed):
    """Of every measure, on random data of unequal groups, near and far from agreement."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(9), rng.integers(1, 6, size=9))
    x, y = two(len(groups), noise=10.0 ** rng.uniform(-4, 1), seed=seed)
    for name, estimate in compare(x, y, groups, *MEASURES, permutations=0).items():
        low, high, reason = interval(MEASURES[name].facts, estimate, 0.95)
        if reason is None:
            assert low <= estimate.values[0] <= high, name
        else:
            assert MEASURES[name].share or reason.startswith("undefined"), name


def test_the_scale_is_recomputed_without_each_group():
    """The reference's own, of the groups that stay: a wild group changes both."""
    x, y = two(10)
    x[GROUPS == "d"] *= 8
    groups = sorted(set(GROUPS))
    kept = [out != GROUPS for out in groups]
    for name in ("energy_scaled", "wasserstein_scaled", "sliced_wasserstein_scaled"):
        scaled, plain = compare(x, y, GROUPS, name, name.removesuffix("_scaled")).values()
        of = (
            by_hand.scale_over_groups
            if name.startswith("energy")
            else lambda v, _: by_hand.scale(v)
        )
        scales = [of(x, GROUPS), *(of(x[keep], GROUPS[keep]) for keep in kept)]
        np.testing.assert_allclose(scaled.values, plain.values / scales, rtol=1e-9)
        np.testing.assert_allclose(scaled.null, plain.null / scales[0], rtol=1e-9)
        assert min(scales) < 0.6 * scales[0]


def test_a_group_that_is_left_out_is_not_among_the_candidates():
    """Retrieval's gallery is resampled: without its nearest rival a frame is found."""
    x = np.array([[0.0], [1], [2.1], [5], [9], [14]])
    y = np.array([[0.8], [0.7], [2], [5.2], [9.5], [14]])
    groups = [*"abcdef"]
    found = compare(x, y, groups, "retrieval_top1", "retrieval_mrr", retrieval_distance="euclidean")
    without = [[i for i in range(6) if groups[i] != out] for out in groups]
    for name, estimate in found.items():
        for one, kept in zip(estimate.values, [list(range(6)), *without]):
            apart = np.abs(x[kept] - y[kept].T)
            ranks = np.array([np.sum(row <= row[i]) for i, row in enumerate(apart)])
            assert one == pytest.approx(np.mean(ranks == 1 if "top1" in name else 1 / ranks)), name
    # the first two frames are each other's rivals: without one, the other is found
    assert found["retrieval_top1"].values[:4].tolist() == [4 / 6, 5 / 5, 5 / 5, 3 / 5]
