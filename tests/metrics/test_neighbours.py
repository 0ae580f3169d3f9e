"""Mutual nearest neighbours and CKNNA: the published code, definitions written out, invariances."""

import itertools

import numpy as np
import pytest

from catsight.metrics import cknna, mutual_knn, near, suite
from catsight.metrics.neighbours import (
    Neighbourhoods,
    chance,
    cknna_values,
    enough,
    mutual_knn_values,
)
from catsight.metrics.plan import Plan
from support import by_hand
from support.toy_tables import SPEC

BOTH = (mutual_knn, cknna)


def two(n=30, noise=1.0, seed=0, features=6):
    """Two views of ``n`` scenes."""
    rng = np.random.default_rng(seed)
    scene = rng.normal(size=(n, features))
    return tuple(scene + noise * rng.normal(size=(n, features)) for _ in range(2))


def in_groups(sizes, seed=0):
    """Two views of photographs with several glances, in mixed order, and the glances' groups."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    photos = rng.normal(size=(len(sizes), 5))
    scene = photos[groups] + 0.7 * rng.normal(size=(len(groups), 5))
    x, y = (scene + 0.5 * rng.normal(size=scene.shape) for _ in range(2))
    return x, y, groups


# -- the published code ----------------------------------------------------------------------------

#: k -> mutual_knn and cknna of minyoungg/platonic-rep (metrics.py at 4947084), run with torch in
#: float64 on features of length 1, without the 1e-6 that it adds to CKNNA's denominator.
PLATONIC = {
    2: (0.18333333333333332, 0.07836470694413794),
    5: (0.3, 0.26399050002106084),
    10: (0.4766666666666666, 0.49592459837796116),
    20: (0.725, 0.3548840897563941),
}


@pytest.mark.parametrize("k", PLATONIC)
def test_with_one_frame_in_each_group_these_are_the_published_measures(k):
    rng = np.random.default_rng(2024)
    scene = rng.normal(size=(30, 6))
    x = scene + 0.5 * rng.normal(size=(30, 6))
    y = np.hstack([scene, scene[:, :2]]) + rng.normal(size=(30, 8))
    for groups in (None, [f"photo {i}" for i in range(30)]):
        found = mutual_knn(x, y, groups=groups, k=k), cknna(x, y, groups=groups, k=k)
        assert found == pytest.approx(PLATONIC[k], rel=1e-10)


def test_ten_neighbours_are_the_default():
    x, y = two()
    assert mutual_knn(x, y) == mutual_knn(x, y, k=10) != mutual_knn(x, y, k=9)
    assert cknna(x, y) == cknna(x, y, k=10) != cknna(x, y, k=9)


# -- written out -----------------------------------------------------------------------------------


SIZES = {"equal": [2] * 8, "unequal": [1, 4, 2, 1, 3, 1, 2, 5, 1], "single": [1] * 12}


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("k", [2, 3, 5])
def test_measures_written_out_frame_by_frame(sizes, k):
    x, y, groups = in_groups(SIZES[sizes])
    assert mutual_knn(x, y, groups=groups, k=k) == pytest.approx(
        by_hand.mutual_knn(x, y, groups, k)
    )
    found = cknna(x, y, groups=groups, k=k)
    assert found == pytest.approx(by_hand.cknna(x, y, groups, k), rel=1e-10)


def test_hsic_of_symmetric_kernels_is_a_mean_over_distinct_groups():
    """Over all ordered 4-tuples (reference: Song et al. 2012, with means over groups)."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(6), [1, 3, 2, 1, 2, 1])
    n, apart = len(groups), groups[:, None] != groups[None, :]
    k, m, mask = (v + v.T for v in rng.normal(size=(3, n, n)))
    mask = apart * (np.abs(mask) > 0.7)
    p, q = mask * k, mask * m
    members = [np.flatnonzero(groups == g) for g in range(6)]

    def mean(kernel, *pair):
        return kernel[np.ix_(*(members[g] for g in pair))].mean()

    total = 0
    for f, g, h, e in itertools.permutations(range(6), 4):
        of_pair = mean(p * q, f, g)
        of_frame = np.mean([p[i, members[g]].mean() * q[i, members[h]].mean() for i in members[f]])
        total += of_pair - 2 * of_frame + mean(p, f, g) * mean(q, h, e)
    order = np.argsort(~mask, axis=1, kind="stable")
    weights = 1 / np.bincount(groups)[groups]
    starts = np.searchsorted(groups, np.arange(7))
    ends = mask.sum(axis=1)
    found = near.hsic(mask.astype(float), (k, m), order, ends, starts, groups, weights)
    assert found == pytest.approx(total / (6 * 5 * 4 * 3))


