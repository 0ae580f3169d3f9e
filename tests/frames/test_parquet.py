"""Tables of pictures as sources: the layout of Hugging Face ``datasets``, and catsight's own."""

import io
import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from catsight import CatsightError, tables
from catsight.frames.item import Rejected
from catsight.frames.parquet import Columns, columns_of, credits_of, opened, picture, text, text_of
from catsight.inputs.pictures import decode_png
from catsight.tables.columns.image import IMAGE
from support.job_of_frames import Job, encoded, noise, table

TABLE = {"source": "parquet", "files": None, "image": "image", "id": None, "group": None}


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


def as_datasets_writes_them(count=5):
    """A table with the schema metadata from which ``datasets`` knows its features."""
    images = [
        {
            "bytes": encoded(noise(i), ["PNG", "WEBP"][i % 2] if i % 2 == 0 else "PNG"),
            "path": f"{i}.png",
        }
        for i in range(count)
    ]
    data = pa.table({
        "image": pa.array(images, IMAGE), "label": list(range(count)), "clip": [f"clip {i // 2}" for i in range(count)],
    })  # fmt: skip
    about = {
        "info": {
            "features": {"image": {"_type": "Image"}, "label": {"dtype": "int64", "_type": "Value"}}
        }
    }
    return data.replace_schema_metadata({"huggingface": json.dumps(about)})


def test_a_table_of_datasets(job):
    table(job, "train/0000.parquet", as_datasets_writes_them(), row_group_size=2)
    table(
        job,
        "test/0000.parquet",
        [{"image": {"bytes": encoded(noise(7)), "path": None}, "label": 7}],
    )
    rows = job(source=TABLE | {"path": str(job.folder)})
    names = ["test/0000.parquet#000000", *(f"train/0000.parquet#{i:06}" for i in range(5))]
    assert sorted(rows) == names and not job.left_out
    for seed, name in zip([7, *range(5)], names):
        np.testing.assert_array_equal(decode_png(rows[name]["image"]["bytes"]), noise(seed))
        assert (rows[name]["group"], rows[name]["source"]) == (name, "parquet")
    # ids and groups from columns; a single file; only some files
    chosen = TABLE | {
        "path": str(job.folder / "train/0000.parquet"),
        "id": "label",
        "group": "clip",
    }
    assert {name: row["group"] for name, row in job(source=chosen, out="o").items()} == {
        str(i): f"clip {i // 2}" for i in range(5)
    }
    some = job(source=TABLE | {"path": str(job.folder), "files": ["test/*"]}, out="some")
    assert list(some) == names[:1]


def test_a_row_without_bytes_is_rejected_and_its_path_not_followed(job):
    secret = job.root / "secret.png"
    Image.fromarray(noise(1)).save(secret)
    images = [
        {"bytes": None, "path": str(secret)},
        {"bytes": encoded(noise(2)), "path": "../../secret.png"},
        None,
    ]
    table(job, "t.parquet", pa.table({"image": pa.array(images, IMAGE)}))
    rows = job(source=TABLE | {"path": str(job.folder)})
    assert list(rows) == ["t.parquet#000001"]
    np.testing.assert_array_equal(decode_png(rows["t.parquet#000001"]["image"]["bytes"]), noise(2))
    assert job.left_out["t.parquet#000000"][0] == "no bytes" == job.left_out["t.parquet#000002"][0]
    assert "not followed" in job.left_out["t.parquet#000000"][1]


