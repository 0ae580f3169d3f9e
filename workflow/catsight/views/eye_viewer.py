"""The view of an eye: a function from a row of the frames table to what the eye delivers."""

import hashlib
import io

import numpy as np

from catsight.run.specs import View
from catsight.tables.digest import canonical_json
from catsight.views.conditions import MIDDLE
from catsight.views.eye import Eye
from catsight.views.rows import Frame, Viewer, past, picture


def eye_viewer(view: View) -> Viewer:
    """A function from a frame to what an eye delivers under the conditions of the ``view``."""
    eye = Eye(view["eye"])

    def see(frame: Frame) -> np.ndarray:
        return eye.see(
            picture(frame),
            field_of_view=view["field_of_view"],
            luminance=view["luminance"],
            defocus=view["defocus"],
            depth=_depth(frame),
            focus=view["focus"],
            noise=_noise(view, frame),
            eccentricity=view["eccentricity"],
            gaze=_gaze(view["gaze"], frame["frame_id"]),
            perspective=view["perspective"],
            past=past(frame),
            display=view["display"],
        )

    return see


def _depth(frame: Frame) -> np.ndarray | None:
    """The distance of each pixel in metres, (h, w), if it is known."""
    if frame["depth"] is None:
        return None
    return np.load(io.BytesIO(frame["depth"]), allow_pickle=False)


def _gaze(seed: int | None, frame_id: str) -> tuple[float, float]:
    """Where all eyes look at a frame: drawn from its inner half, or the middle without a seed."""
    if seed is None:
        return MIDDLE
    digest = hashlib.sha256(f"{seed}/{frame_id}".encode()).digest()
    x, y = np.random.default_rng(int.from_bytes(digest)).uniform(0.25, 0.75, 2).tolist()
    return x, y


def _noise(view: View, frame: Frame) -> list[int] | None:
    """The seed of a frame's photon noise in a ``view``, if the view has any.

    It depends on the frame's id and the view alone, so neither the shard that holds the frame nor
    the order of frames matters. The eye counts the same quanta however its colours are displayed.
    """
    seed = view["photon_noise"]
    if seed is None:
        return None
    counted = {key: value for key, value in view.items() if key != "display"}
    digest = hashlib.sha256(f"{frame['frame_id']} {canonical_json(counted)}".encode()).digest()
    return [int(seed), int.from_bytes(digest[:8])]
