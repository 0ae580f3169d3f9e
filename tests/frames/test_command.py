"""The command as the workflow calls it."""

import hashlib
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from catsight import CatsightError, resources, tables
from catsight.frames.command import main, shard_of
from catsight.pictures import decode_png

SPEC = {
    "source": "folder", "glances": 0, "group_by": "file", "on_reject": "report", "max_pixels": 10**6, "shards": 2,
    "seed": 0, "code": "x", "versions": {},
}  # fmt: skip


class Job:
    """Runs the command on ``folder`` and reads what it wrote."""

    def __init__(self, root):
        self.root, self.folder = root, root / "photos"
        self.folder.mkdir()

    def add(self, name, values, **options):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(values, bytes):
            path.write_bytes(values)
        else:
            Image.fromarray(values).save(path, **options)

    def __call__(self, out="out", store="store", **changes):
        spec = SPEC | {"folder": str(self.folder)} | changes
        self.outputs = [self.root / out / f"{i}.parquet" for i in range(spec["shards"])]
        self.rejected = self.root / out / "rejected.parquet"
        main([
            "--spec", json.dumps(spec), "--store", str(self.root / store),
            "--output", *map(str, self.outputs), "--rejected", str(self.rejected),
        ])  # fmt: skip
        self.shards = [tables.read(path) for path in self.outputs]
        self.left_out = {row["path"]: (row["reason"], row["detail"]) for row in tables.read(self.rejected).to_pylist()}
        return {row["frame_id"]: row for shard in self.shards for row in shard.to_pylist()}


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


@pytest.fixture
def folder(job):
    """Nine photos, in two folders and the top."""
    rng = np.random.default_rng(0)
    for i in range(9):
        name = f"{['', 'day/', 'night/one/'][i % 3]}{i}.png"
        job.add(name, rng.integers(0, 256, (20 + i, 30, 3), dtype=np.uint8))
    return job


def test_whole_photos(folder):
    rows = folder()
    assert sorted(rows) == sorted(f"{['', 'day/', 'night/one/'][i % 3]}{i}.png" for i in range(9))
    for name, row in rows.items():
        rgb = np.asarray(Image.open(folder.folder / name))
        np.testing.assert_array_equal(decode_png(row["image"]["bytes"]), rgb)
        assert Image.open(io.BytesIO(row["image"]["bytes"])).format == "PNG"
        assert (row["group"], row["source"], row["image"]["path"]) == (name, "folder", name)
        assert (row["height"], row["width"]) == rgb.shape[:2]
        assert row["sha256"] == hashlib.sha256(f"({rgb.shape[0]}, 30, 3)".encode() + rgb.tobytes()).hexdigest()
        assert [row[key] for key in ("title", "author", "licence", "link", "left", "top")] == [None] * 6
    assert folder.left_out == {}
    for shard in folder.shards:
        assert shard.schema.equals(tables.FRAMES)


def test_glances_are_crops_of_the_photo(folder):
    rows = folder(glances=3, glance_size=[0.3, 0.6])
    assert len(rows) == 27 and "day/1.png#02" in rows
    for name, row in rows.items():
        photo = np.asarray(Image.open(folder.folder / name.split("#")[0]))
        left, top, side = row["left"], row["top"], row["width"]
        np.testing.assert_array_equal(decode_png(row["image"]["bytes"]), photo[top : top + side, left : left + side])
        assert row["height"] == side and 0.3 * 20 - 0.5 <= side <= 0.6 * 28 + 0.5
        assert row["group"] == name.split("#")[0]
    assert len({(row["left"], row["top"]) for row in rows.values()}) > 15


def test_groups_may_be_folders(folder):
    assert {name: row["group"] for name, row in folder(group_by="folder").items()} == {
        f"{group}{i}.png": group.rstrip("/") or "." for i in range(9) for group in [["", "day/", "night/one/"][i % 3]]
    }


def test_shards_do_not_change_the_frames(folder):
    glances = {"glances": 2, "glance_size": [0.5, 1.0]}
    one, five, many = folder(shards=1, **glances), folder(shards=5, **glances), folder(shards=40, **glances)
    assert one == five == many
    assert sum(shard.num_rows for shard in folder.shards) == 18
    assert any(shard.num_rows == 0 and shard.schema.equals(tables.FRAMES) for shard in folder.shards)


