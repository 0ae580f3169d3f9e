"""The jackknife: compared with textbook formulas."""

import numpy as np
import pytest
from scipy.stats import t as student

from catsight.metrics import inference


def test_blocks_are_whole_groups():
    groups = ["b", "a", "b", "c", "a"]
    assert [block.tolist() for block in inference.blocks(groups)] == [[1, 4], [0, 2], [3]]


def test_many_groups_share_blocks():
    groups = np.repeat([f"g{i}" for i in range(100)], 3)
    out = inference.blocks(groups, seed=1)
    assert len(out) == inference.MOST_BLOCKS
    assert sorted(np.concatenate(out).tolist()) == list(range(300))
    for block in out:
        assert len(set(groups[block])) * 3 == len(block)
    assert [b.tolist() for b in out] == [b.tolist() for b in inference.blocks(groups, seed=1)]
    assert [b.tolist() for b in out] != [b.tolist() for b in inference.blocks(groups, seed=2)]


def test_kept_holds_all_frames_and_then_each_subset():
    assert inference.kept(4, [np.array([0, 3]), np.array([2])]).tolist() == [
        [1, 1, 1, 1],
        [0, 1, 1, 0],
        [1, 1, 0, 1],
    ]


def test_jackknife_of_a_mean_is_the_textbook_interval():
    """For a mean over equal groups the jackknife is exact: mean ± t s/√g, here of angles."""
    rng = np.random.default_rng(0)
    angles = rng.normal(0.9, 0.1, size=9)
    value, replicates = np.cos(angles.mean()), np.cos((angles.sum() - angles) / 8)
    interval = inference.jackknife(value, replicates, [5] * 9, 0.9)
    reach = student.ppf(0.95, 8) * angles.std(ddof=1) / 3
    assert interval.low == pytest.approx(np.cos(angles.mean() + reach), rel=1e-9)
    assert interval.high == pytest.approx(np.cos(angles.mean() - reach), rel=1e-9)


def test_unequal_groups_weigh_by_their_size():
    """As defined by Busing, Meijer & van der Leeden 1999."""
    rng = np.random.default_rng(1)
    sizes = np.array([2, 3, 5, 10, 4])
    frames = [rng.normal(0.2, 0.05, size) for size in sizes]
    everything = np.concatenate(frames)
    n, g = len(everything), len(sizes)
    mean = everything.mean()
    replicates = np.array([(everything.sum() - f.sum()) / (n - len(f)) for f in frames])
    h = n / sizes
    centre = g * mean - ((1 - sizes / n) * replicates).sum()
    variance = (
        sum((hj * mean - (hj - 1) * r - centre) ** 2 / (hj - 1) for hj, r in zip(h, replicates)) / g
    )
    low, high = inference._interval(mean, replicates, sizes, 0.95)
    assert (low + high) / 2 == pytest.approx(centre)
    assert (high - low) / 2 == pytest.approx(student.ppf(0.975, g - 1) * np.sqrt(variance))
    assert centre == pytest.approx(mean)  # a mean has no bias to correct


def test_ends_stay_within_bounds():
    interval = inference.jackknife(0.97, np.array([0.99, 0.9, 0.995, 0.93, 0.99]), [4] * 5, 0.95)
    assert -1 <= interval.low < interval.high <= 1


def test_degenerate_cases_have_a_reason():
    few = inference.jackknife(0.5, np.array([0.4, 0.6, 0.5]), [3] * 3, 0.95)
    assert np.isnan(few.low) and few.reason == "fewer than 4 groups, too few for an interval"
    undefined = inference.jackknife(0.5, np.array([0.4, np.nan, 0.5, 0.6]), [3] * 4, 0.95)
    assert np.isnan(undefined.high) and undefined.reason.startswith("undefined if certain")
    left = inference.jackknife(0.5, np.full(4, np.nan), [1] * 4, 0.95)
    assert left.reason == "if one photograph is left out, too few frames remain to compute it"
    assert inference.jackknife(1.0, np.ones(5), [2] * 5, 0.95) == (1.0, 1.0, None)
    # an unbiased CKA can exceed 1, where it has no angle
    above = inference.jackknife(1.02, np.array([1.01, 1.03, 0.99, 1.04]), [2] * 4, 0.95)
    assert np.isfinite(above.low) and np.isfinite(above.high)
