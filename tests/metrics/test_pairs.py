"""The table of pairs: dissimilarities of frames, compared with scipy."""

import json

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist, squareform

from catsight import tables
from catsight.__main__ import main
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
