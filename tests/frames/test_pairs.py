"""Pictures recorded in pairs, from folders and from tables."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catsight import CatsightError, tables
from catsight.frames import pairs as pairing
from catsight.inputs.pictures import decode_png
from catsight.views.command import make as make_view
from catsight.views.viewer import needs_partner
from support.job_of_frames import Job, encoded, noise, table

COLUMNS = {"image": "image", "id": None, "group": None}


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


def pairs(job, **changes):
    source = {
        "source": "pairs",
        "path": str(job.folder / "human"),
        "partner": str(job.folder / "cat"),
        "group_by": "file",
    }
    return source | COLUMNS | changes


def test_folders_are_matched_by_path_without_suffix(job):
    for i in range(3):
        job.add(f"human/walk/{i}.png", noise(i))
        job.add(f"cat/walk/{i}.tif", noise(10 + i, 5, 6))
    job.add("human/alone.png", noise(20))
    job.add("cat/walk/lonely.png", noise(21))
    job.add("human/walk/1.webp", noise(22))  # which of both is 1?
    job.add("human/broken.png", noise(23))
    job.add("cat/broken.png", b"")
    rows = job(source=pairs(job, group_by="folder"))
    # 1.png comes before 1.webp
    assert sorted(rows) == [f"walk/{i}.png" for i in range(3)]
    for i in range(3):
        row = rows[f"walk/{i}.png"]
        np.testing.assert_array_equal(decode_png(row["image"]["bytes"]), noise(i))
        np.testing.assert_array_equal(decode_png(row["partner"]["bytes"]), noise(10 + i, 5, 6))
        assert (row["group"], row["height"]) == ("walk", 8)
    reasons = {name: reason for name, (reason, _) in job.left_out.items()}
    assert reasons == {
        "alone.png": "unmatched", "walk/lonely.png": "unmatched", "walk/1.webp": "unmatched", "broken.png": "empty",
    }  # fmt: skip
    assert (
        "human holds it, but" in job.left_out["alone.png"][1]
        and "cat holds it" in job.left_out["walk/lonely.png"][1]
    )
    assert "its partner: " in job.left_out["broken.png"][1]


def test_glances_crop_both_alike(job):
    rgb = noise(0, 20, 30)
    job.add("human/a.png", rgb)
    job.add("cat/a.png", 255 - rgb)
    job.add("human/b.png", noise(1, 20, 30))
    job.add("cat/b.png", noise(2, 10, 15))
    rows = job(source=pairs(job), glances=3, glance_size=[0.4, 0.8])
    assert len(rows) == 3
    for row in rows.values():
        seen = decode_png(row["image"]["bytes"])
        np.testing.assert_array_equal(decode_png(row["partner"]["bytes"]), 255 - seen)
    assert job.left_out["b.png"] == (
        "unequal sizes", "it has 30 × 20 px and its partner 15 × 10; glances crop both alike",
    )  # fmt: skip


def test_tables_are_matched_by_id_in_any_order(job):
    def rows(ids, first):
        return [
            {"image": {"bytes": encoded(noise(first + i))}, "frame": f"f{i}", "walk": f"w{i % 2}"}
            for i in ids
        ]

    table(job, "human.parquet", rows(range(7), 0), row_group_size=2)
    table(job, "cat/a.parquet", rows([6, 2, 4], 100), row_group_size=1)
    table(job, "cat/b.parquet", rows([1, 9, 0, 3], 100))
    source = pairs(job, path=str(job.folder / "human.parquet"), id="frame", group="walk")
    found = job(source=source)
    assert set(found) == {"f0", "f1", "f2", "f3", "f4", "f6"}
    for i in (0, 1, 2, 3, 4, 6):
        np.testing.assert_array_equal(decode_png(found[f"f{i}"]["image"]["bytes"]), noise(i))
        np.testing.assert_array_equal(
            decode_png(found[f"f{i}"]["partner"]["bytes"]), noise(100 + i)
        )
        assert found[f"f{i}"]["group"] == f"w{i % 2}"
    assert {name: reason for name, (reason, _) in job.left_out.items()} == {
        "f5": "unmatched",
        "f9": "unmatched",
    }
    with pytest.raises(CatsightError, match="rows are paired by id"):
        job(source=source | {"id": None})


def test_the_view_of_the_partner(job, tmp_path):
    for i in range(2):
        job.add(f"human/{i}.png", noise(i))
        job.add(f"cat/{i}.png", noise(10 + i))
    job(source=pairs(job), shards=1)
    paired = {"filter": "paired"}
    for view in (paired, {"filter": "greyscale", "of": paired}):
        output = tmp_path / "view.parquet"
        make_view(["--spec", json.dumps({"view": view}), "--store", str(tmp_path / "store"), "--frames", str(job.outputs[0]),
                   "--output", str(output)])  # fmt: skip
        seen = [decode_png(row["image"]["bytes"]) for row in tables.read(output).to_pylist()]
        if view is paired:
            np.testing.assert_array_equal(seen, [noise(10), noise(11)])
    assert needs_partner({"filter": "blur", "of": {"filter": "original"}, "match": paired})
    assert not needs_partner({"filter": "blur", "of": {"filter": "original"}, "match": {"eye": {}}})


def test_what_is_said_of_a_picture_without_its_partner(job):
    job.add("human/a.png", noise(0))
    job.add("human/b.png", noise(1))
    job.add("human/b.jpg", noise(2))
    job.add("human/d.png", b"")
    job.add("human/e.png", noise(3))
    job.add("cat/c.png", noise(4))
    for name in "bde":
        job.add(f"cat/{name}.tif", b"" if name == "e" else noise(5))
    source = pairs(job, group_by="folder")
    rows = job(source=source)
    here, there = source["path"], source["partner"]
    assert set(rows) == {"b.jpg"}
    unmatched = "{} holds it, but {} holds nothing of this name"
    assert job.left_out == {
        "a.png": ("unmatched", unmatched.format(here, there)),
        "c.png": ("unmatched", unmatched.format(there, here)),
        "b.png": ("unmatched", "its name without the suffix is also that of b.jpg"),
        "d.png": ("empty", "the file holds no bytes"),
        "e.png": ("empty", "its partner: the file holds no bytes"),
    }


def test_depth_maps_are_those_of_the_first_side(job):
    for side in ("human", "cat"):
        depth = io.BytesIO()
        np.save(depth, np.full(noise(0).shape[:2], 2.0 if side == "human" else 3.0))
        job.add(f"{side}/a.png", noise(ord(side[0])))
        job.add(f"{side}/a.depth.npy", depth.getvalue())
    row = job(source=pairs(job))["a.png"]
    assert (np.load(io.BytesIO(row["depth"])) == 2).all()
    assert row["group"] == "a.png"  # grouped by file
    np.testing.assert_array_equal(decode_png(row["partner"]["bytes"]), noise(ord("c")))


def test_what_is_said_of_rows_of_tables(job):
    """Of a second row of an id, in the same or another table, and of a table that is none."""

    def rows(*ids):
        return [{"image": {"bytes": encoded(noise(i))}, "n": n} for i, n in enumerate(ids)]

    table(job, "human/a.parquet", rows(1, 2, 1))
    table(job, "human/b.parquet", rows(2, 3))
    table(job, "cat/a.parquet", rows(1, 2))
    job.add("cat/b.parquet", b"PAR1")
    source = pairs(job, id="n")
    assert set(job(source=source)) == {"1", "2"}
    here, there = source["path"], source["partner"]
    left = dict(job.left_out)
    assert left.pop("b.parquet")[0] == "truncated"
    assert left.pop("3") == (
        "unmatched",
        f"{here} holds it, but {there} holds nothing of this name",
    )
    assert left == {
        "1": ("unmatched", "a.parquet holds another row of this id"),
        "2": ("unmatched", "b.parquet holds another row of this id"),
    }
    with pytest.raises(CatsightError) as raised:
        job(source=source | {"id": None})
    assert str(raised.value) == (
        f"{here}/a.parquet: rows are paired by id; name the column that holds it (id: ...)"
    )


def test_a_row_without_a_group_is_its_own(job):
    for side in ("human", "cat"):
        rows = [
            {"image": {"bytes": encoded(noise(ord(side[0]) + i))}, "n": i, "g": [None, "x"][i]}
            for i in range(2)
        ]
        table(job, f"{side}.parquet", rows)
    source = pairs(
        job,
        id="n",
        group="g",
        path=str(job.folder / "human.parquet"),
        partner=str(job.folder / "cat.parquet"),
    )
    assert {name: row["group"] for name, row in job(source=source).items()} == {"0": "0", "1": "x"}


def test_few_row_groups_are_kept(job, monkeypatch):
    """Rows of one group are read at once; of three groups in turn, two are kept."""
    rows = [{"image": {"bytes": encoded(noise(i))}, "n": i} for i in range(6)]
    for side in ("human", "cat"):
        table(job, f"{side}.parquet", rows, row_group_size=2)
    source = pairs(
        job, id="n", path=str(job.folder / "human.parquet"), partner=str(job.folder / "cat.parquet")
    )
    kept = []
    fetched = pairing._Tables._row
    monkeypatch.setattr(
        pairing._Tables,
        "_row",
        lambda self, key: (fetched(self, key), kept.append(len(self.kept)))[0],
    )
    assert len(job(source=source)) == 6
    assert max(kept) == 2


#: A name with an accent, as one sign and as two: file systems write either.
COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def test_accents_match_however_they_are_written(job):
    job.add(f"human/{COMPOSED}.png", noise(0))
    job.add(f"cat/{DECOMPOSED}.png", noise(1))
    rows = job(source=pairs(job))
    assert list(rows) == [f"{COMPOSED}.png"] and not job.left_out
    for side, name, seed in (("human", DECOMPOSED, 0), ("cat", COMPOSED, 1)):
        (job.folder / "tables" / side).mkdir(parents=True)
        data = {"image": [{"bytes": encoded(noise(seed)), "path": None}], "id": [name]}
        pq.write_table(pa.table(data), job.folder / "tables" / side / "t.parquet")
    sides = {"path": str(job.folder / "tables/human"), "partner": str(job.folder / "tables/cat")}
    rows = job(source=pairs(job, id="id", **sides), out="tables")
    assert list(rows) == [COMPOSED] and not job.left_out


def test_ids_match_in_whatever_type_they_are_written_and_null_is_no_id(job):
    """Whole numbers with and without a point, text in bytes."""
    for side, ids in (("human", [1, 2, None, None]), ("cat", [2.0, 1.0, None, 7.0])):
        (job.folder / side).mkdir()
        images = [{"bytes": encoded(noise(10 * len(side) + i)), "path": None} for i in range(4)]
        pq.write_table(pa.table({"image": images, "id": ids}), job.folder / side / "t.parquet")
    rows = job(source=pairs(job, id="id"))
    assert sorted(rows) == ["1", "2"]
    np.testing.assert_array_equal(decode_png(rows["1"]["partner"]["bytes"]), noise(31))
    null = {name for name, (_, why) in job.left_out.items() if "is null, so it has no" in why}
    assert null == {f"t.parquet, row {row} of row group 0" for row in (2, 3)}
    assert set(job.left_out) == null | {"7"}


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        (pa.string(), pa.binary()),
        (pa.large_string(), pa.large_binary()),
        (pa.string_view(), pa.binary_view()),
    ],
)
def test_text_that_is_not_utf8_is_shown_by_its_bytes(job, kind, stored):
    """Arrow stores any bytes as text, and raises UnicodeDecodeError only where they are read."""
    bad = pa.Array.from_buffers(kind, 2, pa.array([b"a", b"\xff"], stored).buffers())
    for side, seed in (("human", 0), ("cat", 10)):
        (job.folder / side).mkdir()
        images = [{"bytes": encoded(noise(seed + i)), "path": None} for i in range(2)]
        ids = {"id": bad, "g": bad}
        pq.write_table(pa.table({"image": images} | ids), job.folder / side / "t.parquet")
    rows = job(source=pairs(job, id="id", group="g"))
    assert {key: row["group"] for key, row in rows.items()} == {"a": "a", "\\xff": "\\xff"}


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (pa.array([10**15, 1], pa.timestamp("s")), "OverflowError"),
        (pa.array([10**8, 1], pa.date32()), "OverflowError"),
    ],
)
def test_values_that_python_cannot_hold_leave_out_their_table(job, ids, words):
    for side, seed in (("human", 0), ("cat", 10)):
        (job.folder / side).mkdir()
        images = [{"bytes": encoded(noise(seed + i)), "path": None} for i in range(2)]
        pq.write_table(pa.table({"image": images, "id": ids}), job.folder / side / "t.parquet")
        fine = {"image": images, "id": ["a", "b"]}
        pq.write_table(pa.table(fine), job.folder / side / "u.parquet")
    assert set(job(source=pairs(job, id="id", group=None))) == {"a", "b"}
    assert job.left_out["t.parquet"][0] == "unreadable" and words in job.left_out["t.parquet"][1]


def test_a_pair_is_a_duplicate_only_if_both_of_its_pictures_are(job):
    for i, (first, second) in enumerate([(0, 1), (0, 2), (3, 1), (0, 1)]):
        job.add(f"human/{i}.png", noise(first))
        job.add(f"cat/{i}.png", noise(second))
    rows = job(source=pairs(job))
    assert sorted(rows) == ["0.png", "1.png", "2.png"]
    assert job.left_out["3.png"][0] == "duplicate" and "0.png" in job.left_out["3.png"][1]
