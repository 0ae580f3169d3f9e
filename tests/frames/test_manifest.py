"""The manifest: the files of every source with what identifies them, and what does not fit it."""

import hashlib
import os
from unicodedata import normalize

import pytest

from catsight import CatsightError, tables
from catsight.frames import manifest
from catsight.frames.manifest import found, listing, places
from catsight.inputs import hub
from catsight.tables.columns.manifest import MANIFEST

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def folder(tmp_path):
    for name in ("b.jpg", "a/c.jpg", "a/d.txt", "other/e.jpg"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "in"


def entry(source, key, path, name):
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {"source": source, "key": key, "path": path, "sha256": digest, "bytes": len(name)}


def test_files_are_listed_by_source_key_and_path(folder, capfd):
    named = {
        "y": {"source": "folder", "path": str(folder), "files": ["*.jpg"]},
        "x": {"source": "pairs", "path": str(folder / "other"), "partner": str(folder / "a")},
        "z": {"source": "video", "path": str(folder / "b.jpg")},
        "scenes": {"source": "dead-leaves", "count": 3},
    }
    assert listing(places(named)) == [
        entry("x", "partner", "c.jpg", "a/c.jpg"),
        entry("x", "partner", "d.txt", "a/d.txt"),
        entry("x", "path", "e.jpg", "other/e.jpg"),
        entry("y", "path", "a/c.jpg", "a/c.jpg"),
        entry("y", "path", "b.jpg", "b.jpg"),
        entry("y", "path", "other/e.jpg", "other/e.jpg"),
        entry("z", "path", "b.jpg", "b.jpg"),
    ]
    assert "manifest: 7/7 files in" in capfd.readouterr().err


def test_the_order_of_files_does_not_depend_on_how_accents_are_written(tmp_path):
    """As code points, e and an accent of its own come before f, and é after z."""
    for form in ("NFC", "NFD"):
        for name in ("é", "f", "z", "e"):
            path = tmp_path / form / normalize(form, name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"")
    orders = [
        [place.file for place in places({"": {"source": "folder", "path": f"{tmp_path}/{form}"}})]
        for form in ("NFC", "NFD")
    ]
    assert orders[0] == [normalize("NFC", name) for name in orders[1]]
    assert "e\u0301" in orders[1]  # under this name the file opens


def test_a_file_that_cannot_be_read_is_listed_without_digest_and_size(folder, capfd):
    (folder / "gone.jpg").symlink_to("nowhere")
    row = listing(places({"": {"source": "folder", "path": str(folder), "files": ["gone*"]}}))
    assert row == [{"source": "", "key": "path", "path": "gone.jpg", "sha256": None, "bytes": None}]
    assert f"manifest: {folder}/gone.jpg cannot be read\n" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("patterns", "words"),
    [
        (None, ""),
        (["*.png"], " whose path matches *.png"),
        (["*.png", "x/*"], " whose path matches *.png or x/*"),
    ],
)
def test_a_source_without_files_is_named(tmp_path, patterns, words):
    (tmp_path / "in").mkdir()
    with pytest.raises(CatsightError) as raised:
        listing(places({"a": {"source": "folder", "path": f"{tmp_path}/in", "files": patterns}}))
    assert str(raised.value) == (
        f"'{tmp_path}/in' holds no files{words}; the source needs at least one"
    )


def test_the_files_of_a_manifest_are_found_below_their_source(folder):
    named = {
        "x": {"source": "pairs", "path": str(folder / "other"), "partner": str(folder / "a")},
        "z": {"source": "video", "path": str(folder / "b.jpg")},
        "scenes": {"source": "dead-leaves"},
    }
    path = folder.parent / "manifest.parquet"
    tables.write(path, listing(places(named)), MANIFEST, {})
    files = found(path, named)
    assert list(files) == ["x", "z", "scenes"] and files["scenes"] == {}
    assert {key: [(f.name, f.path) for f in some] for key, some in files["x"].items()} == {
        "path": [("e.jpg", folder / "other" / "e.jpg")],
        "partner": [("c.jpg", folder / "a" / "c.jpg"), ("d.txt", folder / "a" / "d.txt")],
    }
    (clip,) = files["z"]["path"]
    assert (clip.name, clip.path) == ("b.jpg", folder / "b.jpg")
    assert clip.sha256 == hashlib.sha256(b"b.jpg").hexdigest()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": "y"}, "'y'"),
        ({"key": "partner"}, "'partner'"),
        ({"path": "../b.jpg"}, "../b.jpg leaves its folder"),
    ],
)
def test_a_manifest_of_another_study_is_refused(folder, change, words):
    path = folder.parent / "manifest.parquet"
    row = {"source": "x", "key": "path", "path": "b.jpg", "sha256": None, "bytes": None} | change
    tables.write(path, [row], MANIFEST, {})
    with pytest.raises(CatsightError) as raised:
        found(path, {"x": {"source": "folder", "path": str(folder)}})
    assert str(raised.value) == (
        f"{path} does not fit this study ({words}); delete it and run again"
    )


@pytest.fixture
def dataset(folder, monkeypatch):
    """A dataset of the hub, and what was asked for."""
    asked = []
    monkeypatch.setattr(hub, "fetch", lambda *what: (asked.append(what), folder)[1])
    (folder / "README.md").write_bytes(b"about")
    return asked


HUB = {"source": "hub", "dataset": "some/animals", "revision": REVISION, "files": None}


def names(source=HUB):
    return [row["path"] for row in listing(places({"": source}))]


def test_of_a_dataset_its_tables_are_read_or_else_all_but_its_description(dataset, folder):
    assert names() == ["a/c.jpg", "a/d.txt", "b.jpg", "other/e.jpg"]
    (folder / "a" / "README.md").write_bytes(b"")
    assert "a/README.md" in names()
    (folder / "a" / "t.parquet").write_bytes(b"")
    assert names() == ["a/t.parquet"]
    assert names(HUB | {"files": ["*.jpg"]}) == ["a/c.jpg", "b.jpg", "other/e.jpg"]
    assert dataset[0] == ("some/animals", REVISION, None)
    assert dataset[-1] == ("some/animals", REVISION, ["*.jpg"])


def test_another_source_keeps_tables_and_descriptions(dataset, folder):
    (folder / "t.parquet").write_bytes(b"")
    assert "README.md" in names({"source": "folder", "path": str(folder)})


def test_a_dataset_that_left_the_cache_says_what_to_do(dataset, folder, monkeypatch):
    path = folder.parent / "manifest.parquet"
    tables.write(path, listing(places({"": HUB})), MANIFEST, {})
    monkeypatch.setattr(hub, "cached", lambda name, revision: folder)
    assert len(found(path, {"": HUB})[""]["path"]) == 4
    monkeypatch.setattr(hub, "cached", lambda name, revision: None)
    with pytest.raises(CatsightError) as raised:
        found(path, {"": HUB})
    assert str(raised.value) == (
        "the dataset some/animals at 0123456789ab is no longer in the hub's cache on this machine; "
        "delete manifest.parquet in the study's frames folder and run again to fetch it"
    )


def test_files_are_hashed_a_few_at_a_time(folder, monkeypatch):
    asked = []
    ahead = manifest.ahead
    monkeypatch.setattr(
        manifest, "ahead", lambda *arguments: asked.append(arguments[2]) or ahead(*arguments)
    )
    listing(places({"": {"source": "folder", "path": str(folder)}}))
    assert asked == [min(4, os.cpu_count())]
