"""Reads the features of the same frames from several tables, column by column."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from catsight import tables
from catsight.errors import CatsightError
from catsight.tables.names import LOGITS


class Features:
    """The features of one view of exactly the ``frames`` (their ids, in order).

    ``features[column]`` reads one of the ``columns``, those of layers, or the answers
    (:data:`~catsight.tables.names.LOGITS`), if the network was asked for any
    (``answered``), which are no layer. Raises :class:`CatsightError`, naming the table and the
    frame, if frames are missing, unknown, duplicated or in another order.
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
        names = tables.schema(self.paths[0]).names
        self.columns = [name for name in names if name not in ("frame_id", LOGITS)]
        self.answered = LOGITS in names

    def __getitem__(self, column: str) -> np.ndarray:
        """The features (n, d), float32.

        Raises :class:`CatsightError`, naming the column and the frame, for NaN or infinity.
        """
        width = tables.schema(self.paths[0]).field(column).type.list_size
        values = np.empty((len(self.frames), width), dtype=np.float32)
        done = 0
        for path in self.paths:  # one by one into one array: these may be gigabytes
            shard = _matrix(tables.read(path, [column])[column])
            is_finite = np.isfinite(shard).all(axis=1)
            if not is_finite.all():
                frame = self.frames[done + int(is_finite.argmin())]
                raise CatsightError(
                    f"{path.parent}: column {column} of frame '{frame}' is not finite"
                )
            values[done : done + len(shard)] = shard
            done += len(shard)
        return values


def places(columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The place of each column ``<layer>/<pooling>`` in its network.

    It has the keys layer, layer_index, depth (0 for the first layer to 1 for the last) and pooling.
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
    """The value for a table: None (null) if it is not finite."""
    return float(value) if np.isfinite(value) else None


def _matrix(column: pa.ChunkedArray) -> np.ndarray:
    """A column of fixed-size lists as an array (rows, list size)."""
    values = column.combine_chunks()
    values = values.chunk(0) if isinstance(values, pa.ChunkedArray) else values
    return (
        values.flatten().to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)
    )


def _misaligned(paths: Sequence[Path], found: Sequence[str], frames: Sequence[str]) -> str:
    """How the frames ``found`` in a view's tables differ from the study's."""
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
