"""Makes frames from pictures: upright sRGB pictures with id and group, spread over shards.

If a picture occurs twice, only the first is used; pictures of different groups that look
nearly alike are listed.
"""

import hashlib
import io
import os
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Condition
from typing import Any, NamedTuple

import numpy as np

from catsight.errors import CatsightError
from catsight.frames.describe import describe
from catsight.frames.glances import glances
from catsight.frames.item import Found, Item, Picture, Rejected, noting, rejected_if_it_fails
from catsight.frames.kinds import items_of
from catsight.frames.manifest import found
from catsight.frames.near import near_pairs, perceptual_hash
from catsight.inputs.pictures import encode_png
from catsight.run.prefetch import ahead
from catsight.run.progress import Progress
from catsight.run.specs import FramesSpec

#: Pictures in work at once, each with its frames in memory. Decoders and encoders release the GIL.
_AT_ONCE = min(4, os.cpu_count() or 1)

Row = dict[str, Any]


class Made(NamedTuple):
    """The frames of an item, and two hashes of its picture."""

    pixels: str  #: digest of its picture, and of its partner
    looks: int  #: perceptual hash of its picture
    frames: list[Row]  #: rows of the table of frames


def rows(spec: FramesSpec, manifest: Path) -> Iterator[tuple[str, Row]]:
    """The rows of all tables, each with its table's name.

    Tables are called "0", "1", ... (the shards), "rejected" and "near_duplicates"; ``manifest`` is
    the table of files. Frames and rejected files are in the order of the items. Raises
    :class:`CatsightError` if no picture can be used, or one cannot and ``on_reject`` is "stop".
    """
    items = _Items(spec, found(manifest, spec["sources"]))
    used, reasons, example = _Used(), Counter[str](), ""
    with Progress("frames", items.total, "pictures") as progress:
        room = _Room()
        for name, made in ahead(partial(_attempt, spec, room), room.of(items), _AT_ONCE):
            progress.advance()
            if isinstance(made, Rejected):
                if spec["on_reject"] == "stop":
                    raise CatsightError(
                        f"{name} cannot be used: {made.reason} ({made.detail}). Repair or remove "
                        "it, or set frames.on_reject: report to continue without it"
                    )
                reasons[made.reason] += 1
                example = example or f"; the first is {name}: {made.detail}"
                yield "rejected", _rejected(name, made)
            elif problem := used.add(name, made):
                yield "rejected", _rejected(name, problem)
            else:
                for frame in made.frames:
                    yield str(shard_of(frame["frame_id"], spec["shards"])), frame
    if not used.ids:
        counts = ", ".join(f"{n} {reason}" for reason, n in reasons.most_common())
        raise CatsightError(
            f"none of the pictures in {_places(spec)} can be used "
            f"({counts or 'there are none'}){example}"
        )
    for pair in used.near_duplicates():
        yield "near_duplicates", pair


def shard_of(frame_id: str, shards: int) -> int:
    """The shard, from 0, that a frame belongs to.

    By a hash of its id, not by its place in the list: another photo moves no frame to another
    shard, so what later stages have computed for the other shards stays valid.
    """
    return int.from_bytes(hashlib.sha256(frame_id.encode()).digest()[:8]) % shards


def pixel_digest(rgb: np.ndarray) -> str:
    """SHA-256 of a picture's shape and values, uint8 (h, w, 3)."""
    digest = hashlib.sha256(repr(rgb.shape).encode())
    digest.update(np.ascontiguousarray(rgb).data)
    return digest.hexdigest()


def make_frames(item: Item, spec: FramesSpec, source: str) -> Made:
    """The frames of one item: its whole picture, or glances of it.

    ``source`` is the value of the column of that name. Raises :class:`Rejected`.
    """
    with noting() as notes:
        picture = item.load()
    height, width = picture.rgb.shape[:2]
    count = spec["glances"]
    pixels, looks = pixel_digest(picture.rgb), perceptual_hash(picture.rgb)
    if picture.partner is not None:  # a pair is a duplicate only if both of its pictures are
        pixels += pixel_digest(picture.partner)
    if not count:
        return Made(pixels, looks, [_frame(item, source, item.name, picture, notes)])
    if picture.partner is not None and picture.partner.shape != picture.rgb.shape:
        other = picture.partner.shape
        raise Rejected(
            "unequal sizes",
            f"it has {width} × {height} px and its partner {other[1]} × {other[0]}; "
            "glances crop both alike",
        )
    digits = max(2, len(str(count - 1)))
    frames = []
    places = glances(
        width, height, count=count, size=spec["glance_size"], seed=spec["seed"], name=item.name
    )
    for i, (left, top, side) in enumerate(places):
        crop = slice(top, top + side), slice(left, left + side)
        glance = Picture(
            picture.rgb[crop],
            None if picture.depth is None else picture.depth[crop],
            None if picture.partner is None else picture.partner[crop],
            [(seconds, before[crop]) for seconds, before in picture.past],
        )
        frame_id = f"{item.name}{item.mark}{i:0{digits}}"
        frames.append(_frame(item, source, frame_id, glance, notes, left, top))
    return Made(pixels, looks, frames)