def test_frames_of_catsights_own(job, tmp_path):
    """Ids, groups, credits and depth maps are kept."""
    for i in range(4):
        job.add(f"{'ab'[i % 2]}/{i}.png", noise(i, 10, 12))
    depth = io.BytesIO()
    np.save(depth, np.full((10, 12), 2.5, np.float32))
    job.add("a/0.depth.npy", depth.getvalue())
    first = job(group_by="folder")
    again = Job(tmp_path / "again") if (tmp_path / "again").mkdir() is None else None
    rows = again(source=TABLE | {"path": str(job.root / "out")})
    for name, row in first.items():
        assert rows[name] == row | {"source": "parquet"}
    assert rows["a/0.png"]["depth"] and rows["b/1.png"]["group"] == "b"
    assert not again.left_out  # rejected.parquet and near_duplicates.parquet lie there, too


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"PAR1 no table", "truncated", "not a Parquet table"),
        (b"", "truncated", "not a Parquet table"),
        ([{"picture": b"x"}], "no pictures", r"no column 'image' \(image\); it has picture"),
        ([{"image": "a path"}], "no pictures", "is string, not a picture's bytes"),
    ],
)
def test_bad_tables_are_rejected_by_name(job, content, reason, words):
    table(job, "good.parquet", as_datasets_writes_them(1))
    job.add("bad.parquet", content) if isinstance(content, bytes) else table(
        job, "bad.parquet", content
    )
    assert list(job(source=TABLE | {"path": str(job.folder)})) == ["good.parquet#000000"]
    found, detail = job.left_out["bad.parquet"]
    assert found == reason and words.replace("\\", "") in detail


def test_a_table_damaged_inside_keeps_what_came_before(job):
    plain = {
        "compression": "none",
        "write_statistics": False,
    }  # so that a picture's bytes lie there, and there only
    path = table(
        job,
        "t.parquet",
        as_datasets_writes_them(60),
        row_group_size=1,
        write_page_checksum=True,
        **plain,
    )
    data, picture = path.read_bytes(), encoded(noise(30))
    assert data.count(picture) == 1
    path.write_bytes(data.replace(picture, picture[:-20] + b"x" + picture[-19:]))
    rows = job(source=TABLE | {"path": str(path)})
    assert 0 < len(rows) <= 30 and job.left_out["t.parquet"][0] == "truncated"


def test_a_second_row_of_an_id_is_left_out(job):
    rows = [{"image": {"bytes": encoded(noise(i))}, "name": "same"} for i in range(2)]
    table(job, "t.parquet", rows)
    assert list(job(source=TABLE | {"path": str(job.folder), "id": "name"})) == ["same"]
    assert job.left_out == {"same": ("duplicate", "another frame has this name already")}


def test_a_table_that_changes_is_noticed(job):
    path = table(job, "t.parquet", as_datasets_writes_them())
    job.list(source=TABLE | {"path": str(path)})
    table(job, "t.parquet", as_datasets_writes_them(6))
    with pytest.raises(CatsightError, match=r"t\.parquet has changed"):
        job.make()


# -- columns and words, of tables made here -------------------------------------------------------

SOURCE = {"image": "image", "id": None, "group": None}
OWN = ("title", "author", "licence", "link", "note")


def columns(data, ours=False, monkeypatch=None, **names):
    buffer = io.BytesIO()
    pq.write_table(data, buffer)
    monkeypatch.setattr(tables, "ours", lambda parquet: ours)
    return columns_of(pq.ParquetFile(buffer), SOURCE | names)


def refusal(*arguments, **options):
    with pytest.raises(Rejected) as raised:
        columns(*arguments, **options)
    return raised.value.reason, raised.value.detail


def test_columns_are_those_named(monkeypatch):
    data = pa.table(
        {"p": [b"x"], "n": [1], "g": [2], "frame_id": ["f"], "group": ["h"], "depth": [b"d"]}
    )
    found = columns(data, monkeypatch=monkeypatch, image="p", id="n", group="g")
    assert found == Columns("p", "n", "g") and found.names == ["p", "n", "g"]
    assert columns(data, monkeypatch=monkeypatch, image="p").names == ["p"]
    same = columns(data, monkeypatch=monkeypatch, image="p", id="n", group="n")
    assert same.names == ["p", "n"]


def test_in_catsights_own_tables_more_columns_are_known(monkeypatch):
    data = pa.table({"image": [b"x"], "frame_id": ["f"], "group": ["h"], "n": [1], "depth": [b"d"],
                     **{name: ["c"] for name in OWN}})  # fmt: skip
    found = columns(data, True, monkeypatch)
    assert found == Columns("image", "frame_id", "group", ("depth", *OWN))
    assert found.names == ["image", "frame_id", "group", "depth", *OWN]
    named = columns(data.drop_columns(["depth", "title"]), True, monkeypatch, id="n", group="n")
    assert named == Columns("image", "n", "n", OWN[1:])
    assert columns(data.select(["image"]), True, monkeypatch) == Columns("image", None, None)


