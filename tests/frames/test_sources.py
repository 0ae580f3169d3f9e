"""Several sources in one study; clips and scenes; near-duplicates."""

import io
from unicodedata import normalize

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data as photographs

from catsight import tables
from catsight.frames import make, video
from catsight.frames.clip import Still
from catsight.frames.item import Rejected
from catsight.inputs import sources
from catsight.inputs.pictures import decode_png
from support.job_of_frames import Job, encoded, noise, table

FOLDER = {"source": "folder", "files": None, "group_by": "file"}
TABLE = {"source": "parquet", "files": None, "image": "image", "id": None, "group": None}
LEAVES = {"source": "dead-leaves", "count": 3, "size": 32, "depth": True, "seed": 0}
VIDEO = {
    "source": "video",
    "files": None,
    "every": 2,
    "seconds": None,
    "scenes": None,
    "past": 0,
    "group_by": "file",
}


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


def test_several_sources_by_name(job):
    job.add("garden/a.png", noise(0))
    job.add("garden/sub/b.png", noise(1))
    job.add("town/a.png", noise(2))
    table(
        job,
        "t.parquet",
        [{"image": {"bytes": encoded(noise(3))}}, {"image": {"bytes": encoded(noise(1))}}],
    )
    named = {
        "garden": FOLDER | {"path": str(job.folder / "garden"), "group_by": "folder"},
        "leaves": LEAVES,
        "table": TABLE | {"path": str(job.folder / "t.parquet")},
        "town": FOLDER | {"path": str(job.folder / "town")},
    }
    rows = job(sources=named)
    assert {name: (row["group"], row["source"]) for name, row in rows.items()} == {
        "garden/a.png": ("garden/.", "garden"),
        "garden/sub/b.png": ("garden/sub", "garden"),
        "town/a.png": ("town/a.png", "town"),
        "table/t.parquet#000000": ("table/t.parquet#000000", "table"),
        **{f"leaves/scene-{i:06}": (f"leaves/scene-{i:06}", "leaves") for i in range(3)},
    }
    # the same picture in another source is used once
    assert job.left_out == {
        "table/t.parquet#000001": ("duplicate", "it shows the same pixels as garden/sub/b.png"),
    }  # fmt: skip
    assert [row["image"]["path"] == name for name, row in rows.items()] == [True] * 7
    # one source more changes no other's rows
    less = job(
        sources={name: source for name, source in named.items() if name != "town"}, out="less"
    )
    assert less == {name: row for name, row in rows.items() if not name.startswith("town")}


def test_scenes_have_their_depth_and_do_not_depend_on_their_number(job):
    rows, more = job(source=LEAVES), job(source=LEAVES | {"count": 5, "depth": False}, out="more")
    assert sorted(rows) == [f"scene-{i:06}" for i in range(3)] and len(more) == 5
    for name, row in rows.items():
        assert (row["width"], row["height"], row["source"]) == (32, 32, "dead-leaves")
        depth = np.load(io.BytesIO(row["depth"]))
        assert depth.shape == (32, 32) and depth.min() >= 0.01 and np.ptp(depth) > 0
        assert more[name] == row | {"depth": None}
    assert (
        job(source=LEAVES | {"seed": 1}, out="other")["scene-000000"]["sha256"]
        != rows["scene-000000"]["sha256"]
    )


@pytest.fixture
def stills(monkeypatch):
    """Stands in for the decoder of clips: what a file holds are the numbers of its frames; ``!`` is
    damage.
    """
    calls = []

    def stills(path, *, every=None, seconds=None, scenes=None, past, max_pixels):
        calls.append((every, seconds, scenes, past, max_pixels))
        for number, kind in enumerate(path.read_text()):
            if kind == "!":
                raise Rejected("truncated", "it ends early")
            if number % (every or 1) == 0:
                yield Still(number, number / 25, noise(1000 * ord(kind) + number))

    monkeypatch.setattr(video, "SUFFIXES", (".mp4", ".gif"))
    monkeypatch.setattr(video, "stills", stills)
    return calls