def _frame(
    item: Item,
    source: str,
    frame_id: str,
    picture: Picture,
    notes: Sequence[str],
    left: int | None = None,
    top: int | None = None,
) -> Row:
    """A row of the table of frames; ``left`` and ``top`` are a glance's place, px."""
    rgb, depth, partner = picture.rgb, picture.depth, picture.partner
    return {
        "frame_id": frame_id,
        "group": item.group,
        "source": source,
        "image": _image(rgb, frame_id),
        "width": rgb.shape[1],
        "height": rgb.shape[0],
        "sha256": pixel_digest(rgb),
        "note": "; ".join(notes) or None,
        **describe(rgb),
        **item.credits,
        "left": left,
        "top": top,
        "depth": None if depth is None else _npy(depth),
        "partner": None if partner is None else _image(partner, frame_id),
        "past": [
            {"seconds": seconds, "image": _image(before, frame_id)}
            for seconds, before in picture.past
        ]
        or None,
    }


def _rejected(name: str, problem: Rejected) -> Row:
    return {"path": name, "reason": problem.reason, "detail": problem.detail}


def _image(rgb: np.ndarray, frame_id: str) -> Row:
    return {"bytes": encode_png(np.ascontiguousarray(rgb)), "path": frame_id}


def _npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(values), allow_pickle=False)
    return file.getvalue()


class _Items:
    """The items of one source after another, each with its frames' value in the column ``source``.

    The name of a source, if it has one, precedes the names and groups of its items. ``total`` is
    their number, None if a source has to be read to know it.
    """

    def __init__(self, spec: FramesSpec, files: Mapping[str, Found]):
        self.sources = spec["sources"]
        self.items = {
            name: items_of(source, files[name], spec["max_pixels"])
            for name, source in self.sources.items()
        }
        sized = [items for items in self.items.values() if isinstance(items, Sequence)]
        self.total = sum(map(len, sized)) if len(sized) == len(self.items) else None

    def __iter__(self) -> Iterator[tuple[str, Item]]:
        for name, items in self.items.items():
            for item in items:
                if name:
                    yield (
                        name,
                        replace(item, name=f"{name}/{item.name}", group=f"{name}/{item.group}"),
                    )
                else:
                    yield self.sources[name]["source"], item


class _Room:
    """Room for the pixels of items that wait or are in work, so that there are few large ones."""

    #: Pixels, of which a single item may hold more: a still of 8K, two of 4K with what was before.
    MOST = 1 << 25

    def __init__(self) -> None:
        self.taken = 0
        self.changed = Condition()

    def of(self, items: Iterable[tuple[str, Item]]) -> Iterator[tuple[str, Item]]:
        """The items, each as soon as there is room for it."""
        for source, item in items:
            with self.changed:
                self.changed.wait_for(lambda: self.taken < self.MOST)
                self.taken += item.pixels
            yield source, item

    def leave(self, item: Item) -> None:
        """Notes that an item is done."""
        with self.changed:
            self.taken -= item.pixels
            self.changed.notify()


def _attempt(spec: FramesSpec, room: _Room, named: tuple[str, Item]) -> tuple[str, Made | Rejected]:
    """The name of an item, and its frames or the reason why it cannot be used."""
    source, item = named
    try:
        with rejected_if_it_fails():
            return item.name, make_frames(item, spec, source)
    except Rejected as problem:  # whose traceback would keep the picture in memory
        return item.name, Rejected(problem.reason, problem.detail)
    finally:
        room.leave(item)


class _Used:
    """The pictures used so far, to detect duplicates and near-duplicates."""

    def __init__(self) -> None:
        self.first: dict[str, str] = {}  # digest of a picture -> name of the first item with it
        self.taken: set[str] = set()  # ids of frames
        # of each picture; glances of nearly the same picture differ in place, so they may not look
        # alike
        self.ids: list[str] = []  # of its first frame
        self.groups: list[str] = []
        self.looks = array("Q")

    def add(self, name: str, made: Made) -> Rejected | None:
        """Uses a picture, or returns why it is a duplicate."""
        if any(frame["frame_id"] in self.taken for frame in made.frames):
            return Rejected("duplicate", "another frame has this name already")
        same = self.first.setdefault(made.pixels, name)
        if same is not name:
            return Rejected("duplicate", f"it shows the same pixels as {same}")
        self.ids.append(made.frames[0]["frame_id"])
        self.groups.append(made.frames[0]["group"])
        self.looks.append(made.looks)
        self.taken.update(frame["frame_id"] for frame in made.frames)
        return None

    def near_duplicates(self) -> Iterator[Row]:
        """Rows of the table of near-duplicates across groups."""
        looks = np.asarray(self.looks, dtype=np.uint64)
        for i, j, distance in near_pairs(looks, self.groups):
            yield {
                "frame_id": self.ids[i],
                "group": self.groups[i],
                "other_id": self.ids[j],
                "other_group": self.groups[j],
                "distance": distance,
            }


def _places(spec: FramesSpec) -> str:
    """The places that the pictures come from, for a message."""
    return ", ".join(
        str(source.get("path") or source.get("dataset") or source["source"])
        for source in spec["sources"].values()
    )
