"""Sentences claim a difference if a corrected test tells it, and say what the others would take."""

from itertools import combinations

import pandas as pd
import pytest

from catsight.figures import told
from catsight.figures.headline import Results
from support import synthetic_study as synthetic
from support import toy_contrasts as toy
from support.toy_contrasts import row

VIEWS = {
    "human": synthetic.eye_view("human"),
    "cat": synthetic.eye_view("cat"),
    "original": synthetic.filter_view("original"),
    "catvision": synthetic.filter_view("catvision"),
    "greyscale": synthetic.filter_view("greyscale"),
    "jpeg": synthetic.filter_view("jpeg", quality=50),
    "veil": synthetic.filter_view("blur", match="cat"),
}
EQUAL = "an equal loss of luminance contrast"
JPEG = "compression as a JPEG of quality 50"
APART = {"p": 0.01}
OPEN = {"ratio": 1.2, "ends": (0.5, 2.9), "p": 0.4}


def encoders(*names):
    """Encoders called by letters: those in lower case are untrained."""
    return {
        one: {
            "label": f"net {one}",
            "family": "cnn",
            "training": "untrained" if one.islower() else "supervised",
        }
        for one in names
    }


def metrics(values, metric=toy.CKA, interval=True):
    """Means over layers by the cat's view, and single layers where a value is a list."""
    rows = []
    for encoder, value in values.items():
        layers = value if isinstance(value, list) else []
        each = [*enumerate(layers), (None, sum(layers) / len(layers) if layers else value)]
        for index, one in each:
            rows.append({
                "encoder": encoder, "layer": "all" if index is None else f"l{index}", "layer_index": index,
                "depth": None if index is None else index / 2, "pooling": "mean", "reference": "human", "view": "cat",
                "metric": metric, "value": one, "ci_low": one - 0.1 if interval else None,
                "ci_high": one + 0.05 if interval else None, "n_groups": 20, "reason": None if interval else "few",
            })  # fmt: skip
    numbers = ["value", "ci_low", "ci_high", "layer_index", "depth"]
    return pd.DataFrame(rows).astype(dict.fromkeys(numbers, float))


def results(values, rows=(), best=(), views=VIEWS, metric=toy.CKA, interval=True, **changes):
    """What the tables of a study hold; ``values`` by encoder."""
    changes.setdefault("config", "study: quickstart")
    choices = synthetic.choices(encoders=encoders(*values), views=views, **changes)
    return Results.of(
        metrics(values, metric, interval), choices, toy.table(rows), toy.candidates(best)
    )


def of_view(view, encoder="A", **more):
    return row("view", "cat", view, encoder=encoder, **more)


# -- the sentence that may be quoted ---------------------------------------------------------------


def test_a_loss_is_told_beside_one_that_is_told_apart():
    rows = [of_view("jpeg", ratio=3.61, **APART)]
    assert told.quotable(results({"A": 0.968}, rows)) == (
        f"A cat’s eye costs net A about 3 % of its representation of a scene, 3.6 times what {JPEG} "
        "costs."
    )


def test_of_several_networks_the_mean_is_told():
    rows = [of_view("jpeg", None, ratio=3.61, **APART), of_view("veil", "A", ratio=9, **APART)]
    assert told.quotable(results({"A": 0.968, "B": 0.93, "c": 0.1}, rows)) == (
        "A cat’s eye costs 2 vision networks about 5 % of their representation of a scene on "
        f"average, 3.6 times what {JPEG} costs."
    )


@pytest.mark.parametrize(
    "apart, other",
    [
        ({"veil", "jpeg", "greyscale", "catvision", "original"}, f"3.0 times what {EQUAL} costs"),
        ({"jpeg", "greyscale", "catvision"}, "3.0 times what the loss of all colour costs"),
        ({"jpeg", "catvision"}, f"3.0 times what {JPEG} costs"),
        ({"catvision", "original"}, "3.0 times what “catvision” costs"),
    ],
)
def test_matched_controls_come_first_then_others(apart, other):
    rows = [
        of_view(view, ratio=3, **(APART if view in apart else {"p": 0.3}))
        for view in ("original", "catvision", "greyscale", "jpeg", "veil")
    ]
    assert told.quotable(results({"A": 0.9}, rows)).endswith(f"of a scene, {other}.")


