"""Every warning of the report word for word, at and on both sides of its threshold."""

import pandas as pd
import pytest

from catsight.figures import report_warnings
from support import synthetic_study as synthetic

TOO_FEW_LEFT = "if one photograph is left out, too few frames remain to compute it"
CKA = "cka_linear_unbiased"


def metrics(groups=30, measures=(CKA,), **changes):
    """A mean over layers for each measure, with an interval."""
    row = {
        "encoder": "imgfocus_vit_s14", "layer": "all", "layer_index": None, "depth": None, "pooling": "mean",
        "reference": "human", "view": "cat", "value": 0.5, "ci_low": 0.4, "ci_high": 0.6, "n_groups": groups,
        "reason": None,
    } | changes  # fmt: skip
    return pd.DataFrame([row | {"metric": metric} for metric in measures])


def of_numbers(table, **changes):
    return list(report_warnings.of_numbers(table, synthetic.choices(**changes)))


@pytest.mark.parametrize("groups", [1, 3, 14, 15, 16])
def test_few_groups_are_always_a_warning(groups):
    photographs = "1 photograph" if groups == 1 else f"{groups} photographs"
    only = f"Only {photographs} (independent groups)"
    rough = [f"{only}: with fewer than 15, intervals are wide."]
    assert of_numbers(metrics(groups)) == (rough if groups < 15 else [])
    without = metrics(groups, ci_low=None, ci_high=None, reason=TOO_FEW_LEFT)
    too_few = f"{only}: too few for an interval of Linear CKA, unbiased. Take at least 15."
    assert of_numbers(without) == ([too_few] if groups < 15 else [])


def test_the_measure_that_the_report_speaks_of_decides():
    """Biased CKA may have an interval where it has not."""
    rows = pd.concat(
        [metrics(4, ci_low=None, ci_high=None, reason=TOO_FEW_LEFT), metrics(4, ("cka_linear",))]
    )
    assert "too few for an interval of Linear CKA, unbiased" in of_numbers(rows)[0]


def test_groups_that_are_no_photographs_are_called_groups():
    config = "frames: {sources: {a: {source: folder}, b: {source: video}}}"
    said = ["Only 4 groups: with fewer than 15, intervals are wide."]
    assert of_numbers(metrics(4), config=config) == said


def test_missing_values_are_counted_by_reason():
    rows = metrics(measures=(CKA, "rsa", "cka_linear", "cka_rbf"))
    rows["layer"] = ["all", "l0", "l1", "l2"]
    rows.loc[:2, "value"] = None
    rows.loc[:2, "reason"] = ["features do not vary", None, "features do not vary"]
    assert of_numbers(rows) == [
        "2 of 4 values are missing: features do not vary.",
        "1 of 4 values are missing: no reason given.",
    ]


def of_conditions(**views):
    return list(report_warnings.of_conditions(synthetic.choices(views=synthetic.VIEWS | views)))


def test_other_viewing_conditions_are_a_warning():
    assert of_conditions() == []
    dusk = synthetic.eye_view(
        "cat", field_of_view=40, luminance=1, defocus=-2, focus=0.5, photon_noise=3, eccentricity=True,
        display="red-cyan",
    )  # fmt: skip
    assert of_conditions(dusk=dusk) == [
        "“dusk” sees under other conditions than the reference “human” (field of view 40° against "
        "16°, luminance 1 cd/m² against 100 cd/m², defocus −2 D against 0 D, focus 0.5 m against "
        "none, photon noise 3 against none, eccentricity yes against no, display red-cyan against "
        "auto): a difference between them is not due to the eye alone."
    ]


@pytest.mark.parametrize("cat, human, warned", [(1, 2, False), (0, 1, False), (None, 2, True)])
def test_other_seeds_of_noise_are_no_other_conditions(cat, human, warned):
    views = {
        name: synthetic.eye_view(name, photon_noise=seed)
        for name, seed in (("cat", cat), ("human", human))
    }
    said = of_conditions(**views)
    assert bool(said) == warned
    assert all("(photon noise none against 2)" in one for one in said)


def test_a_reference_that_is_no_eye_is_seen_under_no_conditions():
    choices = synthetic.choices(reference="original")
    assert list(report_warnings.of_conditions(choices)) == []


def pixels(label, coarse="", field=16.0, tiny=False):
    return {
        "label": label, "enough": not coarse, "coarse": coarse, "field": field, "cycles": 6 * field, "tiny": tiny,
    }  # fmt: skip


