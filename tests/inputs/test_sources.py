"""The user's files of each source: what is missing is named, what is there is watched."""

import os

import pytest

from catsight import CatsightError
from catsight.inputs import sources


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"a")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.png").write_bytes(b"b")
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_a_source_names_files_under_path_and_partner(folder):
    source = {"source": "pairs", "path": "x", "partner": "y", "image": "z", "files": None}
    assert sources.roots(source) == {"path": "x", "partner": "y"}
    assert sources.roots({"source": "photos", "path": None}) == {}


def complaint(named):
    with pytest.raises(CatsightError) as raised:
        sources.check(named)
    return str(raised.value)


def test_what_is_missing_is_named_by_its_key(folder):
    here = str(folder)
    good = {"source": "folder", "path": here}
    sources.check(
        {
            "": good,
            "x": {"source": "video", "path": f"{here}/a.jpg"},
            "y": {"source": "dead-leaves"},
        }
    )
    for source, words in (
        ({"source": "folder", "path": f"{here}/no"}, f"folder is '{here}/no', which is not a folder"),
        ({"source": "folder", "path": f"{here}/a.jpg"}, f"folder is '{here}/a.jpg', which is not a folder"),
        ({"source": "video", "path": f"{here}/no"}, f"path is '{here}/no', which does not exist"),
        ({"source": "video", "path": "x" * 5000}, f"path is '{'x' * 5000}', which does not exist"),
        ({"source": "pairs", "path": here, "partner": f"{here}/no"}, f"partner is '{here}/no', which does not exist"),
    ):  # fmt: skip
        assert complaint({"": source}) == f"config: frames.{words}"
        assert complaint({"b": good, "a": source}) == f"config: frames.sources.a.{words}"
    for source, words in (
        ({"source": "folder", "path": f"{here}/empty"}, f"reads '{here}/empty', which holds no files"),
        ({"source": "video", "path": here, "files": ["*.mp4"]}, f"reads '{here}', which holds no files that match ['*.mp4']"),
    ):  # fmt: skip
        assert complaint({"": source}) == f"config: frames {words}"
        assert complaint({"a": source}) == f"config: frames.sources.a {words}"
    sources.check({"": {"source": "video", "path": here, "files": ["*.png"]}})


def test_files_of_all_sources_are_watched_once_and_sorted(folder):
    here = str(folder)
    named = {
        "b": {"source": "pairs", "path": f"{here}/sub", "partner": here},
        "a": {"source": "video", "path": here, "files": ["*.jpg"]},
        "c": {"source": "dead-leaves"},
    }
    watched, others = sources.inputs(named)
    assert watched == [f"{here}/a.jpg", f"{here}/sub/b.png"]
    assert len(others) == 16 and others == sources.inputs({})[1]
    assert sources.inputs({"a": named["a"]})[0] == [f"{here}/a.jpg"]


def test_files_that_snakemake_cannot_watch_are_digested(folder, monkeypatch):
    """By name, and by inode, size and time; a folder behind a link counts by its name alone."""
    named = {"": {"source": "folder", "path": str(folder)}}
    watched, before = sources.inputs(named)
    (folder / "{x}.jpg").write_bytes(b"x")
    seen = [before, sources.inputs(named)[1]]
    os.utime(folder / "{x}.jpg", ns=(0, 5))
    seen.append(sources.inputs(named)[1])
    (folder / "link").symlink_to(folder / "empty")
    seen.append(sources.inputs(named)[1])
    assert len(set(seen)) == 4
    (folder / "empty" / "new").write_bytes(b"")
    assert sources.inputs(named) == ([*watched[:1], f"{folder}/empty/new", *watched[1:]], seen[-1])
    # and those that may not be read
    monkeypatch.setattr(
        os, "access", lambda path, mode: not path.endswith("a.jpg") or mode != os.R_OK
    )
    again, others = sources.inputs(named)
    assert f"{folder}/a.jpg" not in again and others != seen[-1]
