"""Tables of pictures as sources: the layout of Hugging Face ``datasets``, and catsight's own."""

import io
import json

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from catsight import CatsightError
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
