"""The table of frames by themselves: PNKA against its published code, all columns by hand."""

import json

import numpy as np
import pytest

from catsight import tables
from catsight.__main__ import main
from catsight.metrics import correspondence, mutual_knn, pnka, retrieval
from catsight.metrics.per_frame import per_frame
from support.by_hand import Arrays
from support.toy_tables import IDS, write_features, write_frames

SPEC = {
    "encoder": "toy", "reference": "human", "seed": 0, "retrieval_distance": "cosine", "neighbours": 3, "at_once": 2000,
    "code": "0", "versions": {},
}  # fmt: skip
GROUPS = {frame: frame.split("-")[0] for frame in IDS}


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    scene = rng.normal(size=(24, 6))
    return {
        view: {f"b.{i}/mean": scene + noise * rng.normal(size=(24, 6)) for i in range(3)}
        for view, noise in (("human", 0.5), ("cat", 1.0), ("original", 0.2))
    }


def tabulated(features, groups=GROUPS, **changes):
    given = {view: Arrays(columns) for view, columns in features.items()}
    return per_frame(given, groups, SPEC | changes).to_pandas()


# -- PNKA ------------------------------------------------------------------------------------------


def test_pnka_is_the_published_one():
    """camilakolling/PNKA (pnka/pnka.py at dcd76ba), of the same seeded features."""
    rng = np.random.default_rng(2024)
    scene = rng.normal(size=(30, 6))
    x = scene + 0.5 * rng.normal(size=(30, 6))
    y = np.hstack([scene, scene[:, :2]]) + rng.normal(size=(30, 8))
    found = pnka(x, y)
    wanted = [0.47186853, 0.26755195, 0.53786908, 0.22382458]
    np.testing.assert_allclose(found[:4], wanted, atol=5e-9)
    assert found.mean() == pytest.approx(0.41605078394083617, rel=1e-10)


def pnka_by_hand(x, y, groups):
    """Loops over frames of other groups; the mean that is subtracted is over groups."""
    weight = [1 / np.sum(groups == g) for g in groups]
    x, y = (v - sum(w * row for w, row in zip(weight, v)) / sum(weight) for v in (x, y))
    found = []
    for i in range(len(x)):
        others = [j for j in range(len(x)) if groups[j] != groups[i]]
        a, b = ([v[i] @ v[j] for j in others] for v in (x, y))
        w = [weight[j] for j in others]
        cross, own, other = (
            sum(p * q * r for p, q, r in zip(w, one, two)) for one, two in ((a, b), (a, a), (b, b))
        )
        found.append(cross / np.sqrt(own * other))
    return np.array(found)


def views(sizes=(1, 4, 2, 3, 1), seed=0):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    x = rng.normal(size=(len(groups), 4)) + 3
    return x, x + rng.normal(size=x.shape), groups


def test_pnka_of_other_groups_alone():
    x, y, groups = views()
    found = pnka(x, y, groups=groups)
    np.testing.assert_allclose(found, pnka_by_hand(x, y, groups), rtol=1e-10)
    np.testing.assert_allclose(pnka(x, y, groups=[f"g{g}" for g in groups]), found)
    assert np.abs(found - pnka(x, y)).max() > 0.05


def test_a_frame_that_is_shown_several_times_keeps_its_pnka():
    x, y, _ = views((1,) * 9)
    once = pnka(x, y, groups=range(9))
    shown = np.repeat(np.arange(9), [1, 6, 2] * 3)
    found = pnka(x[shown], y[shown], groups=shown)
    np.testing.assert_allclose(found, once[shown], rtol=1e-10)


def test_pnka_of_the_same_up_to_rotation_scale_and_offset_is_1():
    x, y, groups = views()
    turned = x @ np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    for same in (x, turned, 1e-15 * x, 1e15 * x, x + 1e3, -x):
        for of in (None, groups):
            found = pnka(x, same, groups=of)
            np.testing.assert_allclose(found, 1, rtol=1e-9)
            assert found.max() <= 1
            np.testing.assert_allclose(pnka(same, y, groups=of), pnka(x, y, groups=of), rtol=1e-8)


