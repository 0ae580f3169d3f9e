"""``catsight frames``: photographs to frames."""

import hashlib
import io
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from catsight import job, tables
from catsight.ahead import ahead
from catsight.errors import CatsightError
from catsight.frames.decode import Rejected, decode, read_depth
from catsight.frames.folder import from_folder
from catsight.frames.glances import glances
from catsight.frames.photos import Photo, file_digest, from_packages
from catsight.pictures import encode_png
from catsight.progress import Progress
from catsight.store import Store, address

#: Photos in work at once, each with its frames in memory. Decoders and encoders run without Python's lock.
_AT_ONCE = min(4, os.cpu_count() or 1)
#: A shard's frames wait until they are so many bytes: a table of single rows would have an index larger than its rows.
_ROW_GROUP = 4_000_000


def main(arguments: Sequence[str]) -> None:
    parser = job.parser(
        "frames",
        "Turns photographs into frames: upright sRGB pictures with an id and a group, spread over tables (shards). "
        "A file that cannot be used, and a second file with the same picture, goes to the table of rejected files "
        "with its reason. The spec says where the photos are and how many glances (square crops) each gives.",
    )
    parser.add_argument("--output", type=Path, nargs="+", required=True, help="the tables of frames, one per shard")
    parser.add_argument("--rejected", type=Path, required=True, help="the table of files that were left out, and why")
    options = parser.parse_args(arguments)
    spec, store = options.spec, Store(options.store)
    if len(options.output) != spec["shards"]:
        parser.error(f"the spec asks for {spec['shards']} shards, but --output names {len(options.output)} tables")

    photos = (
        from_packages(spec["photos"]) if spec["source"] == "photos" else from_folder(spec["folder"], spec["group_by"])
    )
    inputs = {
        "files": [[photo.name, file_digest(photo.path), photo.depth and file_digest(photo.depth)] for photo in photos]
    }
    names = [*map(str, range(spec["shards"])), "rejected"]
    outputs = {
        address(spec, inputs | {"output": n}): path for n, path in zip(names, [*options.output, options.rejected])
    }
    if all(store.path(where).exists() for where in outputs) and all(store.find(*pair) for pair in outputs.items()):
        return
    *shards, rejected = outputs
    provenance = {"stage": "frames", "spec": spec, "inputs": inputs}
    with ExitStack() as stack:
        writers = [stack.enter_context(_Shard(store.writer(where, tables.FRAMES, provenance))) for where in shards]
        left_out = stack.enter_context(store.writer(rejected, tables.REJECTED, provenance))
        left_out.write(_fill(photos, spec, writers))
    for where, path in outputs.items():
        store.link(store.path(where), path)
        print(f"store: computed {path}", file=sys.stderr)


def shard_of(frame_id: str, shards: int) -> int:
    """The shard, from 0, that a frame belongs to.

    By a hash of its id, not by its place in the list: so a photo more or less moves no other frame to another shard,
    and what the later stages have computed of the others stays valid.
    """
    return int.from_bytes(hashlib.sha256(frame_id.encode()).digest()[:8]) % shards


def pixel_digest(rgb: np.ndarray) -> str:
    """SHA-256 of a picture's shape and values, uint8 (h, w, 3)."""
    return hashlib.sha256(repr(rgb.shape).encode() + np.ascontiguousarray(rgb).tobytes()).hexdigest()


def make_frames(photo: Photo, spec: Mapping) -> tuple[str, list[dict]]:
    """The digest of a photo's pixels, and its frames as rows of the table. Raises :class:`Rejected`."""
    rgb = decode(photo.path, spec["max_pixels"])
    height, width = rgb.shape[:2]
    depth = None if photo.depth is None else read_depth(photo.depth, (height, width))
    count = spec["glances"]
    digest = pixel_digest(rgb)
    if not count:
        return digest, [_row(photo, photo.name, rgb, depth, None, None)]
    # photos of catsight's own read "chelsea-03"; after a file's name a dash could be part of another file's name
    mark, digits = "-" if photo.source == "photos" else "#", max(2, len(str(count - 1)))
    places = glances(width, height, count=count, size=spec["glance_size"], seed=spec["seed"], name=photo.name)
    rows = []
    for i, (left, top, side) in enumerate(places):
        glance = (slice(top, top + side), slice(left, left + side))
        seen = None if depth is None else depth[glance]
        rows.append(_row(photo, f"{photo.name}{mark}{i:0{digits}}", rgb[glance], seen, left, top))
    return digest, rows


def _row(
    photo: Photo, frame_id: str, rgb: np.ndarray, depth: np.ndarray | None, left: int | None, top: int | None
) -> dict:
    return {
        "frame_id": frame_id,
        "group": photo.group,
        "source": photo.source,
        "image": {"bytes": encode_png(np.ascontiguousarray(rgb)), "path": frame_id},
        "width": rgb.shape[1],
        "height": rgb.shape[0],
        "sha256": pixel_digest(rgb),
        **photo.credits,
        "left": left,
        "top": top,
        "depth": None if depth is None else _npy(depth),
    }


def _npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(values), allow_pickle=False)
    return file.getvalue()


def _fill(photos: Sequence[Photo], spec: Mapping, shards: Sequence["_Shard"]) -> list[dict]:
    """Writes the photos' frames, in order, into their shards; gives the rows of what was left out."""

    def work(photo: Photo):
        try:
            return make_frames(photo, spec)
        except Rejected as problem:
            return problem

    first: dict[str, str] = {}  # digest of a photo's pixels -> name of the first photo with them
    left_out = []
    with Progress("frames", len(photos), "files") as progress:
        for photo, made in zip(photos, ahead(work, photos, _AT_ONCE)):
            progress.advance()
            if isinstance(made, Rejected):
                if spec["on_reject"] == "stop":
                    raise CatsightError(
                        f"{photo.path} cannot be used: {made.reason} ({made.detail}). "
                        "Mend or remove it, or set frames.on_reject: report to go on without it"
                    )
                left_out.append({"path": photo.name, "reason": made.reason, "detail": made.detail})
                continue
            digest, rows = made
            if first.setdefault(digest, photo.name) != photo.name:
                detail = f"it shows the same pixels as {first[digest]}"
                left_out.append({"path": photo.name, "reason": "duplicate", "detail": detail})
                continue
            for row in rows:
                shards[shard_of(row["frame_id"], len(shards))].add(row)
    if not first:
        where = "photos.yaml" if spec["source"] == "photos" else f"frames.folder '{spec['folder']}'"
        counts = ", ".join(f"{n} {reason}" for reason, n in Counter(row["reason"] for row in left_out).most_common())
        raise CatsightError(
            f"none of the files in {where} is a picture that can be used ({counts}); "
            f"the first is {left_out[0]['path']}: {left_out[0]['detail']}"
        )
    return left_out


class _Shard:
    """A writer of rows one by one, in row groups of about :data:`_ROW_GROUP` bytes."""

    def __init__(self, writer: tables.Writer):
        self.writer, self.rows, self.bytes = writer, [], 0

    def __enter__(self) -> "_Shard":
        self.writer.__enter__()
        return self

    def add(self, row: dict) -> None:
        self.rows.append(row)
        self.bytes += len(row["image"]["bytes"]) + len(row["depth"] or b"")
        if self.bytes >= _ROW_GROUP:
            self._flush()

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            self._flush()
        self.writer.__exit__(kind, error, trace)

    def _flush(self) -> None:
        if self.rows:
            self.writer.write(self.rows)
        self.rows, self.bytes = [], 0
