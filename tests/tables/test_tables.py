"""Tables are written whole or not at all, and damage is noticed."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catsight import CatsightError, tables
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.views import VIEWS
from support.rows import ROWS, damage, digest


def test_round_trip(tmp_path):
    path = tmp_path / "deep" / "t.parquet"
    tables.write(path, ROWS, VIEWS, {"stage": "views", "spec": {"a": 1}})
    assert tables.read(path).to_pylist() == ROWS
    assert tables.read(path, ["frame_id"]).column_names == ["frame_id"]
    about = tables.provenance(path)
    assert (about["stage"], about["spec"], about["rows"]) == ("views", {"a": 1}, 10)
    assert tables.content(path) == tables.measure_content(path) == digest(ROWS)
    assert [batch.num_rows for batch in tables.batches(path, 4)] == [4, 4, 2]
    assert list(path.parent.iterdir()) == [path]


def test_empty_table(tmp_path):
    path = tmp_path / "t.parquet"
    tables.write(path, [], VIEWS, {})
    assert tables.read(path).num_rows == 0
    assert tables.content(path) == tables.measure_content(path)
    assert list(tables.batches(path, 4)) == []


def test_a_failed_writer_leaves_nothing_and_harms_nothing(tmp_path):
    path = tmp_path / "t.parquet"
    tables.write(path, ROWS, VIEWS, {})
    with pytest.raises(RuntimeError), tables.Writer(path, VIEWS, {}) as writer:
        writer.write(ROWS[:2])
        raise RuntimeError
    assert tables.read(path).num_rows == 10
    assert list(tmp_path.iterdir()) == [path]


def test_bad_files_are_named(tmp_path):
    path = tmp_path / "t.parquet"
    with pytest.raises(CatsightError, match=r"t\.parquet is missing"):
        tables.read(path)
    tables.write(path, ROWS, VIEWS, {})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(CatsightError, match=r"t\.parquet cannot be read as a table"):
        tables.read(path)
    path.write_bytes(b"")
    with pytest.raises(CatsightError, match=r"t\.parquet cannot be read as a table"):
        tables.provenance(path)
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(CatsightError, match="not a catsight table"):
        tables.read(path)


def test_a_damaged_byte_is_noticed(tmp_path):
    path = tmp_path / "t.parquet"
    schema = features_schema({"a/mean": 64})
    x = pa.FixedSizeListArray.from_arrays(
        pa.array(np.random.default_rng(0).normal(size=640).astype(np.float32)), 64
    )
    tables.write(
        path, pa.table([pa.array([str(i) for i in range(10)]), x], schema=schema), schema, {}
    )
    assert tables.content(path) == tables.measure_content(path)
    damage(path)
    with pytest.raises(CatsightError, match="cannot be read as a table"):
        tables.read(path)


def test_a_long_table_is_read_in_constant_memory(tmp_path):
    noise = np.random.default_rng(0).bytes(1_000_000)  # does not compress, as pictures do not
    row = {"frame_id": "f", "image": {"bytes": noise, "path": None}}
    with tables.Writer(tmp_path / "v.parquet", VIEWS, {}) as writer:
        for _ in range(64):
            writer.write([row])
    before, most = pa.total_allocated_bytes(), 0
    for batch in tables.batches(tmp_path / "v.parquet", 1, ["frame_id", "image"]):
        most = max(most, pa.total_allocated_bytes() - before)
        del batch
    assert 1_000_000 < most < 8_000_000  # of 64 MB


def test_rows_are_gathered_into_row_groups_and_read_by_number(tmp_path):
    path = tmp_path / "v.parquet"
    with tables.Writer(path, VIEWS, {}, row_group=300) as writer:
        for i in range(20):
            writer.write([{"frame_id": f"f{i:02}", "image": {"bytes": bytes(80), "path": None}}])
    with pq.ParquetFile(path) as parquet:
        groups = [parquet.metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)]
        read = []
        for i in range(parquet.num_row_groups):
            read += parquet.read_row_group(i, columns=["frame_id"])["frame_id"].to_pylist()
    assert 2 < len(groups) < 10 and read == [f"f{i:02}" for i in range(20)]
    first_of_second = groups[0]
    wanted = [0, first_of_second - 1, first_of_second, 19]
    found = [row["frame_id"] for row in tables.rows(path, wanted, ["frame_id"])]
    assert found == [f"f{i:02}" for i in wanted] and list(tables.rows(path, [])) == []


def test_a_folder_that_is_a_file_is_named(tmp_path):
    """Not hidden by an error about the unfinished file."""
    (tmp_path / "file").touch()
    with pytest.raises(CatsightError, match=r"file/t\.parquet cannot be written"):
        tables.write(tmp_path / "file" / "t.parquet", ROWS, VIEWS, {})


def test_rows_added_one_by_one_are_the_rows_that_are_written_together(tmp_path):
    rows = [{"frame_id": f"f{i}", "image": {"bytes": bytes(80), "path": None}} for i in range(20)]
    tables.write(tmp_path / "together.parquet", rows, VIEWS, {})
    with tables.Writer(tmp_path / "added.parquet", VIEWS, {}, row_group=300) as writer:
        for row in rows[:11]:
            writer.add(row)
        writer.write(rows[11:13])
        for row in rows[13:]:
            writer.add(row)
    added = tmp_path / "added.parquet"
    assert tables.read(added).to_pylist() == rows and tables.provenance(added)["rows"] == 20
    assert tables.content(added) == tables.content(tmp_path / "together.parquet")
    assert 2 < pq.read_metadata(added).num_row_groups < 10
