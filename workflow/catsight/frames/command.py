"""``catsight frames``: pictures from anywhere to frames."""

import hashlib
import io
import os
import resource
import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from catsight import tables
from catsight.errors import CatsightError
from catsight.frames import manifest
from catsight.frames.decode import Rejected
from catsight.frames.glances import glances
from catsight.frames.item import Item, Picture
from catsight.frames.kinds import KINDS
from catsight.frames.near import near_pairs, perceptual_hash
from catsight.inputs.pictures import encode_png
from catsight.run import job
from catsight.run.prefetch import ahead
from catsight.run.progress import Progress
from catsight.tables.columns.frames import FRAMES
from catsight.tables.columns.near_duplicates import NEAR_DUPLICATES
from catsight.tables.columns.rejected import REJECTED
from catsight.tables.store import Store, address

#: Pictures in work at once, each with its frames in memory. Decoders and encoders run without
#: Python's lock.
_AT_ONCE = min(4, os.cpu_count() or 1)
#: All shards' waiting frames together are at most about so many bytes, so the more shards, the less
#: each may hold.
_WAITING = 200_000_000
#: Files that are open besides the shards: libraries, logs, the pictures being read.
_OTHER_FILES = 64


def main(arguments: Sequence[str]) -> None:
    parser = job.parser(
        "frames",
        "Turns pictures into frames: upright sRGB pictures with an id and a group, spread over tables (shards). "
        "What cannot be used, and a second file with the same picture, goes to the table of rejected files with its "
        "reason; pictures of different groups that look nearly alike are listed. The spec says where the pictures come "
        "from and how many glances (square crops) each gives.",
    )
    parser.add_argument(
        "--manifest",
        type=Path,
        required=True,
        help="the table of files that `catsight manifest` made",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER",
        help="where the tables go: as many as the spec has shards, called 0.parquet and so on, rejected.parquet, and "
        "near_duplicates.parquet",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    spec, store = options.spec, Store(options.store)

    inputs = {"manifest": tables.content(options.manifest)}
    names = [*map(str, range(spec["shards"])), "rejected", "near_duplicates"]
    outputs = {
        address(spec, inputs | {"output": name}): options.output / f"{name}.parquet"
        for name in names
    }
    if all(store.path(where).exists() for where in outputs) and all(
        store.find(*pair) for pair in outputs.items()
    ):
        return
    allow_files(spec["shards"])
    *shards, rejected, near = outputs
    provenance = {"stage": "frames", "spec": spec, "inputs": inputs}
    found = manifest.found(options.manifest, spec["sources"])
    with ExitStack() as stack:
        holds = min(tables.ROW_GROUP, _WAITING // len(shards))
        writers = [
            stack.enter_context(
                _Shard(store.writer(where, FRAMES, provenance, row_group=holds), holds)
            )
            for where in shards
        ]
        left_out = stack.enter_context(store.writer(rejected, REJECTED, provenance))
        alike = stack.enter_context(store.writer(near, NEAR_DUPLICATES, provenance))
        rejected_rows, near_rows = _fill(_Items(spec, found), spec, writers)
        left_out.write(rejected_rows)
        alike.write(near_rows)
    for where, path in outputs.items():
        store.link(store.path(where), path)
        print(f"store: computed {path}", file=sys.stderr)


def allow_files(shards: int) -> None:
    """Lets this process open as many tables at once. Raises :class:`CatsightError` where the system
    does not.
    """
    needed = shards + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise CatsightError(
            f"frames.shards is {shards}, and all these tables are written at once, but the system lets a process open "
            f"{hard} files: set frames.shards to at most {max(1, hard - _OTHER_FILES)}, or raise the limit (ulimit -Hn)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def shard_of(frame_id: str, shards: int) -> int:
    """The shard, from 0, that a frame belongs to.

    By a hash of its id, not by its place in the list: so a photo more or less moves no other frame
    to another shard, and what the later stages have computed of the others stays valid.
    """
    return int.from_bytes(hashlib.sha256(frame_id.encode()).digest()[:8]) % shards


def pixel_digest(rgb: np.ndarray) -> str:
    """SHA-256 of a picture's shape and values, uint8 (h, w, 3)."""
    return hashlib.sha256(
        repr(rgb.shape).encode() + np.ascontiguousarray(rgb).tobytes()
    ).hexdigest()


def make_frames(item: Item, spec: Mapping, source: str) -> tuple[str, int, list[dict]]:
    """The digest of an item's pixels, its perceptual hash, and its frames as rows of the table.

    Raises :class:`Rejected`.
    """
    picture = item.load()
    height, width = picture.rgb.shape[:2]
    count = spec["glances"]
    digest, looks = pixel_digest(picture.rgb), perceptual_hash(picture.rgb)
    if not count:
        return digest, looks, [_row(item, source, item.name, picture, None, None)]
    if picture.partner is not None and picture.partner.shape != picture.rgb.shape:
        other = picture.partner.shape
        raise Rejected(
            "unequal sizes",
            f"it has {width} × {height} px and its partner {other[1]} × {other[0]}; glances crop both alike",
        )
    digits = max(2, len(str(count - 1)))
    places = glances(
        width, height, count=count, size=spec["glance_size"], seed=spec["seed"], name=item.name
    )
    rows = []
    for i, (left, top, side) in enumerate(places):
        crop = slice(top, top + side), slice(left, left + side)
        others = (
            None if plane is None else plane[crop] for plane in (picture.depth, picture.partner)
        )
        seen = Picture(picture.rgb[crop], *others)
        rows.append(_row(item, source, f"{item.name}{item.mark}{i:0{digits}}", seen, left, top))
    return digest, looks, rows


def _row(
    item: Item, source: str, frame_id: str, picture: Picture, left: int | None, top: int | None
) -> dict:
    rgb, depth, partner = picture.rgb, picture.depth, picture.partner
    return {
        "frame_id": frame_id,
        "group": item.group,
        "source": source,
        "image": _image(rgb, frame_id),
        "width": rgb.shape[1],
        "height": rgb.shape[0],
        "sha256": pixel_digest(rgb),
        **item.credits,
        "left": left,
        "top": top,
        "depth": None if depth is None else _npy(depth),
        "partner": None if partner is None else _image(partner, frame_id),
    }


def _image(rgb: np.ndarray, frame_id: str) -> dict:
    return {"bytes": encode_png(np.ascontiguousarray(rgb)), "path": frame_id}


def _npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(values), allow_pickle=False)
    return file.getvalue()


class _Items:
    """The items of all sources, each with the name of its source, one after the other; of several
    sources, with that name before their ids and groups. ``total`` is their number, or None where it
    shows only on the way."""

    def __init__(self, spec: Mapping, found: Mapping[str, Mapping]):
        self.sources = spec["sources"]
        self.items = {
            name: KINDS[source["source"]](source, found[name], spec["max_pixels"])
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


def _fill(
    items: _Items, spec: Mapping, shards: Sequence["_Shard"]
) -> tuple[list[dict], list[dict]]:
    """Writes the items' frames, in order, into their shards; gives the rows of what was left out,
    and of what looks nearly alike."""

    def work(named: tuple[str, Item]):
        source, item = named
        try:
            return item.name, make_frames(item, spec, source)
        except Rejected as problem:
            return item.name, problem

    first: dict[str, str] = {}  # digest of an item's pixels -> name of the first item with them
    taken: set[str] = set()  # the ids so far
    left_out: list[dict] = []
    used = _Used()
    with Progress("frames", items.total, "pictures") as progress:
        for name, made in ahead(work, items, _AT_ONCE):
            progress.advance()
            if isinstance(made, Rejected):
                if spec["on_reject"] == "stop":
                    raise CatsightError(
                        f"{name} cannot be used: {made.reason} ({made.detail}). "
                        "Mend or remove it, or set frames.on_reject: report to go on without it"
                    )
                left_out.append({"path": name, "reason": made.reason, "detail": made.detail})
                continue
            digest, looks, rows = made
            same = first.setdefault(digest, name)
            if any(row["frame_id"] in taken for row in rows):
                detail = "a frame of this name is there already"
            elif same is not name:
                detail = f"it shows the same pixels as {same}"
            else:
                detail = None
            if detail:
                left_out.append({"path": name, "reason": "duplicate", "detail": detail})
                continue
            used.add(rows[0], looks)
            for row in rows:
                taken.add(row["frame_id"])
                shards[shard_of(row["frame_id"], len(shards))].add(row)
    if not first:
        counts = ", ".join(
            f"{n} {reason}"
            for reason, n in Counter(row["reason"] for row in left_out).most_common()
        )
        example = (
            f"; the first is {left_out[0]['path']}: {left_out[0]['detail']}" if left_out else ""
        )
        raise CatsightError(
            f"none of the pictures in {_places(spec)} can be used ({counts or 'there are none'}){example}"
        )
    return left_out, used.near_duplicates()


class _Used:
    """The pictures that were used, by the first frame of each: glances at nearly the same picture
    need not look alike, as they fall in other places."""

    def __init__(self):
        self.ids: list[str] = []
        self.groups: list[str] = []
        self.looks = array("Q")

    def add(self, row: Mapping, looks: int) -> None:
        self.ids.append(row["frame_id"])
        self.groups.append(row["group"])
        self.looks.append(looks)

    def near_duplicates(self) -> list[dict]:
        """Rows of the table of near-duplicates across groups."""
        return [
            {
                "frame_id": self.ids[i],
                "group": self.groups[i],
                "other_id": self.ids[j],
                "other_group": self.groups[j],
                "distance": distance,
            }
            for i, j, distance in near_pairs(np.asarray(self.looks, dtype=np.uint64), self.groups)
        ]


def _places(spec: Mapping) -> str:
    """Where the pictures come from, for a message."""
    return ", ".join(
        str(source.get("path") or source.get("dataset") or source["source"])
        for source in spec["sources"].values()
    )


class _Shard:
    """A writer of rows one by one, in row groups of about ``holds`` bytes."""

    def __init__(self, writer: tables.Writer, holds: int):
        self.writer, self.holds = writer, holds
        self.rows: list[dict] = []
        self.bytes = 0

    def __enter__(self) -> "_Shard":
        self.writer.__enter__()
        return self

    def add(self, row: dict) -> None:
        self.rows.append(row)
        self.bytes += (
            len(row["image"]["bytes"])
            + len(row["depth"] or b"")
            + len((row["partner"] or row["image"])["bytes"])
        )
        if self.bytes >= self.holds:
            self._flush()

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            self._flush()
        self.writer.__exit__(kind, error, trace)

    def _flush(self) -> None:
        if self.rows:
            self.writer.write(self.rows)
        self.rows, self.bytes = [], 0
