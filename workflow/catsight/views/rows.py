"""Rows of the table of frames, which views are made from, and rows of the table of views."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from catsight.inputs.pictures import decode_png, encode_png

#: A row of the frames table.
Frame = Mapping[str, Any]
#: From a frame to its view, uint8 sRGB (h, w, 3).
Viewer = Callable[[Frame], np.ndarray]


def picture(frame: Frame, column: str = "image") -> np.ndarray:
    """The picture in a ``column`` of a frame, uint8 sRGB (h, w, 3)."""
    return decode_png(frame[column]["bytes"])


def past(frame: Frame) -> list[tuple[float, np.ndarray]]:
    """The pictures of the clip before a frame, each with the seconds in between."""
    return [(one["seconds"], decode_png(one["image"]["bytes"])) for one in frame["past"] or ()]


def row(frame: Frame, see: Viewer) -> dict[str, Any]:
    """The row of the table :data:`catsight.tables.columns.views.VIEWS` for one frame."""
    return {
        "frame_id": frame["frame_id"],
        "image": {"bytes": encode_png(see(frame)), "path": frame["image"]["path"]},
    }
