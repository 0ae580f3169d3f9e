"""`catsight prune` removes what no study refers to, and nothing else."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from catsight import tables
from catsight.__main__ import main
from catsight.run import locks
from catsight.tables.columns.features import features_schema
from catsight.tables.store import Store, address

SCHEMA = features_schema({"a/mean": 2})


@pytest.fixture
def results(tmp_path):
    """Two studies that share a table, a table of one of them, and one that no study refers to."""
    store = Store(tmp_path / "results" / "store")
    rows = [{"frame_id": "f", "a/mean": [1.0, 2.0]}]
    for name in ("shared", "alone", "left"):
        for study in {"shared": ("one", "two"), "alone": ("one",), "left": ("one",)}[name]:
            output = tmp_path / "results" / study / "features" / f"{name}.parquet"
            store.save(address({"name": name}, {}), output, SCHEMA, rows, {"stage": "features"})
    (tmp_path / "results" / "one" / "features" / "left.parquet").unlink()
    weights = store.path("00" * 32, ".safetensors")
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"0" * 2_000_000)
    return tmp_path / "results", store


def prune(results, *more):
    return main(["prune", "--store", str(results / "store"), *more])


def test_it_shows_first_and_removes_what_no_study_refers_to(results, capsys):
    results, store = results
    kept = [store.path(address({"name": name}, {})) for name in ("shared", "alone")]
    left = store.path(address({"name": "left"}, {}))
    assert prune(results) == 0
    sizes = [
        "features         1 file          0.0 MB",
        "weights          1 file          2.0 MB",
    ]
    assert capsys.readouterr().out.splitlines() == [
        *sizes,
        f"No study in {results} refers to 2 files in {results}/store. `catsight prune --yes` removes "
        "them",
    ]
    assert left.exists()
    assert prune(results, "--yes") == 0
    removed = [*sizes, f"{results}/store: 2 files removed"]
    assert capsys.readouterr().out.splitlines() == removed
    assert not left.exists() and all(path.exists() for path in kept)
    assert tables.read(results / "two" / "features" / "shared.parquet").num_rows == 1
    assert prune(results, "--yes") == 0
    assert capsys.readouterr().out == (
        f"{results}/store: some study refers to every file, so there is nothing to remove\n"
    )


def test_sizes_are_summed_by_stage_in_megabytes(results, capsys):
    results, store = results
    more = store.path("ee" * 32, ".safetensors")
    more.parent.mkdir()
    more.write_bytes(b"0" * 1_260_000)
    store.path(address({"name": "left"}, {})).unlink()
    assert prune(results, "--yes") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "weights         2 files          3.3 MB"


@pytest.mark.parametrize(
    ("answer", "gone"),
    [("y", True), (" YES ", True), ("n", False), ("", False), ("yep", False)],
)
def test_it_asks(results, monkeypatch, capsys, answer, gone):
    results, store = results
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or answer)
    store.path("00" * 32, ".safetensors").unlink()
    assert prune(results) == 0
    assert asked == [
        f"No study in {results} refers to 1 file in {results}/store. Remove them? [y/N] "
    ]
    assert store.path(address({"name": "left"}, {})).exists() != gone
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == (f"{results}/store: 1 file removed" if gone else "nothing removed")


def test_its_store_is_that_of_the_results(results, monkeypatch, capsys):
    results, _ = results
    monkeypatch.chdir(results.parent)
    assert main(["prune", "--yes"]) == 0
    assert capsys.readouterr().out.endswith("results/store: 2 files removed\n")


def test_its_old_name(results, capsys):
    results, _ = results
    assert main(["features", "prune", "--store", str(results / "store")]) == 0
    assert "`catsight features prune` is now `catsight prune`" in capsys.readouterr().err


def test_not_while_a_run_is_at_work(results, capsys):
    results, store = results
    with open(results / ".running", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert prune(results, "--yes") == 1
    assert "a run is at work in" in capsys.readouterr().err
    assert store.path(address({"name": "left"}, {})).exists()


# -- a store that several folders of results share -------------------------------------------------


def save(results, name, study="mine"):
    """A table of another folder of results; the path in the store."""
    store = Store(results / "store")
    rows = [{"frame_id": "f", "a/mean": [1.0, 2.0]}]
    output = results / study / "features" / f"{name}.parquet"
    store.save(address({"name": name}, {}), output, SCHEMA, rows, {"stage": "features"})
    return store.path(address({"name": name}, {})).resolve()


@pytest.fixture
def shared(results, tmp_path):
    """The folder whose store it is, one that shares it by a link, and a table that only that needs."""
    other = tmp_path / "elsewhere" / "deep" / "results"
    other.mkdir(parents=True)
    (other / "store").symlink_to(results[0] / "store")
    return results[0], other, save(other, "theirs")


@pytest.mark.parametrize("by", [0, 1])
def test_what_another_folder_needs_stays(shared, by, capsys):
    """Whichever of the two prunes: what neither needs goes."""
    ours, theirs = shared[0] / "one" / "features" / "alone.parquet", shared[2]
    assert prune(shared[by], "--yes") == 0
    assert capsys.readouterr().out.endswith("2 files removed\n")
    assert theirs.exists() and ours.exists()
    (shared[1] / "mine" / "features" / "theirs.parquet").unlink()
    assert prune(shared[by], "--yes") == 0
    assert not theirs.exists() and ours.exists()


def test_a_store_that_lies_above_two_folders(tmp_path, capsys):
    """Both reach it by a link, so both are listed, and locked."""
    (tmp_path / "store").mkdir()
    places = [tmp_path / name / "results" for name in "ab"]
    for place in places:
        place.mkdir(parents=True)
        (place / "store").symlink_to(tmp_path / "store")
    kept = [save(place, place.parent.name) for place in places]
    assert sorted(Store(tmp_path / "store").users()) == places
    assert prune(places[0], "--yes") == 0 and all(path.exists() for path in kept)
    with locks.share(places[1]):
        assert prune(places[0], "--yes") == 1
    assert f"a run is at work in {places[1]}" in capsys.readouterr().err


def test_what_is_needed_where_it_is_called_stays(shared):
    """Even if an earlier version linked it, and listed nobody."""
    for note in Store(shared[0] / "store").users().values():
        note.unlink()
    assert prune(shared[1], "--yes") == 0
    assert shared[2].exists() and (shared[0] / "one" / "features" / "alone.parquet").exists()


def test_what_was_written_elsewhere_by_hand_stays(results, tmp_path):
    """`--store results/store --output elsewhere/x.parquet`."""
    results, store = results
    rows = [{"frame_id": "f", "a/mean": [1.0, 2.0]}]
    store.save("abcd", tmp_path / "elsewhere" / "x.parquet", SCHEMA, rows, {"stage": "features"})
    assert prune(results, "--yes") == 0
    assert tables.read(tmp_path / "elsewhere" / "x.parquet").num_rows == 1


@pytest.mark.parametrize("linked", ["features", "", "results"])
def test_what_lies_behind_a_link_stays(tmp_path, linked, monkeypatch):
    """A stage's folder, a study, or all results may lie on another disk."""
    results = tmp_path / "here" / "results"
    folder = {"results": results, "": results / "mine", "features": results / "mine" / "features"}[
        linked
    ]
    (tmp_path / "disk").mkdir()
    folder.parent.mkdir(parents=True)
    folder.symlink_to(tmp_path / "disk")
    for name in ("round", "and round"):
        (tmp_path / "disk" / name).symlink_to(tmp_path / "disk")
    theirs = save(results, "theirs")
    for note in Store(results / "store").users().values():
        note.unlink()  # as an earlier version left it
    assert prune(results, "--yes") == 0
    assert theirs.exists()
    assert tables.read(results / "mine" / "features" / "theirs.parquet").num_rows == 1


