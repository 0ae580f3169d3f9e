"""Whole sentences of the findings, word for word, from tables of a few numbers."""

import numpy as np
import pandas as pd
import pytest

from catsight.figures import findings, headline, labels
from support import synthetic_study as synthetic

CKA = "cka_linear_unbiased"
EYES = {name: synthetic.VIEWS[name] for name in ("human", "cat")}
OTHERS = EYES | {name: synthetic.filter_view("catvision") for name in ("fog", "haze", "mist")}
FOG = EYES | {"fog": synthetic.filter_view("catvision")}
BLUR = EYES | {"blur": synthetic.filter_view("blur", match="cat")}
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
    about = encoders(*names, **(training or {}))
    changes.setdefault("config", "study: quickstart")
    choices = synthetic.choices(encoders=about, views=views, **changes)
    return findings.sentences(table(rows), choices, attribution)


# -- the order of intervals ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "one, other, side",
    [
        ((0.1, 0.2), (0.3, 0.4), "below"),
        ((0.3, 0.4), (0.1, 0.2), "above"),
        ((0.1, 0.2), (0.2, 0.3), "overlapping"),  # they touch
        ((0.2, 0.3), (0.1, 0.2), "overlapping"),
        ((0.1, 0.2), (0.201, 0.3), "below"),
        ((0.201, 0.3), (0.1, 0.2), "above"),
        ((0.1, 0.9), (0.4, 0.5), "overlapping"),
        ((0.4, 0.5), (0.1, 0.9), "overlapping"),
    ],
)
def test_intervals_are_apart_only_if_they_do_not_touch(one, other, side):
    pair = [row("A", "cat", (sum(ends) / 2, *ends)) for ends in (one, other)]
    assert headline.order(*map(pd.Series, pair)) == side


@pytest.mark.parametrize("gap", ["value", "ci_low", "ci_high"])
@pytest.mark.parametrize("which", [0, 1])
def test_without_all_of_both_intervals_their_order_is_unknown(gap, which):
    pair = [pd.Series(row("A", "cat", estimate)) for estimate in (LOW, HIGH)]
    pair[which][gap] = None
    assert headline.order(*pair) is None


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
    assert results.focal("A")["value"] == 0.7 and results.mean("A", "fog")["value"] == 0.3
    assert results.mean("b", "fog") is None


# -- how well the view agrees ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "confidence, words", [(0.95, "95 %"), (0.9, "90 %"), (0.99, "99 %"), (0.975, "97.5 %")]
)
def test_the_first_sentence_says_whose_interval_it_prints(confidence, words):
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


# -- how it compares with other views --------------------------------------------------------------


def changes(values, names=None, **more):
    """The sentence on changes by other views than the one in focus; empty if there is none."""
    said = say(means(values), names or "".join(values), more.pop("views", OTHERS), **more)
    found = [one for one in said if "changes features" in one or "cannot be compared with “" in one]
    return found[0] if found else ""


@pytest.mark.parametrize(
    "others, words",
    [
        ([LOW, LOW, LOW], "less than “fog” in 3 of 3 encoders"),
        ([HIGH, HIGH, HIGH], "more than “fog” in 3 of 3 encoders"),
        ([LOW, HIGH, LOW], "less than “fog” in 2 of 3 encoders and more in 1"),
        ([LOW, WIDE, WIDE], "less than “fog” in 1 of 3 encoders (2 undecided)"),
        ([HIGH, WIDE, UNKNOWN], "more than “fog” in 1 of 3 encoders (1 undecided, 1 without an interval)"),
        ([WIDE, WIDE, WIDE], "neither less nor more than “fog” in any of 3 encoders (3 undecided)"),
        ([UNKNOWN, WIDE, UNKNOWN],
         "neither less nor more than “fog” in any of 3 encoders (1 undecided, 2 without an interval)"),
    ],
)  # fmt: skip
def test_encoders_are_counted_by_the_order_of_their_intervals(others, words):
    """The view in focus agrees by 0.45 to 0.55: more than LOW, less than HIGH."""
    values = {n: {"cat": (0.5, 0.45, 0.55), "fog": o} for n, o in zip("ABC", others, strict=True)}
    end = " Those whose intervals overlap are undecided." if WIDE in others else ""
    assert changes(values, views=FOG) == f"“cat” changes features {words}.{end}"


def test_of_a_distance_the_larger_value_is_the_larger_change():
    for other, word in ((LOW, "more"), (HIGH, "less")):
        rows = means({n: {"cat": (0.5, 0.45, 0.55), "fog": other} for n in "AB"}, "energy")
        said = say(rows, "AB", FOG)
        assert f"“cat” changes features {word} than “fog” in 2 of 2 encoders." in said


def test_of_many_other_views_three_are_told():
    views = OTHERS | {"zinc": synthetic.filter_view("catvision")}
    values = {n: {"cat": HIGH, **dict.fromkeys(("fog", "haze", "mist", "zinc"), LOW)} for n in "AB"}
    assert changes(values, views=views) == (
        "“cat” changes features less than “fog” in 2 of 2 encoders, less than “haze” in 2 of 2 "
        "encoders and less than “mist” in 2 of 2 encoders."
    )