def test_too_few_pixels_are_one_warning_of_every_place():
    rows = [pixels("the frames themselves", "2 of 3 frames (first: “a”)"), pixels("net A")]
    start = "Under 12 pixels per degree: 2 of 3 frames (first: “a”) as they are"
    end = (
        ". Part of what a cat would lose is lost there already, in the reference too. A smaller "
        "field of view helps."
    )
    assert list(report_warnings.of_resolution(rows)) == [start + end]
    rows[1] = pixels("net A", "all 3 frames")
    assert list(report_warnings.of_resolution(rows)) == [
        f"{start}, all 3 frames at the input of net A{end}"
    ]
    assert list(report_warnings.of_resolution([pixels("net A")])) == []


def test_each_tiny_field_of_view_is_warned_of_once():
    rows = [pixels(name, field=f, tiny=f < 2) for f in (0.25, 1.5, 2) for name in ("a", "b")]
    assert list(report_warnings.of_resolution(rows)) == [
        f"At a field of view of {field}° a whole frame is {cycles} cycles wide of the finest "
        "grating that a cat can see (6 per degree): hardly any of its detail is left. A larger "
        "field of view helps."
        for field, cycles in (("0.25", "1.5"), ("1.5", "9.0"))
    ]


def test_frames_without_a_match_are_summed_over_shards():
    views = synthetic.VIEWS | {
        name: synthetic.filter_view(kind, match=match)
        for name, kind, match in (
            ("blur", "blur", "cat"), ("haze", "desaturate", "catvision"), ("fog", "blur", "cat")
        )
    }  # fmt: skip
    shards = [
        {"view": "blur", "frames": 9, "unmatched": 2},
        {"view": "haze", "frames": 8, "unmatched": 0},
        {"view": "blur", "frames": 7, "unmatched": 1},
        {"view": "fog"},
        {"view": "haze", "frames": 5, "unmatched": 4},
    ]
    assert list(report_warnings.of_matched(shards, synthetic.choices(views=views))) == [
        "For 3 of 16 frames “blur” at its strongest is less than an equal loss of luminance "
        "contrast: “cat” takes more.",
        "For 4 of 13 frames “haze” at its strongest is less than an equal loss of colour in all "
        "hues: “catvision” takes more.",
    ]


@pytest.mark.parametrize(
    "count, words",
    [
        (1, "1 pair of pictures of different groups look nearly alike (a0 and b0)."),
        (3, "3 pairs of pictures of different groups look nearly alike (a0 and b0; a1 and b1; a2 and b2)."),
        (4, "4 pairs of pictures of different groups look nearly alike (a0 and b0; a1 and b1; a2 and b2; 1 more in "
            "near_duplicates.parquet)."),
    ],
)  # fmt: skip
def test_pictures_that_look_alike(count, words):
    pairs = [{"frame_id": f"a{i}", "other_id": f"b{i}"} for i in range(count)]
    assert list(report_warnings.of_pictures(pairs, [])) == [
        f"{words} Groups that share a picture are not independent, so intervals are narrower than "
        "they should be: leave one of each pair out, or put both into one group."
    ]


@pytest.mark.parametrize("count, words", [(0, []), (1, ["1 file"]), (2, ["2 files"])])
def test_files_that_were_left_out(count, words):
    said = [f"{one} could not be used; they are listed below." for one in words]
    assert list(report_warnings.of_pictures([], ["x"] * count)) == said


@pytest.mark.parametrize(
    "count, words",
    [
        (1, "1 frame is used although something is odd about the file (a0: cut)."),
        (3, "3 frames are used although something is odd about the file (a0: cut; a1: cut; a2: cut)."),
        (4, "4 frames are used although something is odd about the file (a0: cut; a1: cut; a2: cut; 1 more in the column note of the frames)."),
    ],
)  # fmt: skip
def test_frames_of_odd_files(count, words):
    notes = ["cut"] * count + [None, None]
    frames = pd.DataFrame({"frame_id": [f"a{i}" for i in range(len(notes))], "note": notes})
    assert list(report_warnings.of_notes(frames)) == [words]
    assert list(report_warnings.of_notes(frames.tail(2))) == []


@pytest.mark.parametrize(
    "config, warned",
    [
        ("encoders: {mine: {factory: 'nets:make'}, vit: null, other: {factory: ''}}", True),
        ("encoders: {mine: {pretrained: true}}", False),
        ("encoders: null", False),
        ("study: x", False),
    ],
)
def test_encoders_of_the_users_own_code(config, warned):
    said = list(report_warnings.of_code(synthetic.choices(config=config)))
    words = "The encoder mine is built by the study’s own code, nets:make."
    assert said == ([words] if warned else [])
