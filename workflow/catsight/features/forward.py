"""The forward pass of a frozen encoder: on a device, at a precision, batch by batch."""

import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from PIL import Image

from catsight import tables
from catsight.errors import CatsightError, say
from catsight.features import bars, encoders, fitting, layers, layouts, probes, safe
from catsight.run.prefetch import ahead
from catsight.run.specs import EncoderSpec, FeaturesSpec
from catsight.tables.columns.features import features_schema
from catsight.tables.names import LOGITS

if TYPE_CHECKING:
    import torch

_DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


class Encoder:
    """The encoder in the ``spec`` of a features job, loaded with the weights in a file.

    ``threads`` are used for the forward pass on a CPU, or for decoding pictures during the pass on
    a GPU. ``schema`` is that of its features; ``about`` is the entry in the tables' provenance.
    """

    def __init__(self, spec: FeaturesSpec, weights_file: Path, threads: int) -> None:
        import torch

        if not safe.sound(weights_file):
            raise CatsightError(f"{weights_file} is damaged; delete it and run again")
        torch.set_num_threads(threads)
        _be_reproducible()
        self._torch, self._name, self._batch = torch, weights_file.stem, spec["batch"]
        self.device = choose_device(spec["device"])
        self._threads = threads
        self._dtype = getattr(torch, _DTYPES[spec["precision"]])
        # on a CPU convolutions are up to twice as fast if a pixel's channels are adjacent in
        # memory; windows and tokens are not
        self._format = torch.channels_last if spec["channels_last"] else torch.contiguous_format

        entry = spec["encoder"]
        model: Any = encoders.make(entry)  # torch's hints lack memory_format beside a device
        fitting.load_strictly(model, safe.load(weights_file), weights_file)
        model = model.eval().requires_grad_(False).float()  # whatever precision it is made in
        self.model = model.to(self.device, memory_format=self._format)
        self.blocks = layers.find_blocks(self.model, entry["layers"])
        steps = encoders.preprocessing(self.model, entry.get("preprocessing", {}))
        self._transform = encoders.transform(steps)
        with encoders.first_look(self._name, steps):
            known = self._layouts(steps, entry)
            self._cast_weights()
            self._pooling: dict[str, Any] = {
                "poolings": spec["pooling"],
                "map_size": spec["map_size"],
                "output": entry.get("output"),
                "known": known,
                "classes": entry.get("classes"),
            }
            blank = self.run([self._prepare(_BLANK)])
        if not set(blank) - {LOGITS}:
            raise CatsightError(
                f"{self._name} has none of the poolings {', '.join(spec['pooling'])}"
            )
        self.schema = features_schema({name: vector.shape[1] for name, vector in blank.items()})
        cuda = self.device.type == "cuda"
        self.about = {
            "preprocessing": steps,
            "layers": list(dict.fromkeys(n.rpartition("/")[0] for n in blank if n != LOGITS)),
            "device": torch.cuda.get_device_name(self.device) if cuda else self.device.type,
            "threads": threads,
            "precision": spec["precision"],
        }

    def features(self, view: Path) -> Iterator[tuple[list[str], dict[str, np.ndarray]]]:
        """Ids and pooled vectors, float32 (n, d) by column, of a table of views, batch by batch.

        On a GPU the next batches are decoded during a forward pass. On a CPU all threads first
        decode a batch and then run the network: at the same time they slow each other down
        (``benchmarks/features.py``).
        """
        encoders.set_seed(0)  # for networks that draw as they run
        rows = tables.batches(view, self._batch, ["frame_id", "image"])
        # decoding runs in all threads at once, so each of them uses one thread of torch
        set_threads = self._torch.set_num_threads
        if self.device.type != "cpu":
            for ids, pictures in ahead(self._decode, rows, self._threads, lambda: set_threads(1)):
                yield ids, self.run(pictures)
            return
        with ThreadPoolExecutor(self._threads, initializer=set_threads, initargs=(1,)) as pool:
            for batch in rows:
                ids, pictures = self._decode(batch, pool.map)
                set_threads(self._threads)
                yield ids, self.run(pictures)

    def run(self, pictures: "Sequence[torch.Tensor]") -> dict[str, np.ndarray]:
        """Pooled vectors, float32 (n, d) by column, of prepared pictures (tensors (3, s, s)).

        If the device runs out of memory, the batch is halved for this and all later calls.
        """
        parts: list[dict[str, np.ndarray]] = []
        done = 0
        while done < len(pictures):
            try:
                part = self._forward(pictures[done : done + self._batch])
            except RuntimeError as error:  # CUDA raises a subclass of this, MPS just this
                if not _out_of_memory(error):
                    raise
            else:
                parts.append(part)
                done += self._batch
                continue
            self._halve()  # out here, where the error no longer holds the batch in memory
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _halve(self) -> None:
        if self._batch == 1:
            raise CatsightError(
                f"{self._name} does not fit into the memory of {self.device}, even frame by frame; "
                "use features.device: cpu, or a device with more memory"
            )
        self._batch = (self._batch + 1) // 2
        self._free()
        say(
            f"{self._name}: out of memory on {self.device}; "
            f"continuing with {self._batch} frames a batch"
        )

    def _free(self) -> None:
        if self.device.type != "cpu":
            getattr(self._torch, self.device.type).empty_cache()

    def _forward(self, pictures: "Sequence[torch.Tensor]") -> dict[str, np.ndarray]:
        torch = self._torch
        batch = torch.stack(list(pictures))
        # only pinned memory outlives a copy that nobody waits for
        pinned = self.device.type == "cuda"
        batch = (batch.pin_memory() if pinned else batch).to(self.device, non_blocking=pinned)
        batch = batch.contiguous(memory_format=self._format)
        low = self._dtype != torch.float32
        with torch.autocast(self.device.type, self._dtype) if low else nullcontext():
            vectors = layers.pooled_features(self.model, self.blocks, batch, **self._pooling)
        if not vectors:
            return {}
        # one transfer for all layers
        together = torch.cat(list(vectors.values()), dim=1).cpu().numpy()
        ends = np.cumsum([vector.shape[1] for vector in vectors.values()])
        return dict(zip(vectors, np.split(together, ends[:-1], axis=1)))

    def _layouts(self, steps: Mapping[str, Any], entry: EncoderSpec) -> dict[str, layouts.Layout]:
        """The layers' layouts, probed in float32 with pictures in the network's own range."""
        mean, std = (self._torch.tensor(steps[key])[:, None, None] for key in ("mean", "std"))
        pictures = (bars.patterns(3, steps["size"], steps["size"]) - mean) / std
        pictures = pictures.to(self.device).contiguous(memory_format=self._format)
        statement = layouts.stated(self.model, entry.get("prefix_tokens"))
        for batch in (5, 3):
            try:
                return probes.probe(
                    self.model,
                    self.blocks,
                    pictures,
                    statement,
                    output=entry.get("output"),
                    batch=batch,
                )
            except RuntimeError as error:
                if not _out_of_memory(error):
                    raise
            self._free()
        raise CatsightError(
            f"{self._name} does not fit into the memory of {self.device} with three frames; use "
            "features.device: cpu, or a device with more memory"
        )

    def _cast_weights(self) -> None:
        """Casts matrices and kernels to the precision they are used at, once; autocast would do it
        for every batch.

        Of exact types only, with parameters of their own: a subclass, a parametrization or a hook
        may compute on its weights (standardise them, say), in float32, before it uses them.
        """
        nn = self._torch.nn
        for module in self.model.modules():
            plain = set(module._parameters) == {"weight", "bias"} and not module._forward_pre_hooks
            if type(module) in (nn.Linear, nn.Conv2d) and plain:
                module.to(self._dtype)

    def _decode(
        self, batch: pa.RecordBatch, each: Callable[..., Any] = map
    ) -> "tuple[list[str], list[torch.Tensor]]":
        """Ids and prepared pictures of a batch of views; ``each`` is a kind of ``map``."""
        rows = batch.to_pylist()
        pictures = each(self._prepare, (row["image"]["bytes"] for row in rows))
        return [row["frame_id"] for row in rows], list(pictures)

    def _prepare(self, png: bytes) -> "torch.Tensor":
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            return self._transform(picture.convert("RGB"))


