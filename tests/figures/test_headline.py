"""Whole sentences of the findings, word for word, from tables of a few numbers."""

import numpy as np
import pandas as pd
import pytest

from catsight.figures import findings, headline, labels
from support import synthetic_study as synthetic
from support import toy_contrasts as toy

CKA = "cka_linear_unbiased"
EYES = {name: synthetic.VIEWS[name] for name in ("human", "cat")}
OTHERS = EYES | {name: synthetic.filter_view("catvision") for name in ("fog", "haze", "mist")}
WIDE, LOW, HIGH = (0.5, 0.1, 0.9), (0.3, 0.2, 0.4), (0.7, 0.6, 0.8)
UNKNOWN = (0.5, None, None)


def encoders(*names, **trained_for):
    """Encoders called by letters: those in lower case are untrained."""
    return {
        name: {
            "label": f"net {name}",
            "family": "cnn",
            "training": "untrained" if name.islower() else trained_for.get(name, "supervised"),
        }
        for name in names
    }


def row(encoder, view, estimate, metric=CKA, layer=None, groups=20, reason=None):
    """A mean over layers, or one of three layers."""
    value, low, high = estimate
    return {
        "encoder": encoder, "layer": "all" if layer is None else f"l{layer}", "layer_index": layer,
        "depth": None if layer is None else layer / 2, "pooling": "mean", "reference": "human", "view": view,
        "metric": metric, "value": value, "ci_low": low, "ci_high": high, "n_groups": groups, "reason": reason,
    }  # fmt: skip


def table(rows):
    numbers = ["value", "ci_low", "ci_high", "layer_index", "depth"]
    return pd.DataFrame(rows).astype(dict.fromkeys(numbers, float))


def means(values, metric=CKA, groups=20):
    """Rows of means over layers by encoder and view."""
    return [
        row(encoder, view, estimate, metric, groups=groups)
        for encoder, of in values.items()
        for view, estimate in of.items()
    ]


def say(rows, names="A", views=EYES, attribution=None, training=None, **changes):
    """All sentences but the first, which may be quoted alone (see test_told.py)."""
    about = encoders(*names, **(training or {}))
    changes.setdefault("config", "study: quickstart")
    tested = {name: changes.pop(name, None) for name in ("contrasts", "best")}
    choices = synthetic.choices(encoders=about, views=views, **changes)
    return findings.sentences(table(rows), choices, attribution, **tested)[1:]


# -- the rows ----------------------------------------------------------------------------------------


def test_results_are_those_of_one_metric_of_the_study():
    rows = means(
        {"A": {"cat": HIGH, "fog": LOW}, "b": {"cat": LOW}, "C": {"fog": LOW}, "X": {"cat": LOW}}
    )
    rows += [row("A", "cat", WIDE, layer=1, groups=17), row("A", "cat", WIDE, "rsa", groups=3)]
    rows += [row("A", "cat", WIDE, groups=2) | {"reference": "dog"}]
    choices = synthetic.choices(encoders=encoders("A", "b", "C"), views=OTHERS)
    results = headline.Results.of(table(rows), choices)
    assert (results.metric, results.groups) == (CKA, 17)
    # C has no row of the view in focus
    assert (results.encoders, results.trained, results.untrained) == (["A", "b"], ["A"], ["b"])
    assert results.told == ["A"] and results.label("b") == "net b"
    assert results.focal("A")["value"] == 0.7


# -- how well the view agrees ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "confidence, words", [(0.95, "95 %"), (0.9, "90 %"), (0.99, "99 %"), (0.975, "97.5 %")]
)
def test_the_second_sentence_says_whose_interval_it_prints(confidence, words):
    said = say(means({"A": {"cat": (0.5, 0.25, 0.75)}}), confidence=confidence)
    assert said[0] == (
        "On average over layers, features of “cat” agree with those of “human” by 0.50 (0.25 to "
        f"0.75) in net A (Linear CKA, unbiased: 1 is full agreement; {words} interval in brackets)."
    )


