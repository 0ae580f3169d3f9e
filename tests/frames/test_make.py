"""Frames from items: their order, names, glances, duplicates, and what is said if none can be used."""

import zipfile

import numpy as np
import pytest

from catsight import CatsightError
from catsight.frames import make
from catsight.frames.describe import describe
from catsight.frames.glances import glances
from catsight.frames.item import Item, Picture, Rejected, rejecting
from catsight.frames.make import make_frames, pixel_digest, rows, shard_of
from catsight.inputs.pictures import decode_png
from support.job_of_frames import noise

SPEC = {"glances": 0, "on_reject": "report", "max_pixels": 100, "shards": 2, "seed": 0}


def item(name, seed, group=None, **about):
    return Item(name, group or name, lambda: Picture(noise(seed)), **about)


@pytest.fixture
def made(monkeypatch):
    """Runs the stage on ``items`` by source; rows by table."""

    def run(sources, **changes):
        spec = (
            SPEC
            | {"sources": {name: {"source": "folder", "path": f"/{name}"} for name in sources}}
            | changes
        )
        monkeypatch.setattr(make, "found", lambda manifest, named: {name: {} for name in named})
        monkeypatch.setattr(
            make, "items_of", lambda source, found, most: sources[source["path"][1:]]
        )
        tables = {}
        for table, row in rows(spec, None):
            tables.setdefault(table, []).append(row)
        return tables

    return run


def test_a_digest_is_of_shape_and_values_however_they_lie_in_memory():
    rgb = noise(0)
    assert pixel_digest(rgb) == pixel_digest(rgb[::-1][::-1])
    assert (
        len({pixel_digest(x) for x in (rgb, rgb[::-1], rgb.swapaxes(0, 1), rgb.reshape(1, -1, 3))})
        == 4
    )


def test_a_frame_holds_its_credits_and_a_glance_its_place():
    one = item("a", 1, "g", credits={"title": "T", "author": "A", "licence": "L", "link": "H"})
    (frame,) = make_frames(one, SPEC, "photos").frames
    height, width = noise(1).shape[:2]
    assert frame["image"]["path"] == "a"
    assert {key: frame[key] for key in frame if key not in ("image", "sha256")} == {
        "frame_id": "a", "group": "g", "source": "photos", "width": width, "height": height, "title": "T",
        "author": "A", "licence": "L", "link": "H", "note": None, "left": None, "top": None, "depth": None, "partner": None,
        "past": None, **describe(noise(1)),
    }  # fmt: skip
    spec = SPEC | {"glances": 3, "glance_size": [0.4, 0.8], "seed": 5}
    seen = make_frames(one, spec, "photos").frames
    places = glances(width, height, count=3, size=[0.4, 0.8], seed=5, name="a")
    assert [(f["left"], f["top"], f["width"]) for f in seen] == places
    assert [f["frame_id"] for f in seen] == ["a#00", "a#01", "a#02"]
    assert {f["title"] for f in seen} == {"T"}
    other = make_frames(one, spec | {"seed": 6}, "photos").frames
    assert [f["left"] for f in other] != [f["left"] for f in seen]


@pytest.mark.parametrize(("count", "last"), [(1, "a-00"), (100, "a-99"), (101, "a-100")])
def test_numbers_of_glances_have_two_digits_or_as_many_as_the_last(count, last):
    spec = SPEC | {"glances": count, "glance_size": [0.4, 0.8]}
    frames = make_frames(item("a", 1, mark="-"), spec, "photos").frames
    assert frames[-1]["frame_id"] == last
    assert frames[0]["frame_id"] == "a-" + "0" * (len(last) - 2)