def test_a_frame_keeps_its_shard():
    """Also in another process, and in the next version."""
    assert [shard_of(name, 5) for name in ("chelsea-00", "chelsea-01", "猫.png")] == [3, 3, 1]
    counts = np.bincount([shard_of(f"{i}.jpg", 4) for i in range(4000)])
    assert np.abs(counts - 1000).max() < 110  # 4 standard deviations


def test_rows_are_in_the_order_of_their_paths(folder):
    folder(shards=2)
    for shard in folder.shards:
        names = shard["frame_id"].to_pylist()
        assert len(names) > 1 and names == sorted(names)


def test_another_photo_changes_no_other_row(folder):
    glances = {"glances": 2, "glance_size": [0.5, 1.0], "shards": 3}
    before = folder(out="before", **glances)
    places = [set(shard["frame_id"].to_pylist()) for shard in folder.shards]
    folder.add("0 first.png", np.arange(300, dtype=np.uint8).reshape(10, 10, 3))
    after = folder(out="after", **glances)
    assert {name: after[name] for name in before} == before and len(after) == len(before) + 2
    for old, shard in zip(places, folder.shards):
        assert old == {name for name in shard["frame_id"].to_pylist() if not name.startswith("0 first")}


def test_a_second_call_is_answered_by_the_store(folder, capsys):
    first = folder()
    content = [tables.content(path) for path in folder.outputs]
    capsys.readouterr()
    assert folder(out="again") == first
    said = capsys.readouterr().err
    assert said.count("store: hit") == 3 and "computed" not in said and "files in" not in said
    folder(out="anew", store="other")
    assert [tables.content(path) for path in folder.outputs] == content
    assert folder.outputs[0].is_symlink()