def test_a_frame_at_the_mean_of_all_has_no_pnka():
    x, y, _ = views((1,) * 9)
    for scale in (1e-12, 1, 1e12):
        centre = scale * np.vstack([x, x.mean(axis=0)])
        found = pnka(centre, np.vstack([y, y[0]]), groups=range(10))
        assert np.isnan(found).tolist() == [False] * 9 + [True]
    assert np.isnan(pnka(np.ones_like(x), y)).all()


# -- the table -------------------------------------------------------------------------------------


def test_every_frame_has_its_values_in_every_layer_and_view(features):
    table = tabulated(features)
    assert len(table) == 24 * 2 * (3 + 1)
    assert set(table["encoder"]) == {"toy"} and set(table["reference"]) == {"human"}
    groups = np.array(list(GROUPS.values()))
    for view in ("cat", "original"):
        for i in range(3):
            own = table[(table["view"] == view) & (table["layer"] == f"b.{i}")]
            assert own["frame_id"].tolist() == IDS and (own["group"] == groups).all()
            assert (own["layer_index"] == i).all() and (own["depth"] == i / 2).all()
            x, y = features["human"][f"b.{i}/mean"], features[view][f"b.{i}/mean"]
            np.testing.assert_allclose(own["pnka"], pnka_by_hand(x, y, groups), rtol=1e-9)
            by_group = own.groupby("group")[["overlap", "reciprocal_rank"]].mean().mean()
            assert by_group["overlap"] == pytest.approx(mutual_knn(x, y, groups=groups, k=3))
            wanted = retrieval(x, y, groups=groups).mean_reciprocal_rank
            assert by_group["reciprocal_rank"] == pytest.approx(wanted)
            ranks = correspondence.ranks(correspondence.distances(x, y, "cosine"), groups)
            np.testing.assert_allclose(own["reciprocal_rank"], 1 / np.diag(ranks))
    assert (table["at_once"] == 24).all() and (table["pooling"] == "mean").all()
    assert table["reason"].isna().all()


def test_the_mean_over_layers_is_of_each_frame(features):
    for columns in features.values():
        columns["b.0/cls"] = columns["b.0/mean"] ** 2
    table = tabulated(features)
    whole = table[table["layer"] == "all"]
    assert whole["layer_index"].isna().all() and whole["depth"].isna().all()
    values = ["pnka", "overlap", "reciprocal_rank"]
    keys = ["view", "pooling", "frame_id"]
    means = table[table["layer"] != "all"].groupby(keys)[values].mean()
    found = whole.set_index(keys)[values].sort_index()
    assert len(found) == 2 * 2 * 24
    np.testing.assert_allclose(found, means.sort_index(), rtol=1e-12)


def test_more_frames_are_compared_in_parts():
    rng = np.random.default_rng(0)
    groups = {f"{i:03}": f"photo {i % 50}" for i in range(150)}
    x, y = rng.normal(size=(2, 150, 5))
    given = {"human": {"b/mean": x}, "cat": {"b/mean": y}}
    parts, whole = tabulated(given, groups, at_once=100), tabulated(given, groups)
    assert sorted(parts["frame_id"]) == sorted(2 * list(groups))
    assert set(parts["at_once"]) == {75} and set(whole["at_once"]) == {150}
    row = parts.iloc[0]
    first = parts.iloc[:75]
    rows = [int(frame) for frame in first["frame_id"]]
    assert len(set(first["group"])) == 25
    of = np.array(list(groups.values()))[rows]
    found = pnka_by_hand(x[rows], y[rows], of)
    assert row["pnka"] == pytest.approx(found[0])
    np.testing.assert_allclose(first["pnka"], found, rtol=1e-9)
    other = tabulated(given, groups, at_once=100, seed=1)
    assert set(other.iloc[:75]["frame_id"]) != set(first["frame_id"])


@pytest.mark.parametrize(
    ("option", "value", "column"),
    [("neighbours", 2, "overlap"), ("retrieval_distance", "euclidean", "reciprocal_rank")],
)
def test_an_option_changes_its_column_alone(option, value, column, features):
    table, other = tabulated(features), tabulated(features, **{option: value})
    differ = [name for name in table if not table[name].equals(other[name])]
    assert differ == [column]


# -- undefined -------------------------------------------------------------------------------------


