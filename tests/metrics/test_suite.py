"""What a comparison says if a measure is undefined, untested or given too little."""

import numpy as np
import pytest

from catsight import CatsightError
from catsight.metrics import inference, procrustes, suite
from catsight.metrics.plan import Plan
from catsight.metrics.registry import PLAIN
from catsight.study.measures import MEASURES
from support import by_hand
from support.toy_tables import SPEC

pytestmark = pytest.mark.filterwarnings("error")

FRAMES = {f"photo{i // 2}-{i % 2}": f"photo{i // 2}" for i in range(14)}
NOT_VARYING = "the {}'s features do not vary"
NO_BANDWIDTH = "more than half of all pairs of frames have the same features"


def reasons(x, y, *names, frames=FRAMES, **changes):
    """The reasons why each of the measures is undefined."""
    plan = Plan(frames, SPEC | changes, permutations=99)
    found = suite.compare(x, y, plan, names)
    for estimate in found.values():
        defined = estimate.reason is None
        assert np.isfinite(estimate.values[0]) == defined
        assert defined or len(estimate.values) == 1 + plan.blocks
    return [estimate.reason for estimate in found.values()]


@pytest.fixture
def two():
    return np.random.default_rng(0).normal(size=(2, 14, 4))


def test_all_measures_need_four_frames(two):
    x, y = two[:, :3]
    three, four = ({f"{i}": f"{i}" for i in range(n)} for n in (3, 4))
    assert set(reasons(x, y, *MEASURES, frames=three)) == {"fewer than 4 frames"}
    others = set(MEASURES) - {"mutual_knn", "cknna"}  # which need more than their neighbours
    assert set(reasons(*two[:, :4], *others, frames=four)) == {None}


@pytest.mark.parametrize("groups", [1, 2, 3, 4])
def test_measures_over_groups_need_some(groups, two):
    """Four for CKA, three for RSA, two for distances; those of all frames need none."""
    frames = {frame: f"{i % groups}" for i, frame in enumerate(FRAMES)}
    for name, fewest in (
        ("cka_linear_unbiased", 4),
        ("cka_rbf_unbiased", 4),
        ("rsa", 3),
        ("mmd2_unbiased", 2),
        ("energy", 2),
        ("energy_scaled", 2),
    ):
        one = "only one group, so there are no pairs of different groups"
        said = one if fewest == 2 else f"fewer than {fewest} groups"
        assert reasons(*two, name, frames=frames) == [said if groups < fewest else None], name
    of_frames = [name for name in MEASURES if name.endswith("_frames")]
    assert set(reasons(*two, *of_frames, "cka_linear", frames=frames)) == {None}


def test_all_measures_need_features_that_vary(two):
    x, y = two
    flat = np.ones_like(x)
    assert set(reasons(flat, y, *MEASURES)) == {"the reference's features do not vary"}
    assert set(reasons(x, flat, *MEASURES)) == {"the view's features do not vary"}
    once = flat.copy()
    once[5, 2], once[6, 1] = 2, 3  # varies
    assert set(reasons(x, once, "energy", "cka_linear")) == {None}


def test_a_kernel_needs_a_median_distance(two):
    x, y = two
    same = np.repeat([[1.0, 2, 3, 4]], 14, axis=0)
    same[:2] = x[:2]
    rbf, mmd2 = (
        [name for name in MEASURES if name.startswith(kind)] for kind in ("cka_rbf", "mmd2")
    )
    for pair in ((same, y), (x, same)):
        assert reasons(*pair, *rbf) == [NO_BANDWIDTH] * 3
    assert reasons(same, same, *mmd2) == [NO_BANDWIDTH] * 3
    assert reasons(same, y, *mmd2) == [None] * 3


@pytest.mark.parametrize(("whose", "at"), [("reference", 0), ("view", 1)])
@pytest.mark.parametrize(
    ("distance", "value", "shown"),
    [("correlation", 2.5, "2.5"), ("correlation", 0, "0"), ("cosine", 0, "0")],
)
def test_rsa_names_the_first_frame_without_a_direction(whose, at, distance, value, shown, two):
    two[at][[5, 9]] = value
    two[at][2, 1] = 0  # one feature alone
    said = f"the features of frame 'photo2-1' are all {shown} in the {whose}, so it has no dissimilarity"
    assert reasons(*two, "rsa", "rsa_frames", rsa_distance=distance) == [said] * 2
    assert reasons(*two, "rsa", "rsa_frames", rsa_distance="euclidean") == [None] * 2


