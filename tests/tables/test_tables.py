"""Tables are written whole or not at all, and damage is noticed."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catsight import CatsightError, tables
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.image import IMAGE
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


# -- what a writer does ----------------------------------------------------------------------------


def test_a_table_reaches_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    """A power cut after the renaming must not leave an empty table."""
    path, steps = tmp_path / "t.parquet", []
    sync, replace = os.fsync, os.replace

    def synced(file):
        steps.append(("sync", os.path.samestat(os.fstat(file), os.stat(steps_part()))))
        sync(file)

    def steps_part():
        (part,) = tmp_path.glob("*.part")
        return part

    def replaced(old, new):
        steps.append(("replace", old == steps_part() and new == path))
        replace(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    tables.write(path, ROWS, VIEWS, {})
    assert steps == [("sync", True), ("replace", True)] and list(tmp_path.iterdir()) == [path]


def row(i, weight):
    """A row that weighs this much: a name of 4 letters, bytes, and 8 for the null."""
    return {"frame_id": f"f{i:03}", "image": {"bytes": bytes(weight - 12), "path": None}}


def groups(path):
    about = pq.read_metadata(path)
    return [about.row_group(i).num_rows for i in range(about.num_row_groups)]


@pytest.mark.parametrize(
    ("limit", "found"), [(300, [3, 3, 1]), (299, [3, 3, 1]), (301, [4, 3]), (100, [1] * 7), (10_000, [7])]
)  # fmt: skip
def test_rows_wait_until_they_weigh_as_much_as_a_row_group(tmp_path, limit, found):
    with tables.Writer(tmp_path / "t.parquet", VIEWS, {}, row_group=limit) as writer:
        for i in range(7):
            writer.add(row(i, 100))
    assert groups(tmp_path / "t.parquet") == found


def test_batches_wait_by_their_own_size(tmp_path):
    batches = [pa.RecordBatch.from_pylist([row(i, 100)], schema=VIEWS) for i in range(5)]
    limit = 2 * batches[0].nbytes
    with tables.Writer(tmp_path / "t.parquet", VIEWS, {}, row_group=limit) as writer:
        for batch in batches:
            writer.write(batch)
    assert groups(tmp_path / "t.parquet") == [2, 2, 1]
    with tables.Writer(tmp_path / "t.parquet", VIEWS, {}, row_group=limit + 1) as writer:
        writer.write(pa.Table.from_batches(batches))
    assert groups(tmp_path / "t.parquet") == [3, 2]


def test_a_row_group_holds_four_megabytes_unless_it_is_told(tmp_path):
    with tables.Writer(tmp_path / "t.parquet", VIEWS, {}) as writer:
        for i in range(9):
            writer.add(row(i, 1_000_000))
    assert groups(tmp_path / "t.parquet") == [4, 4, 1]


def test_provenance_may_grow_until_the_end_and_is_the_tables_own(tmp_path):
    given = {"stage": "views"}
    with tables.Writer(tmp_path / "t.parquet", VIEWS, given) as writer:
        writer.write(ROWS[:4])
        assert writer.rows == 4 and writer.path == tmp_path / "t.parquet"
        writer.provenance["matched"] = 3
    found = tables.provenance(tmp_path / "t.parquet")
    assert found == {"stage": "views", "matched": 3, "rows": 4, "content": digest(ROWS[:4])}
    assert given == {"stage": "views"}


def test_a_table_is_compressed_and_every_page_has_a_checksum(tmp_path):
    rows = [row(i, 100_000) for i in range(4)]  # of zeros
    tables.write(tmp_path / "t.parquet", rows, VIEWS, {})
    data = (tmp_path / "t.parquet").read_bytes()
    assert len(data) < 20_000
    column = pq.read_metadata(tmp_path / "t.parquet").row_group(0).column(0)
    assert column.compression == "ZSTD"


def test_only_names_and_numbers_get_a_dictionary(tmp_path):
    """One of vectors or pictures takes longer than writing them."""
    columns = {"frame_id": pa.string(), "vector": pa.list_(pa.float32(), 3), "image": IMAGE}
    row = {"frame_id": "a", "vector": [1, 2, 3], "image": {"bytes": b"png", "path": None}}
    tables.write(tmp_path / "t.parquet", [row] * 9, pa.schema(columns), {})
    group = pq.read_metadata(tmp_path / "t.parquet").row_group(0)
    found = [group.column(i) for i in range(group.num_columns)]
    assert {column.path_in_schema.split(".")[0]: column.has_dictionary_page for column in found} == {
        "frame_id": True, "vector": False, "image": False,
    }  # fmt: skip


@pytest.mark.parametrize("read", ["read", "batches", "rows", "measure_content"])
def test_every_reader_notices_a_damaged_page(tmp_path, read):
    path = tmp_path / "t.parquet"
    tables.write(path, [row(i, 50) for i in range(9)], VIEWS, {})
    damage(path)
    ways = {
        "read": lambda: tables.read(path),
        "batches": lambda: list(tables.batches(path, 3)),
        "rows": lambda: list(tables.rows(path, [1])),
        "measure_content": lambda: tables.measure_content(path),
    }
    with pytest.raises(CatsightError, match=r"t\.parquet cannot be read as a table \(.*CRC"):
        ways[read]()


def test_an_unfinished_file_of_a_failed_writer_is_removed(tmp_path):
    """Also if the file could be opened but its schema cannot be written, and if a batch is wrong."""
    path = tmp_path / "t.parquet"
    with pytest.raises(pa.ArrowException), tables.Writer(path, VIEWS, {}) as writer:
        writer.write([{"frame_id": 3, "image": 4}])
    month = pa.schema([("x", pa.month_day_nano_interval())])
    with pytest.raises(Exception, match="interval"), tables.Writer(path, month, {}):
        pass
    assert list(tmp_path.iterdir()) == []


# -- what a reader checks --------------------------------------------------------------------------

MEND = "`catsight check --redo` removes damaged files, and the next run recomputes them"


def rewrite(path, metadata, rows=10, columns=None):
    """Writes a table again, as another program might: with this metadata, fewer rows, other names."""
    table = pq.read_table(path).slice(0, rows)
    if columns:
        table = table.rename_columns(columns)
    pq.write_table(table.replace_schema_metadata(metadata), path)


@pytest.mark.parametrize(
    ("change", "rows", "columns"),
    [
        ({b"catsight": b"{}"}, 10, None),
        ({b"catsight_seal": b"0" * 64}, 10, None),
        ({b"catsight_seal": b""}, 10, None),
        ({}, 9, None),
        ({}, 10, ["frame", "image"]),
    ],
)
def test_an_index_that_is_not_what_was_written_is_refused(tmp_path, change, rows, columns):
    path = tmp_path / "t.parquet"
    tables.write(path, ROWS, VIEWS, {"view": "cat"})
    metadata = pq.read_metadata(path).metadata
    kept = {key: metadata[key] for key in (b"catsight", b"catsight_seal")}
    rewrite(path, kept)
    assert tables.provenance(path)["view"] == "cat"  # as it was, it is read
    rewrite(path, kept | change, rows, columns)
    for read in (tables.provenance, tables.schema, tables.content, tables.read):
        with pytest.raises(CatsightError) as raised:
            read(path)
        assert str(raised.value) == (
            f"{path} cannot be read as a table (its index is not what was written); {MEND}"
        )


def test_tables_of_other_programs_are_told_apart(tmp_path):
    path = tmp_path / "t.parquet"
    tables.write(path, ROWS, VIEWS, {})
    with pq.ParquetFile(path) as parquet:
        assert tables.ours(parquet)
    pq.write_table(pa.table({"a": [1]}), path)
    with pq.ParquetFile(path) as parquet:
        assert not tables.ours(parquet)
    with pytest.raises(CatsightError) as raised:
        tables.provenance(path)
    assert str(raised.value) == (
        f"{path} is a Parquet file, but not a catsight table: it does not record where it came from"
    )
    path.unlink()
    for read in (tables.read, tables.schema, tables.measure_content):
        with pytest.raises(CatsightError) as raised:
            read(path)
        assert str(raised.value) == f"{path} is missing"
    path.write_bytes(b"PAR1")
    with pytest.raises(CatsightError) as raised:
        tables.read(path)
    said = str(raised.value)
    assert said.startswith(f"{path} cannot be read as a table (") and said.endswith(f"); {MEND}")


def test_the_columns_and_the_rows_that_are_asked_for_are_read(tmp_path):
    path = tmp_path / "t.parquet"
    tables.write(path, ROWS, VIEWS, {})
    assert tables.schema(path).remove_metadata() == VIEWS
    assert list(tables.rows(path, [2, 5], ["frame_id"])) == [{"frame_id": "f2"}, {"frame_id": "f5"}]
    assert list(tables.rows(path, [9])) == [ROWS[9]]
    (batch,) = tables.batches(path, 99, ["frame_id"])
    assert batch.to_pylist() == [{"frame_id": f"f{i}"} for i in range(10)]
    names = [batch.schema.names for batch in tables.batches(path, 4)]
    assert names == [["frame_id", "image"]] * 3


def test_a_file_that_cannot_be_opened_is_said_as_such(tmp_path, monkeypatch):
    """Not hidden by an error about the unfinished file, which is not there."""

    def full(*arguments, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "ParquetWriter", full)
    with pytest.raises(CatsightError) as raised:
        tables.write(tmp_path / "t.parquet", ROWS, VIEWS, {})
    assert str(raised.value) == (
        f"{tmp_path / 't.parquet'} cannot be written: no space left on device. Nothing else is lost; "
        "make room and run again"
    )


def test_a_named_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.parquet")
    for read in (tables.read, tables.provenance, tables.measure_content):
        with pytest.raises(CatsightError, match=r"cannot be read as a table \(it is not a file\)"):
            read(tmp_path / "pipe.parquet")
