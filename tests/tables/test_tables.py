import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catsight import CatsightError, tables
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.image import IMAGE
from catsight.tables.columns.rejected import REJECTED
from catsight.tables.columns.views import VIEWS
from catsight.tables.store import Store, address

ROWS = [
    {"frame_id": f"f{i}", "image": {"bytes": bytes([i]) * i, "path": None if i % 3 else f"p{i}"}}
    for i in range(10)
]


def digest(rows, schema=VIEWS, cuts=(10,)):
    parts, start = [], 0
    for stop in cuts:
        parts.append(pa.RecordBatch.from_pylist(rows[start:stop], schema=schema))
        start = stop
    result = tables._RowsDigest(schema)
    for part in parts:
        result.update(part)
    return result.hexdigest()


def test_digest_depends_on_rows_not_on_batches():
    assert digest(ROWS) == digest(ROWS, cuts=(3, 4, 4, 10))
    assert digest(ROWS) != digest(ROWS[:9])
    assert digest(ROWS) != digest([ROWS[1], ROWS[0], *ROWS[2:]])


@pytest.mark.parametrize(
    "change",
    [
        {"frame_id": "g3"},
        {"image": {"bytes": b"\x03\x03\x03", "path": None}},  # null, not a path
        {"image": {"bytes": b"\x03\x03", "path": "p3"}},
        {"image": {"bytes": None, "path": "p3"}},
    ],
)
def test_digest_sees_every_change(change):
    assert digest([*ROWS[:3], {**ROWS[3], **change}, *ROWS[4:]]) != digest(ROWS)


def test_digest_tells_where_one_value_ends():
    rows = [{"frame_id": "ab", "image": None}, {"frame_id": "c", "image": None}]
    moved = [{"frame_id": "a", "image": None}, {"frame_id": "bc", "image": None}]
    assert digest(rows) != digest(moved)


def test_digest_of_vectors_and_slices():
    schema = features_schema({"a/mean": 2})
    values = np.arange(8, dtype=np.float32)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(values), 2)
    whole = pa.RecordBatch.from_arrays([pa.array(list("wxyz")), lists], schema=schema)
    one, two = tables._RowsDigest(schema), tables._RowsDigest(schema)
    one.update(whole)
    two.update(whole.slice(0, 1))
    two.update(whole.slice(1, 3))
    assert one.hexdigest() == two.hexdigest()
    three = tables._RowsDigest(schema)
    three.update(whole.slice(1, 3))
    assert three.hexdigest() != one.hexdigest()


def test_digest_of_lists_is_of_their_values(tmp_path):
    """Of what the lists hold, not of where they lie in memory; the same once more when read from
    the file.
    """
    schema = pa.schema(
        [
            ("x", pa.list_(pa.float64())),
            ("y", pa.list_(pa.struct([("n", pa.string()), ("v", pa.list_(pa.int32()))]))),
        ]
    )

    def rows():
        return [
            {"x": [1.0, 2.0], "y": [{"n": "a", "v": [1, 2]}, {"n": None, "v": None}]},
            {"x": [], "y": None},
            {"x": None, "y": []},
            {"x": [3.0], "y": [{"n": "b", "v": []}]},
        ]

    tables.write(tmp_path / "t.parquet", rows(), schema, {})
    assert tables.content(tmp_path / "t.parquet") == tables.measure_content(tmp_path / "t.parquet")
    assert (
        digest(rows(), schema)
        == digest(rows(), schema, cuts=(1, 3, 4))
        == tables.content(tmp_path / "t.parquet")
    )
    for change in (
        {"x": [1.0]},
        {"x": None},
        {"y": [{"n": "a", "v": [1]}, {"n": None, "v": None}]},
    ):
        assert digest([{**rows()[0], **change}, *rows()[1:]], schema) != digest(rows(), schema)
    moved = rows()
    moved[0]["x"], moved[3]["x"] = [1.0], [2.0, 3.0]
    assert digest(moved, schema) != digest(rows(), schema)


