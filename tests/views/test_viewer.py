"""Views as functions of a frame: which columns they read, what they are made from, what they match."""

import numpy as np
import pytest

from catsight.inputs import eyes
from catsight.inputs.pictures import encode_png
from catsight.views import FILTERS, filters
from catsight.views.eye_viewer import eye_viewer
from catsight.views.matching import Matched
from catsight.views.viewer import columns, needs_partner, needs_past, viewer

EYE = {
    "eye": eyes.load("cat"),
    "field_of_view": 6.0,
    "luminance": 30.0,
    "defocus": 0.0,
    "focus": None,
    "photon_noise": None,
    "eccentricity": False,
    "gaze": None,
    "perspective": False,
    "display": "auto",
}
ORIGINAL, PAIRED = {"filter": "original"}, {"filter": "paired"}
RGB = np.random.default_rng(0).integers(0, 256, (10, 20, 3), dtype=np.uint8)
FRAME = {
    "frame_id": "f",
    "image": {"bytes": encode_png(RGB), "path": "a.png"},
    "partner": {"bytes": encode_png(255 - RGB), "path": "b.png"},
    "depth": None,
    "past": None,
}


@pytest.mark.parametrize(
    ("view", "needed"),
    [
        (EYE, ["past"]),
        (ORIGINAL, []),
        (PAIRED, ["partner"]),
        ({"filter": "catvision"}, []),
        ({"filter": "catvision_clip"}, ["past"]),
        ({"filter": "greyscale", "of": PAIRED}, ["partner"]),
        ({"filter": "greyscale", "of": EYE}, ["past"]),
        ({"filter": "blur", "of": ORIGINAL, "match": PAIRED}, ["partner"]),
        ({"filter": "blur", "of": PAIRED, "match": EYE}, ["partner", "past"]),
        ({"filter": "blur", "of": ORIGINAL, "match": EYE}, ["past"]),
        ({"filter": "greyscale", "of": {"filter": "greyscale", "of": PAIRED}}, ["partner"]),
    ],
)
def test_partner_and_past_are_read_where_a_view_or_what_it_is_made_from_needs_them(view, needed):
    assert needs_partner(view) == ("partner" in needed)
    assert needs_past(view) == ("past" in needed)
    assert columns(view) == ["frame_id", "image", "depth", *needed]


def test_a_filter_is_of_the_frame_or_of_another_view():
    np.testing.assert_array_equal(viewer(ORIGINAL)(FRAME), RGB)
    np.testing.assert_array_equal(viewer(PAIRED)(FRAME), 255 - RGB)
    np.testing.assert_array_equal(viewer({"filter": "greyscale"})(FRAME), filters.greyscale(RGB))
    seen = eye_viewer(EYE)(FRAME)
    np.testing.assert_array_equal(viewer(EYE)(FRAME), seen)
    of_eye = viewer({"filter": "greyscale", "of": EYE})(FRAME)
    np.testing.assert_array_equal(of_eye, filters.greyscale(seen))


@pytest.fixture
def shift(monkeypatch):
    """A filter with ``match`` and a key of its own, and what it was called with."""
    calls = []

    def change(rgb, *, match, by):
        calls.append((rgb, match))
        return Matched(rgb + by, float(by), by < 4)

    monkeypatch.setitem(FILTERS, "shift", change)
    return calls


def test_a_matched_view_changes_one_view_and_is_compared_with_the_other(shift):
    view = {"filter": "shift", "of": PAIRED, "match": ORIGINAL, "by": 2}
    np.testing.assert_array_equal(viewer(view)(FRAME), (255 - RGB) + np.uint8(2))
    ((of, match),) = shift
    np.testing.assert_array_equal(of, 255 - RGB)
    np.testing.assert_array_equal(match, RGB)


def test_matches_are_summed_up(shift, capfd):
    """The smallest, median and largest of the strengths 1, 2, 2, 7 and 5."""
    see = viewer({"filter": "shift", "of": ORIGINAL, "match": PAIRED, "by": 1})
    assert see.summary() == {"strength": [], "frames": 0, "unmatched": 0}
    for i, by in enumerate((1, 2, 2, 7, 5)):
        see.change = viewer({"filter": "shift", "of": ORIGINAL, "match": PAIRED, "by": by}).change
        see({**FRAME, "frame_id": f"f{i}"})
    assert see.summary() == {"strength": [1, 2, 7], "frames": 5, "unmatched": 2}
    assert capfd.readouterr().err == "".join(
        f"frame 'f{i}': the filter is too weak even at its strongest, which is used\n"
        for i in (3, 4)
    )
