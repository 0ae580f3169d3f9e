"""Renderings: which views are shown in other colours, and what the rest of a study has of them."""

import copy

import pytest

from catsight import CatsightError
from catsight.study import Study

SMALL = {
    "study": "s", "frames": {"source": "dead-leaves", "count": 4},
    "views": {
        "human": {"eye": "human"}, "cat": {"eye": "cat"}, "jpeg": {"filter": "jpeg"},
        "blur": {"filter": "blur", "match": "cat", "parts": ["pupil", "acuity"]},
        "pale": {"filter": "desaturate", "match": "cat", "parts": ["colour", "rods"]},
    },
    "encoders": {"vit_b16": None},
}  # fmt: skip


def study(*displays, **changes) -> Study:
    return Study(copy.deepcopy(SMALL) | {"renderings": list(displays)} | changes)


def pairs(found: Study, **where):
    """The pairs of views that are compared, and by whom, of some renderings."""
    return [
        (one["display"], one["view"], one["reference"], one["shown"])
        for one in found.renderings.shown
        if all(one[key] == value for key, value in where.items())
    ]


def test_without_the_key_there_are_none():
    plain = Study(copy.deepcopy(SMALL))
    assert (plain.renderings.shown, plain.renderings.views, plain.renderings.compared) == ([], {}, [])  # fmt: skip
    assert plain.encoder_views == plain.views and "renderings" not in plain.result_tables


def test_views_in_which_two_kinds_of_cones_take_part_are_shown_in_each():
    """The cat, and the control that takes on its loss of colour; not one of its sharpness, no filter
    of pixels, and no human.
    """
    found = study("red-cyan", "least-change")
    assert pairs(found, own=True) == [("auto", one, "human", one) for one in ("cat", "pale")]
    assert pairs(found, own=False) == [
        (display, one, "human", f"{one}@display={display}")
        for one in ("cat", "pale")
        for display in ("red-cyan", "least-change")
    ]
    assert set(found.encoder_views) == set(found.views) | {one[3] for one in pairs(found)}
    assert found.renderings.compared[0] == "human" and len(found.renderings.compared) == 7


def test_a_rendering_is_the_view_with_another_display_alone():
    found = study("red-cyan")
    cat, shown = found.views["cat"], found.all_views["cat@display=red-cyan"]
    assert cat["display"] == "auto" and shown == cat | {"display": "red-cyan"}
    pale, shown = found.views["pale"], found.all_views["pale@display=red-cyan"]
    assert shown == pale | {"match": pale["match"] | {"display": "red-cyan"}}
    assert shown["of"]["display"] == "auto"  # a human has one rendering


def test_if_the_reference_changes_all_views_are_compared_with_its_rendering():
    views = SMALL["views"] | {"dog": {"eye": "dog"}}
    found = study("red-cyan", reference="dog", views=views)
    assert pairs(found, own=False) == [
        ("red-cyan", one, "dog@display=red-cyan", f"{one}@display=red-cyan")
        for one in ("blur", "cat")
    ] + [
        ("red-cyan", "human", "dog@display=red-cyan", "human"),
        ("red-cyan", "jpeg", "dog@display=red-cyan", "jpeg@display=red-cyan"),
        ("red-cyan", "pale", "dog@display=red-cyan", "pale@display=red-cyan"),
    ]


def test_a_view_that_is_displayed_so_already_is_shared():
    found = study("red-cyan", "auto", viewing={"display": "red-cyan"})
    assert pairs(found, own=True) == [("red-cyan", one, "human", one) for one in ("cat", "pale")]
    assert {one[0] for one in pairs(found, own=False)} == {"auto"}
    views = SMALL["views"] | {"other": {"eye": "cat", "display": "red-cyan"}}
    found = study("red-cyan", views=views)
    assert ("red-cyan", "cat", "human", "other") in pairs(found, own=False)
    assert "cat@display=red-cyan" not in found.all_views


@pytest.mark.parametrize(
    ("displays", "changes", "words"),
    [
        (["auto"], {}, "renderings changes no view: none is of an eye of two kinds of cones, or all are displayed so "
         r"already \(auto\); remove it"),
        (["red-cyan"], {"views": {"human": {"eye": "human"}, "jpeg": {"filter": "jpeg"}}}, "renderings changes no view"),
        (["pink"], {}, r"renderings\.0 is 'pink'"),
        (["auto", "auto"], {}, "renderings"),
    ],
)  # fmt: skip
def test_what_shows_nothing_is_an_error(displays, changes, words):
    with pytest.raises(CatsightError, match=words):
        study(*displays, **changes)
