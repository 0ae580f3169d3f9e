"""Digests of rows: they change with every value and with nothing else."""

import numpy as np
import pyarrow as pa
import pytest

from catsight import tables
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.image import IMAGE
from catsight.tables.digest import RowsDigest, canonical_json, seal
from support.rows import ROWS, digest


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
    one, two = RowsDigest(schema), RowsDigest(schema)
    one.update(whole)
    two.update(whole.slice(0, 1))
    two.update(whole.slice(1, 3))
    assert one.hexdigest() == two.hexdigest()
    three = RowsDigest(schema)
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


def test_digests_stay_what_they_are():
    """Those of every table that was ever written depend on it, and so do all addresses."""
    assert digest(ROWS) == "66761d17d9ec86b1205ed7bdff8c2565ed58313ef5fdc22ad262a558a0e3b7c1"
    assert (
        seal('{"a":1}', features_schema({"b/mean": 2}))
        == "5b03ac7fffa8be0e7ea883ebf5c727f74222d65607ba327c55b345006c707652"
    )
    assert canonical_json({"b": 1.5, "a": ["é", None]}) == '{"a":["é",null],"b":1.5}'