# -- groups ----------------------------------------------------------------------------------------


def test_a_frame_that_is_shown_several_times_changes_nothing():
    x, y = two(n=20)
    shown = np.random.default_rng(0).permutation(np.repeat(np.arange(20), [1, 6, 2, 1] * 5))
    for measure in BOTH:
        found = measure(x[shown], y[shown], groups=shown, k=5)
        assert found == pytest.approx(measure(x, y, k=5), rel=1e-12)


def test_showing_every_frame_twice_changes_nothing():
    x, y, groups = in_groups([1, 4, 2, 1, 3, 1, 2, 5, 1])
    twice = np.repeat(np.arange(len(x)), 2)
    for measure in BOTH:
        found = measure(x[twice], y[twice], groups=groups[twice], k=3)
        assert found == pytest.approx(measure(x, y, groups=groups, k=3), rel=1e-12)


def test_frames_of_the_same_group_are_no_neighbours():
    """Glances that lie together would make any two networks look alike."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(20), 6)
    x, y = (rng.normal(size=(20, 8))[groups] + 1e-3 * rng.normal(size=(120, 8)) for _ in "xy")
    assert mutual_knn(x, y, k=5) == pytest.approx(1)
    assert abs(mutual_knn(x, y, groups=groups, k=5) - chance(20, 5)) < 0.1


def test_all_groups_have_the_same_weight():
    """One of eleven groups finds all of its neighbours, in however many frames."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 11, 4))
    k = 4
    single = Neighbourhoods(x, y, range(11), k).overlaps()
    shown = np.repeat(np.arange(11), [9] + [1] * 10)
    both = Neighbourhoods(x[shown], y[shown], shown, k)
    np.testing.assert_allclose(both.overlaps(), single[shown], rtol=1e-12)
    assert mutual_knn(x[shown], y[shown], groups=shown, k=k) == pytest.approx(single.mean())


def test_frames_keep_their_order():
    x, y, groups = in_groups(SIZES["unequal"])
    own = Neighbourhoods(x, y, groups, 3).overlaps()
    order = np.random.default_rng(2).permutation(len(x))
    moved = Neighbourhoods(x[order], y[order], groups[order], 3).overlaps()
    np.testing.assert_allclose(moved, own[order], rtol=1e-12)
    assert len(set(own.round(9))) > 3
    of_groups = [own[groups == g].mean() for g in set(groups)]
    assert mutual_knn(x, y, groups=groups, k=3) == pytest.approx(np.mean(of_groups))


@pytest.mark.parametrize("values", [mutual_knn_values, cknna_values])
def test_without_a_block_its_frames_are_not_even_neighbours(values):
    x, y, groups = in_groups(SIZES["unequal"])
    keep = np.array([groups >= 0, groups != 7, groups != 0, (groups != 1) & (groups != 5)])
    keep[2, np.flatnonzero(groups == 1)[:2]] = False  # of a group, two of four frames
    found = values(x, y, groups, keep.astype(float), 3)
    measure = mutual_knn if values is mutual_knn_values else cknna
    wanted = [measure(x[kept], y[kept], groups=groups[kept], k=3) for kept in keep]
    np.testing.assert_allclose(found, wanted, rtol=1e-10)
    assert len(set(found.round(9))) == 4