def test_a_distance_differs_by_its_value():
    said = say(means({"A": {"cat": (2, 1.5, 2.5)}}, "energy"), views=EYES)
    assert said[0] == (
        "On average over layers, features of “cat” differ from those of “human” by 2.00 (1.50 to "
        "2.50) in net A (Energy distance: 0 is full agreement; 95 % interval in brackets)."
    )


def test_up_to_four_encoders_are_listed_and_more_are_summed_up():
    values = {
        name: {"cat": (v, v - 0.1, v + 0.1)} for name, v in zip("ABCDE", (0.5, 0.3, 0.6, 0.7, 0.4))
    }
    four = {name: values[name] for name in "ABCD"}
    assert say(means(four), "ABCDz")[0].partition(" by ")[2] == (
        "0.50 (0.40 to 0.60) in net A, 0.30 (0.20 to 0.40) in net B, 0.60 (0.50 to 0.70) in net C "
        "and 0.70 (0.60 to 0.80) in net D (Linear CKA, unbiased: 1 is full agreement; 95 % interval "
        "in brackets)."
    )
    assert say(means(values), "ABCDE")[0].partition(" by ")[2] == (
        "at least 0.30 (0.20 to 0.40) in net B and at most 0.70 (0.60 to 0.80) in net D, of 5 "
        "encoders (Linear CKA, unbiased: 1 is full agreement; 95 % interval in brackets)."
    )


@pytest.mark.parametrize("known, summed", [(2, True), (1, False)])
def test_a_range_needs_two_known_values(known, summed):
    """And those without a value are no extremes."""
    unknown = (None, None, None)
    values = {n: {"cat": LOW if i < known else unknown} for i, n in enumerate("ABCDE")}
    values["A"] = {"cat": HIGH}
    first = say(means(values), "ABCDE")[0]
    assert ("at least 0.30 (0.20 to 0.40) in net B and at most 0.70" in first) == summed
    assert ("no value (no reason given) in net B" in first) != summed


# -- cautions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "groups, known, words",
    [
        (1, False, "1 independent group of frames, too few (fewer than 15): there are no intervals, and other "
                   "photographs may give other values"),
        (14, True, "14 independent groups of frames, too few (fewer than 15): intervals are wide, and other "
                   "photographs may give other values"),
        (15, True, "15 independent groups of frames"),
        (16, False, "16 independent groups of frames"),
    ],
)  # fmt: skip
def test_the_last_sentence_counts_groups(groups, known, words):
    rows = means({"A": {"cat": WIDE if known else UNKNOWN}}, groups=groups)
    assert say(rows)[-1] == f"All this rests on {words}."


@pytest.mark.parametrize("general", ["supervised", "self-supervised", "language"])
def test_encoders_of_a_special_training_speak_for_it_alone(general):
    rows = means({n: {"cat": WIDE} for n in "ABC"})
    said = say(rows, "ABC", training={"A": "saliency", "B": general, "C": "depth"})[-1]
    assert said == (
        "All this rests on 20 independent groups of frames; net A was trained for saliency and "
        "speaks for that alone; net C was trained for depth and speaks for that alone."
    )


def test_untrained_encoders_alone_say_nothing_of_learning():
    said = say(means({"a": {"cat": HIGH}, "b": {"cat": LOW}}), "ab")
    assert said[0].partition(" by ")[2].startswith("0.70 (0.60 to 0.80) in net a and 0.30 (")
    assert said[1:] == [
        "All this rests on 20 independent groups of frames; no encoder here is trained, so nothing "
        "is said about learned features."
    ]


# -- parts of the eye ------------------------------------------------------------------------------


def shares(encoder, whole=0.08, groups=30, metric=CKA, **of):
    """Rows of the means over layers, and one of a layer that is not told."""
    rows = [
        row(encoder, "cat", estimate, metric, groups=groups) | {"part": part}
        for part, estimate in {**of, "whole": (whole, 0, 1)}.items()
    ]
    return [*rows, row(encoder, "cat", (0.9, 0.8, 1), metric, 1, groups) | {"part": "acuity"}]