def test_stills_of_clips_are_one_group(job, stills):
    job.add("a.mp4", b"aaaaa")
    job.add("day/b.GIF", b"bbb!b")
    job.add("day/notes.txt", b"no clip")
    rows = job(source=VIDEO | {"path": str(job.folder)}, shards=3)
    assert {name: row["group"] for name, row in rows.items()} == {
        "a.mp4#000000": "a.mp4", "a.mp4#000002": "a.mp4", "a.mp4#000004": "a.mp4",
        "day/b.GIF#000000": "day/b.GIF", "day/b.GIF#000002": "day/b.GIF",
    }  # fmt: skip
    np.testing.assert_array_equal(
        decode_png(rows["a.mp4#000004"]["image"]["bytes"]), noise(1000 * ord("a") + 4)
    )
    assert {name: reason for name, (reason, _) in job.left_out.items()} == {
        "day/b.GIF": "truncated", "day/notes.txt": "not a clip",
    }  # fmt: skip
    assert set(stills) == {(2, None, None, 0, 10**6)}
    one = job(source=VIDEO | {"path": str(job.folder / "day/b.GIF"), "group_by": "folder", "every": 1}, out="one", glances=2,
              glance_size=[0.5, 0.9])  # fmt: skip
    assert sorted(one) == [f"b.GIF#00000{i}#0{glance}" for i in range(3) for glance in range(2)]
    assert {row["group"] for row in one.values()} == {"."}


def test_a_long_clip_is_not_held_in_memory(job, stills, monkeypatch):
    """Stills are asked for as they are used."""
    job.add("a.mp4", b"a" * 300)
    ahead = []
    asked = video.stills
    written = []
    monkeypatch.setattr(tables.Writer, "add", lambda self, row: written.append(row))

    def counting(*arguments, **options):
        for number, still in enumerate(asked(*arguments, **options)):
            ahead.append(number - len(written))
            yield still

    monkeypatch.setattr(video, "stills", counting)
    job.list(source=VIDEO | {"path": str(job.folder), "every": 1})
    job.make()
    assert len(written) == 300 and max(ahead) <= 2 * make._AT_ONCE + 2


def test_near_duplicates_across_groups_are_listed(job):
    cat, cup = photographs.chelsea(), photographs.coffee()
    job.add("day/cat.png", cat)
    job.add("day/again.jpg", cat, quality=60)  # the same group
    job.add("night/cat.jpg", cat, quality=50)
    job.add(
        "night/small.png",
        np.asarray(Image.fromarray(cat).filter(ImageFilter.GaussianBlur(1)).resize((200, 133))),
    )
    job.add("night/cup.png", cup)
    rows = job(group_by="folder", glances=2, glance_size=[0.5, 0.6])
    assert not job.left_out
    # of pictures of one group that look the same, the first stands for all
    assert {(row["frame_id"], row["other_id"]) for row in job.near} == {
        ("day/again.jpg#00", "night/cat.jpg#00")
    }
    for row in job.near:
        assert (row["group"], row["other_group"]) == ("day", "night") and 0 <= row["distance"] < 10
        assert row["frame_id"] in rows
    job(group_by="folder", out="again")  # from the store
    assert len(job.near) == 1


