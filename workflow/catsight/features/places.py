"""The table of places: where in a picture the features differ between two views, layer by layer.

For a few frames alone, whose places (tokens, or cells of a map) are not pooled but compared one by
one, by cosine. A place's vector depends on more of the picture than the place: on its receptive
field, and behind attention on all of it.
"""

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from PIL import Image

from catsight import tables
from catsight.errors import CatsightError
from catsight.features import encoders, hooks, windows
from catsight.features.forward import Encoder
from catsight.features.layouts import Layout
from catsight.inputs.pictures import decode_png
from catsight.run.progress import Progress
from catsight.run.specs import PlacesSpec
from catsight.tables.columns.places import PLACES

if TYPE_CHECKING:
    import torch

#: The most places along a side that a map is kept with; finer ones are averaged.
CELLS = 28
#: Why pictures of two shapes, as two cameras may take them, have no map.
_ELSEWHERE = "the two pictures differ in shape, so the network sees other parts of them"


class PlacesEncoder(Encoder):
    """An encoder whose layers are not pooled: :meth:`run` gives the vectors of their places.

    They are float32 (n, h, w, d), and (n, 0, 0, 0) of the layers in ``without``, which maps those
    that have no map to the reason.
    """

    def __init__(self, spec: PlacesSpec, weights_file: Path, threads: int) -> None:
        self.without: dict[str, str] = {}
        # frame by frame: in a batch, equal pictures may get other last digits
        given: Any = {**spec["run"], "pooling": [], "map_size": 0, "batch": 1}
        super().__init__(given, weights_file, threads)
        self.about["layers"] = self.schema.names[1:]

    def places(self, png: bytes) -> dict[str, np.ndarray]:
        """The vectors (h, w, d) of a picture's places by layer, in network order."""
        encoders.set_seed(0)  # for networks that draw as they run
        return {name: vectors[0] for name, vectors in self.run([self._prepare(png)]).items()}

    def _forward(self, pictures: "Sequence[torch.Tensor]") -> dict[str, np.ndarray]:
        known, full = self._pooling["known"], self._torch.float32
        batch = self._torch.stack(list(pictures)).to(self.device)
        batch = batch.contiguous(memory_format=self._format)
        found: dict[str, np.ndarray] = {}

        def collect(name: str, given: "torch.Tensor") -> None:
            if reason := no_map(tuple(given.shape), known[name]):
                self.without[name] = reason
                found[name] = np.empty((len(pictures), 0, 0, 0), np.float32)
            else:
                maps = as_maps(given, known[name])
                found[name] = maps.to(full, copy=True).cpu().numpy()

        low = self._dtype != full
        with self._torch.autocast(self.device.type, self._dtype) if low else nullcontext():
            hooks.watch(self.model, self.blocks, batch, collect, self._pooling["output"])
        return found


def no_map(shape: tuple[int, ...], layout: Layout) -> str:
    """Why a layer's output of this ``shape`` has no map; empty if it has one."""
    if layout.unordered:
        return (
            "a bright bar that moves about the picture does not move through the layer's places in "
            "raster order"
        )
    if len(layout.places) == 2:
        return ""
    sizes = [size for axis, size in enumerate(shape) if axis != layout.batch]
    count = sizes[layout.places[0] - 1] - len(layout.extra)
    if count == 0:
        return "none of the layer's tokens has a place"
    square = math.isqrt(count) ** 2 == count
    return "" if square else f"the layer's {count} places do not form a square"


def as_maps(output: "torch.Tensor", layout: Layout) -> "torch.Tensor":
    """The vectors of a layer's places, (n, h, w, d), from its ``output`` with this ``layout``."""
    values = output.movedim(layout.batch, 0).permute(0, *layout.places, layout.channels)
    if len(layout.places) == 2:
        return values
    values = values[:, [i for i in range(values.shape[1]) if i not in layout.extra]]
    return values.unflatten(1, (math.isqrt(values.shape[1]),) * 2)


def distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """1 - the cosine between the vectors of ``x`` and ``y`` (..., d), float32; nan where one is 0.

    As half of the squared distance between vectors of length 1, which is exactly 0 for equal ones
    and loses no digits where they are nearly equal.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        x, y = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (x, y))
    return ((x - y) ** 2).sum(axis=-1) / 2


def choose(groups: Mapping[str, str], count: int) -> list[str]:
    """The ids of ``count`` frames, or of all if there are fewer: of different groups as far as
    possible, spread evenly over the groups in the order of their names.

    ``groups`` maps each frame to its group; its order does not matter.
    """
    members: dict[str, list[str]] = {}
    for frame in sorted(groups):
        members.setdefault(groups[frame], []).append(frame)
    names = sorted(members)
    if len(names) > count:
        names = [names[i * len(names) // count] for i in range(count)]
    turns = zip_longest(*(members[name] for name in names))
    return [frame for turn in turns for frame in turn if frame is not None][:count]


class Pictures:
    """The pictures of some ``frames`` in one view, from its shards, each read when asked for.

    Raises :class:`CatsightError` if a frame is missing or is there twice.
    """

    def __init__(self, paths: Sequence[Path], frames: Sequence[str]) -> None:
        self._where: dict[str, tuple[Path, int]] = {}
        for path in paths:
            for row, frame in enumerate(tables.read(path, ["frame_id"])["frame_id"].to_pylist()):
                if frame in self._where:
                    raise CatsightError(f"{path}: the frame '{frame}' comes twice")
                if frame in frames:
                    self._where[frame] = path, row
        if missing := sorted(set(frames) - set(self._where)):
            raise CatsightError(f"{paths[0].parent}: the frame '{missing[0]}' is missing")

    def __getitem__(self, frame: str) -> bytes:
        """The PNG file of a frame."""
        path, row = self._where[frame]
        (found,) = tables.rows(path, [row], ["frame_id", "image"])
        return found["image"]["bytes"]


def rows(
    encoder: PlacesEncoder,
    views: Mapping[str, Sequence[Path]],
    groups: Mapping[str, str],
    spec: PlacesSpec,
) -> Iterator[pa.Table]:
    """The rows of each of the chosen frames: every view against the reference, every layer.

    ``views``: the shards of each view, by its name; ``groups`` maps each frame to its group.
    """
    frames = choose(groups, spec["frames"])
    pictures = {view: Pictures(paths, frames) for view, paths in views.items()}
    reference = pictures.pop(spec["reference"])
    count = len(frames) * (1 + len(pictures))
    with Progress(f"places {spec['encoder']}", count, "pictures") as progress:
        for frame in frames:
            own = reference[frame]
            of_frame = _Frame(encoder, own, spec)
            progress.advance()
            found = []
            for view, of_view in sorted(pictures.items()):
                about = {"view": view, "frame_id": frame, "group": groups[frame]}
                found += [about | row for row in of_frame.compared(of_view[frame])]
                progress.advance()
            yield pa.Table.from_pylist(found, PLACES)


class _Frame:
    """One frame in the reference: its places, and what is in them."""

    def __init__(self, encoder: PlacesEncoder, png: bytes, spec: PlacesSpec) -> None:
        self._encoder, self._spec = encoder, spec
        self._places = encoder.places(png)
        rgb = decode_png(png)
        self._shape = rgb.shape[0], rgb.shape[1]
        self._luminance = windows.luminance(rgb)
        self._part = self._window(self._shape)
        self._grids: dict[tuple[int, int], dict[str, Any]] = {}

    def compared(self, png: bytes) -> Iterator[dict[str, Any]]:
        """The rows of another view's picture, one for each layer."""
        seen = self._encoder.places(png)
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            part = self._window((picture.height, picture.width))
        elsewhere = not np.allclose(part, self._part, atol=0.01)
        last = max(len(seen) - 1, 1)
        about = {"encoder": self._spec["encoder"], "reference": self._spec["reference"]}
        about |= self._part._asdict()
        for index, (layer, y) in enumerate(seen.items()):
            place = {"layer": layer, "layer_index": index, "depth": index / last}
            yield about | place | ({"reason": _ELSEWHERE} if elsewhere else self._map(layer, y))

    def _window(self, shape: tuple[int, int]) -> windows.Window:
        steps: Any = self._encoder.about["preprocessing"]
        return windows.window(shape, steps)

    def _map(self, layer: str, y: np.ndarray) -> dict[str, Any]:
        """What a layer's row holds of its places, with vectors ``y`` (h, w, d)."""
        if layer in self._encoder.without:
            return {"reason": self._encoder.without[layer]}
        x = self._places[layer]
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise CatsightError(
                f"{self._spec['encoder']}: {layer} is not finite; the weights may be damaged, or "
                "the numbers too large for features.precision: fp16"
            )
        found = distances(x, y)
        unknown = int(np.isnan(found).sum())
        zero = f"at {unknown} of {found.size} places all features are 0"
        kept = windows.pooled(found, CELLS)
        return {
            "side": found.shape[0],
            "height": kept.shape[0],
            "width": kept.shape[1],
            "mean": None if unknown == found.size else float(np.nanmean(found, dtype=float)),
            "distance": _listed(kept),
            **self._grid((kept.shape[0], kept.shape[1])),
            "reason": f"{zero}, so no direction is known" if unknown else None,
        }

    def _grid(self, cells: tuple[int, int]) -> dict[str, Any]:
        """Contrast and eccentricity of a grid of places, computed once."""
        if cells not in self._grids:
            contrast = windows.contrasts(self._luminance, self._part, cells)
            self._grids[cells] = {"contrast": _listed(contrast), "eccentricity": None}
            if (field := self._spec["field_of_view"]) is not None:
                away = windows.eccentricities(
                    self._shape, self._part, cells, field, self._spec["perspective"]
                )
                self._grids[cells]["eccentricity"] = _listed(away)
        return self._grids[cells]


def _listed(values: np.ndarray) -> list[float | None]:
    """A map's values row by row; None for nan."""
    return pa.array(values.ravel().astype(np.float32), from_pandas=True).to_pylist()
