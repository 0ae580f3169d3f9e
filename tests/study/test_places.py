"""Which views are compared place by place, and over which angle."""

import json

import pytest

from catsight.study import Study

EYES = {"human": {"eye": "human"}, "dog": {"eye": "dog"}, "cat": {"eye": "cat"}}
FILTERS = {"original": {"filter": "original"}, "catvision": {"filter": "catvision"}}


def study(views, **more):
    return Study({"study": "s", "views": views, "encoders": {"vit_b16": None}, **more})


def looking(one):
    spec = json.loads(one.spec("places", "vit_b16"))
    return spec["field_of_view"], spec["perspective"]


@pytest.mark.parametrize(
    ("views", "more", "wanted"),
    [
        (EYES, {}, ["human", "cat"]),
        (EYES, {"metrics": {"places": {"views": ["dog", "cat"]}}}, ["human", "dog", "cat"]),
        (FILTERS, {"reference": "original"}, ["original", "catvision"]),
        ({"human": {"eye": "human"}, "dog": {"eye": "dog"}}, {}, ["human", "dog"]),
    ],
)
def test_the_view_in_focus_is_compared_unless_others_are_named(views, more, wanted):
    assert study(views, **more).views_of_places == wanted


@pytest.mark.parametrize(
    ("views", "more", "wanted"),
    [
        (EYES, {"viewing": {"field_of_view": 9}}, (9.0, False)),
        (EYES, {"viewing": {"perspective": True}}, (16.0, True)),
        # of the reference, whatever the others have
        (EYES | {"dog": {"eye": "dog", "field_of_view": 40}}, {}, (16.0, False)),
        (EYES | {"human": {"eye": "human", "field_of_view": 40}}, {}, (40.0, False)),
        # the reference is no eye's: that of all eyes, if they agree
        (FILTERS | EYES, {"reference": "original"}, (16.0, False)),
        (FILTERS | EYES | {"dog": {"eye": "dog", "field_of_view": 40}}, {"reference": "original"}, (None, False)),
        (FILTERS, {"reference": "original"}, (None, False)),
        # the eye looks elsewhere in each frame
        (EYES, {"viewing": {"gaze": 3}}, (None, False)),
    ],
)  # fmt: skip
def test_the_field_of_view_is_the_references(views, more, wanted):
    viewing = {"field_of_view": 16} | more.get("viewing", {})
    assert looking(study(views, **more | {"viewing": viewing})) == wanted
