"""Which rows figures show, and what they say of those that they leave out."""

import numpy as np
import pandas as pd
import pytest

from catsight import CatsightError
from catsight.figures import select
from support import small_figures as small


def rows(metric="rsa", **columns):
    """Rows of one measure, of which one column after another is given."""
    count = len(next(iter(columns.values())))
    filled = {"value": 0.5, "ci_low": 0.4, "ci_high": 0.6, "n_groups": 20, "reason": None}
    return pd.DataFrame({"metric": [metric] * count} | filled | columns)


@pytest.mark.parametrize("wanted, chosen", [
    ("cls", {"a": "cls", "b": "mean", "c": "grid"}),
    ("grid", {"a": "mean", "b": "grid", "c": "grid"}),
    ("max", {"a": "mean", "b": "mean", "c": "grid"}),
])  # fmt: skip
def test_a_pooling_that_an_encoder_lacks_is_replaced_by_the_mean_or_the_first(wanted, chosen):
    has = {"a": ["mean", "cls"], "b": ["grid", "mean"], "c": ["max2", "grid"]}
    table = pd.DataFrame([{"encoder": e, "pooling": p} for e, some in has.items() for p in some])
    assert select.poolings(table, wanted) == chosen


@pytest.mark.parametrize("lost", ["value", "ci_low", "ci_high"])
def test_a_row_without_one_of_its_numbers_has_no_interval(lost):
    table = rows(**{lost: [np.nan, 0.5]})
    assert [*select.has_interval(table)] == [False, True]
    assert [*select.drawn(table)["value"].isna()] == [True, False]
    assert table["value"].notna().sum() == (1 if lost == "value" else 2)  # itself is not changed


@pytest.mark.parametrize(
    "groups, helps", [([15, 20], False), ([15, 14], True), ([14], True), ([15], False)]
)
def test_photographs_are_asked_for_if_groups_are_too_few(groups, helps):
    words = "no value with an interval" + ":\nadd photographs" * helps
    assert select.nothing(rows(n_groups=groups)) == words


@pytest.mark.parametrize("columns, cut", [
    ({"ci_low": [-0.041, 0.4]}, True),
    ({"ci_low": [-0.04, 0.4]}, False),  # still whole
    ({"ci_low": [-1, 0.4], "value": [0, 1]}, True),
    ({"ci_low": [-1, 0.4], "value": [-0.001, 1]}, False),
    ({"ci_low": [-1, 0.4], "value": [0, 1.001]}, False),
    ({"ci_low": [-1, 0.4], "ci_high": [0.6, 1]}, True),
    ({"ci_low": [-1, 0.4], "ci_high": [0.6, 1.001]}, False),
])  # fmt: skip
def test_an_axis_is_cut_if_intervals_alone_reach_below_zero(columns, cut):
    assert select.cut(rows(**columns), small.choices()) is cut
    assert not select.cut(rows("energy", **columns), small.choices())


def test_an_axis_of_a_similarity_and_a_distance_is_not_cut():
    both = pd.concat([rows(ci_low=[-1.0]), rows("energy", ci_low=[0.1])])
    assert not select.cut(both, small.choices())


@pytest.mark.parametrize("values, wide", [
    ([1, 1, 100.1], True),
    ([1, 1, 100], False),
    ([0, 1, 1000], False),
    ([1, 2, 3, 1000], True),  # the mean is not the median
    ([1, np.nan, 1, 1000], True),
    ([np.nan], False),
    ([1], False),
])  # fmt: skip
def test_distances_of_many_orders_are_wide(values, wide):
    assert select.wide(rows("energy", value=values), small.choices()) is wide
    assert not select.wide(rows("rsa", value=values), small.choices())


@pytest.mark.parametrize("left_out, interval", [
    (True, "no interval, so not drawn"), (False, "no interval")
])  # fmt: skip
def test_gaps_are_counted_by_their_reason(left_out, interval):
    table = rows(
        value=[np.nan, np.nan, 0.5, 0.5, 0.5, 0.5],
        ci_low=[np.nan, 0.4, np.nan, 0.4, 0.4, 0.4],
        ci_high=[0.6, 0.6, 0.6, np.nan, np.nan, 0.6],
        reason=["z", "a", "one group", "", None, "of nothing"],
    )
    assert select.gaps(table, left_out=left_out) == [
        "no value: a (1 of 6 points)",
        "no value: z (1 of 6 points)",
        f"{interval}: no reason given (2 of 6 points)",
        f"{interval}: one group (1 of 6 points)",
    ]
    assert select.gaps(table)[2].startswith("no interval: ")  # unless said otherwise
    assert select.gaps(rows(value=[0.5])) == []


def test_a_gap_is_said_once():
    table = rows(value=[0.5], ci_low=[np.nan], reason=["only 2 groups raise it, so no interval"])
    assert select.gaps(table) == ["no interval: only 2 groups raise it (1 of 1 points)"]


def test_gaps_are_wrapped():
    table = rows(value=[np.nan], reason=["word " * 40])
    assert 83 < max(map(len, select.gaps(table))) <= 88
    assert 45 < max(map(len, select.gaps(table, width=50))) <= 50
    whole = " ".join(select.gaps(table, 50)).split()
    assert whole == ["no", "value:", *["word"] * 40, "(1", "of", "1", "points)"]


def test_layers_are_in_network_order_and_means_apart():
    table = small.metrics("rsa")
    layers, means = select.layers(table), select.summaries(table)
    assert len(layers) + len(means) == len(table) and set(means["layer"]) == {"all"}
    assert [*layers["encoder"]] == sorted(layers["encoder"])
    assert all(own["layer_index"].is_monotonic_increasing for _, own in layers.groupby("encoder"))


def test_without_means_the_metrics_stage_is_asked_for():
    table = small.metrics("rsa")
    wanted = r"no means over layers \(layer 'all'\); run the metrics stage again"
    with pytest.raises(CatsightError, match=wanted):
        select.summaries(table[table["layer"] != "all"])


def test_rows_of_the_study_are_kept_alone():
    table = small.metrics("rsa", "energy")
    kept = select.of_study(table, small.choices())
    assert set(kept["view"]) == {"cat", "blur", "jpeg", "original"}
    assert set(kept["encoder"]) == {"net", "vit", "swin"}
    assert set(kept["reference"]) == {"human"} and set(kept["pooling"]) == {"mean"}
    assert len(kept) == 2 * 4 * (4 + 3 + 5)


@pytest.mark.parametrize("changes", [
    {"reference": "moon"}, {"view": "moon"}, {"encoder": "stranger"}
])  # fmt: skip
def test_a_table_of_another_study_is_refused(changes):
    wanted = (
        r"no row of this study \(reference 'human', views cat, blur, jpeg, original\); run the "
        "metrics stage again"
    )
    with pytest.raises(CatsightError, match=wanted):
        select.of_study(small.metrics("rsa").assign(**changes), small.choices())


@pytest.mark.parametrize("key", ["encoder", "layer", "view", "metric"])
def test_rows_that_differ_in_one_key_are_not_the_same(key):
    other = {"encoder": "vit", "layer": "blocks.1", "view": "blur", "metric": "energy"}
    row = small.about("net") | {
        "layer": "blocks.0", "view": "cat", "metric": "rsa", "pooling": "mean", "reference": "human"
    }  # fmt: skip
    assert len(select.of_study(pd.DataFrame([row, row | {key: other[key]}]), small.choices())) == 2
    wanted = "holds net, blocks.0, cat, rsa more than once; run the metrics stage again"
    with pytest.raises(CatsightError, match=wanted):
        select.of_study(pd.DataFrame([row, row]), small.choices())