def test_no_digest_of_what_it_does_not_know():
    with pytest.raises(TypeError, match="x: no digest of"):
        digest([{"x": [("a", 1)]}], pa.schema([("x", pa.map_(pa.string(), pa.int32()))]))


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


def test_what_lies_under_a_null_struct_does_not_count(tmp_path):
    """Arrow holds empty values there, a file nulls."""
    schema = pa.schema([("image", IMAGE)])
    tables.write(
        tmp_path / "t.parquet",
        [{"image": None}, {"image": {"bytes": b"x", "path": None}}],
        schema,
        {},
    )
    assert tables.content(tmp_path / "t.parquet") == tables.measure_content(tmp_path / "t.parquet")


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


def damage(path):
    """Flips a byte in the middle of the first column's data."""
    data = bytearray(path.read_bytes())
    data[40] ^= 0xFF
    path.write_bytes(data)


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


def test_store_links_what_is_there(tmp_path, capfd):
    store, spec = Store(tmp_path / "store"), {"b": 1, "a": 2}
    where = address(spec, {"x": "1"})
    assert where == address({"a": 2, "b": 1}, {"x": "1"})
    assert where != address(spec, {"x": "2"}) and where != address({**spec, "a": 3}, {"x": "1"})
    output = tmp_path / "results" / "study" / "v.parquet"
    assert not store.find(where, output)
    store.save(where, output, VIEWS, ROWS, {"spec": spec})
    assert output.is_symlink() and not output.readlink().is_absolute()
    output.unlink()
    assert store.find(where, output)
    assert "store: hit" in capfd.readouterr().err
    assert tables.read(output).to_pylist() == ROWS


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


def test_shards_of_a_folder(tmp_path):
    for shard in (0, 1, 2, 10):
        tables.write(tmp_path / f"{shard}.parquet", [], VIEWS, {})
    tables.write(tmp_path / "rejected.parquet", [], REJECTED, {})
    assert [path.name for path in tables.shards(tmp_path, 3)] == [
        "0.parquet",
        "1.parquet",
        "2.parquet",
    ]
    assert tables.shards(tmp_path / "10.parquet", 3) == [
        tmp_path / "10.parquet"
    ]  # a table is a table
    # by hand, without a number, as many as there are: a gap is no end
    with pytest.raises(CatsightError, match=r"3\.parquet is missing: of 11 shards, 4 are there"):
        tables.shards(tmp_path)
    with pytest.raises(CatsightError, match=r"3\.parquet is missing: of 4 shards, 3 are there"):
        tables.shards(tmp_path, 4)
    (tmp_path / "10.parquet").unlink()
    assert tables.shards(tmp_path) == tables.shards(tmp_path, 3)
    with pytest.raises(
        CatsightError, match=r"none\.parquet is neither a table nor a folder of them"
    ):
        tables.shards(tmp_path / "none.parquet")


@pytest.mark.parametrize("harm", [damage, lambda path: path.write_bytes(path.read_bytes()[:100])])
def test_store_never_serves_a_damaged_table(tmp_path, capfd, harm):
    store, where = Store(tmp_path / "store"), address({}, {})
    output = tmp_path / "v.parquet"
    store.save(where, output, VIEWS, ROWS, {})
    harm(store.path(where))
    assert not store.find(where, output)
    assert "is damaged; computing it again" in capfd.readouterr().err
    assert not store.path(where).exists()


def test_store_never_serves_another_address(tmp_path):
    store, one, two = Store(tmp_path / "store"), address({}, {"x": 1}), address({}, {"x": 2})
    store.save(one, tmp_path / "v.parquet", VIEWS, ROWS, {})
    store.path(two).parent.mkdir(parents=True, exist_ok=True)
    store.path(one).rename(store.path(two))
    assert not store.find(two, tmp_path / "v.parquet")


def test_linking_twice_replaces(tmp_path):
    store, output = Store(tmp_path / "store"), tmp_path / "v.parquet"
    store.save(address({}, 1), output, VIEWS, ROWS, {})
    store.save(address({}, 2), output, VIEWS, ROWS[:3], {})
    assert tables.read(output).num_rows == 3
    assert not list(tmp_path.rglob("*.part"))
