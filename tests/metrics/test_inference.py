"""Blocks of groups, Mantel test and correction over layers: numbers by hand."""

import numpy as np
import pytest

from catsight.metrics import inference, mantel, rsa
from support import by_hand


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


@pytest.mark.parametrize(("groups", "count"), [(40, 40), (41, 40), (100, 40)])
def test_up_to_forty_groups_are_blocks_of_their_own(groups, count):
    out = inference.blocks([f"{i:03}" for i in range(groups)])
    assert len(out) == count
    if groups == 40:
        assert [block.tolist() for block in out] == [[i] for i in range(40)]
    assert max(map(len, out)) - min(map(len, out)) <= 1


def test_blocks_of_few_take_another_number_and_default_to_seed_0():
    names = list("abcdefgh")
    out = [b.tolist() for b in inference.blocks(names, most=3)]
    assert sorted(map(len, out)) == [2, 3, 3]
    assert out == [b.tolist() for b in inference.blocks(names, seed=0, most=3)]


# -- correction over layers ------------------------------------------------------------------------


def test_corrected_p_values_are_of_the_smallest_over_layers():
    """Two layers of five arrangements. By hand their p-values are, in fifths,

    - 1, 4, 2, 5, 3 in the first layer, and 2, 4, 1, 5, 3 in the second;
    - so the smallest of both are 1, 4, 1, 5, 3: two are no larger than 1, and two than 2.
    """
    nulls = np.array([[2.0, -1, 1, -2, 0], [110.0, -90, 210, -190, 10]])
    assert inference.corrected(nulls).tolist() == [2 / 5, 2 / 5]
    # without the third arrangement, in fourths: 1, 3, 4, 2 in both layers
    assert inference.corrected(nulls[:, [0, 1, 3, 4]]).tolist() == [1 / 4, 1 / 4]
    # 1, 4, 3, 2 and 4, 1, 2, 3: the smallest are 1, 1, 2, 2
    crossed = np.array([[4.0, 1, 2, 3], [1.0, 4, 3, 2]])
    assert inference.corrected(crossed).tolist() == [2 / 4, 1]


def test_a_skewed_layer_has_no_more_weight_than_another():
    """Its largest value lies thirty standard deviations out; of standardised values it decides."""
    rng = np.random.default_rng(0)
    plain, skewed = rng.normal(size=(2, 1000))
    skewed[7], plain[0] = 30, 10
    strong, weak = inference.corrected(np.stack([plain, skewed]))
    assert strong <= 2 / 1000 < weak
    # whatever the unit, and however monotonically transformed
    stretched = np.sign(skewed) * np.abs(skewed) ** 1.5
    for changed in (
        np.stack([plain * 7 + 3, skewed / 1e9]),
        np.stack([np.exp(plain / 3), stretched]),
    ):
        np.testing.assert_array_equal(inference.corrected(changed), [strong, weak])


def test_a_strong_layer_is_significant_beside_a_layer_of_large_numbers():
    rng = np.random.default_rng(0)
    nulls = np.stack([rng.normal(size=100), 1000 * rng.normal(size=100) + 5000])
    nulls[0, 0] = 6
    strong, weak = inference.corrected(nulls)
    assert strong <= 2 / 100 and weak > 0.05
    assert inference.corrected(nulls[:1])[0] == 1 / 100


def test_no_p_value_is_below_one_arrangement():
    """Not even beside a layer that explodes, is not a number, or has values of one huge size."""
    rng = np.random.default_rng(0)
    nulls = rng.normal(size=(4, 100))
    nulls[0, 0], nulls[1, 3], nulls[2] = 50, 1e300, 1e300
    found = inference.corrected(nulls)
    assert (found >= 1 / 100).all() and found[2] == 1
    assert all(inference.p_value(null) >= 1 / 100 for null in nulls)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_layer_that_is_undefined_leaves_the_others_alone(bad):
    nulls = np.random.default_rng(2).normal(size=(3, 50))
    wanted = inference.corrected(nulls[[0, 2]])
    nulls[1, 7] = bad
    found = inference.corrected(nulls)
    assert found[[0, 2]].tolist() == wanted.tolist() and np.isnan(found[1])
    nulls[:, 7] = bad
    assert np.isnan(inference.corrected(nulls)).all()


