"""A finished study, read in Python: what the tables hold, and clear errors."""

import shutil
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

import catsight
from catsight import CatsightError, tables
from catsight.inputs.pictures import encode_png
from catsight.tables.columns.attribution import ATTRIBUTION
from catsight.tables.columns.doses import DOSES
from catsight.tables.columns.drawn_parts import DRAWN_PARTS
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.frames import FRAMES
from catsight.tables.columns.maps import MAPS
from catsight.tables.columns.matrix import MATRIX
from catsight.tables.columns.metrics import METRICS
from catsight.tables.columns.near_duplicates import NEAR_DUPLICATES
from catsight.tables.columns.pairs import PAIRS
from catsight.tables.columns.per_frame import PER_FRAME
from catsight.tables.columns.physiology import PHYSIOLOGY
from catsight.tables.columns.places import PLACES
from catsight.tables.columns.portraits import PORTRAITS
from catsight.tables.columns.readout import READOUT
from catsight.tables.columns.rejected import REJECTED
from catsight.tables.columns.renderings import RENDERINGS
from catsight.tables.columns.stability import STABILITY
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


def test_a_study_says_what_it_is(folder):
    path, _ = folder
    study = catsight.load(path)
    assert repr(study) == f"<study mine: 1 encoders, 2 views, in {path}>"
    assert study.folder == path
    assert set(study.frames) == set(FRAMES.names) - {"image", "depth", "partner", "past"}
    assert study.near_duplicates.loc[0].to_dict() == {
        "frame_id": "a", "group": "g", "other_id": "b", "other_group": "h", "distance": 2,
    }  # fmt: skip


def test_studies_are_looked_for_where_runs_write_them(folder, monkeypatch):
    monkeypatch.chdir(folder[0].parents[1])
    folder[0].rename(folder[0].with_name("quickstart"))
    assert catsight.load().name == "quickstart"


SCHEMAS = {
    "metrics": METRICS, "stability": STABILITY, "maps": MAPS, "per_frame": PER_FRAME, "pairs": PAIRS, "places": PLACES, "attribution": ATTRIBUTION, "doses": DOSES,
    "physiology": PHYSIOLOGY, "drawn_parts": DRAWN_PARTS, "matrix": MATRIX, "renderings": RENDERINGS, "readout": READOUT,
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_table_is_read_from_its_own_file_and_once(folder, name):
    path, _ = folder
    for one, schema in SCHEMAS.items():
        row = {"encoder": one, "reference": "human", "view": "cat"}
        tables.write(path / f"{one}.parquet", [row], schema, {})
    study = catsight.load(path)
    found = getattr(study, name)
    assert found["encoder"].tolist() == [name] and list(found) == SCHEMAS[name].names
    (path / f"{name}.parquet").unlink()
    assert getattr(study, name) is found
    with pytest.raises(CatsightError) as raised:
        getattr(catsight.load(path), name) if name != "metrics" else catsight.load(path)
    beside = f"{path} holds no finished study (no metrics.parquet); run it first"
    said = f"{path}/{name}.parquet is missing: this study was run without {name} (docs/configuration.md says how to add it)"  # fmt: skip
    assert str(raised.value) == (beside if name == "metrics" else said)


def test_encoders_and_views_are_those_that_are_compared(folder):
    path, _ = folder
    rows = [
        {"encoder": encoder, "reference": "human", "view": view}
        for encoder in ("z", "b") for view in ("dog", "cat")
    ]  # fmt: skip
    tables.write(path / "metrics.parquet", rows, METRICS, {})
    study = catsight.load(path)
    assert study.encoders == ["b", "z"] and study.views == ["cat", "dog", "human"]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda study: study.picture("z"), " has no frame 'z'; frames['frame_id'] lists them"),
        (lambda study: study.picture("a", "dog"), "/views has no view 'dog'; the study has cat, human"),
        (lambda study: study.features("cnn", "cat", "x"), " has no encoder 'cnn'; it has vit"),
        (lambda study: study.features("vit", "dog", "b.0/mean"),
         "/features/vit has no view 'dog'; the study has cat, human"),
        (lambda study: study.layers("cnn"), " has no encoder 'cnn'; it has vit"),
        (lambda study: study.features("vit", "cat", "b.9/mean"),
         "/features/vit/cat/0.parquet has no column 'b.9/mean'; it has b.0/mean, b.1/mean"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_named(folder, ask, said):
    with pytest.raises(CatsightError) as raised:
        ask(catsight.load(folder[0]))
    assert str(raised.value) == f"{folder[0]}{said}"


def test_frames_of_an_earlier_version_lack_its_missing_columns(folder):
    path, _ = folder
    old = pa.schema([field for field in FRAMES if field.name not in ("note", "contrast")])
    for shard, names in enumerate(("ac", "b")):
        rows = [{"frame_id": name, "group": "g", "title": name.upper()} for name in names]
        tables.write(path / f"frames/{shard}.parquet", rows, old, {})
    frames = catsight.load(path).frames
    assert frames["title"].tolist() == ["A", "C", "B"]
    assert {"note", "contrast", "image"}.isdisjoint(frames) and "colourfulness" in frames


def test_frames_that_were_deleted_are_named(folder):
    shutil.rmtree(folder[0] / "frames")
    with pytest.raises(CatsightError) as raised:
        catsight.load(folder[0]).frames  # noqa: B018
    assert str(raised.value) == f"{folder[0]}/frames is missing; run the study again"


def test_shards_of_an_earlier_run_are_noticed(folder):
    path, _ = folder
    for kind in ("frames", "features/vit/cat"):
        (path / kind / "2.parquet").write_bytes((path / kind / "0.parquet").read_bytes())
    study = catsight.load(path)
    for ask in (lambda: study.features("vit", "cat", "b.0/mean"), lambda: study.frames):
        with pytest.raises(CatsightError) as raised:
            ask()
        assert str(raised.value) == (
            f"{path}: the frame 'a' comes twice, so shards of an earlier run are left there; delete the "
            "folder and run again (unchanged results are kept in the store)"
        )


def test_no_study_there(folder):
    results = folder[0].parent
    shutil.copytree(folder[0], results / "also")
    missing = f"{results}/yours holds no finished study (no metrics.parquet); run it first"
    several = (
        f"{results} is a folder of studies: also, mine; name one of them, such as {results}/also"
    )
    for path, said in (
        (results / "yours", f"{missing}; finished studies beside it: also, mine"),
        (results, several),
    ):
        with pytest.raises(CatsightError) as raised:
            catsight.load(path)
        assert str(raised.value) == said


def test_loading_is_not_imported_with_the_package():
    """Every job imports the package; pandas costs it half a second."""
    found = subprocess.run(
        [sys.executable, "-c", "import sys, catsight; print('pandas' in sys.modules)"],
        capture_output=True,
        text=True,
    )
    assert found.stdout.strip() == "False"