def test_constant_features_have_a_direction_for_cosine(two):
    two[0][5] = 2.5
    assert reasons(*two, "rsa", rsa_distance="cosine") == [None]


@pytest.mark.parametrize(("whose", "at"), [("reference", 0), ("view", 1)])
@pytest.mark.parametrize("comparison", ["spearman", "pearson", "kendall"])
def test_rsa_needs_dissimilarities_that_differ(whose, at, comparison, two):
    """Frames at right angles are equally far from each other, but for rounding."""
    wide = np.random.default_rng(1).normal(size=(2, 14, 14))
    said = f"all frames are equally dissimilar in the {whose}"
    for distance in ("correlation", "cosine", "euclidean"):
        options = {"rsa_distance": distance, "rsa_comparison": comparison}
        for shift in (0, 0.1):  # 0.1 is not exact in binary
            wide[at] = np.eye(14) + shift
            assert reasons(*wide, "rsa", "rsa_frames", **options) == [said] * 2, shift
        assert reasons(*two, "rsa", "rsa_frames", **options) == [None] * 2


def test_frames_of_a_group_may_be_alike_if_groups_are_equally_dissimilar(two):
    """Of two frames each, at right angles to all others: RSA over groups has nothing to rank."""
    x = np.repeat(np.eye(7), 2, axis=0)
    said = "all frames are equally dissimilar in the reference"
    options = {"rsa_distance": "cosine"}
    assert reasons(x, two[1], "rsa", "rsa_frames", **options) == [said, None]


@pytest.mark.parametrize("at", [0, 1])
def test_retrieval_names_the_first_frame_that_is_zero(at, two):
    two[at][[6, 11]] = 0
    two[at][2, 1] = two[1 - at][1, 3] = 0  # one feature alone
    said = "the features of frame 'photo3-0' are all 0, so no frame is nearest"
    names = ("retrieval_top1", "retrieval_mrr", "retrieval_top1_between", "retrieval_mrr_between")
    assert reasons(*two, *names) == [said] * 4
    assert reasons(*two, *names, retrieval_distance="euclidean") == [None] * 4


def test_a_frame_of_zeros_in_the_reference_is_named_before_one_in_the_view(two):
    two[0][8], two[1][3] = 0, 0
    (reason,) = reasons(*two, "retrieval_mrr")
    assert reason.startswith("the features of frame 'photo4-0'")


def test_a_search_between_groups_needs_two(two):
    one = dict.fromkeys(FRAMES, "photo")
    names = ("retrieval_top1", "retrieval_mrr_between", "retrieval_top1_between")
    said = "only one group, so there are no frames of other groups"
    assert reasons(*two, *names, frames=one) == [None, said, said]
    halves = {frame: str(i % 2) for i, frame in enumerate(FRAMES)}
    assert reasons(*two, *names, frames=halves) == [None] * 3


LIVE = "too little varies to normalise it: fewer than two frames of different groups stand out"
UNBIASED = [name for name in MEASURES if name.startswith("cka") and "unbiased" in name]


@pytest.mark.parametrize("value", [1e-12, 0.1, 1, 14, 1e12])
@pytest.mark.parametrize("row", [0, 5, 13])
def test_a_single_live_frame_leaves_unbiased_cka_undefined(row, value, two):
    """The unbiased HSIC of this kernel with itself is 0, but for rounding: it is told from it."""
    x, y = np.zeros((14, 3)), two[1]
    x[row] = value * np.array([1, 0.3, -2])
    single = {f"{i}": f"{i}" for i in range(14)}
    linear = [name for name in UNBIASED if "linear" in name]
    for frames in (FRAMES, single):
        for pair in ((x, y), (y, x), (x, x)):
            assert reasons(*pair, *linear, frames=frames) == [LIVE] * 2
            assert reasons(*pair, "cka_linear", frames=frames) == [None]


def test_a_single_live_group_leaves_cka_over_groups_undefined(two):
    """Two live frames of one photograph are one; of two photographs, two."""
    x, y = np.zeros((14, 3)), two[1]
    x[2:4] = two[0][2:4, :3]
    assert reasons(x, y, "cka_linear_unbiased", "cka_linear_unbiased_frames") == [LIVE, None]
    x[4] = x[3]
    assert reasons(x, y, "cka_linear_unbiased", "cka_linear_unbiased_frames") == [None, None]


