"""The table of pairs: dissimilarities of frames, compared with scipy."""

import json

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist, squareform

from catsight import tables
from catsight.__main__ import main
from catsight.metrics.pairs import pairs
from support.by_hand import Arrays
from support.toy_tables import IDS, write_features, write_frames

SPEC = {
    "encoder": "toy", "reference": "human", "seed": 0, "frames": 24, "rsa_distance": "correlation",
    "retrieval_distance": "cosine", "code": "0", "versions": {},
}  # fmt: skip


def run(folder, spec, features):
    arguments = [
        "--store",
        str(folder / "store"),
        "--frames",
        str(write_frames(folder / "frames.parquet")),
    ]
    for view, columns in features.items():
        arguments += ["--features", view, str(write_features(folder / f"{view}.parquet", columns))]
    out = folder / "pairs.parquet"
    assert (
        main(["metrics", "pairs", "--spec", json.dumps(spec), *arguments, "--output", str(out)])
        == 0
    )
    return tables.read(out).to_pandas()


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    return {
        view: {f"b.{i}/mean": rng.normal(size=(24, 6)) for i in range(2)}
        for view in ("human", "cat", "original")
    }


def test_dissimilarities_are_of_the_last_layer(features, tmp_path):
    rows = run(tmp_path, SPEC, features)
    assert (
        set(rows["layer"]) == {"b.1"}
        and set(rows["view"]) == {"cat", "original"}
        and len(rows) == 2 * 24 * 24
    )
    human, cat = features["human"]["b.1/mean"], features["cat"]["b.1/mean"]
    of = rows[rows["view"] == "cat"]
    wanted = {
        "reference_dissimilarity": squareform(pdist(human, "correlation")),
        "view_dissimilarity": squareform(pdist(cat, "correlation")),
    }
    for column, matrix in wanted.items():
        found = (
            of.pivot(index="frame_id", columns="other_id", values=column).loc[IDS, IDS].to_numpy()
        )
        np.testing.assert_allclose(found, matrix, atol=1e-5)
    # distances are in units of the largest
    found = (
        of.pivot(index="frame_id", columns="other_id", values="distance").loc[IDS, IDS].to_numpy()
    )
    apart = cdist(cat, human, "cosine")
    np.testing.assert_allclose(found, apart / apart.max(), atol=1e-5)
    assert (rows["group"] == rows["frame_id"].str.split("-").str[0]).all()


def test_the_number_of_frames_is_limited(features, tmp_path):
    rows = run(tmp_path, SPEC | {"frames": 8}, features)
    assert rows["frame_id"].nunique() == 8 and len(rows) == 2 * 64


def test_a_frame_without_direction_has_no_dissimilarity(features, tmp_path):
    features["cat"]["b.1/mean"][3] = 0
    rows = run(tmp_path, SPEC, features)
    of = rows[(rows["view"] == "cat") & (rows["other_id"] != rows["frame_id"])]
    flat = of[of["frame_id"] == IDS[3]]
    assert flat["view_dissimilarity"].isna().all() and flat["reference_dissimilarity"].notna().all()
    assert (
        flat["distance"].isna().all() and of.loc[of["frame_id"] != IDS[3], "distance"].notna().all()
    )


# -- in memory -------------------------------------------------------------------------------------


def in_memory(features, count=24, **changes):
    groups = {frame: frame.split("-")[0] for frame in IDS[:count]}
    given = {
        view: Arrays({c: x[:count] for c, x in columns.items()})
        for view, columns in features.items()
    }
    return pairs(given, groups, SPEC | changes)


#: Key -> another value, and the columns that change.
MATRICES = {"reference_dissimilarity", "view_dissimilarity"}
OPTIONS = {
    "rsa_distance": ("euclidean", MATRICES),
    "retrieval_distance": ("euclidean", {"distance"}),
    "seed": (1, set()),  # all frames are taken
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_changes_the_columns_that_take_it(option, features):
    changed, wanted = OPTIONS[option]
    rows, others = in_memory(features), in_memory(features, **{option: changed})
    assert rows == in_memory(features)
    differ = {key for row, other in zip(rows, others) for key in row if row[key] != other[key]}
    assert differ == wanted


def test_frames_are_evenly_spaced_if_there_are_too_many(features):
    """Six photographs are one part, whatever the seed."""
    rows = in_memory(features, frames=12)
    taken = list(dict.fromkeys(row["frame_id"] for row in rows))
    assert taken == IDS[::2] and len(rows) == 2 * 12 * 12


def test_of_many_groups_some_are_drawn_with_the_seed(features):
    rng = np.random.default_rng(0)
    groups = {f"{i:02}": f"{i:02}" for i in range(60)}
    given = {view: Arrays({"b.0/mean": rng.normal(size=(60, 4))}) for view in ("human", "cat")}

    def taken(seed):
        rows = pairs(given, groups, SPEC | {"frames": 20, "seed": seed})
        return list(dict.fromkeys(row["frame_id"] for row in rows))

    assert len(taken(0)) == 20 and taken(0) == taken(0) != taken(1)


def test_the_distance_is_from_the_view_to_the_reference(features):
    """Searching frames are those of the view, as frame_id; and every pair comes once a view."""
    rows = [row for row in in_memory(features, count=3) if row["view"] == "cat"]
    assert [(row["frame_id"], row["other_id"]) for row in rows] == [
        (one, other) for one in IDS[:3] for other in IDS[:3]
    ]
    human, cat = features["human"]["b.1/mean"][:3], features["cat"]["b.1/mean"][:3]
    apart = cdist(cat, human, "cosine")
    found = np.array([row["distance"] for row in rows]).reshape(3, 3)
    np.testing.assert_allclose(found, apart / apart.max(), atol=1e-11)
    common = {"encoder": "toy", "reference": "human", "layer": "b.1", "pooling": "mean"}
    assert all(common.items() <= row.items() for row in rows)


def test_every_pooling_of_the_last_layer_has_its_pairs(features):
    for columns in features.values():
        columns["b.1/cls"] = columns["b.1/mean"] ** 2
    rows = in_memory(features, count=4)
    assert {(row["layer"], row["pooling"]) for row in rows} == {("b.1", "mean"), ("b.1", "cls")}
    assert len(rows) == 2 * 2 * 16


def test_no_frames_have_no_pairs(features):
    assert in_memory(features, count=0) == []


def test_every_comparison_is_counted(features, capsys):
    """Of the last layer, with two views."""
    in_memory(features, count=4)
    assert capsys.readouterr().err.startswith("pairs toy: 2/2 comparisons in ")


def test_features_without_columns_have_no_pairs():
    none = {"human": Arrays(), "cat": Arrays()}
    assert pairs(none, dict.fromkeys(IDS, "photo"), SPEC) == []
