"""What figures show, and in which order."""

import pandas as pd
import pytest

from catsight import CatsightError
from catsight.figures.choices import Choices
from support import small_figures as small
from support import synthetic_study as synthetic

eye, filtered = synthetic.eye_view, synthetic.filter_view

#: In the gallery's order: untouched, the reference, the cat, other eyes, other filters, controls.
VIEWS = {
    "zoom": synthetic.view("as is", "the frame", untouched=True),
    "human": eye("human"),
    "cat": eye("cat"),
    "ape": eye("ape"),
    "lynx": eye("lynx"),
    "catvision": filtered("catvision"),
    "blur": filtered("blur", match="cat"),
    "blur_of_lynx": filtered("blur", match="lynx"),
    "jpeg": filtered("jpeg"),
}


def of(*names, **changes):
    """The choices of a study of some of these views, given in another order."""
    views = {name: VIEWS[name] for name in sorted(names or VIEWS, key=lambda name: name[::-1])}
    return synthetic.choices(views=views, **changes)


def test_views_are_in_the_order_of_the_gallery():
    assert [*of().views] == [*VIEWS]
    assert of().views["cat"] is VIEWS["cat"]


def test_the_compared_are_all_but_the_reference_the_untouched_last():
    others = ["ape", "lynx", "catvision", "blur", "blur_of_lynx", "jpeg", "zoom"]
    assert of().compared == ("cat", *others)
    assert of(reference="lynx").compared[0] == "cat"


def test_of_controls_only_the_blur_of_the_view_in_focus_is_among_the_changes():
    assert of().changes == ("cat", "ape", "lynx", "catvision", "blur", "zoom")
    assert of("human", "jpeg", "blur").changes == ("blur",)  # in focus, as there is no other


@pytest.mark.parametrize("names, focus", [
    ((), "cat"),
    (("human", "lynx", "ape", "zoom"), "ape"),
    (("human", "catvision", "jpeg", "zoom"), "zoom"),
    (("human", "catvision", "jpeg"), "catvision"),
])  # fmt: skip
def test_the_focus_is_the_cat_or_another_eye_or_the_first_view(names, focus):
    assert of(*names).focus == focus


def test_a_view_called_cat_is_in_focus_even_if_it_is_no_eye():
    views = {"ape": eye("ape"), "human": eye("human"), "cat": filtered("catvision")}
    assert synthetic.choices(views=views).focus == "cat"
    views["cat"] = synthetic.view("as is", "the frame", untouched=True)
    assert synthetic.choices(views=views).focus == "cat"


def test_the_cat_as_reference_is_not_in_focus():
    assert of(reference="cat").focus == "ape"
    assert [*of(reference="cat").views][:2] == ["zoom", "cat"]


def test_a_study_of_one_view_is_refused():
    wanted = "no view beside its reference 'human'; add one under views:"
    with pytest.raises(CatsightError, match=wanted):
        _ = of("human").focus


@pytest.mark.parametrize("names, matched", [
    ((), "blur"), (("human", "cat", "blur_of_lynx"), None), (("human", "lynx", "blur_of_lynx"), "blur_of_lynx")
])  # fmt: skip
def test_the_matched_control_is_that_of_the_view_in_focus(names, matched):
    assert of(*names).matched == matched


def test_a_control_asks_about_the_view_that_it_is_matched_to_or_that_in_focus():
    choices = of()
    assert choices.question("blur_of_lynx") == (
        "Does “lynx” change features more than an equal loss of luminance contrast?"
    )
    assert choices.question("jpeg") == (
        "Does “cat” change features more than compression as a JPEG of quality 50?"
    )
    assert {choices.question(name) for name in ("zoom", "human", "cat", "catvision")} == {""}


def test_encoders_are_trained_ones_first_by_family_and_name():
    encoders = {
        name: {"label": name, "family": family, "training": training}
        for name, family, training in [
            ("a", "vit", "untrained"), ("b", "cnn", "untrained"), ("d", "vit", "saliency"),
            ("c", "vit", "supervised"), ("z", "cnn", "supervised"),
        ]
    }  # fmt: skip
    choices = synthetic.choices(encoders=encoders)
    assert [*choices.encoders] == ["z", "c", "d", "b", "a"]
    assert [*choices.looks] == [*choices.encoders]
    found = pd.DataFrame({"encoder": ["a", "c", "stranger"]})
    assert choices.present(found) == {"c": encoders["c"], "a": encoders["a"]}


def test_looks_and_colours_are_those_of_names():
    choices = small.choices()
    looks = {name: look.colour.lower() for name, look in choices.looks.items()}
    assert looks == {name: look.colour for name, look in small.LOOKS.items()}
    assert choices.parts == {
        "pupil": "pupil and optics", "acuity": "sharpness", "rods": "rods in the dark"
    }  # fmt: skip
    colours = {part: colour.lower() for part, colour in choices.colours.items()}
    assert colours == small.PART_COLOURS


def test_measures_are_in_the_order_of_the_study_and_the_headline_is_marked():
    choices = small.choices()
    table = pd.DataFrame({"metric": ["energy", "rsa", "cka_linear_unbiased", "cka_linear", "rsa"]})
    assert choices.metrics(table) == ["cka_linear", "cka_linear_unbiased", "rsa", "energy"]
    assert choices.headline(table) == "cka_linear_unbiased"
    assert choices.headline(table[table["metric"] != "cka_linear_unbiased"]) == "cka_linear"
    assert [choices.label(metric) for metric in ("rsa", "energy")] == ["RSA", "Energy distance"]
    assert [choices.distance(metric) for metric in ("rsa", "energy")] == [False, True]
    assert [choices.agreement(metric) for metric in ("rsa", "energy")] == [1, 0]


def test_a_measure_of_another_study_is_refused():
    choices = small.choices(measures=list(small.choices().spec["measures"][:2]))
    wanted = (
        "the metric 'rsa' is not one of this study's, which are cka_linear, cka_linear_unbiased; "
        "run the metrics stage again"
    )
    with pytest.raises(CatsightError, match=wanted):
        choices.metrics(pd.DataFrame({"metric": ["cka_linear", "rsa"]}))


def test_other_facts_are_read_from_the_spec():
    swaps = {"view": "lynx", "whole": None, "swaps": {"rods": "x"}}
    choices = synthetic.choices(
        study="mine", reference="cat", gallery=7, pooling="cls", confidence=0.8, attribution=swaps,
        config="a: 1",
    )  # fmt: skip
    assert (choices.study, choices.reference) == ("mine", "cat")
    assert (choices.gallery, choices.pooling, choices.confidence) == (7, "cls", 0.8)
    assert choices.attribution == swaps and choices.config == {"a": 1}


def test_a_spec_without_configuration_has_an_empty_one():
    assert Choices({}).config == {}