# -- closed forms ----------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", BOTH)
def test_the_same_up_to_rotation_and_scale_is_fully_aligned(measure):
    x, y, groups = in_groups(SIZES["unequal"])
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    for same in (x, x @ rotation, 1e-15 * x, 1e15 * x, -x):
        assert measure(x, same, groups=groups, k=3) == pytest.approx(1, rel=1e-9)
        changed = measure(same, y, groups=groups, k=3)
        assert changed == pytest.approx(measure(x, y, groups=groups, k=3), rel=1e-9)
    assert 0.2 < measure(x, y, groups=groups, k=3) < 0.95


@pytest.mark.parametrize("sizes", [[3, 5, 7] * 5, [7] * 9])
def test_no_share_is_more_than_one(sizes):
    for seed in range(20):
        x, _, groups = in_groups(sizes, seed)
        assert Neighbourhoods(x, 3 * x, groups, 7).overlaps().max() <= 1
        assert mutual_knn(x, 3 * x, groups=groups, k=7) <= 1


@pytest.mark.parametrize("groups", [1, 5])
def test_unrelated_views_share_what_chance_gives_them(groups):
    rng = np.random.default_rng(7)
    of = np.repeat(np.arange(25), groups)
    found = [mutual_knn(*rng.normal(size=(2, len(of), 30)), groups=of, k=6) for _ in range(60)]
    error = np.std(found) / np.sqrt(60)
    assert abs(np.mean(found) - 6 / 24) < 3 * error + 0.005 * (groups > 1)
    assert chance(25, 6) == 6 / 24


def test_the_mean_over_all_relabellings_is_chance():
    x, y, groups = in_groups([1, 3, 2, 1, 4, 2])
    orders = np.array(list(itertools.permutations(range(6))), dtype=np.int32)
    null = Neighbourhoods(x, y, groups, 3).mutual_knn_null(orders)
    assert null.mean() == pytest.approx(chance(6, 3), rel=1e-6)
    assert null.std() > 0.02


def test_relabelling_groups_of_one_frame_rearranges_the_frames():
    x, y = two(n=9)
    orders = np.random.default_rng(0).permuted(np.tile(np.arange(9), (5, 1)), axis=1)
    found = Neighbourhoods(x, y, range(9), 3).mutual_knn_null(orders.astype(np.int32))
    wanted = [mutual_knn(x, y[order], k=3) for order in orders]
    assert found == pytest.approx(wanted, rel=1e-6) and len(set(found.round(5))) > 2


# -- ties ------------------------------------------------------------------------------------------


def test_frames_at_the_same_distance_share_the_place_that_is_left():
    """Of the second view, three frames are equally far from the first, for one place."""
    x = np.array([[1, 0], [1, 0.1], [1, 0.3], [1, 0.5], [1, 0.9]])
    y = np.array([[1, 0, 0], [1, 0.1, 0], [1, -0.3, 0], [1, 0, 0.3], [1, 0.3, 0]])
    found = Neighbourhoods(x, y, range(5), 2).overlaps()
    assert found[0] == pytest.approx((1 + 1 / 3) / 2)  # frame 1, and a third of frame 2


def test_rounding_does_not_break_ties():
    rng = np.random.default_rng(4)
    x, y = (np.sign(rng.normal(size=(40, 5))) for _ in "xy")  # 16 directions, and few distances
    wanted = [measure(x, y, k=5) for measure in BOTH]
    for seed in range(5):
        turned = np.linalg.qr(np.random.default_rng(seed).normal(size=(5, 5)))[0]
        order = np.random.default_rng(seed).permutation(40)
        found = [measure(0.3 * x[order] @ turned, y[order] / 7, k=5) for measure in BOTH]
        assert found == pytest.approx(wanted, rel=1e-9)


def test_a_large_common_offset_costs_no_precision():
    x, y = two(n=20, features=4)
    offset = 1e6 * np.ones(4)
    x, y = x + offset, y + offset

    def exact(v):  # in a hundred digits' worth of integers: order by |u_i - u_j|², in longdouble
        v = v.astype(np.longdouble)
        unit = v / np.sqrt((v**2).sum(axis=1, keepdims=True))
        apart = ((unit[:, None] - unit[None]) ** 2).sum(axis=-1)
        np.fill_diagonal(apart, np.inf)
        return [set(row) for row in np.argsort(apart, axis=1)[:, :5]]

    wanted = np.mean([len(a & b) / 5 for a, b in zip(exact(x), exact(y))])
    assert mutual_knn(x, y, k=5) == pytest.approx(wanted)