def test_a_column_that_is_missing_is_named_with_those_that_there_are(monkeypatch):
    data = pa.table({f"c{i}": [b"x"] for i in range(22)})
    names = ", ".join(f"c{i}" for i in range(20))
    for key in ("image", "id", "group"):
        about = {"image": "c0"} | {key: "x"}
        assert refusal(data, monkeypatch=monkeypatch, **about) == (
            "no pictures", f"it has no column 'x' ({key}); it has {names}",
        )  # fmt: skip


def test_a_column_that_is_there_twice_is_named(job):
    """Only if it is read: a repeat among the others does no harm."""
    image = pa.array([{"bytes": encoded(noise(0)), "path": None}])
    both, ids = [image, image, pa.array(["a"])], [image, pa.array(["x"]), pa.array(["y"])]
    table(job, "a.parquet", pa.Table.from_arrays(both, names=["image", "image", "id"]))
    table(job, "b.parquet", pa.Table.from_arrays(ids, names=["image", "more", "more"]))
    source = {
        "source": "parquet",
        "path": str(job.folder),
        "image": "image",
        "id": None,
        "group": None,
    }
    assert [*job(source=source)] == ["b.parquet#000000"]
    why = ("no pictures", "it has several columns 'image' (image); keep one")
    assert job.left_out == {"a.parquet": why}


@pytest.mark.parametrize(
    ("kind", "fits"),
    [
        (pa.binary(), True), (pa.large_binary(), True), (IMAGE, True),
        (pa.struct([("path", pa.string()), ("bytes", pa.large_binary())]), True),
        (pa.binary_view(), True), (pa.dictionary(pa.int32(), pa.binary()), True),
        (pa.string(), False), (pa.struct([("bytes", pa.string())]), False),
        (pa.dictionary(pa.int32(), pa.string()), False),
        (pa.struct([("data", pa.binary())]), False),
    ],
)  # fmt: skip
def test_pictures_are_bytes(monkeypatch, kind, fits):
    data = pa.table({"image": pa.array([None], kind)})
    if fits:
        assert columns(data, monkeypatch=monkeypatch).image == "image"
    else:
        assert refusal(data, monkeypatch=monkeypatch) == (
            "no pictures", f"its column 'image' is {kind}, not a picture's bytes",
        )  # fmt: skip


def test_values_are_texts():
    row = {"a": 3, "b": None, "title": "T", "link": None, "author": "", "more": 1}
    assert [text_of(row, name) for name in ("a", "b", None)] == ["3", None, None]
    assert credits_of(row) == {"title": "T", "author": ""}


@pytest.mark.parametrize(
    ("value", "same"),
    [
        (b"a", "a"), ("Kätzchen".encode(), "Kätzchen"), (b"\xff", "\\xff"), (1, "1"), (1.0, "1"), (-0.0, "0"),
        (1.5, "1.5"), (2**60, str(2**60)), (float("inf"), "inf"), (True, "True"), ("1.0", "1.0"),
        (None, None), (float("nan"), None), (np.float32("nan"), None),
        (Decimal("1.00"), "1"), (Decimal("2.50"), "2.5"), (Decimal("1E+2"), "100"), (Decimal("NaN"), None),
        ("cafe\u0301", "caf\u00e9"), ("cafe\u0301".encode(), "caf\u00e9"),
    ],
)  # fmt: skip
def test_a_value_is_the_same_text_in_whatever_type_it_is_written(value, same):
    assert text(value) == same


def test_pictures_in_views_and_dictionaries_are_read(job):
    images = [encoded(noise(i)) for i in range(2)]
    for name, kind in (("v", pa.binary_view()), ("d", pa.dictionary(pa.int32(), pa.binary()))):
        data = {"image": pa.array(images, pa.binary()).cast(kind)}
        pq.write_table(pa.table(data), job.folder / f"{name}.parquet")
        rows = job(source=TABLE | {"path": str(job.folder / f"{name}.parquet")}, out=name)
        seen = [decode_png(row["image"]["bytes"]) for _, row in sorted(rows.items())]
        np.testing.assert_array_equal(seen, [noise(0), noise(1)])


