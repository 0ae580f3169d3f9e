"""`catsight frames manifest` and `make`, as the workflow calls them."""

import hashlib
import io
import json
import re
import resource

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from catsight import CatsightError, tables
from catsight.frames import command, manifest
from catsight.frames.command import allow_files
from catsight.frames.make import shard_of
from catsight.inputs import yaml_files
from catsight.inputs.pictures import decode_png
from catsight.tables.columns.frames import FRAMES
from catsight.tables.columns.manifest import MANIFEST
from support.job_of_frames import Job


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


@pytest.fixture
def folder(job):
    """A job with nine photos, in the folder itself and two below it."""
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
        assert (
            row["sha256"]
            == hashlib.sha256(f"({rgb.shape[0]}, 30, 3)".encode() + rgb.tobytes()).hexdigest()
        )
        assert [row[key] for key in ("title", "author", "licence", "link", "left", "top")] == [
            None
        ] * 6
    assert folder.left_out == {}
    for shard in folder.shards:
        assert shard.schema.equals(FRAMES)


def test_glances_are_crops_of_the_photo(folder):
    rows = folder(glances=3, glance_size=[0.3, 0.6])
    assert len(rows) == 27 and "day/1.png#02" in rows
    for name, row in rows.items():
        photo = np.asarray(Image.open(folder.folder / name.split("#")[0]))
        left, top, side = row["left"], row["top"], row["width"]
        np.testing.assert_array_equal(
            decode_png(row["image"]["bytes"]), photo[top : top + side, left : left + side]
        )
        assert row["height"] == side and 0.3 * 20 - 0.5 <= side <= 0.6 * 28 + 0.5
        assert row["group"] == name.split("#")[0]
    assert len({(row["left"], row["top"]) for row in rows.values()}) > 15


def test_groups_may_be_folders(folder):
    assert {name: row["group"] for name, row in folder(group_by="folder").items()} == {
        f"{group}{i}.png": group.rstrip("/") or "."
        for i in range(9)
        for group in [["", "day/", "night/one/"][i % 3]]
    }


def test_shards_do_not_change_the_frames(folder):
    glances = {"glances": 2, "glance_size": [0.5, 1.0]}
    one, five, many = (
        folder(shards=1, **glances),
        folder(shards=5, **glances),
        folder(shards=40, **glances),
    )
    assert one == five == many
    assert sum(shard.num_rows for shard in folder.shards) == 18
    assert any(shard.num_rows == 0 and shard.schema.equals(FRAMES) for shard in folder.shards)


def test_a_frame_keeps_its_shard():
    """In another process, too, and in the next version."""
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
        assert old == {
            name for name in shard["frame_id"].to_pylist() if not name.startswith("0 first")
        }


def test_a_second_call_takes_the_tables_from_the_store(folder, capsys):
    first = folder()
    content = [tables.content(path) for path in folder.outputs]
    capsys.readouterr()
    assert folder(out="again") == first
    said = capsys.readouterr().err
    assert said.count("store: hit") == 5 and "computed" not in said and "pictures in" not in said
    folder(out="anew", store="other")
    assert [tables.content(path) for path in folder.outputs] == content
    assert folder.outputs[0].is_symlink()


@pytest.mark.parametrize("change", ["damaged", "lost", "file", "option"])
def test_a_change_recomputes_the_tables(folder, capsys, change):
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
    assert len(re.findall("store: computed .*/out/", capsys.readouterr().err)) == 4
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
    with pytest.raises(
        CatsightError, match=r"day/2 bad\.jpg cannot be used: empty .*frames\.on_reject: report"
    ):
        folder(on_reject="stop")
    assert not (folder.root / "out").exists() and not list(folder.root.rglob("*.part"))


def test_a_folder_without_a_picture(job, tmp_path):
    with pytest.raises(CatsightError, match="photos', which holds no files"):
        job()
    job.add("a.jpg", b"")
    job.add("b.txt", b"text")
    job.add("c.txt", b"text")
    with pytest.raises(CatsightError, match=r"photos can be used \(2 not an image, 1 empty\)"):
        job()
    assert not (tmp_path / "out").exists() and not list(tmp_path.rglob("*.part"))
    with pytest.raises(
        CatsightError, match=r"frames\.folder is '.*nowhere', which is not a folder"
    ):
        job(source={"source": "folder", "path": str(tmp_path / "nowhere"), "group_by": "file"})


def test_names_of_all_kinds(job):
    names = ["Möwe und Meer.png", "猫.png", "#01.png", "a'b\"c.png", "UPPER.PNG", ".hidden.png"]
    for i, name in enumerate(names):
        job.add(name, np.full((5, 5, 3), i, np.uint8))
    (job.folder / b"caf\xe9.png".decode("utf-8", "surrogateescape")).write_bytes(
        (job.folder / "#01.png").read_bytes()
    )
    job.add("#01.png", np.full((5, 6, 3), 9, np.uint8))
    assert set(job()) == {*names[:-1], "caf\\xe9.png"}


