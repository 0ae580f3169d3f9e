"""Pictures out of tables, only those that are asked for."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from catsight import tables
from catsight.errors import CatsightError
from catsight.inputs.pictures import decode_png


def pictures(paths: Sequence[Path], chosen: Collection[str]) -> dict[str, np.ndarray]:
    """The pictures, uint8 sRGB (h, w, 3), of the ``chosen`` frames by id, from the shards of one
    view (or of frames).

    Of the other frames only the ids are read. Raises :class:`CatsightError` where a frame is
    missing or there twice.
    """
    seen: set[str] = set()
    found: dict[str, np.ndarray] = {}
    for path in paths:
        frames = tables.read(path, ["frame_id"])["frame_id"].to_pylist()
        for frame in frames:
            if frame in seen:
                raise CatsightError(f"{path}: the frame '{frame}' comes twice")
            seen.add(frame)
        wanted = [row for row, frame in enumerate(frames) if frame in chosen]
        for row in tables.rows(path, wanted, ["frame_id", "image"]):
            found[row["frame_id"]] = decode_png(row["image"]["bytes"])
    if missing := sorted(set(chosen) - set(found)):
        raise CatsightError(
            f"{paths[0]}: the frame '{missing[0]}' is missing, here and in the other shards"
        )
    return found
