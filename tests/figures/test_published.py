"""A study's values beside published ones: which is which, and which way they differ."""

import re

import pandas as pd
import pytest

from catsight import CatsightError
from catsight.figures import published
from support import synthetic_study as synthetic

ENCODERS = {
    name: {"label": f"net {name}", "family": "cnn", "training": training}
    for name, training in (("a", "supervised"), ("b", "language"), ("r", "untrained"))
}


def row(encoder, value, low=None, high=None, view="cat", metric="rsa", layer="all"):
    return {
        "encoder": encoder, "layer": layer, "layer_index": None, "pooling": "mean", "reference": "human", "view": view,
        "metric": metric, "value": value, "ci_low": low, "ci_high": high, "reason": "few", "n_groups": 4,
    }  # fmt: skip


ROWS = [
    row("a", 0.5, 0.4, 0.6),
    row("a", 0.25, 0.2, 0.3, view="original"),
    row("a", 0.125, 0.1, 0.2, layer="l3"),
    row("a", 3.0, 2.0, 4.0, metric="energy"),
    row("b", 0.75),
    row("b", 1.0, 0.5, 1.5, metric="energy"),
    row("r", None),
    row("r", 2.0, metric="energy"),
]


def compare(*values, order=(), order_metric="rsa", rows=ROWS):
    about = {"source": "arXiv", "values": values, "order": order, "order_metric": order_metric}
    choices = synthetic.choices(encoders=ENCODERS)
    return published.compared(pd.DataFrame(rows), about, choices)


def value(encoder, number, metric="rsa", **where):
    return {"encoder": encoder, "metric": metric, "value": number, **where}


def test_a_row_names_its_parts_and_the_difference_is_ours_minus_theirs():
    (found,) = compare(value("a", 0.7))["rows"]
    assert found == {
        "encoder": "net a",
        "metric": "RSA",
        "layer": "mean over layers",
        "view": "cat",
        "value": 0.7,
        "printed": "0.7",
        "cell": {"sort": "0.5", "value": "0.500", "note": "0.400 to 0.600"},
        "difference": "−0.200",
        "sort": repr(0.5 - 0.7),
        "inside": "outside",
    }


@pytest.mark.parametrize(
    "number, inside",
    [
        (0.4, "inside"),
        (0.399, "outside"),
        (0.5, "inside"),
        (0.6, "inside"),
        (0.601, "outside"),
        (-0.5, "outside"),
    ],
)
def test_a_published_value_is_inside_from_end_to_end_of_the_interval(number, inside):
    assert compare(value("a", number))["rows"][0]["inside"] == inside


@pytest.mark.parametrize("end", ["ci_low", "ci_high"])
def test_without_both_ends_there_is_no_interval(end):
    rows = [row("a", 0.5, 0.4, 0.6) | {end: None}]
    assert compare(value("a", 0.5), rows=rows)["rows"][0]["inside"] == "no interval"


@pytest.mark.parametrize(
    "asked, words",
    [
        (value("a", 1, view="original"), ("RSA", "mean over layers", "original", "0.250")),
        (value("a", 1, layer="l3"), ("RSA", "l3", "cat", "0.125")),
        (value("a", 1, "energy"), ("Energy distance", "mean over layers", "cat", "3.000")),
        (value("b", 1), ("RSA", "mean over layers", "cat", "0.750")),
    ],
)
def test_the_value_beside_is_that_of_the_same_encoder_view_layer_and_measure(asked, words):
    (found,) = compare(asked)["rows"]
    assert (found["metric"], found["layer"], found["view"], found["cell"]["value"]) == words


def test_an_unknown_value_has_no_difference():
    (found,) = compare(value("r", -0.5))["rows"]
    assert (found["printed"], found["difference"], found["sort"]) == ("−0.5", "", "")
    assert found["cell"]["note"] == "no value: few" and found["inside"] == "no interval"


def group(name, *encoders):
    return {"name": name, "encoders": encoders}


@pytest.mark.parametrize(
    "metric, ours",
    [
        ("rsa", [("B", "0.750"), ("A", "0.500"), ("R", "–")]),
        # of a distance the smallest agrees best
        ("energy", [("B", "1.000"), ("R", "2.000"), ("A", "3.000")]),
    ],
)
def test_groups_are_ordered_by_how_well_they_agree(metric, ours):
    groups = [group("R", "r"), group("A", "a"), group("B", "b")]
    found = compare(order=groups, order_metric=metric)
    assert [row["published"] for row in found["order"]] == ["R", "A", "B"]
    assert [(row["here"], row["mean"]) for row in found["order"]] == ours
    assert found["order_metric"] == {"rsa": "RSA", "energy": "Energy distance"}[metric]
    assert found["verdict"] == "The order is another one here."
    groups.sort(key=lambda one: [name for name, _ in ours].index(one["name"]))
    same = compare(order=groups, order_metric=metric)
    assert same["verdict"] == "The order is the same here."


def test_a_groups_value_is_the_mean_of_its_known_encoders():
    found = compare(order=[group("A and B", "a", "b"), group("A and R", "a", "r")])
    assert [row["mean"] for row in found["order"]] == ["0.625", "0.500"]


def test_without_groups_there_is_no_order():
    found = compare(value("a", 0.5))
    assert found["order"] == [] and "verdict" not in found and found["source"] == "arXiv"


def test_untrained_stand_ins_are_named_once():
    order = [group("A", "r", "a")]
    assert compare(value("r", 0.5), value("r", 0.6), order=order)["untrained"] == ["net r"]
    assert compare(value("a", 0.5), order=order)["untrained"] == ["net r"]
    assert compare(value("a", 0.5), value("b", 0.6))["untrained"] == []


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"values": [value("resnet50", 0.5)]},
         "names the encoder 'resnet50', which the study does not have; it has a, b, r"),
        ({"order": [group("A", "a", "vgg")]},
         "names the encoder 'vgg', which the study does not have; it has a, b, r"),
        ({"values": [value("a", 0.5, "mmd2")]},
         "asks for a, mmd2, all, cat, which is not in the study's metrics"),
        ({"values": [value("a", 0.5, layer="l9")]}, "asks for a, rsa, l9, cat, which is not in the study's metrics"),
        ({"values": [value("a", 0.5, view="dog")]}, "asks for a, rsa, all, dog, which is not in the study's metrics"),
    ],
)  # fmt: skip
def test_what_the_study_lacks_is_an_error(about, words):
    with pytest.raises(CatsightError, match=f"^config: figures.published {re.escape(words)}$"):
        compare(*about.get("values", ()), order=about.get("order", ()))


def test_an_order_by_a_measure_that_the_study_lacks_is_an_error():
    said = (
        r"^config: figures\.published\.order_metric is 'mmd2', which is not in the study's metrics$"
    )
    with pytest.raises(CatsightError, match=said):
        compare(order=[group("A", "a")], order_metric="mmd2")


def test_without_published_values_there_is_nothing(choices):
    assert published.compared(pd.DataFrame(ROWS), None, choices) is None
