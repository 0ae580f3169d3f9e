"""Digests of rows: they change with every value and with nothing else."""

import numpy as np
import pyarrow as pa
import pytest

from catsight import tables
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.image import IMAGE
from catsight.tables.columns.views import VIEWS
from catsight.tables.digest import RowsDigest, canonical_json, seal
from support.rows import ROWS, digest


def test_digest_depends_on_rows_not_on_batches():
    assert digest(ROWS) == digest(ROWS, cuts=(3, 4, 4, 10))
    assert digest(ROWS) != digest(ROWS[:9])
    assert digest(ROWS) != digest([ROWS[1], ROWS[0], *ROWS[2:]])


def test_a_batch_without_rows_changes_nothing():
    assert digest([], cuts=(0, 0)) == RowsDigest(VIEWS).hexdigest()
    assert digest(ROWS, cuts=(0, 4, 4, 10, 10)) == digest(ROWS)


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


def test_a_number_that_is_not_finite_has_no_json():
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            canonical_json({"a": value})


#: A column of every kind that a table has, and three rows, the second of nulls.
KINDS = {
    "text": (pa.string(), ["ab", None, ""]),
    "bytes": (pa.binary(), [b"ab", None, b""]),
    "whole": (pa.int32(), [1, None, -1]),
    "long": (pa.int64(), [1, None, 2**40]),
    "real": (pa.float64(), [0.5, None, -0.5]),
    "list": (pa.list_(pa.float64()), [[1.0, 2.0], None, []]),
    "vector": (pa.list_(pa.float32(), 2), [[1, 2], None, [3, 4]]),
    "struct": (pa.struct([("a", pa.string()), ("b", pa.int32())]), [{"a": "x", "b": 1}, None, {"a": None, "b": 2}]),
    "structs": (pa.list_(pa.struct([("a", pa.string())])), [[{"a": "x"}], None, [{"a": None}]]),
}  # fmt: skip


def digest_of(kind, values, name="x"):
    schema = pa.schema([(name, kind)])
    return digest([{name: value} for value in values], schema, cuts=(1, len(values)))


@pytest.mark.parametrize("name", KINDS)
def test_the_digest_of_a_column_is_that_of_its_values_its_name_and_its_type(name):
    kind, values = KINDS[name]
    first, _, last = values
    others = [
        [last, None, first],  # another order
        [first, last, None],  # another place of the null
        [first, first, last],  # no null
        [first, None],  # fewer rows
        [first, None, first],
        [first, None, last, None],
    ]
    digests = [digest_of(kind, rows) for rows in [values, *others]]
    digests.append(digest_of(kind, values, "y"))
    assert len(set(digests)) == len(digests)
    assert digest_of(kind, values) == digests[0]


def test_types_with_the_same_bytes_have_other_digests():
    """Also where no row tells them apart."""
    kinds = [pa.string(), pa.binary(), pa.int32(), pa.int64(), pa.list_(pa.int32()), pa.list_(pa.int64()),
             pa.list_(pa.float32(), 2), pa.list_(pa.float32(), 3), pa.list_(pa.float32()), pa.struct([("a", pa.int32())]),
             pa.struct([("b", pa.int32())]), pa.struct([("a", pa.int64())])]  # fmt: skip
    assert len({digest_of(kind, [None]) for kind in kinds}) == len(kinds)
    assert len({RowsDigest(pa.schema([("x", kind)])).hexdigest() for kind in kinds}) == len(kinds)


def test_digests_of_every_kind_of_column_stay_what_they_are():
    schema = pa.schema([(name, kind) for name, (kind, _) in KINDS.items()])
    rows = [{name: values[i] for name, (_, values) in KINDS.items()} for i in range(3)]
    assert (
        digest(rows, schema) == "3ac4263d1e564531f0b960ca87a524d019abc2a9596fcee9ae4e89c3966e28a7"
    )


def test_the_seal_is_of_the_provenance_and_of_each_columns_name_type_and_nulls():
    columns = [pa.field("a", pa.int32()), pa.field("b", pa.string())]
    texts = [
        ("{}", columns),
        ("{} ", columns),
        ("{}", columns[::-1]),
        ("{}", columns[:1]),
        ("{}", [pa.field("c", pa.int32()), columns[1]]),
        ("{}", [pa.field("a", pa.int64()), columns[1]]),
        ("{}", [pa.field("a", pa.int32(), nullable=False), columns[1]]),
    ]
    assert len({seal(text, pa.schema(schema)) for text, schema in texts}) == len(texts)