def test_the_past_of_a_still_is_kept_and_cropped_as_the_still_is():
    now, before, long_before = noise(0), noise(1), noise(2)
    film = Item("f", "f", lambda: Picture(now, past=[(0.04, before), (0.1, long_before)]))
    (frame,) = make_frames(film, SPEC, "video").frames
    assert [one["seconds"] for one in frame["past"]] == [0.04, 0.1]
    for one, wanted in zip(frame["past"], (before, long_before)):
        np.testing.assert_array_equal(decode_png(one["image"]["bytes"]), wanted)
    spec = SPEC | {"glances": 2, "glance_size": [0.4, 0.8], "seed": 5}
    for glance in make_frames(film, spec, "video").frames:
        rows = slice(glance["top"], glance["top"] + glance["height"])
        columns = slice(glance["left"], glance["left"] + glance["width"])
        crop = decode_png(glance["past"][1]["image"]["bytes"])
        np.testing.assert_array_equal(crop, long_before[rows, columns])


@pytest.mark.parametrize(
    ("error", "reason", "detail"),
    [
        (AttributeError("'NoneType' object has no attribute 'width'"), "unreadable",
         "reading it failed (AttributeError: 'NoneType' object has no attribute 'width')"),
        (zipfile.BadZipFile("File is not a zip file"), "unreadable",
         "reading it failed (BadZipFile: File is not a zip file)"),
        (KeyError(), "unreadable", "reading it failed (KeyError)"),
        (MemoryError(), "too large", "it needs more memory than there is"),
        (Rejected("empty", "so it is"), "empty", "so it is"),
    ],
)  # fmt: skip
def test_an_error_of_any_kind_rejects_its_item_alone(monkeypatch, error, reason, detail):
    def load():
        raise error

    items = [Item("bad", "g", load), item("good", 1)]
    monkeypatch.setattr(make, "_Items", lambda *given: Items(items))
    monkeypatch.setattr(make, "found", lambda *given: {})
    made = list(rows(SPEC | {"sources": {"": {"source": "photos"}}, "on_reject": "report"}, None))
    assert [(table, row.get("frame_id", row.get("path"))) for table, row in made] == [
        ("rejected", "bad"), ("0", "good"),
    ]  # fmt: skip
    assert (made[0][1]["reason"], made[0][1]["detail"]) == (reason, detail)


def test_an_error_of_catsight_itself_ends_the_run(monkeypatch):
    """A photo that was changed after it was listed is about the study, not about the photo."""

    def load():
        raise CatsightError("it has changed")

    monkeypatch.setattr(make, "_Items", lambda *given: Items([Item("bad", "g", load)]))
    monkeypatch.setattr(make, "found", lambda *given: {})
    with pytest.raises(CatsightError, match="it has changed"):
        list(rows(SPEC | {"sources": {"": {"source": "photos"}}, "on_reject": "report"}, None))


class Items(list):
    """Stands in for the items of a study, each with its source."""

    total = 2

    def __iter__(self):
        return ((("photos", one)) for one in super().__iter__())


def test_a_whole_picture_and_its_partner_may_differ_in_size():
    pair = Item("a", "a", lambda: Picture(noise(0, 8, 9), None, noise(1, 5, 6)))
    assert make_frames(pair, SPEC, "pairs").frames[0]["partner"] is not None
    with pytest.raises(Rejected) as raised:
        make_frames(pair, SPEC | {"glances": 1, "glance_size": [0.5, 1]}, "pairs")
    assert (raised.value.reason, raised.value.detail) == (
        "unequal sizes", "it has 9 × 8 px and its partner 6 × 5; glances crop both alike",
    )  # fmt: skip


def test_items_of_a_named_source_carry_its_name(made):
    tables = made(
        {
            "x": [item("a", 1, "g"), rejecting("b", "g", Rejected("empty", "nothing"))],
            "y": [item("a", 2)],
        }
    )
    frames = [row for shard in ("0", "1") for row in tables.get(shard, [])]
    assert {(row["frame_id"], row["group"], row["source"]) for row in frames} == {
        ("x/a", "x/g", "x"), ("y/a", "y/a", "y"),
    }  # fmt: skip
    assert tables["rejected"] == [{"path": "x/b", "reason": "empty", "detail": "nothing"}]
    (alone,) = made({"": [item("a", 1, "g")]}, shards=1)["0"]
    assert (alone["frame_id"], alone["group"], alone["source"]) == ("a", "g", "folder")


