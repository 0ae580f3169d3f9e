"""``catsight views``: one view of a shard of frames."""

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from catsight import job, tables
from catsight.pictures import decode_png, encode_png
from catsight.progress import Progress
from catsight.store import Store, address
from catsight.tables import canonical_json
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
        for batch in tables.batches(options.frames, _ROWS, ["frame_id", "image", "depth"]):
            writer.write([_row(frame, see) for frame in batch.to_pylist()])
            progress.advance(batch.num_rows)
    store.link(store.path(where), options.output)


def viewer(view: Mapping) -> Callable[[Mapping], np.ndarray]:
    """What turns a row of the frames table into its ``view`` (as the study's spec states it), uint8 sRGB (h, w, 3)."""
    if "filter" in view:
        see = FILTERS[view["filter"]]
        return lambda frame: see(decode_png(frame["image"]["bytes"]))
    eye = Eye(view["eye"])
    conditions = {key: view[key] for key in ("field_of_view", "luminance", "defocus", "focus", "eccentricity")}

    def see(frame: Mapping) -> np.ndarray:
        depth = None if frame["depth"] is None else np.load(io.BytesIO(frame["depth"]), allow_pickle=False)
        noise = None
        if view["photon_noise"] is not None:
            # of its own for every frame and view, wherever the frame lies and whoever asks
            digest = hashlib.sha256(f"{frame['frame_id']} {canonical_json(view)}".encode()).digest()
            noise = [int(view["photon_noise"]), int.from_bytes(digest[:8])]
        return eye.see(decode_png(frame["image"]["bytes"]), depth=depth, noise=noise, **conditions)

    return see


def _row(frame: Mapping, see: Callable[[Mapping], np.ndarray]) -> dict:
    return {
        "frame_id": frame["frame_id"],
        "image": {"bytes": encode_png(see(frame)), "path": frame["image"]["path"]},
    }