def test_with_few_groups_there_is_no_overlap(features):
    table = tabulated(features, neighbours=5)
    assert table["overlap"].isna().all() and table[["pnka", "reciprocal_rank"]].notna().all(
        axis=None
    )
    reason = "fewer than 7 groups, too few for 5 nearest neighbours"
    whole = table["layer"] == "all"
    assert set(table.loc[~whole, "reason"]) == {reason}
    assert set(table.loc[whole, "reason"]) == {f"undefined in a layer: {reason}"}


def test_one_group_has_no_others(features):
    table = tabulated(features, dict.fromkeys(IDS, "photo"))
    assert table[["pnka", "overlap", "reciprocal_rank"]].isna().all(axis=None)
    reason = "only one group, so there are no frames of other groups"
    assert set(table["reason"]) == {reason, f"undefined in a layer: {reason}"}


def test_a_frame_with_one_other_to_relate_to_has_no_pnka(features):
    """Of all frames but one in one group, it is the one; whatever the features, it would be 1 or -1."""
    groups = dict.fromkeys(IDS, "photo") | {IDS[4]: "other"}
    table = tabulated(features, groups)
    lonely = table["frame_id"] != IDS[4]
    assert table.loc[lonely, "pnka"].isna().all() and table.loc[~lonely, "pnka"].notna().all()
    words = "only one frame of another group, too few to relate to"
    assert table.loc[lonely, "reason"].str.contains(words).all()
    assert not table.loc[~lonely, "reason"].str.contains(words).any()
    three = {frame: frame for frame in IDS[:3]}
    few = {view: {c: x[:3] for c, x in of.items()} for view, of in features.items()}
    assert tabulated(few, three)["pnka"].notna().all()


def test_a_frame_of_zeros_is_named_in_its_layer_and_view(features):
    features["cat"]["b.1/mean"][5] = 0
    table = tabulated(features)
    reason = f"the features of frame '{IDS[5]}' are all 0, so no frame is nearest"
    there = (table["view"] == "cat") & (table["layer"] == "b.1")
    means = (table["view"] == "cat") & (table["layer"] == "all")
    assert set(table.loc[there, "reason"]) == {reason}
    assert set(table.loc[means, "reason"]) == {f"undefined in a layer: {reason}"}
    missing = table["overlap"].isna()
    assert (missing == (there | means)).all() and (table["reciprocal_rank"].isna() == missing).all()
    assert table["pnka"].notna().all() and table.loc[~missing, "reason"].isna().all()
    euclidean = tabulated(features, retrieval_distance="euclidean")
    assert euclidean["reciprocal_rank"].notna().all() and euclidean["overlap"].isna().any()


def test_a_frame_at_the_mean_lacks_its_own_value_alone(features):
    x = features["original"]["b.2/mean"]
    groups = {frame: frame for frame in IDS}
    x[7] = np.delete(x, 7, axis=0).mean(axis=0)
    table = tabulated(features, groups)
    missing = table[table["pnka"].isna()]
    assert missing[["layer", "frame_id"]].values.tolist() == [["b.2", IDS[7]], ["all", IDS[7]]]
    reason = "its features are the mean of all frames'"
    assert missing["reason"].tolist() == [reason, f"undefined in a layer: {reason}"]
    assert table["reason"].notna().sum() == 2


def test_no_frames_and_no_columns_have_no_rows(features, capsys):
    none = {view: {c: x[:0] for c, x in columns.items()} for view, columns in features.items()}
    assert len(tabulated(none, {})) == 0
    assert len(tabulated({"human": {}, "cat": {}})) == 0
    assert capsys.readouterr().err.startswith("per frame toy: 6/6 comparisons in ")


# -- the command -----------------------------------------------------------------------------------


def test_the_command_writes_the_table(features, tmp_path):
    arguments = ["--store", str(tmp_path / "store")]
    arguments += ["--frames", str(write_frames(tmp_path / "frames.parquet"))]
    for view, columns in features.items():
        path = write_features(tmp_path / f"{view}.parquet", columns)
        arguments += ["--features", view, str(path)]
    out = tmp_path / "per_frame.parquet"
    spec = ["--spec", json.dumps(SPEC)]
    assert main(["metrics", "per_frame", *spec, *arguments, "--output", str(out)]) == 0
    table, wanted = tables.read(out).to_pandas(), tabulated(features)
    assert table["frame_id"].equals(wanted["frame_id"])
    np.testing.assert_allclose(table["pnka"], wanted["pnka"], atol=1e-5)
