"""The tables of contrasts and of the best: what is compared, with which numbers, and why not."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from catsight import tables
from catsight.__main__ import main
from catsight.metrics import contrasts as module
from catsight.study.measures import MEASURES
from catsight.tables.columns.attribution import ATTRIBUTION
from catsight.tables.columns.doses import DOSES
from catsight.tables.columns.metrics import METRICS
from support import compared
from support.compared import METRIC, SPEC


def found(spec=SPEC, **rows):
    """The two tables; by default of metrics alone."""
    rows = rows or {"metrics": compared.metrics()}
    each = list(module.contrasts(rows, spec))
    contrasts, best = ([row for one in each for row in one[i].to_pylist()] for i in range(2))
    return contrasts, best


@pytest.fixture(scope="module")
def study():
    every = {"metrics": compared.metrics(), "attribution": compared.attribution(), "doses": compared.doses()}  # fmt: skip
    return found(**every)


def pairs(rows, **columns):
    return [
        (row["member_a"], row["member_b"])
        for row in rows
        if all(row[name] == value for name, value in columns.items())
    ]


def row_of(rows, a, b, **columns):
    (row,) = (
        row for row in rows
        if (row["member_a"], row["member_b"]) == (a, b) and all(row[k] == v for k, v in columns.items())
    )  # fmt: skip
    return row


# -- what is compared ------------------------------------------------------------------------------


def test_what_is_corrected_together(study):
    """Each set with the number of its contrasts."""
    counts = pd.DataFrame(study[0]).groupby(["kind", "hypotheses"], sort=False).size()
    wanted = {}
    for view in ("cat", "dog", "jpeg"):
        wanted["encoder", f"encoders, {view}"] = 10
        wanted["family", f"families, {view}"] = 1
        wanted["training", f"kinds of training, {view}"] = 3
    wanted["view", "cat and other views, mean over encoders"] = 2
    for view in ("dog", "jpeg"):
        wanted["view", f"cat and {view}, by encoder"] = 5
    for encoder in compared.ENCODERS:
        for view in compared.VIEWS:
            wanted["layer", f"layers of {encoder}, {view}"] = 3
    for where in ("mean over encoders", "net", "vit"):
        wanted["part", f"parts of the eye, {where}"] = 1
    for swept, count in (("luminance", 3), ("acuity", 1)):
        for where in ("mean over encoders", "net", "vit"):
            wanted["dose", f"doses of {swept}, {where}"] = count
    assert counts.to_dict() == {
        (kind, f"{name}, {METRIC}"): count for (kind, name), count in wanted.items()
    }
    assert all(row["n_hypotheses"] == counts[row["kind"], row["hypotheses"]] for row in study[0])


def test_encoders_are_compared_with_each_other_on_a_view(study):
    names = list(compared.ENCODERS)
    wanted = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    assert pairs(study[0], kind="encoder", view_a="dog") == wanted
    row = row_of(study[0], "net", "vit", kind="encoder", view_a="dog")
    assert (row["encoder_a"], row["encoder_b"], row["view_b"]) == ("net", "vit", "dog")
    assert (row["layer_a"], row["layer_b"], row["members_a"], row["part_a"]) == ("all", "all", None, None)  # fmt: skip
    assert (row["study"], row["reference"], row["metric"]) == ("toy", "human", METRIC)
    assert (row["pooling"], row["n_groups"], row["n_frames"]) == ("cls, mean", 8, 48)


def test_families_are_of_trained_encoders_and_untrained_ones_are_a_kind_of_training(study):
    row = row_of(study[0], "cnn", "vit", kind="family", view_a="cat")
    assert (row["members_a"], row["members_b"]) == (["net", "res"], ["self", "vit"])
    assert row["encoder_a"] is None
    row = row_of(study[0], "supervised", "untrained", kind="training", view_a="cat")
    assert (row["members_a"], row["members_b"]) == (["net", "res", "vit"], ["zero"])


def test_the_view_in_focus_is_compared_with_each_other(study):
    over = "cat and other views, mean over encoders, " + METRIC
    assert pairs(study[0], hypotheses=over) == [("cat", "dog"), ("cat", "jpeg")]
    row = row_of(study[0], "cat", "jpeg", hypotheses=over)
    assert row["members_a"] == row["members_b"] == ["net", "res", "self", "vit"]
    own = [row for row in study[0] if row["hypotheses"] == f"cat and dog, by encoder, {METRIC}"]
    assert [row["encoder_a"] for row in own] == [row["encoder_b"] for row in own] == list(compared.ENCODERS)  # fmt: skip
    assert {(row["view_a"], row["view_b"], row["member_a"], row["member_b"]) for row in own} == {("cat", "dog", "cat", "dog")}  # fmt: skip


def test_layers_doses_and_parts(study):
    assert pairs(study[0], kind="layer", encoder_a="res", view_a="dog") == [("a", "b"), ("a", "c"), ("b", "c")]  # fmt: skip
    here = {"kind": "dose", "swept": "luminance", "encoder_a": "net"}
    assert pairs(study[0], **here) == [("0.1", "10"), ("0.1", "100"), ("10", "100")]
    row = row_of(study[0], "0.1", "100", **here)
    assert (row["dose_a"], row["dose_b"]) == (0.1, 100)
    row = row_of(study[0], "pupil", "colour", kind="part", encoder_a="vit")
    assert (row["part_a"], row["part_b"], row["scale"]) == ("pupil", "colour", "log")


def test_without_trained_encoders_means_are_over_all():
    rows = [row | {"training": "untrained"} for row in compared.metrics()]
    row = row_of(found(metrics=rows)[0], "cat", "dog", encoder_a=None)
    assert row["members_a"] == list(compared.ENCODERS)


def test_of_each_encoder_the_pooling_that_is_shown():
    rows = compared.metrics(("net", "vit"))
    other = [row | {"pooling": "map", "value": 0.1} for row in rows]
    before, after = found(metrics=rows)[0], found(metrics=other + rows)[0]
    assert before == after
    assert {row["pooling"] for row in before} == {"mean", "cls", "cls, mean"}
    asked = found(SPEC | {"pooling": "map"}, metrics=other + rows)[0]
    assert {row["pooling"] for row in asked} == {"map"}


def test_a_study_of_one_encoder_or_one_view_has_the_contrasts_that_it_can():
    kinds = {row["kind"] for row in found(metrics=compared.metrics(("net",)))[0]}
    assert kinds == {"view", "layer"}
    spec = SPEC | {"views": ["cat"]}
    kinds = {row["kind"] for row in found(spec, metrics=compared.metrics(views=("cat",)))[0]}
    assert kinds == {"encoder", "family", "training", "layer"}
    nothing = SPEC | {"views": [], "focus": None}
    assert found(nothing, metrics=[]) == ([], [])


# -- their numbers ---------------------------------------------------------------------------------


def of(rows, encoder, view, layer="all"):
    (row,) = (r for r in rows if (r["encoder"], r["view"], r["layer"]) == (encoder, view, layer))
    return np.array([row["value"], *row["replicates"]])


def by_hand(a, b):
    """z and its standard error, from values of all groups and without each."""
    z = np.arctanh(a) - np.arctanh(b)
    return z[0], np.sqrt((len(z) - 2) / (len(z) - 1) * np.square(z[1:] - z[1:].mean()).sum())


def test_a_contrast_by_hand(study):
    rows = compared.metrics()
    a, b = of(rows, "net", "cat"), of(rows, "self", "cat")
    z, error = by_hand(a, b)
    row = row_of(study[0], "net", "self", kind="encoder", view_a="cat")
    t, df = stats.t.ppf(0.975, row["df"]), row["df"]
    wanted = {
        "value_a": a[0], "value_b": b[0], "difference": a[0] - b[0], "z": z, "se_z": error,
        "ci_low": z - t * error, "ci_high": z + t * error, "loss_ratio": np.exp(-2 * z),
        "ratio_low": np.exp(-2 * (z + t * error)), "ratio_high": np.exp(-2 * (z - t * error)),
        "p_value": 2 * stats.t.sf(abs(z) / error, df),
    }  # fmt: skip
    t = stats.t.ppf(1 - row["level"] / 2, df)
    wanted |= {
        "sim_low": z - t * error, "sim_high": z + t * error,
        "ratio_sim_low": np.exp(-2 * (z + t * error)), "ratio_sim_high": np.exp(-2 * (z - t * error)),
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == pytest.approx(wanted)
    assert 1 < df <= 7 and 0.005 <= row["level"] < 0.05
    assert row["scale"] == "fisher" and row["reason"] is None
    middle = np.arctanh(a[0]) + np.arctanh(b[0])
    for end in ("low", "high"):
        half = row[f"ci_{end}"]
        image = np.tanh((middle + half) / 2) - np.tanh((middle - half) / 2)
        assert row[f"diff_{end}"] == pytest.approx(image)


def test_means_over_encoders_are_taken_before_fishers_z(study):
    rows = compared.metrics()
    over = ("net", "res", "self", "vit")
    a, b = (np.mean([of(rows, name, view) for name in over], axis=0) for view in ("cat", "dog"))
    row = row_of(study[0], "cat", "dog", kind="view", encoder_a=None)
    assert (row["z"], row["se_z"]) == pytest.approx(by_hand(a, b))
    cnn, vit = (np.mean([of(rows, n, "dog") for n in some], axis=0) for some in (over[:2], over[2:]))  # fmt: skip
    row = row_of(study[0], "cnn", "vit", kind="family", view_a="dog")
    assert (row["z"], row["se_z"]) == pytest.approx(by_hand(cnn, vit))


def test_p_values_are_corrected_within_their_hypotheses(study):
    own = [row for row in study[0] if row["hypotheses"] == f"encoders, cat, {METRIC}"]
    order = sorted(own, key=lambda row: row["p_value"])
    steps = np.maximum.accumulate([row["p_value"] * (10 - i) for i, row in enumerate(order)])
    np.testing.assert_allclose([row["p_holm"] for row in order], np.minimum(steps, 1))
    assert len({row["level"] for row in own}) == 1


def test_another_confidence_moves_intervals_and_not_p_values(study):
    wide = found(SPEC | {"confidence": 0.99})[0]
    for one, other in zip(study[0], wide):
        if one["kind"] == "encoder":
            assert one["p_holm"] == other["p_holm"]
            assert other["ci_low"] < one["ci_low"] and other["sim_low"] < one["sim_low"]


def test_what_is_not_told_apart_says_how_many_groups_would_tell_it(study):
    for row in study[0]:
        known = row["p_holm"] > 0.05 and row["z"] != 0
        assert (row["groups_needed"] is not None) == known
        if known:
            assert row["groups_low"] < row["groups_needed"] < row["groups_high"]
            df = max(row["df"] / 7 * (row["groups_needed"] - 1), 1)
            t = stats.t.ppf(1 - row["level"] / 2, df) + stats.t.ppf(0.8, df)
            asked = (t * row["se_z"] * np.sqrt(8) / row["z"]) ** 2
            assert row["groups_needed"] == pytest.approx(asked, abs=1.1)
    assert {row["groups_needed"] is None for row in study[0]} == {True, False}


def test_equivalence_needs_a_margin(study):
    assert {row["equivalent"] for row in study[0]} == {None}
    rows = found(SPEC | {"margin": 1.3})[0]
    for row in rows:
        bound = np.log(1.3) / 2
        p = stats.t.cdf((abs(row["z"]) - bound) / row["se_z"], row["df"])
        assert row["margin"] == 1.3 and row["p_equivalence"] == pytest.approx(p)
        assert row["p_equivalence_holm"] >= row["p_equivalence"]
        assert row["equivalent"] == (row["p_equivalence_holm"] <= 0.05)
    assert {row["equivalent"] for row in rows} == {True, False}


@pytest.mark.parametrize(
    ("metric", "scale", "ratio"), [("energy", "log", "a / b"), ("retrieval_top1", "plain", None)]
)
def test_other_measures_are_compared_as_they_are(metric, scale, ratio):
    spec = SPEC | {"measures": {metric: MEASURES[metric].facts}, "margin": 2.0}
    rows = found(spec, metrics=compared.metrics(metric=metric))[0]
    assert {row["scale"] for row in rows} == {scale}
    for row in rows:
        wanted = row["value_a"] / row["value_b"] if ratio else None
        assert row["loss_ratio"] == (pytest.approx(wanted) if ratio else None)
        assert row["difference"] == pytest.approx(row["value_a"] - row["value_b"])
        if not ratio:
            assert row["p_equivalence"] is row["equivalent"] is row["ratio_low"] is None


# -- the best --------------------------------------------------------------------------------------


def members(best, **columns):
    rows = [row for row in best if all(row[k] == v for k, v in columns.items())]
    return {row["member"]: row["in_set"] for row in rows}


def test_the_best_are_those_that_no_rival_beats(study):
    """Encoders are .02 apart, layers .03, with errors of about .002."""
    contrasts, best = study
    assert members(best, kind="encoder", view="cat") == {name: name == "zero" for name in compared.ENCODERS}  # fmt: skip
    assert members(best, kind="layer", encoder="net", view="cat") == {"a": False, "b": True, "c": False}  # fmt: skip
    assert members(best, kind="part", encoder="net") == {"pupil": False, "colour": True}
    assert members(best, kind="dose", swept="luminance", encoder=None)["100"]
    assert not members(best, kind="view")
    for row in best:
        assert row["in_set"] == (row["p_leaves"] > 0.05) and row["reason"] is None
    (row,) = (r for r in best if r["kind"] == "encoder" and r["view"] == "dog" and r["member"] == "vit")  # fmt: skip
    assert (row["encoder"], row["layer"], row["n_members"], row["n_groups"]) == ("vit", "all", 5, 8)
    assert row["value"] == of(compared.metrics(), "vit", "dog")[0]
    assert {row["hypotheses"] for row in best} <= {row["hypotheses"] for row in contrasts}


def test_the_best_distance_is_the_smallest():
    spec = SPEC | {"measures": {"energy": MEASURES["energy"].facts}}
    best = found(spec, metrics=compared.metrics(metric="energy"))[1]
    assert members(best, kind="encoder", view="cat") == {name: name == "net" for name in compared.ENCODERS}  # fmt: skip


# -- values that cannot be compared ----------------------------------------------------------------


def test_undefined_values_have_a_reason_and_the_others_are_corrected_without_them():
    rows = compared.metrics()
    for row in rows:
        if row["encoder"] == "res" and row["layer"] == "all":
            row |= {"value": None, "replicates": None, "parts": None, "reason": "undefined in a layer"}  # fmt: skip
    contrasts, best = found(metrics=rows)
    own = [row for row in contrasts if row["kind"] == "encoder" and row["view_a"] == "cat"]
    assert len(own) == 10
    for row in own:
        if "res" in (row["member_a"], row["member_b"]):
            assert row["reason"] == "res: undefined in a layer"
            assert [row[k] for k in ("z", "p_value", "n_hypotheses", "difference", "scale")] == [None] * 5  # fmt: skip
        else:
            assert row["reason"] is None and row["n_hypotheses"] == 6
    mean = row_of(contrasts, "cat", "dog", kind="view", encoder_a=None)
    assert mean["reason"] == "cat: res: undefined in a layer" and mean["value_a"] is None
    (left,) = (r for r in best if r["kind"] == "encoder" and r["view"] == "cat" and r["member"] == "res")  # fmt: skip
    assert (left["in_set"], left["reason"]) == (None, "res: undefined in a layer")
    assert members(best, kind="encoder", view="cat")["zero"] is True


def test_a_value_without_replicates_is_shown_and_not_compared():
    rows = compared.metrics(("net", "vit"))
    for row in rows:
        row |= {"replicates": None, "parts": None, "reason": "fewer than 4 groups"}
    contrasts, best = found(metrics=rows)
    assert {row["z"] for row in contrasts} == {None}
    row = row_of(contrasts, "net", "vit", kind="encoder", view_a="cat")
    assert (row["value_a"], row["reason"]) == (of_value(rows, "net"), "net: fewer than 4 groups")
    assert {row["in_set"] for row in best} == {None}


def of_value(rows, encoder):
    (row,) = (r for r in rows if (r["encoder"], r["view"], r["layer"]) == (encoder, "cat", "all"))
    return row["value"]


@pytest.mark.parametrize(
    "change",
    [
        {"replicates": [0.9] * 5 + [0.8], "parts": [6]},
        {"parts": [4, 4]},
        {"n_groups": 9},
        {"n_frames": 47},
    ],
)
def test_values_of_other_groups_are_not_compared(change):
    rows = compared.metrics(("net", "res", "vit"))
    for row in rows:
        if row["encoder"] == "vit" and row["layer"] == "all":
            row |= change
    own = [row for row in found(metrics=rows)[0] if row["kind"] == "encoder" and row["view_a"] == "cat"]  # fmt: skip
    reasons = [row["reason"] for row in own]
    assert reasons == [None, *["vit: not of the same groups as the others"] * 2]
    assert own[0]["n_hypotheses"] == 1


def test_values_that_are_the_same_have_no_test_and_all_stay():
    rows = compared.metrics(("net",))
    same = [copy.deepcopy(row) | {"encoder": "vit"} for row in rows]
    contrasts, best = found(metrics=rows + same)
    row = row_of(contrasts, "net", "vit", kind="encoder", view_a="cat")
    assert row["reason"] == "the same difference whichever group is left out"
    assert row["p_value"] is None and row["value_a"] == row["value_b"]
    assert members(best, kind="encoder", view="cat") == {"net": True, "vit": True}


# -- the command -----------------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path):
    """The study's tables, with columns that contrasts do not read."""
    for name, columns in (("metrics", METRICS), ("attribution", ATTRIBUTION), ("doses", DOSES)):
        rows = getattr(compared, name)()
        tables.write(tmp_path / f"{name}.parquet", rows, columns, {"stage": "metrics"})
    return tmp_path


