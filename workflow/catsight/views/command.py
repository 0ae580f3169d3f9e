"""``catsight views``: one view of a shard of frames."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from catsight import job, tables
from catsight.pictures import decode_png, encode_png
from catsight.progress import Progress
from catsight.store import Store, address
from catsight.views import FILTERS, Eye

#: Frames held in memory at once.
_ROWS = 8


def main(arguments: Sequence[str]) -> None:
    parser = job.parser("views", "Makes one view of a shard of frames: what an eye delivers, or what a filter makes.")
    parser.add_argument("--frames", type=Path, required=True, help="a table of frames")
    parser.add_argument("--output", type=Path, required=True, help="the table of views to write")
    options = parser.parse_args(arguments)

    store = Store(options.store)
    inputs = {"frames": tables.content(options.frames)}
    where = address(options.spec, inputs)
    if store.find(where, options.output):
        return
    see = viewer(options.spec["view"])
    provenance = {"stage": "views", "spec": options.spec, "inputs": inputs}
    total = tables.provenance(options.frames)["rows"]
    what = f"views {options.output.parent.name}"
    with Progress(what, total) as progress, store.writer(where, tables.VIEWS, provenance) as writer:
        for batch in tables.batches(options.frames, _ROWS, ["frame_id", "image"]):
            writer.write([_row(frame, see) for frame in batch.to_pylist()])
            progress.advance(batch.num_rows)
    store.link(store.path(where), options.output)


def viewer(view: Mapping) -> Callable[[np.ndarray], np.ndarray]:
    """What turns a frame, uint8 sRGB (h, w, 3), into its ``view`` (as the study's spec states it)."""
    if "filter" in view:
        return FILTERS[view["filter"]]
    eye = Eye(view["eye"])
    conditions = {key: view[key] for key in ("field_of_view", "luminance", "defocus")}
    return lambda rgb: eye.see(rgb, **conditions)


def _row(frame: Mapping, see: Callable) -> dict:
    picture = see(decode_png(frame["image"]["bytes"]))
    return {"frame_id": frame["frame_id"], "image": {"bytes": encode_png(picture), "path": frame["image"]["path"]}}
