"""``catsight views``: one view of a shard of frames."""

import hashlib
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from catsight import tables
from catsight.inputs.pictures import decode_png, encode_png
from catsight.run import job
from catsight.run.progress import Progress
from catsight.tables import canonical_json
from catsight.tables.columns.views import VIEWS
from catsight.tables.store import Store, address
from catsight.views import FILTERS, Eye, controls

#: Frames held in memory at once.
_ROWS = 8


def main(arguments: Sequence[str]) -> None:
    parser = job.parser(
        "views",
        "Makes one view of a shard of frames: what an eye delivers, or what a filter makes.",
    )
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
    with Progress(what, total) as progress, store.writer(where, VIEWS, provenance) as writer:
        columns = [
            "frame_id",
            "image",
            "depth",
            *(["partner"] if needs_partner(options.spec["view"]) else []),
        ]
        for batch in tables.batches(options.frames, _ROWS, columns):
            writer.write([_row(frame, see) for frame in batch.to_pylist()])
            progress.advance(batch.num_rows)
        if isinstance(see, MatchedBlur):
            writer.provenance |= {"matched": see.summary()}
    store.link(store.path(where), options.output)


def viewer(view: Mapping) -> Callable[[Mapping], np.ndarray]:
    """What turns a row of the frames table into its ``view`` (as the study's spec states it), uint8
    sRGB (h, w, 3).
    """
    if view.get("filter") in FILTERS:
        change = FILTERS[view["filter"]]
        return lambda frame: change(decode_png(frame["image"]["bytes"]))
    if view.get("filter") == "paired":
        return lambda frame: decode_png(frame["partner"]["bytes"])
    if "filter" in view:
        return control(view)
    eye = Eye(view["eye"])
    conditions = {
        key: view[key] for key in ("field_of_view", "luminance", "defocus", "focus", "eccentricity")
    }

    def see(frame: Mapping) -> np.ndarray:
        depth = (
            None
            if frame["depth"] is None
            else np.load(io.BytesIO(frame["depth"]), allow_pickle=False)
        )
        noise = None
        if view["photon_noise"] is not None:
            # of its own for every frame and view, wherever the frame lies and whoever asks
            digest = hashlib.sha256(f"{frame['frame_id']} {canonical_json(view)}".encode()).digest()
            noise = [int(view["photon_noise"]), int.from_bytes(digest[:8])]
        return eye.see(decode_png(frame["image"]["bytes"]), depth=depth, noise=noise, **conditions)

    return see


def needs_partner(view: Mapping) -> bool:
    """Whether a ``view``, or one that it is made of, is of the pictures that were recorded with the
    frames.
    """
    return view.get("filter") == "paired" or any(
        needs_partner(view[key]) for key in ("of", "match") if key in view
    )


def control(view: Mapping) -> Callable[[Mapping], np.ndarray]:
    """What turns a row of the frames table into a control: what ``view["of"]`` delivers, changed by
    a filter.
    """
    see = viewer(view["of"])
    if view["filter"] == "blur":
        return MatchedBlur(see, viewer(view["match"]))
    if view["filter"] == "jpeg":
        return lambda frame: controls.jpeg(see(frame), view["quality"])
    return lambda frame: controls.greyscale(see(frame))


class MatchedBlur:
    """Blurs what ``see`` delivers of a frame until it lies as far from it as what ``other``
    delivers.
    """

    def __init__(
        self, see: Callable[[Mapping], np.ndarray], other: Callable[[Mapping], np.ndarray]
    ):
        self.see, self.other = see, other
        self.blurs: list[float] = []
        self.unmatched: list[str] = []

    def __call__(self, frame: Mapping) -> np.ndarray:
        seen = self.see(frame)
        picture, sigma, reached = controls.matched_blur(
            seen, controls.rms_difference(self.other(frame), seen)
        )
        self.blurs.append(sigma / seen.shape[1])
        if not reached:
            self.unmatched.append(frame["frame_id"])
            print(
                f"frame '{frame['frame_id']}': no blur changes it so much; it is blurred to a haze",
                file=sys.stderr,
            )
        return picture

    def summary(self) -> dict:
        """Of the frames so far: the blurs (least, median, most; standard deviation in widths of a
        frame), and how many frames no blur moves far enough."""
        blurs = [float(f(self.blurs)) for f in (np.min, np.median, np.max)] if self.blurs else []
        return {"blur": blurs, "frames": len(self.blurs), "unmatched": len(self.unmatched)}


def _row(frame: Mapping, see: Callable[[Mapping], np.ndarray]) -> dict:
    return {
        "frame_id": frame["frame_id"],
        "image": {"bytes": encode_png(see(frame)), "path": frame["image"]["path"]},
    }