def test_the_default_photos(job):
    entries = yaml_files.load_yaml(yaml_files.find("photos.yaml"))
    photos = {"source": "photos", "photos": entries}
    rows = job(source=photos, glances=2, glance_size=[0.75, 1.0])
    assert sorted(rows) == sorted(f"{entry['name']}-{i:02}" for entry in entries for i in range(2))
    row = rows["chelsea-01"]
    assert (row["group"], row["source"], row["author"]) == (
        "chelsea",
        "photos",
        "Stefan van der Walt",
    )
    assert all(row[key] for row in rows.values() for key in ("title", "author", "licence", "link"))
    whole = job(out="whole", source=photos)
    assert set(whole) == {entry["name"] for entry in entries}
    altered = [entries[0] | {"sha256": "0" * 64}]
    with pytest.raises(CatsightError, match="credits"):
        job(source=photos | {"photos": altered})


def test_a_file_that_changes_after_the_manifest_is_noticed(folder):
    folder.list()
    folder.add("day/1.png", np.zeros((21, 30, 3), np.uint8))
    with pytest.raises(
        CatsightError, match=r"day/1\.png has changed since it was listed.*run again"
    ):
        folder.make()
    assert not list(folder.root.glob("out/?.parquet")) and not list(folder.root.rglob("*.part"))
    folder()
    # one that is gone
    folder.list()
    (folder.folder / "0.png").unlink()
    with pytest.raises(CatsightError, match=r"0\.png has changed"):
        folder.make(store="other")
    # one that changes while it is read
    folder.list()
    (file,) = (
        file
        for file in manifest.found(folder.manifest, folder.spec["sources"])[""]["path"]
        if "day/4" in file.name
    )
    with pytest.raises(CatsightError, match="has changed"), file.unchanged() as path:
        path.write_bytes(path.read_bytes())
    # a new one is not in this manifest, and so not read
    folder.list()
    folder.add("zz.png", np.zeros((9, 9, 3), np.uint8))
    assert "zz.png" not in folder.make(store="other")


def test_the_manifest_lists_every_file(folder):
    folder.add("empty.jpg", b"")
    (folder.folder / "loop.png").symlink_to("loop.png")
    folder.list()
    rows = {row["path"]: row for row in tables.read(folder.manifest).to_pylist()}
    assert list(rows) == sorted(rows) and len(rows) == 11
    data = (folder.folder / "day/1.png").read_bytes()
    assert rows["day/1.png"] == {
        "source": "", "key": "path", "path": "day/1.png", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data),
    }  # fmt: skip
    assert rows["loop.png"]["sha256"] is None and rows["empty.jpg"]["bytes"] == 0


def test_a_manifest_of_something_else_is_refused(folder):
    folder.list()
    row = {"source": "", "key": "path", "path": "../secret.png", "sha256": "0" * 64, "bytes": 1}
    tables.write(folder.manifest, [row], MANIFEST, {})
    with pytest.raises(
        CatsightError, match=r"does not fit this study \(\.\./secret\.png leaves its folder\)"
    ):
        folder.make()
    tables.write(folder.manifest, [row | {"source": "other"}], MANIFEST, {})
    with pytest.raises(CatsightError, match="does not fit this study"):
        folder.make()


def test_more_shards_than_files_may_be_open(folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    try:
        assert len(folder(shards=100)) == 9
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 164
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_more_shards_than_the_system_allows_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (256, 1024))
    with pytest.raises(
        CatsightError, match=r"frames\.shards is 5000, .* set frames\.shards to at most 960"
    ):
        allow_files(5000)
    allow_files(100)


def test_many_shards_hold_few_rows_each(folder, monkeypatch):
    monkeypatch.setattr(command, "_WAITING", 15_000)  # a fifth for each table
    assert len(folder(shards=3, glances=20, glance_size=[0.5, 1.0])) == 180
    held = [
        sum(len(image["bytes"]) for image in parquet.read_row_group(i)["image"].to_pylist())
        for parquet in map(pq.ParquetFile, folder.outputs)
        for i in range(parquet.num_row_groups)
    ]
    assert max(held) < 3000 + 2 * 3000 and len(held) > 20


# -- sub-commands and their old names --------------------------------------------------------------


def test_options_without_a_sub_command_still_make_frames(folder, capsys):
    rows = folder()
    options = ["--spec", json.dumps(folder.spec), "--store", str(folder.root / "store")]
    tables_of = ["--manifest", str(folder.manifest), "--output", str(folder.root / "alias")]
    command.main([*options, *tables_of])
    assert "`catsight frames` is now `catsight frames make`" in capsys.readouterr().err
    shards = [tables.read(folder.root / "alias" / f"{i}.parquet").to_pylist() for i in range(2)]
    assert {row["frame_id"]: row for shard in shards for row in shard} == rows


def test_sub_commands_are_listed(folder, capsys):
    command.main(["--help"])
    said = capsys.readouterr().out
    assert "manifest" in said and "make" in said
    with pytest.raises(CatsightError, match="say which command"):
        command.main([])
    with pytest.raises(CatsightError, match="did you mean manifest"):
        command.main(["manifests"])


