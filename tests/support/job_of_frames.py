"""Runs `catsight frames manifest` and `make` as the workflow does, and reads their tables."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from catsight import tables
from catsight.frames import command

SPEC = {
    "glances": 0,
    "on_reject": "report",
    "max_pixels": 10**6,
    "shards": 2,
    "seed": 0,
    "code": "x",
    "versions": {},
}


class Job:
    """Runs both commands on ``folder``, or another ``source`` or ``sources``.

    ``list`` and ``make`` run one of them, a call runs both; what the second returns are the frames
    by id. ``shards``, ``near`` and ``left_out`` are the tables of the last call.
    """

    def __init__(self, root):
        self.root, self.folder = root, root / "photos"
        self.folder.mkdir()
        self.manifest = root / "manifest.parquet"

    def add(self, name, values, **options):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(values, bytes):
            path.write_bytes(values)
        else:
            Image.fromarray(values).save(path, **options)

    def list(self, store="store", source=None, sources=None, group_by="file", **changes):
        source = source or {"source": "folder", "path": str(self.folder), "group_by": group_by}
        self.spec = SPEC | {"sources": sources or {"": source}} | changes
        listed = json.dumps({"sources": self.spec["sources"]})
        command.manifest(
            ["--spec", listed, "--store", str(self.root / store), "--output", str(self.manifest)]
        )

    def make(self, out="out", store="store"):
        out = self.root / out
        self.outputs = [out / f"{i}.parquet" for i in range(self.spec["shards"])]
        self.rejected = out / "rejected.parquet"
        options = {
            "--spec": json.dumps(self.spec),
            "--store": str(self.root / store),
            "--manifest": str(self.manifest),
            "--output": str(out),
        }
        command.make([word for pair in options.items() for word in pair])
        self.near = tables.read(out / "near_duplicates.parquet").to_pylist()
        self.shards = [tables.read(path) for path in self.outputs]
        self.left_out = {
            row["path"]: (row["reason"], row["detail"])
            for row in tables.read(self.rejected).to_pylist()
        }
        return {row["frame_id"]: row for shard in self.shards for row in shard.to_pylist()}

    def __call__(self, out="out", store="store", **changes):
        self.list(store, **changes)
        return self.make(out, store)


def encoded(rgb, kind="PNG"):
    """The bytes of a picture's file."""
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, kind)
    return file.getvalue()


def noise(seed, height=8, width=9):
    """A picture of random values, another for each seed."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def table(job, name, rows, **options):
    """Writes a Parquet file into the job's folder."""
    path = job.folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    pq.write_table(pa.Table.from_pylist(rows) if isinstance(rows, list) else rows, path, **options)
    return path