def test_files_that_snakemake_cannot_take_are_watched_all_the_same(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    plain = [
        "a b.png",
        "q'\"x.png",
        "{it's}.png",
        "猫.png",
        "back\\slash.png",
        "$HOME`ls`.png",
        "*.png",
    ]
    odd = [
        "line\nbreak.png",
        "{name}.png",
        "{n,[0-9]}.png",
        " lead.png",
        "trail.png ",
        b"caf\xe9.png".decode("utf-8", "surrogateescape"),
    ]
    for name in plain + odd:
        (folder / name).write_bytes(b"x")
    (folder / "dangling.png").symlink_to("nowhere")
    source = {"": FOLDER | {"path": str(folder)}}
    watched, others = sources.inputs(source)
    # only an odd start or end of the whole path counts
    assert watched == sorted(str(folder / name) for name in [*plain, " lead.png"])
    assert sources.inputs(source) == (watched, others)
    for name in [*odd[:3], *odd[4:]]:
        (folder / name).write_bytes(b"longer" + others.encode())
        again = sources.inputs(source)
        assert again[0] == watched and again[1] != others
        others = again[1]


def test_a_real_clip(job):
    """Through the decoder itself: a name of all kinds, and every way of choosing stills."""
    av = pytest.importorskip("av")
    pytest.importorskip("catsight.frames.clip")
    path = job.folder / "a b'c\n猫.mp4"
    with av.open(str(path), "w", format="mp4") as clip:
        stream = clip.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(20):  # a cut at each fifth frame
            rgb = np.kron(noise(i // 5, 6, 8), np.ones((8, 8, 1), np.uint8))
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(np.roll(rgb, i, axis=1)), format="rgb24"
            )
            clip.mux(stream.encode(frame))
        clip.mux(stream.encode(None))
    job.add("notes.mp4", b"no clip at all")
    for choice in ({"every": 5}, {"every": None, "seconds": 0.5}, {"every": None, "scenes": 0.12}):
        rows = job(source=VIDEO | {"path": str(job.folder)} | choice, out=str(choice))
        assert sorted(rows) == [f"{path.name}#{i:06}" for i in (0, 5, 10, 15)]
        assert {row["group"] for row in rows.values()} == {path.name} and {
            row["width"] for row in rows.values()
        } == {64}
        assert job.left_out["notes.mp4"][0] == "not a clip"


def named(job, name, values):
    """Writes a picture, or a depth map, under a name as it is."""
    path = job.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if values.ndim == 2:
        np.save(path, values)
    else:
        Image.fromarray(values).save(path)


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
def test_frames_have_the_same_ids_however_accents_are_written(tmp_path, forms):
    """The first form is that of photographs, the second that of depth maps and partners."""
    results = []
    for name, (photo, other) in {"here": ("NFC", "NFC"), "there": forms}.items():
        (tmp_path / name).mkdir()
        job = Job(tmp_path / name)
        for i, stem in enumerate(("ü/café", "ü/caff", "naïve")):
            named(job, f"a/{normalize(photo, stem)}.png", noise(i))
            named(job, f"a/{normalize(other, stem)}.depth.npy", np.full((8, 9), 2.0 + i))
            named(job, f"b/{normalize(other, stem)}.tif", noise(10 + i))
        path, partner = str(job.folder / "a"), str(job.folder / "b")
        pairs = {"source": "pairs", "path": path, "partner": partner, "group_by": "folder"}
        pairs |= {"image": "image", "id": None, "group": None}
        folder = FOLDER | {"path": path, "files": [normalize(other, "ü/*")], "group_by": "folder"}
        rows = job(sources={"p": pairs, "f": folder}, glances=2, glance_size=[0.5, 0.9])
        results.append((list(rows.items()), list(job.left_out)))
    assert results[0] == results[1]
    # the source "f" shows the same pictures without partners, in another group
    assert results[0][1] == []
    assert {name for name, _ in results[0][0]} == {
        f"{source}/{stem}.png#{glance}"
        for source, stems in (("p", ("ü/café", "ü/caff", "naïve")), ("f", ("ü/café", "ü/caff")))
        for stem in stems
        for glance in ("00", "01")
    }


def test_names_that_differ_only_in_how_accents_are_written_are_one_id(job):
    for i, form in enumerate(("NFC", "NFD")):
        named(job, f"{normalize(form, 'café')}.png", noise(i))
    rows = job()
    assert list(rows) == ["café.png"]
    assert job.left_out == {"café.png": ("duplicate", "another frame has this name already")}


def test_a_note_about_a_picture_goes_with_its_frames(job, capsys):
    """Not with those of the next picture; and on with tables of catsight's own."""
    said = "its colour profile cannot be used"
    for i in range(4):
        job.add(f"{i}.png", noise(i), icc_profile=b"none" if i % 2 else None)
    rows = job(glances=2, glance_size=[0.5, 0.9])
    assert {name for name, row in rows.items() if row["note"]} == {
        "1.png#00",
        "1.png#01",
        "3.png#00",
        "3.png#01",
    }
    assert all((row["note"] or said).startswith(said) for row in rows.values())
    assert capsys.readouterr().err.count(f".png: {said}") == 2
    again = job(out="again", source=TABLE | {"path": str(job.outputs[0].parent)})
    assert {name: row["note"] for name, row in again.items()} == {
        name: row["note"] for name, row in rows.items()
    }