def test_frames_and_rejections_are_in_the_order_of_the_items(made):
    items = [item(f"{i}", i) for i in (3, 1, 2)] + [
        rejecting(n, n, Rejected("empty", n)) for n in "ba"
    ]
    tables = made({"": iter(items)}, shards=1)
    assert [row["frame_id"] for row in tables["0"]] == ["3", "1", "2"]
    assert [row["path"] for row in tables["rejected"]] == ["b", "a"]


def test_the_first_of_equal_pictures_or_names_is_used(made):
    items = [item("a", 1), item("b", 1), item("a", 2), item("c", 2), item("a", 1)]
    tables = made({"": items}, shards=1)
    # the second a is left out, so c is the first to show its pixels
    assert [row["frame_id"] for row in tables["0"]] == ["a", "c"]
    assert [(row["path"], row["reason"], row["detail"]) for row in tables["rejected"]] == [
        ("b", "duplicate", "it shows the same pixels as a"),
        ("a", "duplicate", "another frame has this name already"),
        ("a", "duplicate", "another frame has this name already"),
    ]


def test_pictures_of_two_groups_that_look_alike_are_listed(made):
    """By the first frame of each, with their groups and the bits that differ."""

    def looks(name, group, change):
        rgb = np.repeat(np.repeat(noise(7, 6, 6), 20, axis=0), 20, axis=1)
        return Item(name, group, lambda: Picture((rgb // 2 + change).astype(np.uint8)))

    tables = made(
        {"": [looks("b", "h", 60), looks("a", "g", 0)]}, glances=2, glance_size=[0.5, 0.9]
    )
    (row,) = tables["near_duplicates"]
    assert 0 <= row.pop("distance") <= 8
    assert row == {"frame_id": "b#00", "group": "h", "other_id": "a#00", "other_group": "g"}


def refusal(made, items, **changes) -> str:
    with pytest.raises(CatsightError) as raised:
        made({"": items}, **changes)
    return str(raised.value)


def test_what_is_said_if_no_picture_can_be_used(made):
    """Each reason with its number, the most frequent first, and the first picture."""
    bad = [
        rejecting(n, n, Rejected(why, f"it is {n}"))
        for n, why in (("a", "empty"), ("b", "truncated"), ("c", "truncated"))
    ]
    assert refusal(made, bad) == (
        "none of the pictures in / can be used (2 truncated, 1 empty); the first is a: it is a"
    )
    assert refusal(made, []) == "none of the pictures in / can be used (there are none)"
    sources = {
        "x": {"source": "hub", "dataset": "d"},
        "y": {"source": "photos"},
        "z": {"source": "folder", "path": "/p"},
    }
    with pytest.raises(CatsightError, match=r"^none of the pictures in d, photos, /p can be used"):
        list(rows_of_nothing(sources))


def rows_of_nothing(sources):
    spec = SPEC | {"sources": sources}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make, "found", lambda manifest, named: {name: {} for name in named})
        patch.setattr(make, "items_of", lambda *_: [])
        yield from rows(spec, None)


def test_a_picture_that_cannot_be_used_may_stop_the_run(made):
    bad = [item("a", 1), rejecting("b", "b", Rejected("empty", "nothing in it"))]
    assert refusal(made, bad, on_reject="stop") == (
        "b cannot be used: empty (nothing in it). Repair or remove it, or set frames.on_reject: "
        "report to continue without it"
    )


def test_progress_counts_pictures(made, capfd):
    """Their number is known unless a source has to be read to know it."""
    made({"x": [item("a", 1)], "y": [item("b", 2), item("c", 3)]})
    assert "frames: 3/3 pictures in" in capfd.readouterr().err
    made({"x": [item("a", 1)], "y": iter([item("b", 2)])})
    assert "frames: 2 pictures in" in capfd.readouterr().err


def test_shards_are_by_the_hash_of_the_id():
    """The first eight bytes of SHA-256 of "a" are ca978112ca1bbdca."""
    assert shard_of("a", 1000) == 0xCA978112CA1BBDCA % 1000
    assert shard_of("a", 1) == 0