# -- undefined -------------------------------------------------------------------------------------


def test_there_must_be_groups_that_are_no_neighbours():
    x, y = two(n=12)
    assert not np.isfinite(mutual_knn(x, y, k=11)) and mutual_knn(x, y, k=10) > 0
    assert not np.isfinite(cknna(x, y, k=11)) and np.isfinite(cknna(x, y, k=10))
    assert np.isnan(chance(12, 11)) and chance(12, 10) == 10 / 11
    assert not enough(12, 11) and enough(12, 10)
    groups = np.arange(12) // 2
    assert np.isnan(mutual_knn(x, y, groups=groups, k=5)) and mutual_knn(x, y, groups=groups, k=4)
    assert np.isnan(Neighbourhoods(x, y, groups, 5).overlaps()).all()
    keep = np.ones((3, 12))
    keep[1, :2] = keep[2, :1] = 0
    defined = np.isfinite(mutual_knn_values(x, y, groups, keep, 4))
    assert defined.tolist() == [True, False, True]


def test_one_neighbour_has_no_kernel():
    x, y = two()
    assert mutual_knn(x, y, k=1) > 0 and np.isnan(cknna(x, y, k=1))


def test_a_frame_without_direction_has_no_neighbours():
    x, y = two()
    y[3] = 0
    assert np.isnan([measure(x, y, k=3) for measure in BOTH]).all()
    assert np.isnan([measure(y, x, k=3) for measure in BOTH]).all()


# -- in the suite ----------------------------------------------------------------------------------


def compared(x, y, groups, permutations=99, **changes):
    frames = {f"frame {i}": str(group) for i, group in enumerate(groups)}
    plan = Plan(frames, SPEC | {"neighbours": 3} | changes, permutations)
    return suite.compare(x, y, plan, ["mutual_knn", "cknna"])


def test_estimates_leave_out_group_after_group():
    x, y, groups = in_groups(SIZES["unequal"])
    found = compared(x, y, groups)
    for measure, estimate in zip(BOTH, (found["mutual_knn"], found["cknna"])):
        wanted = [measure(x, y, groups=groups, k=3)]
        for g in range(9):
            kept = groups != g
            wanted.append(measure(x[kept], y[kept], groups=groups[kept], k=3))
        np.testing.assert_allclose(estimate.values, wanted, rtol=1e-10)
    null = found["mutual_knn"].null
    assert len(null) == 100 and abs(null.mean() - chance(9, 3)) < 0.02 and null[0] == null.max()
    assert found["cknna"].null is None and found["cknna"].untested is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"neighbours": 8}, "fewer than 10 groups, too few for 8 nearest neighbours"),
        ({}, "the features of frame 'frame 4' are all 0, so no frame is nearest"),
    ],
)
def test_undefined_values_say_why(change, reason):
    x, y, groups = in_groups(SIZES["unequal"])
    y[4] = 0
    for estimate in compared(x, y, groups, **change).values():
        assert estimate.reason == reason and np.isnan(estimate.values).all()


@pytest.mark.parametrize("x", [np.eye(12), np.eye(12) - 1 / 12, np.eye(12) + 0.3])
def test_kernels_that_do_not_vary_have_no_alignment(x):
    """Orthogonal frames, and frames all of which have the same cosine."""
    turned = x @ np.linalg.qr(np.random.default_rng(0).normal(size=(12, 12)))[0]
    for y in (x, turned, two(12)[0]):
        estimate = compared(turned, y, range(12))["cknna"]
        assert (
            estimate.reason == "the cosines of nearest neighbours vary too little to normalise it"
        )
    assert compared(turned, x, range(12))["mutual_knn"].values[0] == pytest.approx(1)
