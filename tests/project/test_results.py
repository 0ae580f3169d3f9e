"""A finished study, read in Python: what the tables hold, and clear errors."""

import subprocess
import sys

import numpy as np
import pytest

import catsight
from catsight import CatsightError, tables
from catsight.inputs.pictures import encode_png
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.frames import FRAMES
from catsight.tables.columns.metrics import METRICS
from catsight.tables.columns.near_duplicates import NEAR_DUPLICATES
from catsight.tables.columns.portraits import PORTRAITS
from catsight.tables.columns.rejected import REJECTED
from catsight.tables.columns.views import VIEWS


@pytest.fixture
def folder(tmp_path):
    """A folder as a study leaves it, with three frames in two shards."""
    study, rng = tmp_path / "results" / "mine", np.random.default_rng(0)
    ids = [["a", "c"], ["b"]]
    vectors = {name: rng.normal(size=3).astype(np.float32) for name in "abc"}
    for shard, names in enumerate(ids):
        pictures = [
            {"bytes": encode_png(np.full((4, 5, 3), ord(name), np.uint8)), "path": None}
            for name in names
        ]
        rows = [
            {"frame_id": name, "group": "g", "image": image} for name, image in zip(names, pictures)
        ]
        tables.write(study / f"frames/{shard}.parquet", rows, FRAMES, {})
        rows = [{"frame_id": name, "image": image} for name, image in zip(names, pictures)]
        tables.write(study / f"views/cat/{shard}.parquet", rows, VIEWS, {})
        schema = features_schema({"b.0/mean": 3, "b.1/mean": 3})
        rows = [
            {"frame_id": name, "b.0/mean": vectors[name], "b.1/mean": -vectors[name]}
            for name in names
        ]
        tables.write(study / f"features/vit/cat/{shard}.parquet", rows, schema, {})
    tables.write(
        study / "frames/rejected.parquet", [{"path": "x.jpg", "reason": "truncated"}], REJECTED, {}
    )
    near = {"frame_id": "a", "group": "g", "other_id": "b", "other_group": "h", "distance": 2}
    tables.write(study / "frames/near_duplicates.parquet", [near], NEAR_DUPLICATES, {})
    tables.write(study / "views/eyes.parquet", [], PORTRAITS, {})
    row = {"encoder": "vit", "reference": "human", "view": "cat", "metric": "rsa", "value": 0.5}
    tables.write(study / "metrics.parquet", [row], METRICS, {})
    return study, vectors


def test_tables_are_data_frames(folder):
    path, vectors = folder
    study = catsight.load(path)
    assert study.encoders == ["vit"] and study.views == ["cat", "human"] and study.name == "mine"
    assert study.metrics["value"].tolist() == [0.5]
    assert study.frames["frame_id"].tolist() == ["a", "c", "b"] and "image" not in study.frames
    assert study.rejected["path"].tolist() == ["x.jpg"]
    assert study.near_duplicates["other_id"].tolist() == ["b"]
    assert (study.picture("b") == ord("b")).all() and study.picture("b", "cat").shape == (4, 5, 3)
    assert study.layers("vit") == ["b.0/mean", "b.1/mean"]
    features = study.features("vit", "cat", "b.1/mean")
    assert features.index.tolist() == ["a", "c", "b"]
    np.testing.assert_array_equal(features.to_numpy(), -np.stack([vectors[name] for name in "acb"]))


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (
            lambda study: study.attribution,
            r"attribution.parquet is missing: this study was run without attribution \(docs/configuration\.md",
        ),
        (lambda study: study.picture("z"), "has no frame 'z'"),
        (
            lambda study: study.picture("a", "dog"),
            "views has no view 'dog'; the study has cat, human",
        ),
        (lambda study: study.features("cnn", "cat", "x"), "has no encoder 'cnn'; it has vit"),
        (
            lambda study: study.features("vit", "dog", "b.0/mean"),
            "features/vit has no view 'dog'; the study has cat, human",
        ),
        (lambda study: study.layers("cnn"), "has no encoder 'cnn'; it has vit"),
        (
            lambda study: study.features("vit", "cat", "b.9/mean"),
            "has no column 'b.9/mean'; it has b.0/mean, b.1/mean",
        ),
    ],
)
def test_what_is_not_there_is_named(folder, ask, words):
    with pytest.raises(CatsightError, match=words):
        ask(catsight.load(folder[0]))


def test_shards_of_an_earlier_run_are_noticed(folder):
    path, _ = folder
    for kind in ("frames", "features/vit/cat"):
        (path / kind / "2.parquet").write_bytes((path / kind / "0.parquet").read_bytes())
    study = catsight.load(path)
    with pytest.raises(
        CatsightError, match="the frame 'a' comes twice, so shards of an earlier run are left there"
    ):
        study.features("vit", "cat", "b.0/mean")
    with pytest.raises(CatsightError, match="the frame 'a' comes twice"):
        study.frames  # noqa: B018


def test_no_study_there(folder):
    with pytest.raises(
        CatsightError, match=r"holds no finished study .* finished studies beside it: mine"
    ):
        catsight.load(folder[0].parent / "yours")
    results = folder[0].parent
    with pytest.raises(
        CatsightError,
        match=f"results is a folder of studies: mine; name one of them, such as {results}/mine",
    ):
        catsight.load(results)


def test_loading_is_not_imported_with_the_package():
    """Every job imports the package; pandas costs it half a second."""
    found = subprocess.run(
        [sys.executable, "-c", "import sys, catsight; print('pandas' in sys.modules)"],
        capture_output=True,
        text=True,
    )
    assert found.stdout.strip() == "False"
