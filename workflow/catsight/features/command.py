"""``catsight features``: an encoder's weights, and its features of every view."""

import io
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from catsight import job, tables
from catsight.errors import CatsightError
from catsight.features import encoders, layers, safe, weights
from catsight.progress import Progress
from catsight.store import Store, address


def main(arguments: Sequence[str]) -> None:
    commands = {
        "weights": (weights.main, "brings an encoder's weights into one safetensors file"),
        "extract": (extract, "takes an encoder's features of one shard of several views"),
    }
    job.choose("features", commands, arguments)


def extract(arguments: Sequence[str]) -> None:
    """Takes an encoder's features of one shard of several views, in one load of the encoder."""
    parser = job.parser("features extract", extract.__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="what `catsight features weights` made")
    parser.add_argument("--views", type=Path, nargs="+", required=True, help="tables of views")
    parser.add_argument("--output", type=Path, nargs="+", required=True, help="tables of features, in that order")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads of the forward pass")
    options = parser.parse_args(arguments)
    if len(options.views) != len(options.output):
        parser.error(f"{len(options.views)} views, but {len(options.output)} outputs")

    store = Store(options.store)
    brought = safe.about(options.weights)
    due = []
    for view, output in zip(options.views, options.output):
        inputs = {"view": tables.content(view), "weights": brought["content"]}
        where = address(options.spec, inputs)
        if not store.find(where, output):
            due.append((view, output, where, inputs))
    if not due:
        return
    # the expensive part, imports included, comes only now
    with Progress(f"features {options.weights.stem}", sum(tables.provenance(d[0])["rows"] for d in due)) as progress:
        encoder = Encoder(options.spec, options.weights, options.threads)
        origin = {"stage": "features", "spec": options.spec, "weights": brought, **encoder.about}
        for view, output, where, inputs in due:
            if not store.find(where, output):  # two views of the same pictures have one address
                with store.writer(where, encoder.schema, {**origin, "inputs": inputs}) as writer:
                    for ids, vectors in encoder.features(view):
                        writer.write(_batch(ids, vectors, encoder.schema, options.weights.stem))
                        progress.advance(len(ids))
                store.link(store.path(where), output)
                print(f"store: computed {output}", file=sys.stderr)


class Encoder:
    """A loaded encoder, as the ``spec`` of a features job describes it, with the weights in that file."""

    def __init__(self, spec: Mapping, weights_file: Path, threads: int):
        import torch

        if not safe.sound(weights_file):
            raise CatsightError(f"{weights_file} is damaged; delete it and run again")
        torch.set_num_threads(threads)
        # fp32 means fp32, and two runs on one device give the same bits
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.benchmark = False
        torch.use_deterministic_algorithms(True, warn_only=True)
        self._torch, self._batch, self._poolings = torch, spec["batch"], spec["pooling"]
        self.device = choose_device(spec["device"])
        self.model = encoders.build(spec["encoder"], weights_file).to(self.device)
        self.blocks = layers.find_blocks(self.model, spec["encoder"]["layers"])
        steps = encoders.preprocessing(self.model, spec["encoder"].get("preprocessing", {}))
        self._transform = encoders.transform(steps)
        blank = self._run([self._prepare(_BLANK)])
        if not blank:
            raise CatsightError(f"{weights_file.stem} has none of the poolings {', '.join(self._poolings)}")
        self.schema = tables.features_schema({name: vector.shape[1] for name, vector in blank.items()})
        self.about = {
            "preprocessing": steps,
            "layers": list(dict.fromkeys(name.rpartition("/")[0] for name in blank)),
            "device": torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type,
            "threads": threads,
            "precision": spec["precision"],
        }

    def features(self, view: Path) -> Iterator[tuple[list[str], dict[str, np.ndarray]]]:
        """Ids and pooled vectors, float32 (n, d) by column, of a table of views, a batch at a time."""
        rows = tables.batches(view, self._batch, ["frame_id", "image"])
        for ids, pictures in _ahead(self._decode, rows):
            yield ids, self._run(pictures)

    def _decode(self, batch: pa.RecordBatch) -> tuple[list[str], list]:
        rows = batch.to_pylist()
        return [row["frame_id"] for row in rows], [self._prepare(row["image"]["bytes"]) for row in rows]

    def _prepare(self, png: bytes):
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            return self._transform(picture.convert("RGB"))

    def _run(self, pictures: list) -> dict[str, np.ndarray]:
        batch = self._torch.stack(pictures).to(self.device)
        vectors = layers.pooled_features(self.model, self.blocks, batch, self._poolings)
        return {name: vector.cpu().numpy() for name, vector in vectors.items()}


def choose_device(name: str):
    """The torch device called ``name``: ``auto`` is the first GPU, else the CPU; what is asked for must be there."""
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise CatsightError(f"features.device is '{name}', but torch sees {count} GPU(s); use auto or cpu")
    return device


def _batch(ids: Sequence[str], vectors: Mapping[str, np.ndarray], schema: pa.Schema, encoder: str) -> pa.RecordBatch:
    columns = [pa.array(ids, pa.string())]
    for name, vector in vectors.items():
        if not np.isfinite(vector).all():
            frame = ids[int(np.argwhere(~np.isfinite(vector).all(axis=1))[0, 0])]
            raise CatsightError(f"{encoder}: {name} of frame '{frame}' is not finite; are these weights whole?")
        columns.append(pa.FixedSizeListArray.from_arrays(pa.array(vector.ravel()), vector.shape[1]))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _ahead(function: Callable, items: Iterable) -> Iterator:
    """``function`` of every item, worked out one item ahead in a thread: decoding and the forward pass overlap."""
    with ThreadPoolExecutor(1) as pool:
        waiting = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _blank() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (119, 119, 119)).save(buffer, "PNG")
    return buffer.getvalue()


#: A grey picture, by which an encoder shows the widths of its layers.
_BLANK = _blank()
