"""Comparisons in parts: which values are exact, which are near, and their tests and intervals."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import t as student

from catsight.metrics import cka_linear, energy_distance, inference, parts, rsa, suite
from catsight.metrics.dealing import deal
from catsight.metrics.estimate import Estimate, interval
from catsight.metrics.jackknife import degrees_of_freedom, influences
from catsight.metrics.plan import Plan
from catsight.study.measures import MEASURES
from support import by_hand

SPEC = {
    "seed": 3, "null": "paired", "rsa_distance": "correlation", "rsa_comparison": "spearman",
    "bandwidth": 1.0, "projections": 20, "retrieval_distance": "cosine", "neighbours": 3, "confidence": 0.95, "at_once": 200,
}  # fmt: skip


def frames(groups: int, each: int) -> dict[str, str]:
    return {f"{group}-{i}": str(group) for group in range(groups) for i in range(each)}


def views(
    n: int, noise: float = 0.7, seed: int = 0, dims: int = 12
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scene = rng.normal(size=(n, dims)) * np.linspace(2, 0.2, dims)
    x, y = (scene + noise * rng.normal(size=(n, dims)) for _ in range(2))
    return x, y + 0.5


@pytest.mark.parametrize(("groups", "each"), [(1000, 1), (130, 8), (300, 3)])
def test_parts_hold_whole_groups_and_every_frame(groups, each):
    names = np.repeat(np.arange(groups), each).astype(str)
    dealt = deal(names, 200, seed=1)
    assert sorted(np.concatenate(dealt)) == list(range(len(names)))
    assert (
        max(map(len, dealt)) <= 200 + each and max(map(len, dealt)) - min(map(len, dealt)) <= each
    )
    for one, other in zip(dealt, dealt[1:]):
        assert not set(names[one]) & set(names[other])
    assert any((a != b).any() for a, b in zip(dealt, deal(names, 200, seed=2)) if len(a) == len(b))


def test_few_large_groups_are_represented_by_evenly_spaced_frames():
    names = np.repeat(list("abcde"), 1000)
    (rows,) = deal(names, 200)
    assert [np.sum(names[rows] == name) for name in "abcde"] == [40] * 5
    assert set(np.diff(rows)) == {25}


def test_few_frames_are_compared_at_once():
    assert isinstance(parts.comparer(frames(200, 1), SPEC, 0), parts.Whole)
    assert isinstance(parts.comparer(frames(201, 1), SPEC, 0), parts.Parts)


def test_parts_nearly_agree_with_all_frames():
    """Measures that do not depend on the number of frames; docs/metrics.md has errors at full size."""
    x, y = views(480)
    names = [name for name in MEASURES if not MEASURES[name].share]
    dealt = parts.comparer(frames(60, 8), SPEC | {"at_once": 160}, 0)
    whole = parts.comparer(frames(60, 8), SPEC | {"at_once": 2000}, 0)
    assert dealt.at_once == 160 and whole.at_once == 480
    found, exact = (plan.compare(x, y, names) for plan in (dealt, whole))
    for name, atol in [
        ("cka_linear", 1e-9), ("cka_linear_unbiased", 1e-9), ("cka_rbf_unbiased", 0.01), ("rsa", 0.01),
        ("mmd2_unbiased", 0.002), ("energy", 0.05), ("procrustes", 0.02),
    ]:  # fmt: skip
        assert found[name].values[0] == pytest.approx(exact[name].values[0], abs=atol), name
    for name in names:
        ends, others = (
            np.array(interval(MEASURES[name].facts, one[name], 0.95)[:2]) for one in (found, exact)
        )
        # about the same width, although each part has a jackknife of its own
        assert 0.4 < np.ptp(ends) / np.ptp(others) < 2.5, name
        blocks = {"procrustes": [4] * 3} | dict.fromkeys(parts.STREAMED, (40,))
        assert found[name].parts == blocks.get(name, [14] * 3), name


def test_a_replicate_leaves_a_block_out_of_its_part():
    x, y = views(400)
    dealt = parts.Parts(frames(400, 1), SPEC, 19)
    found = dealt.compare(x, y, ["rsa"])["rsa"]
    (rows, plan), (others, other) = zip(dealt.rows, map(dealt.plan, range(2)))
    kept = plan.grouping.order[plan.keep_frames[4].astype(bool)]
    assert len(kept) == 190
    of_kept = Plan({str(i): str(i) for i in kept}, SPEC, 0)
    without = suite.compare(x[rows][kept], y[rows][kept], of_kept, ["rsa"])
    rest = suite.compare(x[others], y[others], other, ["rsa"])
    assert found.values[4] == pytest.approx((without["rsa"].values[0] + rest["rsa"].values[0]) / 2)
    assert found.parts == [20, 20]


def test_the_interval_is_of_the_spread_inside_each_part():
    """The variance of the mean of two parts is a quarter of the sum of theirs, whatever lies between
    them.
    """
    x, y = views(80, dims=5)
    rows = deal(list(NUMBERED.values()), 40, TWO["seed"])
    y[rows[1]] *= 3  # so that the parts' values differ by far
    found = parts.comparer(NUMBERED, TWO, 0).compare(x, y, ["energy"])["energy"]
    values = [
        suite.compare(x[r], y[r], Plan({str(i): f"{i:03}" for i in r}, TWO | {"seed": 3 + part}, 0, blocks=20), ["energy"])["energy"].values
        for part, r in enumerate(rows)
    ]  # fmt: skip
    errors = [np.sqrt(19 / 20 * np.sum((v[1:] - v[1:].mean()) ** 2)) for v in values]
    assert abs(values[1][0] - values[0][0]) > 5 * max(errors)
    low, high, _ = interval(MEASURES["energy"].facts, found, 0.95)
    wanted = np.sqrt(errors[0] ** 2 + errors[1] ** 2) / 2
    df = degrees_of_freedom(influences(found.values[1:], (20, 20)), (20, 20))
    assert (high - low) / 2 == pytest.approx(student.ppf(0.975, df) * wanted)
    by_loops = by_hand.interval(found.values, 0.95, parts=(20, 20))
    assert (low, high) == pytest.approx(by_loops)
    # a jackknife of all blocks at once is another: 39 / 40 for 19 / 20
    assert by_hand.interval(found.values, 0.95)[1] > high * (1 + 1e-4)


@pytest.mark.slow
def test_p_values_of_parts_are_uniform_where_nothing_is_true():
    """1 of 20 in the long run; of 300, between 5 and 27 in all but one of a thousand tries."""
    plan = parts.comparer(frames(80, 2), SPEC | {"at_once": 100}, 39)
    rejected = dict.fromkeys(("cka_linear_unbiased", "rsa", "energy"), 0)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        scene = np.repeat(rng.normal(size=(80, 4)), 2, axis=0)
        a, b, c, d = np.repeat(rng.normal(size=(4, 80, 4)), 2, axis=1)
        found = plan.compare(a, b, ["cka_linear_unbiased", "rsa"])
        found |= plan.compare(scene + c, scene + d, ["energy"])
        for name, estimate in found.items():
            rejected[name] += inference.p_value(estimate.null) <= 0.05
    assert all(5 <= count <= 27 for count in rejected.values()), rejected


def test_a_value_that_is_undefined_in_a_part_has_a_reason():
    x, y = views(400)
    y[7] = 3.0
    found = parts.Parts(frames(400, 1), SPEC, 99).compare(x, y, ["rsa", "cka_linear"])
    assert np.isnan(found["rsa"].values[0])
    part = 1 + next(i for i, rows in enumerate(deal(np.arange(400), 200, 3)) if 7 in rows)
    assert found["rsa"].reason == (
        f"in part {part} of 2: the features of frame '7-0' are all 3 in the view, so it has no "
        "dissimilarity"
    )
    assert np.isfinite(found["cka_linear"].values).all()


# -- how parts are put together --------------------------------------------------------------------

NUMBERED = {f"{i:03}": f"{i:03}" for i in range(80)}  # groups whose names sort like their frames
TWO = SPEC | {"at_once": 40}


def in_two_parts(**changes):
    """Two views of 80 frames, and the rows of the two parts into which these are divided."""
    x, y = views(80, dims=5)
    spec = TWO | changes
    rows = deal(list(NUMBERED.values()), 40, spec["seed"])
    assert list(map(len, rows)) == [40, 40]
    return x, y, rows, spec


def test_the_value_is_the_mean_over_parts():
    x, y, rows, spec = in_two_parts()
    found = parts.comparer(NUMBERED, spec, 0).compare(x, y, ["rsa", "energy_frames", "cka_rbf"])
    assert found["rsa"].values[0] == pytest.approx(np.mean([rsa(x[r], y[r]) for r in rows]))
    energies = [energy_distance(x[r], y[r]) for r in rows]
    assert found["energy_frames"].values[0] == pytest.approx(np.mean(energies))
    wanted = np.mean([np.median(pdist(x[r]) ** 2) for r in rows])
    assert found["cka_rbf"].bandwidth == pytest.approx(wanted)
    assert found["rsa"].bandwidth is None and found["rsa"].reason is None
    # 40 blocks of the jackknife are shared by both parts, and 10 of slow measures
    assert len(found["rsa"].values) == 1 + 40 and found["rsa"].parts == [20, 20]
    slow = parts.comparer(NUMBERED, spec, 0).compare(x, y, ["procrustes"])["procrustes"]
    assert len(slow.values) == 1 + 10 and slow.parts == [5, 5]
    assert slow.null is None and slow.untested is None  # it has no test anyway


@pytest.mark.parametrize(("count", "blocks", "few"), [(2, 20, 5), (3, 14, 4), (41, 2, 2)])
def test_parts_share_the_blocks_but_have_two_at_least(count, blocks, few):
    """Forty blocks, ten of slow measures."""
    n = 20 * count
    x, y = views(n, dims=3)
    dealt = parts.comparer(frames(n, 1), SPEC | {"at_once": 20}, 0)
    assert len(dealt.rows) == count
    found = dealt.compare(x, y, ["energy", "procrustes"])
    assert found["energy"].parts == [blocks] * count
    assert found["procrustes"].parts == [few] * count
    assert len(found["procrustes"].values) == 1 + count * few


def test_each_part_is_rearranged_differently():
    """Two parts with the same data would have the same null otherwise. The mean of two independent
    nulls varies less by √2 than each.
    """
    x, y, rows, spec = in_two_parts()
    x[rows[1]], y[rows[1]] = x[rows[0]], y[rows[0]]
    null = parts.comparer(NUMBERED, spec, 400).compare(x, y, ["energy"])["energy"].null
    own = suite.compare(
        x[rows[0]], y[rows[0]], Plan({f"{i:03}": f"{i:03}" for i in range(40)}, spec, 400), ["energy"]
    )["energy"].null  # fmt: skip
    assert null[0] == pytest.approx(own[0])
    assert 0.6 < np.std(null[1:]) / np.std(own[1:]) < 0.8
    assert len(null) == 401


def test_the_null_of_all_is_the_mean_of_those_of_parts():
    """The second part is rearranged with the next seed."""
    x, y, rows, spec = in_two_parts()
    found = parts.comparer(NUMBERED, spec, 30).compare(x, y, ["rsa"])["rsa"]
    nulls = [
        suite.compare(
            x[r], y[r], Plan({str(i): f"{i:03}" for i in r}, spec | {"seed": spec["seed"] + part}, 30), ["rsa"]
        )["rsa"].null
        for part, r in enumerate(rows)
    ]  # fmt: skip
    np.testing.assert_allclose(found.null, np.mean(nulls, axis=0))


def test_parts_are_dealt_with_the_seed_and_repeat():
    x, y, _, spec = in_two_parts()

    def values(seed):
        return parts.comparer(NUMBERED, spec | {"seed": seed}, 9).compare(x, y, ["rsa"])["rsa"]

    one, again, other = values(0), values(0), values(1)
    assert (one.values == again.values).all() and (one.null == again.null).all()
    assert one.values[0] != other.values[0]


def test_streamed_cka_is_of_all_frames_and_has_blocks_of_all():
    """Its null is the mean over parts; that of the biased value is moved to what chance gives all
    frames, since fewer frames are more alike by chance.
    """
    x, y, rows, spec = in_two_parts()
    found = parts.comparer(NUMBERED, spec, 30).compare(x, y, ["cka_linear_unbiased", "cka_linear"])
    for name, unbiased in (("cka_linear", False), ("cka_linear_unbiased", True)):
        estimate, blocks = found[name], inference.blocks(list(NUMBERED.values()), spec["seed"])
        kept = [np.setdiff1d(np.arange(80), block) for block in ([], *blocks)]
        wanted = [cka_linear(x[k], y[k], unbiased=unbiased) for k in kept]
        np.testing.assert_allclose(estimate.values, wanted, rtol=1e-9)
        assert estimate.parts == (40,) and estimate.reason is None
        of_parts = [
            suite.compare(x[r], y[r], Plan({str(i): f"{i:03}" for i in r}, spec | {"seed": spec["seed"] + part}, 30), [name])[name].null
            for part, r in enumerate(rows)
        ]  # fmt: skip
        null = np.mean(of_parts, axis=0)
        if name == "cka_linear":
            orders = [np.random.default_rng(i).permutation(80) for i in range(2000)]
            by_chance = [cka_linear(x, y[order]) for order in orders]
            assert estimate.null[1:].mean() == pytest.approx(np.mean(by_chance), abs=0.002)
            assert null[1:].mean() > estimate.null[1:].mean() + 0.02
            null += estimate.null[0] - null[0]
        np.testing.assert_allclose(estimate.null, null, atol=1e-6)
        assert inference.p_value(estimate.null) == inference.p_value(null)


def test_a_streamed_value_without_a_test_says_why():
    """One frame of a part is live, so its unbiased CKA, and the null, are undefined."""
    x, y, rows, spec = in_two_parts()
    x[rows[0][1:]] = x[rows[0][1]]
    found = parts.comparer(NUMBERED, spec, 30).compare(x, y, ["cka_linear_unbiased"])
    estimate = found["cka_linear_unbiased"]
    assert np.isfinite(estimate.values).all() and estimate.null is None
    assert estimate.reason is None and estimate.untested.startswith("in part 1 of 2: too little")


def test_without_permutations_parts_have_no_null():
    x, y, _, spec = in_two_parts()
    for estimate in parts.comparer(NUMBERED, spec, 0).compare(x, y, list(MEASURES)).values():
        assert estimate.null is None and estimate.untested is None


def test_parts_of_groups_of_many_sizes_are_tested():
    sizes = [*range(1, 21), *range(1, 21)]
    groups = {f"{g}-{i}": f"{g:02}" for g, size in enumerate(sizes) for i in range(size)}
    dealt = parts.comparer(groups, TWO | {"at_once": 250}, 30)
    x, y = views(len(groups), dims=4)
    found = dealt.compare(x, y, ["rsa", "energy", "cka_linear"])
    assert len(dealt.rows) == 2
    for estimate in found.values():
        assert len(estimate.null) == 31 and estimate.untested is None


def test_parts_with_too_few_or_other_numbers_of_arrangements_have_no_null():
    few = Estimate(np.ones(3), untested="too few groups to test: 6 arrangements", parts=(2,))
    some = Estimate(np.ones(3), np.arange(24.0), parts=(2,))
    many = Estimate(np.ones(3), np.arange(31.0), parts=(2,))
    together = parts.Parts(NUMBERED, TWO, 30)._together
    found = together([many, few])
    assert found.null is None and found.untested == few.untested
    found = together([many, some])
    assert found.null is None and found.untested == "too few groups in a part to test"
    assert together([many, many]).null.tolist() == many.null.tolist()


def test_no_frames_have_no_values():
    comparer = parts.comparer({}, SPEC, 99)
    found = comparer.compare(np.zeros((0, 3)), np.zeros((0, 3)), ["rsa", "energy"])
    assert comparer.at_once == 0 and list(found) == ["rsa", "energy"]
    assert {estimate.reason for estimate in found.values()} == {"no frames"}


# -- dealing ---------------------------------------------------------------------------------------


def test_a_part_holds_at_least_twenty_groups():
    """So 39 groups are one part, and 40 are two, however many frames they have."""
    for groups, count in ((39, 1), (40, 2), (59, 2), (60, 3)):
        names = np.repeat([f"{i:02}" for i in range(groups)], 5)
        dealt = deal(names, 60)
        assert len(dealt) == count
        assert all(len(rows) <= 60 for rows in dealt)
        assert all(len(set(names[rows])) >= 20 for rows in dealt)


def test_parts_are_as_few_and_as_even_as_possible():
    for frames_, at_once, count in ((200, 200, 1), (201, 200, 2), (400, 200, 2), (401, 200, 3)):
        assert len(deal([f"{i:03}" for i in range(frames_)], at_once)) == count
    # the largest groups come first, so that small ones even out the parts
    sizes = [30, 30, *[1] * 60]
    names = np.repeat([f"{i:02}" for i in range(62)], sizes)
    assert [len(rows) for rows in deal(names, 60)] == [60, 60]
    (one, other) = deal(names, 60)
    assert {"00", "01"} & set(names[one]) != {"00", "01"} & set(names[other])


def test_frames_stay_in_order_and_the_default_seed_is_0():
    names = [f"{i % 50:02}" for i in range(200)]
    dealt = deal(names, 80)
    assert all((np.diff(rows) > 0).all() for rows in dealt)
    assert [rows.tolist() for rows in dealt] == [rows.tolist() for rows in deal(names, 80, seed=0)]


def test_too_large_a_part_keeps_evenly_spaced_frames_of_each_group():
    """Frames of a group need not lie together: a and b take turns."""
    names = [*"abababababab"]
    (rows,) = deal(names, 6)
    assert rows.tolist() == [0, 1, 4, 5, 8, 9]