def parts(rows, names="A", values=None, **more):
    every = say(
        means(values or {n: {"cat": WIDE} for n in names}), names, attribution=table(rows), **more
    )
    found = [one for one in every if one.startswith("Of the")]
    return (found[0] if found else ""), every


COLOUR, ACUITY = (0.05, 0.04, 0.06), (0.02, 0.01, 0.03)
END = "Intervals are in the table “Parts of the eye”."


def part_rows(*told, encoder="A"):
    """Contrasts of parts of which these pairs are told apart, the first taking twice as much."""
    pairs = [("acuity", "colour"), ("acuity", "rods"), ("colour", "rods")]
    rows = [
        toy.row("part", *pair, 0.5, (0.3, 0.8), 0.04 if pair in told else 0.4) for pair in pairs
    ]
    return [one | {"encoder_a": encoder, "encoder_b": encoder} for one in rows]


@pytest.mark.parametrize(
    "told, left, verdict",
    [
        ((), ("colour", "acuity", "rods"), "no two of these are told apart"),
        ((("acuity", "colour"),), ("colour", "rods"), "colour takes 2.0 times (1.2 to 3.3) what acuity takes"),
        ((), ("colour",), "colour takes most"),
        ((("acuity", "colour"), ("acuity", "rods")), ("colour",),
         "colour takes most, colour takes 2.0 times (1.2 to 3.3) what acuity takes and rods takes 2.0 times "
         "(1.2 to 3.3) what acuity takes"),
    ],
)  # fmt: skip
def test_shares_are_ranked_by_tests(told, left, verdict):
    rows = shares("A", 0.0784, acuity=ACUITY, colour=COLOUR, rods=(-0.01, -0.02, 0))
    out = [part for part in ("acuity", "colour", "rods") if part not in left]
    said, _ = parts(
        rows,
        contrasts=toy.table([*part_rows(*told), *part_rows(("colour", "rods"), encoder="B")]),
        best=toy.candidates(toy.best("part", left, out, encoder="A")),
    )
    assert said == (
        "Of the 0.078 lost in net A, colour takes 0.050, acuity 0.020 and rods −0.010; "
        f"{verdict}. {END}"
    )


def test_shares_below_0_differ_without_a_ratio():
    rows = [toy.row("part", "colour", "rods", None, (None, None), 0.01, encoder="A")]
    said, _ = parts(shares("A", colour=COLOUR, rods=(-0.01, -0.02, 0)), contrasts=toy.table(rows))
    assert said.endswith(f"colour takes 0.050 and rods −0.010; colour and rods differ. {END}")


def test_the_share_of_a_single_part_is_compared_with_none():
    said, _ = parts(shares("A", colour=COLOUR))
    assert said == f"Of the 0.080 lost in net A, colour takes 0.050. {END}"


def test_shares_of_the_first_two_encoders_that_have_them_are_told():
    rows = [one for n in "BCD" for one in shares(n, acuity=ACUITY, colour=COLOUR)]
    said, every = parts(rows, "ABCD")
    each = (
        "lost in net {}, colour takes 0.050 and acuity 0.020; these are not tested for differences."
    )
    assert said == f"Of the 0.080 {each.format('B')} Of the 0.080 {each.format('C')} {END}"
    assert not any("Random weights" in one for one in every)


def test_untrained_encoders_have_a_sentence_beside_trained_ones():
    values = {"A": {"cat": HIGH}, "b": {"cat": LOW}}
    _, every = parts(shares("A", colour=COLOUR, acuity=ACUITY), "Ab", values)
    assert every[1] == (
        "Random weights, which show what architecture and pixels alone give, have 0.30 (0.20 to "
        "0.40) in net b."
    )
    assert every[-1] == "All this rests on 20 independent groups of frames."


def test_of_many_untrained_encoders_four_are_told():
    said = say(means({n: {"cat": LOW} for n in "Abcdef"}), "Abcdef")[1]
    assert said.endswith("0.30 (0.20 to 0.40) in net d and 0.30 (0.20 to 0.40) in net e.")


