"""The table of readouts: three numbers by brute force, against scipy, and what cannot be compared."""

import json

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax

from catsight import CatsightError, tables
from catsight.__main__ import main
from catsight.metrics import readout as module
from catsight.metrics.reading import Features
from catsight.tables.names import LOGITS
from support.toy_tables import IDS, write_features, write_frames

CLASSES = [f"class {i}" for i in range(12)]
SPEC = {
    "encoder": "toy", "reference": "human", "seed": 0, "confidence": 0.95, "classes": CLASSES, "code": "0", "versions": {},
}  # fmt: skip
GROUPS = {frame: frame.split("-")[0] for frame in IDS}


@pytest.fixture
def logits():
    """Of 24 frames in the reference, and in views that change them a little and much."""
    rng = np.random.default_rng(0)
    human = 3 * rng.normal(size=(24, 12))
    return {
        view: (human + noise * rng.normal(size=(24, 12))).astype(np.float32)
        for view, noise in (("human", 0), ("blur", 0.7), ("cat", 3))
    }


def read(folder, logits, groups=GROUPS, **changes):
    """The table, from features that hold a layer, too."""
    folder.mkdir(exist_ok=True)
    features = {}
    for view, values in logits.items():
        columns = {"b.0/mean": np.ones((len(values), 2)), LOGITS: values}
        path = write_features(folder / f"{view}.parquet", columns, list(groups))
        features[view] = Features([path], groups)
    return module.readout(features, groups, SPEC | changes).to_pandas()


# -- single frames ---------------------------------------------------------------------------------


def test_each_frame_by_brute_force(tmp_path, logits):
    table = read(tmp_path, logits)
    frames = table[table["kind"] == "frame"]
    assert len(frames) == 2 * 24 and set(frames["view"]) == {"blur", "cat"}
    for row in frames.to_dict("records"):
        i = IDS.index(row["frame_id"])
        x, y = ([float(v) for v in logits[view][i]] for view in ("human", row["view"]))
        best = [sorted(range(12), key=lambda c, v=v: (-v[c], c))[:5] for v in (x, y)]
        p, q = softmax(x), softmax(y)
        assert row["same_first"] == (best[0][0] == best[1][0])
        assert row["shared_five"] == pytest.approx(len(set(best[0]) & set(best[1])) / 5)
        assert row["divergence"] == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-12)
        assert (row["reference_answer"], row["view_answer"]) == (best[0][0], best[1][0])
        assert (row["reference_name"], row["view_name"]) == (f"class {best[0][0]}", f"class {best[1][0]}")  # fmt: skip
        assert list(row["reference_five"]) == [f"class {c}" for c in best[0]]
        assert list(row["view_five"]) == [f"class {c}" for c in best[1]]
        found = [row[key] for key in ("reference_p", "reference_p_in_view", "view_p")]
        assert found == pytest.approx([p[best[0][0]], q[best[0][0]], q[best[1][0]]])
        assert row["group"] == GROUPS[row["frame_id"]]


def test_views_that_change_nothing_lose_nothing(tmp_path, logits):
    table = read(tmp_path, dict.fromkeys(logits, logits["human"]))
    frames, means = table[table["kind"] == "frame"], table[table["kind"] == "mean"]
    for rows, column in ((frames, None), (means, "value")):
        for metric, value in (("same_first", 1), ("shared_five", 1), ("divergence", 0)):
            of = rows[metric] if column is None else rows[rows["metric"] == metric][column]
            assert len(of) and (of == value).all(), metric


def test_the_divergence_of_distributions_in_closed_form():
    """Apart, 1 bit; else the entropy of the mean without the mean of the entropies (Lin 1991)."""
    p, q = np.array([[1.0, 0, 0]]), np.array([[0, 0.25, 0.75]])
    assert module.divergence(p, q) == pytest.approx([1])
    half = np.array([[0.5, 0.5]])
    one = np.array([[1.0, 0]])
    entropy = 0.75 * np.log2(4 / 3) + 0.25 * np.log2(4)
    assert module.divergence(one, half) == pytest.approx([entropy - 1 / 2])
    assert module.divergence(half, one) == pytest.approx([entropy - 1 / 2])


def test_large_logits_do_not_overflow_and_equal_ones_take_the_first_class():
    x = np.full((1, 300), 5.0, np.float32)
    y = np.zeros((1, 300), np.float32)
    y[0, 3] = 3e4
    found = module.compare(x, y)
    assert np.isfinite(found.values).all() and np.isfinite(found.p).all()
    assert found.reference.tolist() == [[0, 1, 2, 3, 4]]
    assert found.view.tolist() == [[3, 0, 1, 2, 4]]
    assert found.values[0, :2].tolist() == [0, 1] and found.p[0] == pytest.approx([1 / 300, 0, 1])


def test_a_constant_added_to_all_logits_changes_nothing(logits):
    plain = module.compare(logits["human"], logits["cat"])
    moved = module.compare(logits["human"] + 4, logits["cat"] - 2)
    np.testing.assert_allclose(plain.values, moved.values, atol=1e-6)


def test_many_frames_are_compared_in_parts(monkeypatch, logits):
    whole = module.compare(logits["human"], logits["cat"])
    monkeypatch.setattr(module, "_AT_ONCE", 5)
    for one, other in zip(whole, module.compare(logits["human"], logits["cat"])):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("count", [2, 5])
def test_of_five_classes_or_fewer_any_two_lists_share_all(tmp_path, logits, count):
    few = {view: values[:, :count] for view, values in logits.items()}
    table = read(tmp_path, few, classes=CLASSES[:count])
    assert table["shared_five"].isna().all()
    (reason,) = set(table[table["metric"] == "shared_five"]["reason"])
    assert reason == "no more than 5 classes"
    assert table[table["metric"] == "same_first"]["value"].notna().all()
    assert all(len(five) == count for five in table["view_five"].dropna())


