"""The width of MMD's kernel over groups, and how it changes without some groups."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from catsight.metrics import bandwidths, distribution, suite
from catsight.metrics.grouping import Grouping
from catsight.metrics.plan import Plan
from support import by_hand
from support.toy_tables import SPEC


def study(sizes, seed=0):
    """Groups, in any order, and both views of their frames."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat([f"{i:02}" for i in range(len(sizes))], sizes))
    of = np.unique(groups, return_inverse=True)[1]
    scene = rng.normal(size=(len(sizes), 4)) * rng.uniform(0.3, 3, size=(len(sizes), 1))
    x = scene[of] + 0.3 * rng.normal(size=(len(of), 4))
    return groups, x, scene[of] + 0.5 * rng.normal(size=x.shape) + 0.5


@pytest.mark.parametrize("sizes", [[1] * 9, [3] * 6, [1, 4, 2, 2, 3, 1]])
def test_the_median_is_of_pairs_of_groups_of_equal_weight(sizes):
    groups, x, y = study(sizes)
    grouping = Grouping(groups)
    order = grouping.order
    found = bandwidths.pooled_median(distribution.pooled_squares(x[order], y[order]), grouping)
    kernel = by_hand.kernel_of_both_over_groups(x, y, groups)
    i, j = np.unravel_index(kernel.argmin(), kernel.shape)
    pooled = np.concatenate([x, y])
    width = np.linalg.norm(pooled[i] - pooled[j]) / np.sqrt(-2 * np.log(kernel[i, j]))
    assert found == pytest.approx(width, rel=1e-9)
    if max(sizes) == 1:
        assert found == pytest.approx(np.median(pdist(pooled)))


@pytest.mark.parametrize("sizes", [[1] * 40, [2] * 40, [1, 4, 2, 2, 3, 1, 2, 5] * 5])
def test_the_width_without_a_group_is_that_of_the_others_to_first_order(sizes):
    """Within a tenth of what leaving a group out changes, at most."""
    groups, x, y = study(sizes)
    grouping, names = Grouping(groups), sorted(set(groups))
    squares = distribution.pooled_squares(x[grouping.order], y[grouping.order])
    keep = np.vstack([np.ones(40), 1 - np.eye(40)])
    found = bandwidths.changes(squares, grouping, keep)
    assert found[0] == pytest.approx(0, abs=1e-12)
    whole = bandwidths.pooled_median(squares, grouping)
    wanted = []
    for name in names:
        kept = groups != name
        own = Grouping(groups[kept])
        of_kept = distribution.pooled_squares(x[kept][own.order], y[kept][own.order])
        wanted.append(np.log(bandwidths.pooled_median(of_kept, own) / whole))
    np.testing.assert_allclose(found[1:], wanted, atol=0.1 * np.abs(wanted).max())
    assert np.corrcoef(found[1:], wanted)[0, 1] > 0.995


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_mmd_without_a_group_has_the_width_of_the_others(factor):
    """With a fixed width, its values vary too little."""
    groups, x, y = study([1, 4, 2, 2, 1, 4] * 4)
    names = sorted(set(groups))
    plan = Plan({str(i): g for i, g in enumerate(groups)}, SPEC | {"bandwidth": factor}, 0)
    found = suite.compare(x, y, plan, ["mmd2_unbiased"])["mmd2_unbiased"].values

    def mmd2(kept, of):
        kernel = by_hand.kernel_of_both_over_groups(x[of], y[of], groups[of])
        both = np.concatenate([kept[of], kept[of]])
        kernel = kernel[np.ix_(both, both)] ** (1 / factor**2)
        return by_hand.difference_over_groups(kernel, groups[kept])

    everything = np.full(len(groups), True)
    assert found[0] == pytest.approx(mmd2(everything, everything), rel=1e-9)
    wanted = np.array([mmd2(groups != name, groups != name) for name in names])
    fixed = np.array([mmd2(groups != name, everything) for name in names])
    np.testing.assert_allclose(found[1:], wanted, atol=0.06 * np.ptp(wanted))
    assert found[1:].std() == pytest.approx(wanted.std(), rel=0.03)
    assert abs(fixed.std() / wanted.std() - 1) > 0.1


def test_many_equal_distances_have_a_width():
    """Frames at right angles: whatever is left out, the median is the same."""
    grouping = Grouping(range(8))
    squares = cdist(*[np.eye(16)] * 2, "sqeuclidean")
    keep = np.vstack([np.ones(8), 1 - np.eye(8)])
    np.testing.assert_allclose(bandwidths.changes(squares, grouping, keep), 0, atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_quantiles_lie_between_the_middles_of_equal_values(seed):
    """Of values that come several times, and whose last bits differ; at the ends, the ends."""
    rng = np.random.default_rng(seed)
    distinct = np.sort(rng.choice(50, size=1 + seed % 9, replace=False)) + 1.0
    weights = rng.uniform(0.1, 1, size=len(distinct))
    up_to = np.cumsum(weights)
    levels = np.array([0, 1e-6, 0.2, 0.49, 0.5, 0.51, 0.9, 1])
    wanted = np.interp(levels, (up_to - weights / 2) / up_to[-1], distinct)
    times = rng.integers(1, 4, size=len(distinct))
    values, shares = np.repeat(distinct, times), np.repeat(weights / times, times)
    order, bits = rng.permutation(len(values)), 1 + 1e-15 * rng.integers(-2, 3, size=len(values))
    found = bandwidths._quantiles((values * bits)[order], shares[order], levels)
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    # without weights, each value counts as often as it comes
    up_to = np.cumsum(times)
    wanted = np.interp(levels, (up_to - times / 2) / up_to[-1], distinct)
    np.testing.assert_allclose(bandwidths._quantiles(values[order], None, levels), wanted)
