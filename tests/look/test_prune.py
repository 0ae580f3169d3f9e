"""`catsight prune` removes what no study refers to, and nothing else."""

import fcntl

import pytest

from catsight import tables
from catsight.__main__ import main
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