@pytest.mark.parametrize("change", ["damaged", "lost", "file", "option"])
def test_what_has_changed_is_computed(folder, capsys, change):
    first = folder()
    if change == "damaged":
        path = folder.outputs[0].resolve()
        data = bytearray(path.read_bytes())
        data[len(data) // 3] ^= 255
        path.write_bytes(data)
    elif change == "lost":
        folder.rejected.resolve().unlink()
    elif change == "file":
        folder.add("0.png", np.zeros((4, 4, 3), np.uint8))
    capsys.readouterr()
    again = folder(**({"seed": 1} if change == "option" else {}))
    assert capsys.readouterr().err.count("store: computed") == 3
    assert (again == first) == (change != "file")


def test_bad_files_are_reported_and_do_not_stop_the_run(folder):
    folder.add("big.png", np.zeros((1001, 1000), np.uint8))
    folder.add("sub/empty.jpg", b"")
    folder.add("notes.txt", b"read me\n")
    folder.add("cut.png", (folder.folder / "0.png").read_bytes()[:300])
    (folder.folder / "link.png").symlink_to("nowhere")
    rows = folder()
    assert len(rows) == 9
    assert {path: reason for path, (reason, _) in folder.left_out.items()} == {
        "big.png": "too large", "cut.png": "truncated", "link.png": "unreadable", "notes.txt": "not an image",
        "sub/empty.jpg": "empty",
    }  # fmt: skip
    assert "max_pixels" in folder.left_out["big.png"][1]
    content = tables.content(folder.rejected)
    folder(store="other")
    assert tables.content(folder.rejected) == content


def test_duplicates_are_left_out_and_named(folder):
    rgb = np.asarray(Image.open(folder.folder / "0.png"))
    folder.add("day/copy.tif", rgb)  # other bytes, the same picture
    folder.add("0 before.png", rgb, compress_level=0)
    rows = folder(on_reject="stop")  # a duplicate stops nothing
    assert len(rows) == 9 and "0 before.png" in rows and "0.png" not in rows
    assert folder.left_out == {
        "0.png": ("duplicate", "it shows the same pixels as 0 before.png"),
        "day/copy.tif": ("duplicate", "it shows the same pixels as 0 before.png"),
    }


def test_on_reject_stop(folder):
    folder.add("day/2 bad.jpg", b"")
    with pytest.raises(CatsightError, match=r"day/2 bad\.jpg cannot be used: empty .*frames\.on_reject: report"):
        folder(on_reject="stop")
    assert not list(folder.root.rglob("*.parquet*"))  # nothing half made


def test_a_folder_without_a_picture(job, tmp_path):
    with pytest.raises(CatsightError, match="photos', which holds no files"):
        job()
    job.add("a.jpg", b"")
    job.add("b.txt", b"text")
    job.add("c.txt", b"text")
    with pytest.raises(CatsightError, match=r"photos' is a picture that can be used \(2 not an image, 1 empty\)"):
        job()
    assert not list(tmp_path.rglob("*.parquet*"))
    with pytest.raises(CatsightError, match=r"nowhere', which is not a folder"):
        job(folder=str(tmp_path / "nowhere"))


def test_names_of_all_kinds(job):
    names = ["Möwe und Meer.png", "猫.png", "#01.png", "a'b\"c.png", "UPPER.PNG", ".hidden.png"]
    for i, name in enumerate(names):
        job.add(name, np.full((5, 5, 3), i, np.uint8))
    (job.folder / b"caf\xe9.png".decode("utf-8", "surrogateescape")).write_bytes((job.folder / "#01.png").read_bytes())
    job.add("#01.png", np.full((5, 6, 3), 9, np.uint8))
    assert set(job()) == {*names[:-1], "caf\\xe9.png"}


def test_the_default_photos(job):
    entries = resources.load_yaml(resources.find("photos.yaml"))
    rows = job(source="photos", photos=entries, folder=None, glances=2, glance_size=[0.75, 1.0])
    assert sorted(rows) == sorted(f"{entry['name']}-{i:02}" for entry in entries for i in range(2))
    row = rows["chelsea-01"]
    assert (row["group"], row["source"], row["author"]) == ("chelsea", "photos", "Stefan van der Walt")
    assert all(row[key] for row in rows.values() for key in ("title", "author", "licence", "link"))
    whole = job(out="whole", source="photos", photos=entries, folder=None)
    assert set(whole) == {entry["name"] for entry in entries}
    altered = [entries[0] | {"sha256": "0" * 64}]
    with pytest.raises(CatsightError, match="credits"):
        job(source="photos", photos=altered, folder=None)


def test_shards_and_outputs_must_agree(job, capsys):
    spec = json.dumps(SPEC | {"folder": str(job.folder)})
    with pytest.raises(SystemExit):
        main(["--spec", spec, "--output", "one.parquet", "--rejected", "r.parquet"])
    assert "asks for 2 shards, but --output names 1" in capsys.readouterr().err


def add_depth(job, name, depth):
    file = io.BytesIO()
    np.save(file, depth)
    job.add(name, file.getvalue())


def test_a_depth_map_goes_with_its_photo(job, folder):
    depth = np.random.default_rng(1).uniform(0.5, 9, (20, 30))
    depth[0, 0] = np.inf
    add_depth(job, "0.depth.npy", depth)
    rows = folder()
    np.testing.assert_array_equal(np.load(io.BytesIO(rows["0.png"]["depth"])), depth.astype(np.float32))
    assert [name for name, row in rows.items() if row["depth"] is not None] == ["0.png"]
    assert len(rows) == 9 and not folder.left_out
    # each glance has its own part of it
    rows = folder(glances=3, glance_size=[0.5, 0.9], out="glances")
    for i in range(3):
        row = rows[f"0.png#0{i}"]
        part = depth[row["top"] : row["top"] + row["height"], row["left"] : row["left"] + row["width"]]
        np.testing.assert_array_equal(np.load(io.BytesIO(row["depth"])), part.astype(np.float32))


def test_a_changed_depth_map_is_noticed(job, folder, capsys):
    add_depth(job, "0.depth.npy", np.full((20, 30), 2.0))
    folder()
    add_depth(job, "0.depth.npy", np.full((20, 30), 3.0))
    capsys.readouterr()
    assert np.load(io.BytesIO(folder()["0.png"]["depth"])).max() == 3
    assert "store: hit" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("depth", "words"),
    [
        (np.ones((5, 5)), r"holds float64 \(5, 5\); it must hold numbers, \(20, 30\) as the photo"),
        (np.zeros((20, 30)), "must hold metres, each at least 0.01"),
        (np.full((20, 30), np.nan), "must hold metres"),
        (np.full((20, 30), "far"), "holds <U3"),
        (np.array([[None]]), "cannot be read: Object arrays cannot be loaded"),
    ],
)
def test_a_bad_depth_map_is_a_reason(job, folder, depth, words):
    add_depth(job, "0.depth.npy", depth)
    assert len(folder()) == 8
    reason, detail = folder.left_out["0.png"]
    assert reason == "bad depth" and re.search(words, detail)


def test_a_depth_map_without_a_photo_is_reported(job, folder):
    add_depth(job, "gone.depth.npy", np.ones((5, 5)))
    folder()
    assert folder.left_out["gone.depth.npy"][0] == "not an image"