def test_ids_in_bytes_and_groups_that_are_missing(job, tmp_path):
    """As Spark writes text, and pandas a missing number: such a row is a group of its own."""
    rows = {
        "image": [{"bytes": encoded(noise(i)), "path": None} for i in range(4)],
        "id": [b"a", b"b", b"c", None],
        "g": [1.0, float("nan"), None, 1.0],
    }
    pq.write_table(pa.table(rows), job.folder / "t.parquet")
    source = {"source": "parquet", "path": str(job.folder), "files": None, "image": "image"}
    found = job(source=source | {"id": "id", "group": "g"})
    assert {name: row["group"] for name, row in found.items()} == {
        "a": "1", "b": "b", "c": "c", "t.parquet#000003": "1",
    }  # fmt: skip


def test_a_row_is_a_picture_with_its_depth():
    rgb = noise(0, 4, 5)
    depth = io.BytesIO()
    np.save(depth, np.full((4, 5), 2.0))
    known = Columns("image", None, None, ("depth",))
    row = {"image": encoded(rgb), "depth": depth.getvalue()}
    for image in (encoded(rgb), {"bytes": encoded(rgb), "path": None}):
        seen = picture(row | {"image": image}, known, 20, "n")
        np.testing.assert_array_equal(seen.rgb, rgb)
        assert (seen.depth == 2).all() and seen.partner is None
    assert picture(row, Columns("image", None, None), 20, "n").depth is None
    assert picture(row | {"depth": None}, known, 20, "n").depth is None
    with pytest.raises(Rejected, match="too large"):
        picture(row, known, 19, "n")


@pytest.mark.parametrize(
    ("image", "more"),
    [
        (None, ""), ({"bytes": None}, ""), ({"bytes": None, "path": ""}, ""),
        ({"bytes": None, "path": "/a"}, ", only a path, which is not followed (/a)"),
    ],
)  # fmt: skip
def test_a_row_without_a_picture_says_so(image, more):
    with pytest.raises(Rejected) as raised:
        picture({"image": image}, Columns("image", None, None), 20, "n")
    assert raised.value.reason == "no bytes"
    assert raised.value.detail == f"the table holds no picture for it{more}"


def test_a_table_that_cannot_be_read(tmp_path):
    def said(path):
        with pytest.raises(Rejected) as raised, opened(path):
            pass
        return raised.value.reason, raised.value.detail

    reason, detail = said(tmp_path / "no.parquet")
    assert reason == "unreadable" and detail.startswith("reading the table failed: ")
    assert "No such file or directory" in detail
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and so on")
    reason, detail = said(tmp_path / "a.parquet")
    assert reason == "truncated"
    assert detail.startswith("it is not a Parquet table, or damaged (Parquet magic bytes not found")
    assert detail.endswith(")") and "\n" not in detail
    pq.write_table(pa.table({"a": [1]}), tmp_path / "b.parquet")
    with pytest.raises(Rejected) as raised, opened(tmp_path / "b.parquet"):
        raise OSError("odd\nand more")
    assert (raised.value.reason, raised.value.detail) == (
        "truncated",
        "reading the table failed: odd",
    )


def test_rows_are_numbered_through_a_table_and_batches(job):
    rows = [{"image": {"bytes": encoded(noise(i))}, "n": None if i % 2 else i} for i in range(35)]
    table(job, "a.parquet", rows)
    table(job, "b.parquet", [{"image": {"bytes": encoded(noise(99))}, "n": None}])
    found = job(source=TABLE | {"path": str(job.folder), "id": "n"})
    names = [f"a.parquet#{i:06}" if i % 2 else str(i) for i in range(35)]
    assert set(found) == {*names, "b.parquet#000000"}
    assert found["a.parquet#000033"]["group"] == "a.parquet#000033"
    np.testing.assert_array_equal(
        decode_png(found["a.parquet#000033"]["image"]["bytes"]), noise(33)
    )