@pytest.mark.parametrize(
    "contrast, end",
    [
        ({"ratio": 0.25, **APART}, f"of a scene, while {JPEG} costs 4.0 times as much."),
        ({"ratio": 0.9, "p": 0.4, "equivalent": True, "margin": 1.5}, f"of a scene, about what {JPEG} costs."),
        ({"ratio": None, "ends": (None, None), **APART}, f"of a scene, not what {JPEG} costs."),
        (OPEN, "of a scene; whether other changes of the picture cost more or less is open."),
        ({"p": None}, "of a scene; whether other changes of the picture cost more or less is open."),
    ],
)  # fmt: skip
def test_nothing_is_claimed_that_is_not_told(contrast, end):
    assert told.quotable(results({"A": 0.9}, [of_view("jpeg", **contrast)])).endswith(end)


def test_without_other_views_the_loss_stands_alone():
    assert told.quotable(results({"A": 0.9})) == (
        "A cat’s eye costs net A about 10 % of its representation of a scene."
    )


def test_without_intervals_it_speaks_of_these_pictures():
    said = told.quotable(results({"A": 0.9, "B": 0.8}, interval=False))
    assert said == (
        "In these pictures a cat’s eye costs 2 vision networks about 15 % of their representation "
        "of a scene on average."
    )


def test_without_a_value_it_says_why():
    unknown = results({"A": float("nan")}, interval=False)
    assert told.quotable(unknown) == "What a cat’s eye costs net A is not known: few."


def test_untrained_networks_are_called_so():
    assert "costs 2 networks with random weights about" in told.quotable(
        results({"a": 0.9, "b": 0.8})
    )
    assert "costs net a about" in told.quotable(results({"a": 0.9}))


def test_a_view_that_is_no_plain_eye_has_its_name():
    views = {name: VIEWS[name] for name in ("human", "catvision")}
    choices = synthetic.choices(encoders=encoders("A"), views=views)
    rows = metrics({"A": 0.9}).assign(view="catvision")
    said = told.quotable(Results.of(rows, choices))
    assert said == "“catvision” costs net A about 10 % of its representation of a scene."


@pytest.mark.parametrize(
    "contrast, end",
    [
        ({"ratio": 3.0, **APART}, f"changes the features of net A 3.0 times as much as {JPEG} does."),
        ({"ratio": 0.5, **APART}, f"changes the features of net A while {JPEG} does 2.0 times as much."),
        (OPEN, "changes the features of net A; whether other changes of the picture do more or less is open."),
    ],
)  # fmt: skip
def test_a_distance_is_no_share_of_anything(contrast, end):
    rows = [of_view("jpeg", metric="energy", **contrast)]
    assert told.quotable(results({"A": 2.0}, rows, metric="energy")) == f"A cat’s eye {end}"


# -- other views -----------------------------------------------------------------------------------


def test_each_control_answers_its_question():
    rows = [
        of_view("jpeg", ratio=3.6, ends=(2.1, 6.2), **APART),
        of_view("veil", ratio=0.5, ends=(0.25, 0.8), **APART),
        of_view("greyscale", ratio=0.9, ends=(0.8, 1.1), p=0.4, equivalent=True, margin=1.25),
        of_view("catvision", ratio=0.2, ends=(0.1, 0.5), **APART),
        of_view("original", **OPEN),
    ]
    assert told.views(results({"A": 0.9}, rows)) == (
        f"In net A: Does “cat” change features more than {EQUAL}? No, “veil” changes them more, 2.0 "
        "times (1.2 to 4.0) as much. Does “cat” change features more than the loss of all colour? "
        "About as much: their losses are equivalent within ×1.25 (0.80 to 1.1). Does “cat” change "
        f"features more than {JPEG}? Yes, 3.6 times (2.1 to 6.2) as much. “catvision” changes "
        "features 5.0 times (2.0 to 10) as much as “cat” does. In brackets stand 95 % intervals, "
        "corrected for what is tested together."
    )