def test_distances_of_distributions_need_the_same_features(two):
    x, y = two
    with pytest.raises(ValueError, match="features differ in number: 4 and 3"):
        suite.compare(x, y[:, :3], Plan(FRAMES, SPEC, 9), ["energy"])


def test_an_unknown_measure_is_named_with_all_names(two):
    with pytest.raises(CatsightError) as error:
        suite.compare(*two, Plan(FRAMES, SPEC, 9), ["energi"])
    assert (
        str(error.value) == f"there is no measure 'energi'; there are {', '.join(sorted(MEASURES))}"
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rsa", "too few groups to test: 6 arrangements of them in all"),
        ("cka_linear", "too few groups to test: 6 arrangements of them in all"),
        ("retrieval_mrr", "too few groups to test: 6 arrangements of them in all"),
        ("energy", "too few groups to test: 4 arrangements of them in all"),
        ("mmd2", "too few groups to test: 4 arrangements of them in all"),
        ("wasserstein", "too few groups to test: 4 arrangements of them in all"),
        ("procrustes", None),
    ],
)
def test_too_few_groups_have_no_null(name, reason, two):
    frames = {f"{i}": "abc"[i // 3] for i in range(9)}
    estimate = suite.compare(*two[:, :9], Plan(frames, SPEC, 99), [name])[name]
    assert estimate.null is None and estimate.untested == reason and estimate.reason is None


def test_slow_measures_have_ten_blocks_and_others_forty():
    """Unless there are fewer groups."""
    x, y = np.random.default_rng(0).normal(size=(2, 48, 4))
    for groups, few, many in ((48, 10, 40), (24, 10, 24), (8, 8, 8)):
        frames = {f"{i:02}": f"{i % groups:02}" for i in range(48)}
        found = suite.compare(x, y, Plan(frames, SPEC, 0), ["procrustes", "rsa", "energy"])
        for name, count in (("procrustes", few), ("rsa", many), ("energy", many)):
            assert len(found[name].values) == 1 + count and found[name].parts == (count,)
    without = inference.blocks(list(frames.values()), 0, 8)
    wanted = [procrustes(*(np.delete(v, out, axis=0) for v in (x, y))) for out in without]
    assert found["procrustes"].values[1:] == pytest.approx(wanted)


def test_one_group_has_a_value_and_nothing_to_leave_out(two):
    plan = Plan(dict.fromkeys(FRAMES, "one"), SPEC, 99)
    found = suite.compare(*two, plan, ["rsa_frames", "procrustes"])
    assert [len(estimate.values) for estimate in found.values()] == [1, 1]
    assert [estimate.parts for estimate in found.values()] == [(0,), (0,)]
    assert found["rsa_frames"].values[0] == pytest.approx(by_hand.rsa(*two))


def test_without_permutations_there_is_no_null(two):
    """Attribution and stability test nothing, and say nothing of tests."""
    for estimate in suite.compare(*two, Plan(FRAMES, SPEC, 0), MEASURES).values():
        assert estimate.null is None and estimate.untested is None and estimate.reason is None


def test_float32_features_are_compared_in_float64(two):
    """Before they are centred or scaled."""
    x, y = (1000 + two).astype(np.float32)
    found, wanted = (
        suite.compare(a, b, Plan(FRAMES, SPEC, 99), MEASURES)
        for a, b in ((x, y), (x.astype(float), y.astype(float)))
    )
    for name in set(MEASURES) - set(PLAIN):
        np.testing.assert_array_equal(found[name].values, wanted[name].values, name)


@pytest.mark.parametrize(("groups", "k"), [(4, 3), (5, 4), (3, 3)])
def test_neighbours_need_other_groups(groups, k, two):
    frames = {frame: f"{i % groups}" for i, frame in enumerate(FRAMES)}
    said = f"fewer than {k + 2} groups, too few for {k} nearest neighbours"
    assert reasons(*two, "mutual_knn", "cknna", frames=frames, neighbours=k) == [said] * 2
    assert reasons(*two, "mutual_knn", frames=frames, neighbours=groups - 2) == [None]


def test_measures_are_registered_under_the_names_of_their_functions():
    assert suite.names()[-1] == "procrustes" and len(suite.names()) == len(set(suite.names()))