@pytest.mark.parametrize("lacks", ["whole", "parts", "metric", "values"])
def test_without_whole_or_parts_nothing_is_said_of_shares(lacks):
    rows = shares("A", colour=COLOUR, acuity=ACUITY)
    if lacks == "metric":
        rows = [one | {"metric": "rsa"} for one in rows]
    elif lacks == "values":
        rows = [one | {"value": None} for one in rows]
    else:
        rows = [one for one in rows if (one["part"] == "whole") == (lacks == "parts")]
    assert parts(rows)[0] == ""


# -- the notice ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "groups, known, noticed", [(14, False, True), (15, False, False), (14, True, False)]
)
def test_the_notice_is_for_few_groups_without_an_interval(groups, known, noticed):
    rows = means({"A": {"cat": WIDE if known else UNKNOWN}}, groups=groups)
    rows += [row("A", "cat", WIDE, "rsa", groups=groups)]
    choices = synthetic.choices(encoders=encoders("A"), views=EYES)
    assert findings.notice(table(rows), choices) == (
        f"Too few groups of frames for error bars: this study has {groups}. The values below may be "
        "due to these pictures alone, and differences between them mean nothing. Add pictures of "
        "other scenes, to 15 or more."
        if noticed
        else ""
    )


# -- numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, digits, text",
    [
        (0.994, 2, "0.99"),
        (0.995, 2, "over 0.99"),
        (0.9999, 3, "over 0.999"),
        (1.0, 2, "1.00"),
        (1.004, 2, "1.00"),
        (-0.004, 2, "0.00"),
        (-0.006, 2, "−0.01"),
        (0.125, 1, "0.1"),
    ],
)
def test_a_number_reads_as_1_only_if_it_is(value, digits, text):
    assert labels.number(value, digits) == text


def test_estimates_say_why_they_lack_a_value_or_interval():
    lacks = {
        "value": 0.5,
        "ci_low": np.nan,
        "ci_high": 0.6,
        "reason": "few; too few groups to test",
    }
    assert labels.estimate(lacks) == "0.50 (no interval: few)"
    once = {**lacks, "reason": "only 2 groups raise it, so no interval; no test"}
    assert labels.estimate(once) == "0.50 (no interval: only 2 groups raise it)"
    assert labels.estimate(lacks | {"ci_low": 0.4, "ci_high": np.nan}) == "0.50 (no interval: few)"
    too_few = lacks | {"reason": "3 groups are too few for an interval; no test"}
    assert labels.estimate(too_few) == "0.50 (no interval: 3 groups are too few for an interval)"
    assert labels.estimate(too_few, groups="3 clips") == "0.50 (no interval: 3 clips are too few)"
    assert labels.estimate(lacks, groups="3 clips") == "0.50 (no interval: few)"
    assert labels.estimate(lacks | {"value": np.nan, "reason": ""}) == "no value (no reason given)"
    assert labels.estimate(lacks | {"reason": None}, 4) == "0.5000 (no interval: no reason given)"


@pytest.mark.parametrize(
    "frames, words",
    [
        ("frames: {}", "1 photograph"),
        ("frames: {source: photos}", "1 photograph"),
        ("frames: {source: folder, group_by: file}", "1 photograph"),
        ("frames: {source: folder, group_by: folder}", "1 group"),
        ("frames: {source: video}", "1 group"),
        ("frames: {sources: {a: {source: photos}, b: {source: folder}}}", "1 photograph"),
        ("frames: {sources: {a: {source: photos}, b: {source: video}}}", "1 group"),
        ("frames: null", "1 photograph"),
    ],
)
def test_groups_are_photographs_only_if_all_were_taken_from_them(frames, words):
    choices = synthetic.choices(config=frames)
    assert (
        labels.groups(choices, 1) == words
        and labels.groups(choices, 2) == f"{words.replace('1', '2')}s"
    )