def test_a_layer_whose_null_does_not_vary_leaves_the_others_alone():
    nulls = np.array([[1.0, 1, 1, 1], [3.0, 1, 2, 0]])
    assert inference.corrected(nulls).tolist() == [1, 1 / 4]


def test_rounding_counts_as_equal():
    """A millionth of the layer's largest value, not more."""
    tie, apart = 1 - 1e-8, 1 - 1e-4
    assert inference.corrected(np.array([[1.0, tie, -1, -tie]]))[0] == 2 / 4
    assert inference.corrected(np.array([[tie, 1.0, -1, -tie]]))[0] == 2 / 4
    assert inference.corrected(np.array([[1.0, apart, -1, -apart]]))[0] == 1 / 4
    assert inference.p_value(np.array([apart, 1.0, -1, 0])) == 2 / 4
    assert inference.p_value(np.array([1.0, apart, -1, 0])) == 1 / 4
    assert inference.p_value(np.array([1.0, tie, -1, 0])) == 2 / 4
    # relative to the largest value, which may be the most negative
    assert inference.p_value(np.array([1.0, 1 - 1e-5, -1000, 0])) == 2 / 4


# -- Mantel test -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(14, 4))
    return x, x + 2 * rng.normal(size=(14, 4))


def test_the_mantel_test_repeats_with_its_seed_alone(two):
    first, again, other = (mantel(*two, permutations=80, seed=seed) for seed in (0, 0, 1))
    assert first == again == mantel(*two, permutations=80)
    assert first.statistic == other.statistic and first.null_mean != other.null_mean
    assert first.permutations == 80


@pytest.mark.parametrize(
    "option",
    [
        {"distance": "cosine"},
        {"distance": "euclidean"},
        {"comparison": "pearson"},
        {"comparison": "kendall"},
    ],
)
def test_the_mantel_test_is_of_rsa_with_its_options(two, option):
    test = mantel(*two, permutations=60, **option)
    assert test.statistic == pytest.approx(rsa(*two, **option), rel=1e-9)
    assert test.statistic != pytest.approx(rsa(*two), rel=1e-3)


def test_the_alternative_is_greater_unless_told_otherwise(two):
    x, y = two
    greater, less = (
        mantel(x, y, permutations=200),
        mantel(x, y, permutations=200, alternative="less"),
    )
    assert greater == mantel(x, y, permutations=200, alternative="greater")
    assert greater.p_value + less.p_value == pytest.approx(1 + 1 / 201)  # the data counts in both


@pytest.mark.parametrize("sizes", [[3, 3, 3, 3], [1, 2, 5, 3, 1]])
@pytest.mark.parametrize("comparison", ["spearman", "pearson", "kendall"])
def test_groups_of_any_sizes_are_relabelled(comparison, sizes, two):
    """Four groups can be arranged in 24 ways and five in 120, single frames in very many."""
    x, y = (v[: sum(sizes)] for v in two)
    groups = np.repeat(list("bacde")[: len(sizes)], sizes)
    test = mantel(x, y, groups=groups, permutations=199, comparison=comparison)
    assert test.statistic == pytest.approx(
        by_hand.rsa_over_groups(x, y, groups, comparison=comparison), rel=1e-9
    )
    null = by_hand.null_of_rsa(x, y, groups, comparison)
    assert test.permutations == len(null) - 1 == {4: 23, 5: 119}[len(sizes)]
    assert test.p_value == np.mean(null >= null[0] - 1e-9)
    assert test.null_mean == pytest.approx(np.mean(null[1:]), abs=1e-6)
    assert mantel(x, y, permutations=99).permutations == 99


def test_a_mantel_test_without_groups_is_exact_however_few_frames(two):
    """Three frames have six relabellings, too few for a table, but the caller chose them."""
    x, y = two
    test = mantel(x[:3], y[:3])
    assert test.permutations == 5 and test.reason is None and 0 < test.p_value <= 1
    few = mantel(x[:6], y[:6], groups=list("aabbcc"))
    assert np.isnan(few.p_value) and np.isnan(few.null_mean) and few.permutations == 5
    assert few.statistic == pytest.approx(by_hand.rsa_over_groups(x[:6], y[:6], [*"aabbcc"]))
    undefined = mantel(x[:2], y[:2])
    assert undefined.permutations == 0 and np.isnan(undefined[:3]).all()
    assert undefined.reason == "undefined: too few frames, or features that do not vary"