def test_controls_are_not_compared_with():
    views = EYES | {"jpeg": synthetic.filter_view("jpeg")}
    assert changes({"A": {"cat": HIGH, "jpeg": LOW}}, views=views) == ""


def test_a_single_encoder_is_named():
    values = {"A": {"cat": (0.5, 0.45, 0.55), "fog": LOW, "haze": HIGH, "mist": WIDE}}
    assert changes(values) == (
        "“cat” changes features less than “fog” in net A and more than “haze” in net A. Whether "
        "“cat” changes features more or less than “mist” is undecided in net A: the intervals "
        "overlap."
    )


def test_encoders_without_the_other_view_do_not_count():
    values = {"A": {"cat": HIGH, "fog": LOW}, "B": {"cat": HIGH}, "C": {"cat": HIGH, "fog": LOW}}
    assert changes(values) == (
        "“cat” changes features less than “fog” in 2 of 2 encoders. Without intervals, “cat” cannot "
        "be compared with “haze” and “mist”."
    )


@pytest.mark.parametrize(
    "other, words",
    [
        (LOW, "“cat” changes features less than “blur”, an equal loss of luminance contrast, in net A."),
        (WIDE, "Whether “cat” changes features more or less than “blur”, an equal loss of luminance contrast, is "
               "undecided in net A: the intervals overlap."),
    ],
)  # fmt: skip
def test_an_equal_change_is_told_first_with_its_values(other, words):
    """Although its name comes after the other view's."""
    views = BLUR | {"aqua": synthetic.filter_view("catvision")}
    said = say(means({"A": {"cat": HIGH, "blur": other, "aqua": (0.1, 0, 0.2)}}), "A", views)
    values = f"Agreement with “human” is 0.70 against {other[0]:.2f} in net A."
    subject = "It changes them" if other == LOW else "“cat” changes features"
    assert said[0] == f"{words} {values} {subject} less than “aqua” in net A."
    assert said[1].startswith("On average over layers")


def test_the_values_beside_an_equal_change():
    def values(rows, names):
        return say(rows, names, BLUR)[0].partition("encoders. ")[2]

    both = {"cat": HIGH, "blur": LOW}
    rows = means({"A": both, "B": both | {"blur": (0.25, 0.2, 0.4)}, "c": both})
    pair = "0.70 against 0.30 in net A and 0.70 against 0.25 in net B"
    assert values(rows, "ABc") == f"Agreement with “human” is {pair}."
    distances = [one | {"metric": "energy"} for one in rows]
    assert values(distances, "ABc") == f"Distance from “human” is {pair}."
    # only of those that have both values, and of at most four encoders
    none = (None, None, None)
    rows = means(
        {"A": both, "B": both | {"blur": none}, "C": {"cat": HIGH}, "D": {"cat": none, "blur": LOW}}
    )
    assert "Agreement with “human” is 0.70 against 0.30 in net A." in say(rows, "ABCD", BLUR)[0]
    assert "against" in say(means(dict.fromkeys("ABCD", both)), "ABCD", BLUR)[0]
    assert "against" not in say(means(dict.fromkeys("ABCDE", both)), "ABCDE", BLUR)[0]


# -- trained and untrained encoders ----------------------------------------------------------------


@pytest.mark.parametrize(
    "trained, untrained, verdict",
    [
        ([HIGH, HIGH], [LOW, LOW], "the intervals of all trained encoders lie above those of untrained ones"),
        ([LOW, LOW], [HIGH, HIGH], "the intervals of all trained encoders lie below those of untrained ones"),
        ([WIDE, HIGH], [HIGH, WIDE],
         "trained and untrained encoders do not differ detectably (their intervals overlap)"),
        ([HIGH, WIDE], [LOW, LOW],
         "some trained encoders differ from untrained ones and some do not, so there is no rule"),
        ([HIGH, HIGH], [LOW, UNKNOWN], "without intervals, trained and untrained encoders cannot be compared"),
    ],
)  # fmt: skip
def test_all_pairs_of_trained_and_untrained_encoders_are_compared(trained, untrained, verdict):
    values = {n: {"cat": e} for n, e in zip("ABcd", [*trained, *untrained])}
    said = say(means(values), "ABcd")
    each = [
        "0.50 (no interval: no reason given)" if v[1] is None else f"{v[0]:.2f} ({v[1]:.2f} to {v[2]:.2f})"
        for v in untrained
    ]  # fmt: skip
    said = said[1].replace("0.900", "0.90").replace("0.500", "0.50").replace("0.100", "0.10")
    assert said == (
        "Random weights, which show what architecture and pixels alone give, have "
        f"{each[0]} in net c and {each[1]} in net d; {verdict}."
    )


def test_of_many_untrained_encoders_four_are_told():
    said = say(means({n: {"cat": LOW} for n in "Abcdef"}), "Abcdef")[1]
    assert "0.30 (0.20 to 0.40) in net d and 0.30 (0.20 to 0.40) in net e; trained" in said


# -- layers ----------------------------------------------------------------------------------------