def test_of_several_networks_their_mean_is_compared():
    rows = [of_view("jpeg", None, **APART), of_view("jpeg", "A", ratio=9, **APART)]
    said = told.views(results({"A": 0.9, "B": 0.8}, rows, confidence=0.9))
    assert said.startswith("On average over networks: Does “cat” change features more than ")
    assert "Yes, 2.0 times (1.5 to 3.0) as much. In brackets stand 90 % intervals" in said


@pytest.mark.parametrize("rows", [[], [of_view("jpeg", **OPEN)], [of_view("jpeg", p=None)]])
def test_of_views_only_what_is_told_is_said(rows):
    assert told.views(results({"A": 0.9}, rows)) == ""


# -- networks, families and kinds of training ------------------------------------------------------


def several(kind, a, b, **more):
    return row(kind, a, b, members_a=["A", "B"], members_b=["C"], **more)


def test_networks_that_differ_are_told_the_surest_first():
    rows = [
        row("encoder", "A", "B", 0.5, (0.3, 0.8), 0.04),
        row("encoder", "A", "C", 0.25, (0.1, 0.5), 0.01),
        row("encoder", "B", "C", 0.8, (0.4, 1.6), 0.3),
        several("family", "cnn", "vit", ratio=3.0, ends=(2.0, 5.0), **APART),
        several("training", "untrained", "supervised", **OPEN),
        row("encoder", "A", "C", 9.0, view_a="jpeg", view_b="jpeg"),
    ]
    best = toy.best("encoder", ["A"], ["B", "C"])
    assert told.encoders(results(dict.fromkeys("ABC", 0.9), rows, best)) == (
        "“cat” changes features least in net A. It changes features 4.0 times (2.0 to 10) as much "
        "in net C as in net A and 2.0 times (1.2 to 3.3) as much in net B as in net A. It changes "
        "features 3.0 times (2.0 to 5.0) as much in convolutional networks as in ViT networks."
    )


@pytest.mark.parametrize(
    "left, said",
    [
        ("A", "“cat” changes features least in net A."),
        ("AB", "“cat” changes features least in net A or net B."),
        ("ABC", ""),
    ],
)
def test_the_best_are_those_that_tests_leave(left, said):
    best = toy.best("encoder", list(left), [one for one in "ABC" if one not in left])
    best += toy.best("encoder", ["C"], ["A", "B"], view="jpeg")
    assert told.encoders(results(dict.fromkeys("ABC", 0.9), best=best)) == said


def test_a_family_of_one_network_is_that_network():
    alone = {"members_a": ["A"], "members_b": ["B"], **APART}
    rows = [
        row("family", "cnn", "vit", **alone),
        row("training", "supervised", "language", **alone),
    ]
    assert told.encoders(results({"A": 0.9, "B": 0.9}, rows)) == ""


def test_three_differences_are_told_and_more_left_to_the_table():
    rows = [row("encoder", "A", one, 0.5, (0.3, 0.8), 0.01) for one in "BCDE"]
    said = told.encoders(results(dict.fromkeys("ABCDE", 0.9), rows))
    assert said.count("as in net A") == 3 and said.startswith("“cat” changes features 2.0 times")


# -- layers ----------------------------------------------------------------------------------------


def layers(left, out=(), encoder="A"):
    return toy.best("layer", left, out, encoder=encoder)


def test_the_peak_and_what_is_told_from_it():
    rows = [row("layer", "l1", "l2", 0.2, (0.1, 0.4), 0.01, encoder="A")]
    found = results({"A": [0.7, 0.8, 0.5]}, rows, layers(["l1"], ["l0", "l2"]))
    assert told.layers(found) == (
        "In net A, “cat” changes features least at l1 (0.80 (0.70 to 0.85), relative depth 0.50); "
        "5.0 times (2.5 to 10) as much at l2 (0.50 (0.40 to 0.55), relative depth 1.00)."
    )
    assert told.layers(results({"A": [0.7, 0.8, 0.5]}, [], layers(["l1", "l0"], ["l2"]))) == (
        "In net A, “cat” changes features least at l1 (0.80 (0.70 to 0.85), relative depth 0.50), "
        "or at another layer from relative depth 0.00 to 0.50."
    )


