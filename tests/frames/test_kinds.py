"""Kinds of sources, by name; and what the hub's and the user's folders and clips become."""

import sys
import types
from pathlib import Path

import numpy as np
import pytest

from catsight import CatsightError
from catsight.frames import folder, hub, kinds, parquet, video
from catsight.frames.clip import Still
from catsight.frames.item import File, Rejected


def test_a_kind_is_the_module_of_its_name(monkeypatch):
    module = types.ModuleType("catsight.frames.some_kind")
    module.items = lambda *arguments: arguments
    monkeypatch.setitem(sys.modules, module.__name__, module)
    source, found = {"source": "some-kind"}, {"path": []}
    assert kinds.items_of(source, found, 7) == (source, found, 7)


@pytest.mark.parametrize("kind", ["no-such", "item"])
def test_what_is_no_kind_is_named(kind):
    with pytest.raises(CatsightError) as raised:
        kinds.items_of({"source": kind}, {}, 7)
    module = kind.replace("-", "_")
    assert str(raised.value) == (
        f"there is no kind of source '{kind}': catsight.frames.{module} has no function items; "
        "docs/frames.md describes the kinds"
    )


def test_a_package_that_a_kind_lacks_is_not_taken_for_the_kind(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError("No module named 'av'", name="av")

    monkeypatch.setattr(kinds, "import_module", missing)
    with pytest.raises(ModuleNotFoundError, match="av"):
        kinds.items_of({"source": "video"}, {}, 7)


def files(*names):
    return [File(name, Path("/in") / name, None) for name in names]


@pytest.mark.parametrize(
    ("names", "module"), [(["a.jpg", "b.parquet"], parquet), (["a.jpg", "b.parquet.txt"], folder)]
)
def test_a_dataset_is_its_tables_or_its_pictures(monkeypatch, names, module):
    for one in (parquet, folder):
        monkeypatch.setattr(one, "items", lambda *arguments, one=one: (one, *arguments))
    source, found = {"source": "hub"}, {"path": files(*names)}
    assert hub.items(source, found, 7) == (module, source, found, 7)


def test_a_depth_map_belongs_to_the_photo_of_its_name():
    """Beside any photo of that name; alone it stands for itself."""
    listed = files("a.jpg", "a.depth.npy", "x/b.png", "x/b.depth.npy", "c.depth.npy", "x/a.jpg")
    photos = folder.photos(listed, "folder", "mm")
    assert [(p.file.name, p.group, p.depth and p.depth.name) for p in photos] == [
        ("a.jpg", ".", "a.depth.npy"), ("x/b.png", "x", "x/b.depth.npy"), ("c.depth.npy", ".", None),
        ("x/a.jpg", "x", None),
    ]  # fmt: skip
    assert {p.depth_unit for p in photos} == {"mm"}
    items = folder.items({"group_by": "file"}, {"path": listed}, 7)
    assert [(item.name, item.group, item.mark) for item in items] == [
        (p.file.name, p.file.name, "#") for p in photos
    ]


CHOICE = {"every": 2, "seconds": None, "scenes": None, "past": 0.2, "group_by": "folder"}


def test_stills_are_chosen_as_the_source_says(monkeypatch, tmp_path):
    asked = []

    def stills(path, **options):
        asked.append((path, options))
        before = [(0.1, np.full((1, 2, 3), 6, np.uint8))]
        yield Still(7, 0.5, np.full((1, 2, 3), 7, np.uint8), before)

    monkeypatch.setattr(video, "stills", stills)
    found = {"path": [File("d/a.MP4", tmp_path / "a.MP4", None)]}
    for choice in (CHOICE, CHOICE | {"every": None, "seconds": 0.5}, CHOICE | {"scenes": 0.1}):
        (item,) = video.items(choice, found, 99)
        assert (item.name, item.group) == ("d/a.MP4#000007", "d")
        assert (item.load().rgb == 7).all()
        ((seconds, before),) = item.load().past
        assert seconds == 0.1 and (before == 6).all()
        about = {key: choice[key] for key in ("every", "seconds", "scenes", "past")}
        assert asked[-1] == (tmp_path / "a.MP4", about | {"max_pixels": 99})


def test_what_has_no_suffix_of_clips_is_rejected():
    (item,) = video.items(CHOICE | {"group_by": "file"}, {"path": files("d/a.txt")}, 99)
    assert (item.name, item.group) == ("d/a.txt", "d/a.txt")
    with pytest.raises(Rejected) as raised:
        item.load()
    assert (raised.value.reason, raised.value.detail) == (
        "not a clip",
        "its suffix is not one of .mp4, .m4v, .mov, .mkv, .webm, .avi, .mts, .m2ts, .wmv, .gif, .apng",
    )