# -- means over frames -----------------------------------------------------------------------------

#: Neither in order nor side by side.
UNEQUAL = dict(
    zip(
        IDS,
        [
            "c",
            "a",
            "d0",
            "a",
            "b",
            "a",
            "c",
            "d9",
            "a",
            "a",
            "c",
            "a",
            "d1",
            "a",
            "a",
            "c",
            "a",
            *(f"d{i}" for i in range(8, 1, -1)),
        ],
    )
)


def test_groups_have_equal_weight_and_are_left_out_as_a_whole(tmp_path, logits):
    table = read(tmp_path, logits, UNEQUAL)
    frames = table[(table["kind"] == "frame") & (table["view"] == "cat")]
    for metric in module.METRICS:
        of_groups = frames.groupby("group")[metric].mean()
        rows = table[(table["view"] == "cat") & (table["metric"] == metric)]
        (row,) = rows.to_dict("records")
        assert row["value"] == pytest.approx(of_groups.mean())
        assert (row["n_frames"], row["n_groups"]) == (24, 13) and row["kind"] == "mean"
        without = [of_groups.drop(group).mean() for group in sorted(of_groups.index)]
        assert list(row["replicates"]) == pytest.approx(without) and list(row["parts"]) == [13]
        assert 0 <= row["ci_low"] < row["value"] < row["ci_high"] <= 1
        # the delete-one jackknife of a mean is the standard error of the mean (Efron 1982)
        if metric == "divergence":
            error = of_groups.std() / np.sqrt(13)
            assert (row["ci_high"] - row["value"]) / error > 2.17  # t of at most 12 degrees


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        (dict.fromkeys(IDS, "one"), "fewer than 4 groups, too few for an interval"),
        (dict(zip(IDS, "abc" * 8)), "fewer than 4 groups, too few for an interval"),
    ],
)
def test_with_few_groups_there_is_a_value_without_an_interval(tmp_path, logits, groups, reason):
    table = read(tmp_path, logits, groups)
    means = table[table["kind"] == "mean"]
    assert means["value"].notna().all() and means["ci_low"].isna().all()
    assert set(means["reason"]) == {reason} and means["replicates"].isna().all()


def test_a_share_that_all_groups_but_two_have_has_no_interval(tmp_path, logits):
    nearly = logits["human"].copy()
    groups = dict(zip(IDS, [f"g{i}" for i in range(24)]))
    for i in (3, 8):
        nearly[i, int(nearly[i].argmin())] = nearly[i].max() + 1
    table = read(tmp_path, {"human": logits["human"], "cat": nearly}, groups)
    first, _, apart = table[table["kind"] == "mean"].to_dict("records")
    assert first["value"] == pytest.approx(22 / 24)
    assert first["reason"] == "only 2 groups lower it, so no interval"
    # a divergence is no share, and has one, which does not go below 0
    assert apart["ci_low"] == 0 < apart["value"] < apart["ci_high"]


def test_no_frame_has_no_value(tmp_path, logits):
    table = read(tmp_path, {view: values[:0] for view, values in logits.items()}, {})
    assert set(table["kind"]) == {"mean"} and table["value"].isna().all()
    assert set(table["reason"]) == {"no frames"}


# -- the command -----------------------------------------------------------------------------------


def run(folder, paths, **changes):
    arguments = ["metrics", "readout", "--spec", json.dumps(SPEC | changes)]
    arguments += ["--store", str(folder / "store"), "--frames", str(write_frames(folder / "f.parquet"))]  # fmt: skip
    for view, path in paths.items():
        arguments += ["--features", view, str(path)]
    return main([*arguments, "--output", str(folder / "x.parquet")])


def written(folder, logits, ids=IDS, column=LOGITS):
    return {
        view: write_features(folder / f"{view}.parquet", {column: values}, ids)
        for view, values in logits.items()
    }


def test_the_command_writes_the_table_of_the_function(tmp_path, logits):
    assert run(tmp_path, written(tmp_path, logits)) == 0
    found = tables.read(tmp_path / "x.parquet").to_pandas()
    wanted = read(tmp_path / "again", logits)
    assert found.astype(str).equals(wanted.astype(str))


def test_frames_in_another_order_are_refused(tmp_path, logits, capsys):
    paths = written(tmp_path, logits)
    order = [*IDS[1:], IDS[0]]
    write_features(paths["cat"], {LOGITS: logits["cat"]}, order)
    assert run(tmp_path, paths) == 1
    assert "the features are in another order than the frames" in capsys.readouterr().err


def test_features_without_answers_and_a_list_of_another_length_are_refused(
    tmp_path, logits, capsys
):
    assert run(tmp_path, written(tmp_path, logits, column="b.0/mean")) == 1
    assert "holds no answers (the column head/logits); give the encoder `classes`" in capsys.readouterr().err  # fmt: skip
    assert run(tmp_path, written(tmp_path, logits), classes=CLASSES[:11]) == 1
    assert "holds answers of 12 classes, and the spec names 11" in capsys.readouterr().err


def test_answers_are_no_layer(tmp_path, logits):
    columns = {"b.0/mean": np.ones((24, 2)), LOGITS: logits["cat"]}
    features = Features([write_features(tmp_path / "x.parquet", columns, IDS)], IDS)
    assert features.columns == ["b.0/mean"] and features.answered
    np.testing.assert_array_equal(features[LOGITS], logits["cat"])
    with pytest.raises(CatsightError, match="another order"):
        Features([tmp_path / "x.parquet"], IDS[::-1])
