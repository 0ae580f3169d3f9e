"""What the commands of this stage read, and what they write: the features of the same frames, from
several tables.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from catsight import tables
from catsight.errors import CatsightError
from catsight.run import job
from catsight.tables.store import Store, address


def run(
    command: str,
    about: str | None,
    arguments: Sequence[str],
    rows: Callable[[dict[str, "Features"], dict[str, str], dict], list[dict]],
    schema: pa.Schema,
    of: str = "view",
) -> None:
    """The job ``catsight metrics <command>``: a table of the ``rows`` that are made of features,
    groups and spec.

    Features come by the name of their ``of``: view (the reference must be there), encoder, or dose
    of a view; groups by the id of their frame. The store is asked first.
    """
    parser = job.parser(f"metrics {command}", about)
    parser.add_argument(
        "--frames", type=Path, required=True, help="the frames: a table, or a folder of shards"
    )
    parser.add_argument(
        "--features", nargs=2, action="append", required=True, metavar=(of.upper(), "PATH"),
        help=f"{of} by name, and its features: a table, or a folder of shards in the frames' order; once for each",
    )  # fmt: skip
    job.add_shards(parser)
    parser.add_argument("--output", type=Path, required=True, help="the table to write")
    options = parser.parse_args(arguments)
    frames = tables.shards(options.frames, options.shards)
    given = {name: tables.shards(path, options.shards) for name, path in options.features}
    if of == "view" and options.spec["reference"] not in given:
        raise CatsightError(f"--features lacks the reference view '{options.spec['reference']}'")
    store = Store(options.store)
    inputs = {
        "frames": [tables.content(path) for path in frames],
        "features": {
            name: [tables.content(path) for path in paths] for name, paths in given.items()
        },
    }
    where = address(options.spec, inputs)
    if store.find(where, options.output):
        return
    groups = read_groups(frames)
    features = {name: Features(paths, groups) for name, paths in given.items()}
    found = rows(features, groups, options.spec)
    of_features = tables.provenance(
        given[options.spec["reference"] if of == "view" else min(given)][0]
    )
    provenance = {
        "stage": "metrics",
        "spec": options.spec,
        "inputs": inputs,
        "features": of_features,
    }
    store.save(where, options.output, schema, found, provenance)


def read_groups(paths: Sequence[Path]) -> dict[str, str]:
    """The group of each frame by its id, in the frames' order. Raises where an id comes twice."""
    groups: dict[str, str] = {}
    for path in paths:
        for row in tables.read(path, ["frame_id", "group"]).to_pylist():
            if row["frame_id"] in groups:
                raise CatsightError(
                    f"{path}: the frame '{row['frame_id']}' comes twice in this study"
                )
            groups[row["frame_id"]] = row["group"]
    return groups


class Features:
    """The features of one view of exactly the ``frames`` (their ids, in order), read a column at a
    time.

    ``columns`` are their names. Raises :class:`CatsightError` where frames are missing, too many,
    twice or in another order, naming the table and the frame.
    """

    def __init__(self, paths: Sequence[Path], frames: Iterable[str]):
        self.paths, self.frames = list(paths), list(frames)
        found = [
            frame
            for path in self.paths
            for frame in tables.read(path, ["frame_id"])["frame_id"].to_pylist()
        ]
        if found != self.frames:
            raise CatsightError(_misaligned(self.paths, found, self.frames))
        self.columns = [name for name in tables.schema(self.paths[0]).names if name != "frame_id"]

    def __getitem__(self, column: str) -> np.ndarray:
        """The features (n, d), float32. Raises :class:`CatsightError`, naming column and frame, for
        NaN or infinity.
        """
        width = tables.schema(self.paths[0]).field(column).type.list_size
        values = np.empty((len(self.frames), width), dtype=np.float32)
        done = 0
        for (
            path
        ) in self.paths:  # one after the other into one array: there may be gigabytes of them
            shard = _matrix(tables.read(path, [column])[column])
            finite = np.isfinite(shard).all(axis=1)
            if not finite.all():
                frame = self.frames[done + int(finite.argmin())]
                raise CatsightError(
                    f"{path.parent}: column {column} of frame '{frame}' is not finite"
                )
            values[done : done + len(shard)] = shard
            done += len(shard)
        return values


def places(columns: Sequence[str]) -> dict[str, dict]:
    """Where each column ``<layer>/<pooling>`` lies in its network: layer, layer_index, depth (0 to
    1) and pooling.
    """
    layers = list(dict.fromkeys(column.rpartition("/")[0] for column in columns))
    found = {}
    for column in columns:
        layer, _, pooling = column.rpartition("/")
        index = layers.index(layer)
        depth = index / max(len(layers) - 1, 1)
        found[column] = {"layer": layer, "layer_index": index, "depth": depth, "pooling": pooling}
    return found


def finite(value: float) -> float | None:
    """The value as a table holds it: null where it is not finite."""
    return float(value) if np.isfinite(value) else None


def _matrix(column: pa.ChunkedArray) -> np.ndarray:
    values = column.combine_chunks()
    values = values.chunk(0) if isinstance(values, pa.ChunkedArray) else values
    return (
        values.flatten().to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)
    )


def _misaligned(paths: Sequence[Path], found: Sequence[str], frames: Sequence[str]) -> str:
    where = paths[0].parent
    if missing := sorted(set(frames) - set(found)):
        return f"{where}: the features of {len(missing)} frames are missing, first '{missing[0]}'"
    if extra := sorted(set(found) - set(frames)):
        return f"{where}: there are features of {len(extra)} unknown frames, first '{extra[0]}'"
    if len(found) != len(frames):
        twice = next(frame for i, frame in enumerate(found) if frame in found[:i])
        return f"{where}: the features of frame '{twice}' come twice"
    first = next(i for i, (a, b) in enumerate(zip(found, frames)) if a != b)
    return f"{where}: the features are in another order than the frames, from '{found[first]}' on"
