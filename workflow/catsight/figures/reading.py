"""Pictures out of tables, only those that are asked for."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from catsight import tables
from catsight.errors import CatsightError
from catsight.pictures import decode_png

#: Frames held in memory at once.
_ROWS = 16


def pictures(paths: Sequence[Path], chosen: Collection[str]) -> dict[str, np.ndarray]:
    """The pictures, uint8 sRGB (h, w, 3), of the ``chosen`` frames by id, from the shards of one view (or of frames).

    Raises :class:`CatsightError` where a frame is missing or there twice.
    """
    found: dict[str, np.ndarray] = {}
    for path in paths:
        for batch in tables.batches(path, _ROWS, ["frame_id", "image"]):
            for row in batch.to_pylist():
                frame = row["frame_id"]
                if frame in found:
                    raise CatsightError(f"{path}: the frame '{frame}' comes twice")
                if frame in chosen:
                    found[frame] = decode_png(row["image"]["bytes"])
    if missing := sorted(set(chosen) - set(found)):
        raise CatsightError(f"{paths[0]}: the frame '{missing[0]}' is missing, here and in the other shards")
    return found
