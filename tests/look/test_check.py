"""``catsight check``: what it reads, names and removes; tests/faults damages files in other ways."""

import fcntl
import os
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from catsight import tables
from catsight.__main__ import main
from catsight.look import check
from catsight.tables.columns.features import features_schema
from catsight.tables.store import Store, address

SCHEMA = features_schema({"a/mean": 2})


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Two studies that share a table; one has another, which is not in the store."""
    monkeypatch.chdir(tmp_path)
    store = Store(tmp_path / "results/store")
    rows = [{"frame_id": f"f{i}", "a/mean": [1.0, i]} for i in range(50)]
    for study in ("one", "two"):
        output = tmp_path / f"results/{study}/features/shared.parquet"
        store.save(address({"x": 1}, {}), output, SCHEMA, rows, {"stage": "features"})
    tables.write(tmp_path / "results/one/own.parquet", rows, SCHEMA, {"stage": "features"})
    return tmp_path / "results"


def flip(path):
    """Damages a value in the middle of a file, where no reader of its structure looks."""
    data = bytearray(path.read_bytes())
    data[len(data) // 4] ^= 0xFF
    path.write_bytes(data)


def stored(results):
    (path,) = (results / "store").rglob("*.parquet")
    return path


def test_files_that_are_as_they_were_written(results, capsys):
    for folder, count in (("results", 2), ("results/one", 2), ("results/two", 1)):
        assert main(["check", folder]) == 0
        words = f"{folder}: all {count} tables and weights are as they were written\n"
        assert capsys.readouterr().out == words
    assert main(["check"]) == 0  # all studies
    assert capsys.readouterr().out.startswith("results: all 2")


def test_damaged_files_are_named_with_all_paths_that_lead_to_them(results, capsys):
    path = stored(results)
    flip(path)
    assert main(["check"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[-3].endswith("1 of 2 tables and weights are damaged:")
    problem, _, leads = lines[-2].strip().partition(" (results")
    assert problem.startswith(f"{path} ") and ";" not in problem  # what to do next is said below
    assert leads == (
        f"/one/features/shared.parquet, results/{path.relative_to(results)}, "
        "results/two/features/shared.parquet)"
    )
    assert lines[-1].strip() == (
        "`catsight check --redo` removes them, and the next run recomputes them"
    )
    assert path.exists()


@pytest.mark.parametrize("folder", ["results", "results/one"])
def test_redo_removes_what_is_damaged_alone(results, capsys, folder):
    path = stored(results)
    flip(path)
    assert main(["check", folder, "--redo"]) == 1
    assert capsys.readouterr().err.splitlines()[-1].strip() == (
        "removed; the next run of each study that they belong to recomputes them (lists of tables, "
        "all.parquet, when another job needs them)"
    )
    assert not path.exists() and (results / "one/features/shared.parquet").is_symlink()
    assert (results / "one/own.parquet").exists()
    assert main(["check", folder]) == 1
    assert f"{path} is missing (" in capsys.readouterr().err


def test_values_are_compared_with_their_digest_and_stored_tables_with_their_address(results):
    own, path = results / "one/own.parquet", stored(results)
    assert check.damage(own) is None and check.damage(path) is None
    about, table = pq.read_metadata(own).metadata, pq.read_table(own)
    with pq.ParquetWriter(own, table.schema) as writer:
        writer.write_table(pa.concat_tables([table[:20], table[:1], table[21:]]))
        writer.add_key_value_metadata(about)
    assert check.damage(own) == f"{own} does not hold the values that were written"
    elsewhere = path.with_name("f" * 64 + ".parquet")
    elsewhere = path.parents[1] / "ff" / elsewhere.name
    elsewhere.parent.mkdir()
    shutil.copy(path, elsewhere)
    assert check.damage(elsewhere) == (
        f"{elsewhere} holds another entry of the store than its name says"
    )
    for place in ("ff/short.parquet", f"gg/{'f' * 64}.parquet"):  # those are not in a store
        outside = path.parents[1] / place
        outside.parent.mkdir(exist_ok=True)
        shutil.copy(path, outside)
        assert check.damage(outside) is None


def test_weights_of_other_programs_are_not_checked(results):
    """Only those that a study links to, or that lie in the store, are ours."""
    mine, kept = (
        results / "one/mine.safetensors",
        results / "store/ab" / f"ab{'0' * 62}.safetensors",
    )
    for path in (mine, kept):
        path.parent.mkdir(exist_ok=True)
        save_file({"x": np.zeros(3, np.float32)}, path)
    os.symlink(kept, results / "two/linked.safetensors")
    found = check.files(results)
    assert mine.resolve() not in found
    assert found[kept.resolve()] == sorted([kept, results / "two/linked.safetensors"])
    assert len(found) == 3


@pytest.mark.parametrize("option", [[], ["--redo"]])
def test_a_folder_without_tables_is_an_error(tmp_path, capsys, option):
    (tmp_path / "page.md").write_text("no table")
    assert main(["check", str(tmp_path), *option]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith(f"{tmp_path} holds no tables; name results/<study>, or results\n")
    assert main(["check", str(tmp_path / "page.md")]) == 1
    assert capsys.readouterr().err.endswith(
        f"{tmp_path}/page.md is not a folder; name results/<study>, or results\n"
    )


def test_files_of_other_programs_are_not_removed(tmp_path, capsys):
    """They are no tables of ours, and so damaged; but there is no store beside them."""
    pq.write_table(pa.table({"x": [1]}), tmp_path / "mine.parquet")
    assert main(["check", str(tmp_path), "--redo"]) == 1
    assert capsys.readouterr().err.endswith(
        "--redo removes files, so it takes results/<study> or results alone; there is no store in "
        f"{tmp_path} or beside it\n"
    )
    assert (tmp_path / "mine.parquet").exists()


def test_nothing_is_removed_while_a_run_is_at_work(results, capsys):
    flip(stored(results))
    with open(results / ".running", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main(["check", "--redo"]) == 1
    assert "a run is at work in" in capsys.readouterr().err
    assert stored(results).exists()


def test_a_folders_name_gives_no_orders_to_the_terminal(tmp_path, capsys):
    """Where all is well, too."""
    folder = tmp_path / "a\x1b[2J"
    tables.write(folder / "x.parquet", [], features_schema({"a/mean": 2}), {})
    assert main(["check", str(folder)]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path}/a\\x1b[2J: all 1 tables")