def record_batch(
    ids: Sequence[str], vectors: Mapping[str, np.ndarray], schema: pa.Schema, encoder: str
) -> pa.RecordBatch:
    """A batch of features with this ``schema``. Raises :class:`CatsightError`, naming the frame,
    if a number is not finite.
    """
    columns = [pa.array(ids, pa.string())]
    for name, vector in vectors.items():
        finite = np.isfinite(vector).all(axis=1)
        if not finite.all():
            frame = ids[int(np.argmin(finite))]
            raise CatsightError(
                f"{encoder}: {name} of frame '{frame}' is not finite; the weights may be damaged, "
                "or the numbers too large for features.precision: fp16"
            )
        columns.append(pa.FixedSizeListArray.from_arrays(pa.array(vector.ravel()), vector.shape[1]))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def choose_device(name: str) -> "torch.device":
    """The torch device called ``name``; ``auto`` is the first GPU, or else the CPU.

    Raises :class:`CatsightError` if the device is not there.
    """
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
        if name == "cpu" and (given := os.environ.get("CUDA_VISIBLE_DEVICES", "").strip(" -1")):
            say(
                f"CUDA_VISIBLE_DEVICES is {given}, but torch sees no GPU; "
                "computing on the CPU (features.device: auto)"
            )
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise CatsightError(
            f"features.device is '{name}', but torch sees {count} GPU(s); use auto or cpu"
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise CatsightError(
            "features.device is 'mps', but torch sees no Apple GPU; use auto or cpu"
        )
    return device


def _out_of_memory(error: RuntimeError) -> bool:
    return "out of memory" in str(error).lower()


def _be_reproducible() -> None:
    """Makes two runs on one device give the same bits, and fp32 mean fp32."""
    import torch

    # CUDA reads this variable when it starts
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)


def _blank() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (119, 119, 119)).save(buffer, "PNG")
    return buffer.getvalue()


#: A grey picture, which shows the widths of an encoder's layers.
_BLANK = _blank()