def layers(encoder, *estimates):
    return [row(encoder, "cat", estimate, layer=i) for i, estimate in enumerate(estimates)]


@pytest.mark.parametrize(
    "low, verdict",
    [
        (LOW, "the intervals lie apart"),
        ((0.3, 0.2, 0.6), "the intervals overlap"),  # they touch
        ((0.3, None, None), "without both intervals they cannot be compared"),
    ],
)
def test_the_layers_of_lowest_and_highest_agreement(low, verdict):
    rows = means({"A": {"cat": WIDE}}) + layers("A", (0.5, 0.4, 0.6), HIGH, low)
    told = (
        "0.30 (no interval: no reason given" if low[1] is None else f"0.30 (0.20 to {low[2]:.2f})"
    )
    assert say(rows)[1] == (
        f"In net A, agreement is lowest at l2 ({told}{')' if low[1] is None else ''}, relative depth "
        f"1.00) and highest at l1 (0.70 (0.60 to 0.80), relative depth 0.50); {verdict}. They are "
        "the extremes of many layers, so their intervals look better than they are."
    )


def test_a_distance_between_layers_is_a_difference():
    rows = means({"A": {"cat": WIDE}}) + layers("A", LOW, HIGH)
    said = say([one | {"metric": "energy"} for one in rows])[1]
    assert said.startswith("In net A, difference is lowest at l0 (0.30 (0.20 to 0.40), relative ")


@pytest.mark.parametrize(
    "estimates, told", [([LOW], 0), ([LOW, HIGH], 1), ([UNKNOWN] * 3, 0), ([UNKNOWN, HIGH], 1)]
)
def test_layers_are_told_if_there_are_two_and_an_interval(estimates, told):
    said = say(means({"A": {"cat": WIDE}}) + layers("A", *estimates))
    assert sum("is lowest at" in one for one in said) == told


def test_layers_of_the_first_two_trained_encoders_are_told():
    rows = means({n: {"cat": WIDE} for n in "ABCd"})
    for name in "ABCd":
        rows += layers(name, LOW, HIGH)
    rows += [row("A", "fog", (0.05, 0.04, 0.06), layer=2)]
    (said,) = (one for one in say(rows, "ABCd", OTHERS) if "is lowest at" in one)
    assert [f"In net {name}, agreement is lowest at l0" in said for name in "ABCd"] == [
        True,
        True,
        False,
        False,
    ]
    assert said.count("They are the extremes of many layers") == 1


# -- cautions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "groups, known, words",
    [
        (1, False, "1 independent group of frames, too few (fewer than 15): there are no intervals, and other "
                   "photographs may give other values"),
        (14, True, "14 independent groups of frames, too few (fewer than 15): intervals are rough, and other "
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


@pytest.mark.parametrize(
    "acuity, groups, metric, verdict",
    [
        (ACUITY, 25, CKA, "the first is larger than the next"),
        (ACUITY, 24, CKA, "with fewer than 25 groups these intervals are too narrow to rank them"),
        (ACUITY, 24, "cka_linear", "the first is larger than the next"),  # whose are not too narrow
        ((0.02, 0.01, 0.04), 25, CKA, "the intervals of the first two overlap, so it is open which is larger"),
        ((0.02, None, None), 25, CKA, "without intervals, it is open which is largest"),
    ],
)  # fmt: skip
def test_shares_are_ranked_by_intervals(acuity, groups, metric, verdict):
    rows = shares("A", 0.0784, groups, metric, acuity=acuity, colour=COLOUR, rods=(-0.01, -0.02, 0))
    values = means({"A": {"cat": WIDE}}, metric)
    said = findings.sentences(
        table(values), synthetic.choices(encoders=encoders("A"), views=EYES), table(rows)
    )
    assert said[1] == (
        "Of the 0.078 lost in net A, colour takes 0.050, acuity 0.020 and rods −0.010; "
        f"{verdict}. {END}"
    )


def test_the_share_of_a_single_part_is_compared_with_none():
    said, _ = parts(shares("A", colour=COLOUR))
    assert said == f"Of the 0.080 lost in net A, colour takes 0.050. {END}"


def test_shares_of_the_first_two_encoders_that_have_them_are_told():
    rows = [one for n in "BCD" for one in shares(n, acuity=ACUITY, colour=COLOUR)]
    said, every = parts(rows, "ABCD")
    each = "lost in net {}, colour takes 0.050 and acuity 0.020; the first is larger than the next."
    assert said == f"Of the 0.080 {each.format('B')} Of the 0.080 {each.format('C')} {END}"
    assert not any("Random weights" in one for one in every)


def test_with_shares_the_last_sentence_compares_trained_and_untrained():
    _, every = parts(
        shares("A", colour=COLOUR, acuity=ACUITY), "Ab", {"A": {"cat": HIGH}, "b": {"cat": LOW}}
    )
    assert len(every) == 3 and every[-1] == (
        "All this rests on 20 independent groups of frames; the intervals of all trained encoders "
        "lie above those of untrained ones."
    )


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
        "other scenes, to 15 or more, and take several frames of each (frames.glances: 6)."
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