def test_a_folder_that_is_not_there_stops_it(shared, capsys):
    """Its disk may not be mounted."""
    ours, other, theirs = shared
    other.parent.rename(other.parent.with_name("away"))
    assert prune(ours, "--yes") == 1
    said = capsys.readouterr().err
    (note,) = Store(ours / "store").users().values()
    assert f"{other} shares {ours / 'store'}, but is not there" in said and f"remove {note}" in said
    assert theirs.exists()
    note.unlink()
    assert prune(ours, "--yes") == 0 and not theirs.exists()


def test_a_folder_that_cannot_be_read_stops_it(shared, capsys, monkeypatch):
    """Not by modes: nothing is forbidden to root."""
    real = os.scandir

    def scandir(path):
        if str(path).endswith("mine"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert prune(shared[0], "--yes") == 1
    assert (
        "mine cannot be read (Permission denied), so it is not known what it needs"
        in capsys.readouterr().err
    )
    assert shared[2].exists()


@pytest.mark.parametrize("by", [0, 1])
def test_not_while_a_run_is_at_work_in_a_folder_that_shares_it(shared, by, capsys):
    busy = shared[1 - by]
    assert locks.share(busy) is not None
    kept = locks.share(busy)
    assert prune(shared[by], "--yes") == 1
    assert f"a run is at work in {busy.resolve()}" in capsys.readouterr().err
    kept.close()
    assert prune(shared[by], "--yes") == 0


def test_a_folder_that_cannot_be_locked_stops_it(shared, capsys, monkeypatch):
    locks.share(shared[1])
    real = locks.opened

    def opened(path):
        if path.parent == shared[1]:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(locks, "opened", opened)
    assert prune(shared[0], "--yes") == 1
    assert (
        f"{shared[1]} cannot be locked (Permission denied), so it is not known whether a run is at "
        "work there; ask the owner" in capsys.readouterr().err
    )
    assert shared[2].exists()


def test_files_that_cannot_be_removed_are_counted(results, monkeypatch, capsys):
    """In a store, folders may be other users'; the rest goes nevertheless."""
    results, store = results
    left, real = store.path(address({"name": "left"}, {})), Path.unlink

    def unlink(path):
        if path == left:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        real(path)

    monkeypatch.setattr(Path, "unlink", unlink)
    assert prune(results, "--yes") == 1
    said = capsys.readouterr().err
    assert said.startswith("catsight prune: error: 1 file removed; 1 file cannot be, ")
    assert f"{left} (Permission denied)" in said and said.count("\n") == 1
    assert left.exists() and not store.path("00" * 32, ".safetensors").exists()


def test_a_folder_in_which_one_may_not_look_stops_it(shared, capsys, monkeypatch):
    real = os.stat

    def stat(path, *arguments, **options):
        if str(path).startswith(str(shared[1])):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", stat)
    assert prune(shared[0], "--yes") == 1
    assert f"{shared[1]} shares " in (said := capsys.readouterr().err) and "ask its owner" in said
    assert shared[2].exists()


def test_a_named_pipe_in_the_store_is_not_waited_for(results, capsys):
    results, store = results
    pipe = store.path("ab" * 32)
    pipe.parent.mkdir(exist_ok=True)
    os.mkfifo(pipe)
    assert prune(results, "--yes") == 0 and not pipe.exists()
    assert "damaged          1 file          0.0 MB" in capsys.readouterr().out
