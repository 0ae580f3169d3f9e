"""Comparisons in parts: which values are exact, which are near, and their tests and intervals."""

import numpy as np
import pytest

from catsight.metrics import inference, parts, suite
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
    x, y = views(5000, dims=24)
    x[:, 0] += 1e4  # one feature has a huge offset
    x, y = x.astype(dtype), y.astype(dtype)
    blocks = inference.blocks(np.arange(5000), most=5)
    kept = inference.kept(5000, blocks)
    k, m = gram(x), gram(y)
    for streamed, unbiased in zip(parts.streamed_cka(x, y, blocks), (False, True)):
        np.testing.assert_allclose(streamed, cka(k, m, kept, unbiased=unbiased), atol=atol)
    assert np.ptp(streamed) > 1e-4  # otherwise nothing was left out


def test_few_frames_are_compared_at_once():
    assert isinstance(parts.comparer(frames(200, 1), SPEC, 0), parts.Whole)
    assert isinstance(parts.comparer(frames(201, 1), SPEC, 0), parts.Parts)


def test_parts_nearly_agree_with_all_frames():
    """Measures that do not depend on the number of frames; docs/metrics.md has errors at full size."""
    x, y = views(1600)
    names = [name for name in MEASURES if not MEASURES[name].share]
    dealt = parts.comparer(frames(200, 8), SPEC, 99)
    whole = parts.comparer(frames(200, 8), SPEC | {"at_once": 2000}, 99)
    assert dealt.at_once == 200 and whole.at_once == 1600
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
        assert sum(found[name].sizes) == 1600


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
    assert (
        "part" in found["rsa"].reason
        and "the features of frame '7-0' are all 3 in the view" in found["rsa"].reason
    )
    assert np.isfinite(found["cka_linear"].values).all()
