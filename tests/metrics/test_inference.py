"""Jackknife, Mantel test and correction over layers: textbook formulas and numbers by hand."""

import numpy as np
import pytest
from scipy.stats import t as student

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


def test_jackknife_of_a_mean_is_the_textbook_interval():
    """For a mean over equal groups the jackknife is exact: mean ± t s/√g, here of angles."""
    rng = np.random.default_rng(0)
    angles = rng.normal(0.9, 0.1, size=9)
    value, replicates = np.cos(angles.mean()), np.cos((angles.sum() - angles) / 8)
    interval = inference.jackknife(value, replicates, [5] * 9, 0.9)
    reach = student.ppf(0.95, 8) * angles.std(ddof=1) / 3
    assert interval.low == pytest.approx(np.cos(angles.mean() + reach), rel=1e-9)
    assert interval.high == pytest.approx(np.cos(angles.mean() - reach), rel=1e-9)


VALUE, SIZES = 0.62, [2, 3, 5, 10, 4]
REPLICATES = np.array([0.6, 0.65, 0.58, 0.7, 0.61])


@pytest.mark.parametrize("confidence", [0.5, 0.95])
@pytest.mark.parametrize("cosine", [True, False])
@pytest.mark.parametrize("correct_bias", [True, False])
def test_unequal_groups_weigh_by_their_size(confidence, cosine, correct_bias):
    """By pseudo-values, as in Busing, Meijer & van der Leeden 1999; around the value or its limit."""
    found = inference.jackknife(
        VALUE, REPLICATES, SIZES, confidence, cosine=cosine, correct_bias=correct_bias
    )
    wanted = by_hand.jackknife(
        VALUE, REPLICATES, SIZES, confidence, cosine=cosine, depends_on_n=not correct_bias
    )
    assert found[:2] == pytest.approx(wanted, rel=1e-9) and found.reason is None


def test_the_interval_is_of_angles_and_corrects_bias_unless_told_otherwise():
    wanted = by_hand.jackknife(VALUE, REPLICATES, SIZES, 0.95, cosine=True)
    assert inference.jackknife(VALUE, REPLICATES, SIZES, 0.95)[:2] == pytest.approx(wanted)


def test_the_jackknife_of_a_mean_of_unequal_groups_is_unbiased():
    rng = np.random.default_rng(1)
    frames = [rng.normal(0.2, 0.05, size) for size in SIZES]
    everything = np.concatenate(frames)
    without = [(everything.sum() - f.sum()) / (24 - len(f)) for f in frames]
    low, high, _ = inference.jackknife(
        everything.mean(), np.array(without), SIZES, 0.95, cosine=False
    )
    assert (low + high) / 2 == pytest.approx(everything.mean())


@pytest.mark.parametrize(("sign", "low", "high"), [(1, None, 1), (-1, -1, None)])
def test_ends_of_a_cosine_stop_at_full_agreement_and_at_its_opposite(sign, low, high):
    """An angle has no end below 0, nor above π."""
    replicates = sign * np.array([0.99, 0.9, 0.995, 0.93, 0.99])
    found = inference.jackknife(sign * 0.97, replicates, [4] * 5, 0.95)
    assert (found.high if high else found.low) == (high or low)
    other = by_hand.jackknife(sign * 0.97, replicates, [4] * 5, 0.95, cosine=True)
    assert found[:2] == pytest.approx(other) and found.low < found.high


def test_degenerate_cases_have_a_reason():
    few = inference.jackknife(0.5, np.array([0.4, 0.6, 0.5]), [3] * 3, 0.95)
    assert np.isnan(few.low) and few.reason == "fewer than 4 groups, too few for an interval"
    undefined = inference.jackknife(0.5, np.array([0.4, np.nan, 0.5, 0.6]), [3] * 4, 0.95)
    assert np.isnan(undefined.high) and undefined.reason.startswith("undefined if certain")
    left = inference.jackknife(0.5, np.full(4, np.nan), [1] * 4, 0.95)
    assert left.reason == "if one photograph is left out, too few frames remain to compute it"
    assert inference.jackknife(1.0, np.ones(5), [2] * 5, 0.95) == (1.0, 1.0, None)


@pytest.mark.parametrize(
    ("value", "replicates"),
    [
        (1.02, [0.99, 0.98, 0.97, 0.995]),
        (0.98, [0.97, 1.001, 0.95, 0.99]),
        (-1.02, [-0.99, -0.98, -0.97, -0.995]),
        (-0.98, [-0.97, -1.001, -0.95, -0.99]),
    ],
)
def test_beyond_one_there_is_no_angle(value, replicates):
    """An unbiased CKA can exceed 1; its interval is then on its own scale."""
    replicates = np.array(replicates)
    found = inference.jackknife(value, replicates, [2, 3, 4, 5], 0.9)
    assert found[:2] == pytest.approx(by_hand.jackknife(value, replicates, [2, 3, 4, 5], 0.9))