def test_of_a_distance_the_peak_is_the_smallest():
    best = [one | {"metric": "energy"} for one in layers(["l2"], ["l0", "l1"])]
    said = told.layers(results({"A": [0.7, 0.8, 0.5]}, [], best, metric="energy"))
    assert said.startswith("In net A, “cat” changes features least at l2 (0.50")


def test_a_peak_that_tests_leave_anywhere_is_open():
    found = results({"A": [0.7, 0.8, 0.5]}, [], layers(["l1", "l0", "l2"]))
    assert told.layers(found) == "In which layer of net A “cat” changes features least is open."


def test_layers_of_the_first_two_networks_that_have_tests_are_told():
    best = [one for name in "BCd" for one in layers(["l1"], ["l0"], name)]
    values = {name: [0.7, 0.8] for name in "ABCd"}
    said = told.layers(results(values, [], best))
    assert said.startswith("In net B, ") and "net C" not in said and "net d" not in said
    unknown = [one | {"in_set": None} for one in best]
    assert told.layers(results(values, [], unknown)) == ""


# -- what is open ----------------------------------------------------------------------------------


END = (
    "The brackets say how many photographs it would take, if the difference is as large as the one "
    "seen; since that is uncertain, plan for half as many again."
)


def test_what_is_open_is_told_with_what_it_would_take():
    rows = [
        of_view("veil", None, **OPEN, needed=(116, 45, 226)),
        of_view("catvision", None, **OPEN, needed=(13, 8, 53)),
        of_view("jpeg", None, **APART),
        row("encoder", "A", "B", **OPEN),
        several("family", "cnn", "vit", **OPEN, needed=(300, 120, 1420)),
        row("part", "acuity", "colour", **OPEN, needed=(22, 11, 140), encoder="A"),
        row("view", "cat", "original", 0.9, (0.8, 1.1), 0.4, equivalent=True, margin=1.25),
    ]
    assert told.open_questions(results({"A": 0.9, "B": 0.8}, rows)) == (
        "20 photographs are too few to tell apart “cat” from “catvision” (about 13, 8 to 53) and "
        "“cat” from “veil” (about 120, 45 to 230); net A from net B; convolutional networks from "
        f"ViT networks (about 300, 120 to 1,400); acuity from colour (about 22, 11 to 140). {END}"
    )


def test_of_many_pairs_the_one_that_takes_fewest_is_told():
    rows = toy.of_encoders("ABCD")
    rows[3] |= {"groups_needed": 40, "groups_low": 20, "groups_high": 90}
    said = told.open_questions(results(dict.fromkeys("ABCD", 0.9), rows))
    assert said == (
        "20 photographs are too few to tell apart many networks, of which net B from net C (about "
        f"40, 20 to 90) would take the fewest. {END}"
    )


def test_what_was_not_tested_has_its_reason():
    rows = [row("encoder", "A", "B", p=None, reason="A: one group only")]
    said = told.open_questions(results({"A": 0.9, "B": 0.8}, rows))
    assert said == "Differences are not tested: A: one group only."


def test_nothing_open_is_no_sentence():
    rows = [of_view("jpeg", **APART), row("encoder", "A", "B", **APART)]
    assert told.open_questions(results({"A": 0.9, "B": 0.8}, rows)) == ""
    assert told.open_questions(results({"A": 0.9})) == ""


def test_rows_of_other_metrics_say_nothing():
    rows = [of_view("jpeg", metric="rsa", **APART), row("encoder", "A", "B", metric="rsa", **OPEN)]
    found = results({"A": 0.9, "B": 0.8}, rows, toy.best("encoder", ["A"], ["B"], metric="rsa"))
    assert told.views(found) == told.encoders(found) == told.open_questions(found) == ""


# -- several renderings of colours -----------------------------------------------------------------