def test_the_sub_commands_are_listed_with_what_they_do(capsys):
    command.main(["-h"])
    assert capsys.readouterr().out.splitlines()[:4] == [
        "usage: catsight frames COMMAND ...",
        "",
        "  manifest  list the files that frames are made from, with their hashes",
        "  make      turn pictures into frames in Parquet shards",
    ]


@pytest.mark.parametrize(
    ("name", "about", "options"),
    [
        (
            "manifest",
            "Lists the files that frames are made from, with the SHA-256 of each. The spec says "
            "where they are.",
            ["--output OUTPUT the table to write"],
        ),
        (
            "make",
            "Turns pictures into frames: upright sRGB pictures with an id and a group, in several "
            "tables (shards). A picture that cannot be used or is the same as another is listed in "
            "the table of rejected files with the reason. Pictures of different groups that look "
            "nearly alike are listed, too. The spec says where the pictures come from and how many "
            "glances (square crops) to take of each.",
            [
                "--manifest MANIFEST the table of files that `catsight frames manifest` wrote",
                "--output FOLDER folder for the tables: 0.parquet, 1.parquet, ... (one for each of "
                "the spec's shards), rejected.parquet and near_duplicates.parquet",
            ],
        ),
    ],
)
def test_each_command_says_what_it_does_and_what_it_needs(
    monkeypatch, capsys, name, about, options
):
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit):
        command.main([name, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(f"usage: catsight frames {name} ") and f" {about} options: " in said
    for option in options:
        assert f" {option} " in said
    with pytest.raises(SystemExit):
        command.main([name, "--spec", "{}"])
    error = capsys.readouterr().err
    assert all(option.split()[0] in error for option in options)


def test_tables_say_what_they_were_made_from(folder):
    folder()
    inputs = {"manifest": tables.content(folder.manifest)}
    for path in (
        *folder.outputs,
        folder.rejected,
        folder.rejected.with_name("near_duplicates.parquet"),
    ):
        about = tables.provenance(path)
        assert (about["stage"], about["spec"], about["inputs"]) == ("frames", folder.spec, inputs)
    about = tables.provenance(folder.manifest)
    assert (about["stage"], about["spec"]) == ("frames", {"sources": folder.spec["sources"]})


@pytest.mark.parametrize(
    ("limits", "shards", "raised"),
    [
        ((256, 1024), 192, None),
        ((256, 1024), 193, 257),
        ((256, 1024), 960, 1024),
        ((256, resource.RLIM_INFINITY), 5000, 5064),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 5000, None),
    ],
)
def test_the_limit_on_open_files_is_raised_where_it_must_be(monkeypatch, limits, shards, raised):
    """By the tables, and 64 files besides."""
    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda which, new: asked.append((which, new)))
    allow_files(shards)
    assert asked == ([] if raised is None else [(resource.RLIMIT_NOFILE, (raised, limits[1]))])


@pytest.mark.parametrize(("hard", "most"), [(1024, 960), (65, 1), (50, 1)])
def test_what_is_said_of_more_shards_than_the_system_allows(monkeypatch, hard, most):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (10, hard))
    with pytest.raises(CatsightError) as raised:
        allow_files(961)
    assert str(raised.value) == (
        f"frames.shards is 961, and all these tables are written at once, but the system lets a "
        f"process open {hard} files: set frames.shards to at most {most}, or raise the limit "
        "(ulimit -Hn)"
    )


@pytest.mark.parametrize("kind", ["dead_leaf", "make", "item", "no-such"])
def test_an_unknown_kind_of_source_is_an_error(job, kind):
    """Also if a module of that name is there, which is no source."""
    job.add("a.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(CatsightError, match=f"no kind of source '{kind}'"):
        job(source={"source": kind, "path": str(job.folder), "group_by": "file"})


def add_depth(job, name, depth):
    file = io.BytesIO()
    np.save(file, depth)
    job.add(name, file.getvalue())


def test_a_depth_map_goes_with_its_photo(job, folder):
    depth = np.random.default_rng(1).uniform(0.5, 9, (20, 30))
    depth[0, 0] = np.inf
    add_depth(job, "0.depth.npy", depth)
    rows = folder()
    np.testing.assert_array_equal(
        np.load(io.BytesIO(rows["0.png"]["depth"])), depth.astype(np.float32)
    )
    assert [name for name, row in rows.items() if row["depth"] is not None] == ["0.png"]
    assert len(rows) == 9 and not folder.left_out
    # each glance has its own part of it
    rows = folder(glances=3, glance_size=[0.5, 0.9], out="glances")
    for i in range(3):
        row = rows[f"0.png#0{i}"]
        part = depth[
            row["top"] : row["top"] + row["height"], row["left"] : row["left"] + row["width"]
        ]
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
        (np.array([[None]]), r"holds object \(1, 1\)"),
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
    assert folder.left_out["gone.depth.npy"] == (
        "unmatched", "it is a depth map, but no photograph of its name is here"
    )  # fmt: skip