def test_four_groups_have_an_interval_and_three_do_not():
    four = np.array([0.4, 0.6, 0.5, 0.52])
    assert inference.jackknife(0.5, four, [3] * 4, 0.95).reason is None
    assert inference.jackknife(0.5, four[:3], [3] * 3, 0.95).reason is not None


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        ([1, 1, 1, 1], "if one photograph is left out, too few frames remain to compute it"),
        ([1, 1, 1, 9], "if one photograph is left out, too few frames remain to compute it"),
        ([1, 1, 2, 9], "undefined if certain groups are left out"),
    ],
)
def test_an_undefined_replicate_has_the_reason_that_applies(sizes, reason):
    """Four frames must remain without the largest group."""
    found = inference.jackknife(0.5, np.array([0.4, np.nan, 0.5, 0.6]), sizes, 0.95)
    assert np.isnan(found[:2]).all() and found.reason == reason


def test_an_undefined_value_has_no_interval():
    found = inference.jackknife(np.nan, np.array([0.4, 0.5, 0.5, 0.6]), [3] * 4, 0.95)
    assert np.isnan(found[:2]).all() and found.reason == "undefined if certain groups are left out"


def test_equal_replicates_have_no_width_only_if_they_equal_the_value():
    assert inference.jackknife(0.3, np.full(5, 0.3), [2] * 5, 0.95) == (0.3, 0.3, None)
    # the jackknife's bias: 5 × 0.3 - 4 × 0.4
    found = inference.jackknife(0.3, np.full(5, 0.4), [2] * 5, 0.95, cosine=False)
    assert found[:2] == pytest.approx((-0.1, -0.1))


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


def test_corrected_p_values_compare_standardised_values_of_all_layers():
    """Two layers of which the second's values are a hundred times as large. Standardised by hand:
    rows 1 and 2 have means 0 and 10, and standard deviations √2 and 100 √2.
    """
    nulls = np.array([[2.0, -1, 1, -2, 0], [110.0, -90, 210, -190, 10]])
    # standardised times √2: [2, -1, 1, -2, 0] and [1, -1, 2, -2, 0]; the larger: [2, -1, 2, -2, 0]
    assert inference.corrected(nulls).tolist() == [2 / 5, 2 / 5]
    assert inference.corrected(nulls[:, [0, 1, 3, 4]] * [[1], [0.001]]).tolist() == [1 / 4, 1 / 4]


def test_a_strong_layer_is_significant_beside_a_layer_of_large_numbers():
    """Without standardisation the large numbers alone decide."""
    rng = np.random.default_rng(0)
    nulls = np.stack([rng.normal(size=100), 1000 * rng.normal(size=100) + 5000])
    nulls[0, 0] = 6
    strong, weak = inference.corrected(nulls)
    assert strong == 1 / 100 and weak > 0.05
    np.testing.assert_array_equal(inference.corrected(nulls * [[7.0], [0.01]] + 3), [strong, weak])


def test_a_layer_whose_null_does_not_vary_leaves_the_others_alone():
    nulls = np.array([[1.0, 1, 1, 1], [3.0, 1, 2, 0]])
    assert inference.corrected(nulls).tolist() == [1, 1 / 4]


def test_rounding_counts_as_equal():
    """A millionth of the layer's largest value, not more."""
    tie, apart = 1 - 1e-8, 1 - 1e-4
    assert inference.corrected(np.array([[1.0, tie, -1, -tie]]))[0] == 2 / 4
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


def test_frames_of_a_group_are_relabelled_together(two):
    """Four groups can be arranged in 24 ways, single frames in 99 of very many."""
    x, y = two
    groups = np.repeat(list("abcd"), 3)
    test = mantel(x[:12], y[:12], groups=groups, permutations=99)
    orders = list(by_hand.relabellings(groups))
    null = np.array([rsa(x[:12], y[:12][order]) for order in orders])
    assert test.permutations == 23 and len(null) == 24
    assert test.p_value == np.mean(null >= null[0] - 1e-9)
    assert test.null_mean == pytest.approx(np.mean(null), abs=1e-6)
    assert mantel(x[:12], y[:12], permutations=99).permutations == 99


def test_a_mantel_test_without_groups_is_exact_however_few_frames(two):
    """Three frames have six relabellings, too few for a table, but the caller chose them."""
    x, y = two
    test = mantel(x[:3], y[:3])
    assert test.permutations == 5 and test.reason is None and 0 < test.p_value <= 1
    few = mantel(x[:6], y[:6], groups=list("aabbcc"))
    assert np.isnan(few.p_value) and np.isnan(few.null_mean) and few.permutations == 5
    assert few.statistic == pytest.approx(rsa(x[:6], y[:6]))
    undefined = mantel(x[:2], y[:2])
    assert undefined.permutations == 0 and np.isnan(undefined[:3]).all()
    assert undefined.reason == "undefined: too few frames, or features that do not vary"