def with_renderings(values, rows=(), losses=None, **changes):
    """Results of a study with renderings; ``losses`` by display and encoder, the first the own."""
    found = []
    for display, each in losses.items():
        about = {"display": display, "own": display == next(iter(losses))}
        for row_of_one in metrics({name: 1 - loss for name, loss in each.items()}).to_dict("records"):  # fmt: skip
            found.append(row_of_one | about)
    own = results(values, rows, **changes)
    return Results.of(own.rows, own.choices, own.contrasts, own.best, pd.DataFrame(found))


COUNTS = {"n_renderings": 3, "n_above": 3, "n_below": 0, "n_equivalent": 0}
LOSSES = {"auto": {"A": 0.03}, "least-change": {"A": 0.04}, "red-cyan": {"A": 0.1}}


def test_a_claim_that_all_renderings_tell_stays_and_the_loss_is_a_range():
    rows = [of_view("jpeg", ratio=3.61, **APART, **COUNTS)]
    found = with_renderings({"A": 0.97}, rows, LOSSES)
    assert told.quotable(found) == (
        "A cat’s eye costs net A about 3 to 10 % of its representation of a scene, depending on how its "
        f"colours are shown, 3.6 times what {JPEG} costs."
    )
    assert told.renderings(found) == (
        "How the colours of “cat” are shown to a network is a choice, and features agree by 0.970 (0.870 to 1.020) "
        "auto, 0.960 (0.860 to 1.010) least-change and 0.900 (0.800 to 0.950) red-cyan in net A. To the eye itself all "
        "3 renderings are the same picture, but for colours that a screen cannot show. So differences of views, networks and layers are claimed only if all of "
        "them tell it, with the same sign, and intervals of these reach over all."
    )
    assert "3.6 times" in told.views(found)


def test_a_claim_that_flips_its_sign_in_one_rendering_is_withdrawn():
    rows = [of_view("jpeg", ratio=3.61, **APART, **COUNTS | {"n_above": 2, "n_below": 1})]
    found = with_renderings({"A": 0.97}, rows, LOSSES)
    assert told.quotable(found) == (
        "A cat’s eye costs net A about 3 to 10 % of its representation of a scene, depending on how its "
        "colours are shown; whether other changes of the picture cost more or less is open."
    )
    assert told.views(found) == "" and told.open_questions(found) == ""
    assert told.renderings(found).endswith(
        " What depends on how colours are shown: “cat” against “jpeg” (told apart in 2 of 3 renderings, the other "
        "way round in 1)."
    )


def test_which_encoder_is_better_is_claimed_if_all_renderings_tell():
    losses = {display: {"A": 0.03, "B": 0.06} for display in ("auto", "red-cyan")}
    for counts, claimed in ((COUNTS | {"n_renderings": 3}, True), (COUNTS | {"n_above": 2}, False)):
        pair = row("encoder", "B", "A", 2.0, (1.5, 3.0), 0.01, **counts)
        found = with_renderings({"A": 0.97, "B": 0.94}, [pair], losses)
        assert ("2.0 times" in told.encoders(found)) == claimed
        where = "net B against net A (told apart in 2 of 3 renderings)"
        assert (where in told.renderings(found)) == (not claimed)


def test_of_many_pairs_that_depend_some_are_named():
    rows = [
        row("encoder", a, b, 2.0, (1.5, 3.0), 0.01, **COUNTS | {"n_above": 1})
        for a, b in combinations("ABCDE", 2)
    ]
    values = dict.fromkeys("ABCDE", 0.97)
    found = with_renderings(values, rows, {"auto": values, "red-cyan": values})
    said = told.renderings(found)
    assert said.count("(told apart in 1 of 3 renderings)") == 6
    assert said.endswith("and 4 more in the table “Contrasts”.")


def test_shares_of_the_parts_are_of_the_studys_own_rendering():
    attribution = {"view": "cat", "whole": "cat", "swaps": {}}
    found = with_renderings({"A": 0.97}, losses=LOSSES, attribution=attribution)
    assert "; shares of the parts of the eye are of the study’s own rendering." in told.renderings(found)  # fmt: skip
    assert told.renderings(results({"A": 0.97})) == ""
