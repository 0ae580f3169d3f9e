"""Datasets of the hub, from a local cache in the layout of huggingface_hub; no network."""

import hashlib
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import constants

from catsight import CatsightError
from catsight.inputs import hub
from catsight.inputs.pictures import decode_png
from support.job_of_frames import Job, encoded, noise
from support.small_hub import use

REVISION = "0123456789abcdef0123456789abcdef01234567"
SOURCE = {
    "source": "hub", "dataset": "some/animals", "revision": REVISION, "files": None, "image": "image", "id": None,
    "group": None, "group_by": "file",
}  # fmt: skip


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub" / "datasets--some--animals"


def put(cache, name, data):
    """Puts a file into the cache: a blob named by its hash, and a link to it in the snapshot."""
    blob = cache / "blobs" / hashlib.sha256(data).hexdigest()
    link = cache / "snapshots" / REVISION / name
    for path in (blob, link, cache / "refs" / "main"):
        path.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(data)
    depth = len(link.relative_to(cache).parents) - 1
    link.symlink_to("/".join([".."] * depth + ["blobs", blob.name]))
    (cache / "refs" / "main").write_text(REVISION)


def as_table(first, count):
    file = io.BytesIO()
    rows = [
        {"image": {"bytes": encoded(noise(first + i)), "path": None}, "label": i}
        for i in range(count)
    ]
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


def test_tables_of_a_dataset(job, cache):
    put(cache, "data/train-00000-of-00001.parquet", as_table(0, 3))
    put(cache, "data/test-00000-of-00001.parquet", as_table(10, 2))
    put(cache, "README.md", b"# Animals")
    put(cache, ".gitattributes", b"*.parquet filter=lfs")
    put(cache, "thumbnail.png", encoded(noise(50)))
    rows = job(source=SOURCE)
    assert len(rows) == 5 and not job.left_out
    row = rows["data/train-00000-of-00001.parquet#000002"]
    np.testing.assert_array_equal(decode_png(row["image"]["bytes"]), noise(2))
    assert row["source"] == "hub"
    only = job(source=SOURCE | {"files": ["data/test-*"]}, out="test")
    assert sorted(only) == [
        "data/test-00000-of-00001.parquet#000000",
        "data/test-00000-of-00001.parquet#000001",
    ]


def test_pictures_of_a_dataset(job, cache):
    put(cache, "cats/1.png", encoded(noise(1)))
    put(cache, "dogs/1.png", encoded(noise(2)))
    put(cache, "README.md", b"# Animals")
    rows = job(source=SOURCE | {"group_by": "folder"})
    assert {name: row["group"] for name, row in rows.items()} == {
        "cats/1.png": "cats",
        "dogs/1.png": "dogs",
    }
    assert not job.left_out


def test_another_commit_is_not_taken(job, cache):
    put(cache, "1.png", encoded(noise(1)))
    with pytest.raises(
        CatsightError,
        match=r"HF_HUB_OFFLINE is set.*some/animals at 765432.*or connect once, or copy",
    ):
        job(source=SOURCE | {"revision": REVISION[::-1]})


def test_an_incomplete_download_is_not_used(job, cache):
    put(cache, "1.png", encoded(noise(1)))
    (cache / "blobs" / "abc.incomplete").write_bytes(b"half")
    with pytest.raises(CatsightError, match=r"its download was cut off .*abc\.incomplete"):
        job(source=SOURCE)


def test_a_hub_that_cannot_be_reached(job, cache, monkeypatch, capsys):
    """One clear error, at once; or what the cache holds."""
    use(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(
        CatsightError, match="the model hub cannot be reached for the dataset some/animals"
    ):
        job(source=SOURCE)
    put(cache, "1.png", encoded(noise(1)))
    capsys.readouterr()
    assert list(job(source=SOURCE)) == ["1.png"]
    assert "taken from its cache" in capsys.readouterr().err


def test_a_dataset_comes_from_the_hub(job, small_hub):
    """Whole, although one of its tables is cut in the cache."""
    tables = {f"data/{name}.parquet": as_table(10 * i, 2) for i, name in enumerate("ab")}
    small_hub.add("datasets/some/animals", tables, REVISION)
    assert len(job(source=SOURCE)) == 4
    blob = hub.cached("some/animals", REVISION) / "data" / "a.parquet"
    blob.resolve().write_bytes(tables["data/a.parquet"][:1000])
    assert len(job(source=SOURCE, out="again")) == 4 and not job.left_out


def test_depth_maps_of_a_dataset_have_the_unit_that_the_study_says(job, cache):
    depth = io.BytesIO()
    np.save(depth, np.full((8, 9), 1500, np.uint16))
    put(cache, "1.png", encoded(noise(1)))
    put(cache, "1.depth.npy", depth.getvalue())
    (row,) = job(source=SOURCE | {"depth_unit": "mm"}).values()
    np.testing.assert_allclose(np.load(io.BytesIO(row["depth"])), np.full((8, 9), 1.5), rtol=1e-6)


def test_a_cache_that_is_gone_says_what_to_do(job, cache):
    put(cache, "1.png", encoded(noise(1)))
    job.list(source=SOURCE)
    cache.rename(cache.with_name("away"))
    with pytest.raises(
        CatsightError, match=r"no longer in the hub's cache.*delete manifest\.parquet"
    ):
        job.make()


def test_a_blob_that_changes_is_noticed(job, cache):
    put(cache, "1.png", encoded(noise(1)))
    job.list(source=SOURCE)
    next((cache / "blobs").iterdir()).write_bytes(encoded(noise(2)))
    with pytest.raises(CatsightError, match=r"1\.png has changed"):
        job.make()
