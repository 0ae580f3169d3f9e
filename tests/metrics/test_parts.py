"""Comparisons in parts: which values are exact, which are near, and their tests and intervals."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from catsight.metrics import cka_linear, energy_distance, inference, parts, rsa, suite
from catsight.metrics.dealing import deal
from catsight.metrics.estimate import interval
from catsight.metrics.plan import Plan
from catsight.metrics.similarity import cka, gram
from catsight.study.measures import MEASURES

SPEC = {
    "seed": 3, "null": "paired", "rsa_distance": "correlation", "rsa_comparison": "spearman",
    "bandwidth": 1.0, "projections": 20, "retrieval_distance": "cosine", "confidence": 0.95, "at_once": 200,
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


@pytest.mark.parametrize(("dtype", "atol"), [(np.float64, 1e-10), (np.float32, 2e-6)])
def test_streamed_cka_is_exact(dtype, atol):
    x, y = views(2100, dims=24)  # more rows than are summed at once
    x[:, 0] += 1e4  # one feature has a huge offset
    x, y = x.astype(dtype), y.astype(dtype)
    blocks = inference.blocks(np.arange(2100), most=5)
    kept = inference.kept(2100, blocks)
    k, m = gram(x), gram(y)
    for streamed, unbiased in zip(parts.streamed_cka(x, y, blocks), (False, True)):
        np.testing.assert_allclose(streamed, cka(k, m, kept, unbiased=unbiased), atol=atol)
    assert np.ptp(streamed) > 1e-4  # otherwise nothing was left out


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
        assert sum(found[name].sizes) == 480


def test_a_replicate_leaves_a_block_out_of_its_part():
    x, y = views(400)
    dealt = parts.Parts(frames(400, 1), SPEC, 19)
    found = dealt.compare(x, y, ["rsa"])["rsa"]
    (rows, plan), (others, other) = zip(dealt.rows, map(dealt.plan, range(2)))
    kept = np.setdiff1d(np.arange(200), plan.blocks[3])
    of_kept = Plan(dict.fromkeys(map(str, kept), "0"), SPEC, 0)
    without = suite.compare(x[rows][kept], y[rows][kept], of_kept, ["rsa"])
    rest = suite.compare(x[others], y[others], other, ["rsa"])
    assert found.values[4] == pytest.approx((without["rsa"].values[0] + rest["rsa"].values[0]) / 2)
    assert found.sizes[3] == len(plan.blocks[3])


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
    found = parts.comparer(NUMBERED, spec, 0).compare(x, y, ["rsa", "energy", "cka_rbf"])
    assert found["rsa"].values[0] == pytest.approx(np.mean([rsa(x[r], y[r]) for r in rows]))
    energies = [energy_distance(x[r], y[r]) for r in rows]
    assert found["energy"].values[0] == pytest.approx(np.mean(energies))
    wanted = np.mean([np.median(pdist(x[r]) ** 2) for r in rows])
    assert found["cka_rbf"].bandwidth == pytest.approx(wanted)
    assert found["rsa"].bandwidth is None and found["rsa"].reason is None
    # 40 blocks of the jackknife are shared by both parts, and 10 of slow measures
    assert len(found["rsa"].values) == 1 + 40 == 1 + len(found["rsa"].sizes)
    slow = parts.comparer(NUMBERED, spec, 0).compare(x, y, ["procrustes"])["procrustes"]
    assert len(slow.values) == 1 + 10 == 1 + len(slow.sizes) and sum(slow.sizes) == 80
    assert slow.null is None and slow.untested is None  # it has no test anyway


@pytest.mark.parametrize(("count", "blocks", "few"), [(2, 20, 5), (3, 14, 4), (41, 2, 2)])
def test_parts_share_the_blocks_but_have_two_at_least(count, blocks, few):
    """Forty blocks, ten of slow measures."""
    n = 20 * count
    x, y = views(n, dims=3)
    dealt = parts.comparer(frames(n, 1), SPEC | {"at_once": 20}, 0)
    assert len(dealt.rows) == count
    found = dealt.compare(x, y, ["energy", "procrustes"])
    assert len(found["energy"].sizes) == count * blocks
    assert len(found["procrustes"].sizes) == count * few
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
    """Its null stays the mean over parts."""
    x, y, rows, spec = in_two_parts()
    found = parts.comparer(NUMBERED, spec, 30).compare(x, y, ["cka_linear_unbiased", "cka_linear"])
    for name, unbiased in (("cka_linear", False), ("cka_linear_unbiased", True)):
        estimate, blocks = found[name], inference.blocks(list(NUMBERED.values()), spec["seed"])
        kept = [np.setdiff1d(np.arange(80), block) for block in ([], *blocks)]
        wanted = [cka_linear(x[k], y[k], unbiased=unbiased) for k in kept]
        np.testing.assert_allclose(estimate.values, wanted, rtol=1e-9)
        assert estimate.sizes == [2] * 40 and estimate.reason is None
        of_parts = [cka_linear(x[r], y[r], unbiased=unbiased) for r in rows]
        assert estimate.null[0] == pytest.approx(np.mean(of_parts), abs=1e-6)


def test_streamed_cka_of_too_few_frames_or_of_constant_features_is_undefined():
    x, y = views(6)
    values = parts.streamed_cka(x, y, [np.arange(3), np.arange(2)])
    for of in values:
        assert np.isfinite(of[0]) and np.isnan(of[1]) and np.isfinite(of[2])
    for of in parts.streamed_cka(np.ones((6, 3)), y, []):
        assert np.isnan(of).all()


@pytest.mark.parametrize(("shape", "factor"), [((40, 3), 1e-25), ((40, 3), 1e25)])
def test_streamed_cka_does_not_depend_on_the_unit(shape, factor):
    """Squares of such float32 features vanish, or overflow."""
    x, y = (v[:, :3].astype(np.float32) for v in views(40))
    scaled = parts.streamed_cka((x * np.float32(factor)), y, [])
    np.testing.assert_allclose(scaled, parts.streamed_cka(x, y, []), rtol=1e-5)


def test_parts_with_too_few_groups_to_test_say_so():
    """Groups of many sizes: no group may take another's place."""
    sizes = [*range(1, 21), *range(1, 21)]
    groups = {f"{g}-{i}": f"{g:02}" for g, size in enumerate(sizes) for i in range(size)}
    spec = TWO | {"at_once": 250}
    dealt = parts.comparer(groups, spec, 30)
    x, y = views(len(groups), dims=4)
    found = dealt.compare(x, y, ["rsa", "energy"])
    assert len(dealt.rows) == 2 and len(found["energy"].null) == 31
    assert found["rsa"].null is None and np.isfinite(found["rsa"].values).all()
    assert found["rsa"].untested.startswith("too few groups to test: ")
    assert found["energy"].untested is None


def test_parts_with_other_numbers_of_arrangements_have_no_null():
    """Nine groups of one size: four in one part, which have 24 relabellings, and five in the other."""
    sizes = [5] * 9 + [size for size in range(1, 45) if size != 5][:33]
    groups = {f"{g}-{i}": f"{g:02}" for g, size in enumerate(sizes) for i in range(size)}
    dealt = parts.comparer(groups, SPEC | {"at_once": 328, "seed": 0}, 99)
    x, y = views(len(groups), dims=4)
    found = dealt.compare(x, y, ["rsa"])["rsa"]
    assert sorted(len(dealt.plan(i).relabellings.each) for i in (0, 1)) == [24, 100]
    assert found.null is None and found.untested == "too few groups in a part to test"


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