def command(folder, *without, spec=SPEC):
    names = [name for name in ("metrics", "attribution", "doses") if name not in without]
    given = [word for name in names for word in (f"--{name}", str(folder / f"{name}.parquet"))]
    return main([
        "metrics", "contrasts", "--spec", json.dumps(spec), "--store", str(folder / "store"), *given,
        "--output", str(folder / "contrasts.parquet"), str(folder / "best.parquet"),
    ])  # fmt: skip


def test_the_command_writes_both_tables_once(written, study, capsys):
    assert command(written) == 0
    for name, rows in zip(("contrasts", "best"), study):
        path = written / f"{name}.parquet"
        assert tables.read(path).to_pylist() == rows
        about = tables.provenance(path)
        assert about["spec"] == SPEC and about["stage"] == "metrics"
        assert about["inputs"] == {
            one: tables.content(written / f"{one}.parquet")
            for one in ("metrics", "attribution", "doses")
        }
    assert capsys.readouterr().err.count("store: computed") == 2
    assert command(written) == 0
    assert capsys.readouterr().err.count("store: hit") == 2


def test_the_command_needs_metrics_alone(written):
    assert command(written, "attribution", "doses") == 0
    kinds = set(tables.read(written / "contrasts.parquet")["kind"].to_pylist())
    assert kinds == {"encoder", "family", "training", "view", "layer"}


def test_an_error_leaves_neither_table(written, monkeypatch):
    real = module.together

    def fails(asked, spec):
        if asked.kind == "layer":
            raise RuntimeError("in the middle")
        return real(asked, spec)

    monkeypatch.setattr(module, "together", fails)
    with pytest.raises(RuntimeError, match="in the middle"):
        command(written)
    assert not list((written / "store").glob("**/*.parquet"))
    assert not (written / "contrasts.parquet").exists() and not (written / "best.parquet").exists()
    monkeypatch.undo()
    assert command(written) == 0


def test_a_table_that_is_missing_is_named(written, capsys):
    (written / "doses.parquet").unlink()
    assert command(written) == 1
    assert "doses.parquet is missing" in capsys.readouterr().err
