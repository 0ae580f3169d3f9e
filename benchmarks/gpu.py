"""Extraction on a GPU: is it right, does it survive a full memory, and how fast is it?

    .venv/bin/python benchmarks/gpu.py                      # all networks on the first GPU
    .venv/bin/python benchmarks/gpu.py vit_b16 --batch 16
    .venv/bin/python benchmarks/gpu.py test_vit --device cpu --frames 8 --batch 4 --turns 1

It needs no network: weights are random (untrained), pictures are scikit-image's. A name is one of
``resources/encoders.yaml`` or, with layers ``blocks.*``, one of timm.

The first table is about values, of the first 64 frames. *Two runs*: whether two encoders, each
loaded anew, write tables with the same bits. *From the CPU*: the largest difference from the values
of the CPU in fp32, as a part of its layer's largest value. *Out of memory*: these frames 16 times
over in one batch, while another tensor leaves ``--room`` GB of the GPU, too few for it; the batch
that did fit, and the largest difference from the values before.

The second table is about speed, in frames per second (as a part of the bare pass). *bare*: the
network on batches in the GPU's memory, without hooks, in the layout and precision of extraction;
*all 16 bits* casts the whole network instead of its products. *Prepared*: copying tensors there,
forward pass, pooling and copying back. *Decoded*: all that from PNGs in a table of views.
*Written*: and into a table of features, as a job does. The ways run in turn; the figures are
medians.
"""

import argparse
import copy
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import zoo

from catsight import tables
from catsight.features import safe, weights
from catsight.features.forward import Encoder, record_batch
from catsight.run.job import cores
from catsight.tables.columns.views import VIEWS

CORES = cores()
NETWORKS = ("vit_b16", "resnet50", "swin_t_untrained", "vit_l16")
PRECISIONS = ("fp32", "bf16", "fp16")
#: Frames whose values are compared.
COMPARED = 64
#: How often they are repeated in the batch that does not fit.
OVERFULL = 16
#: Different pictures; the frames repeat them.
PICTURES = 64


def main(arguments: list[str] | None = None) -> None:
    """Prints what it runs on and both tables, line by line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=NETWORKS, help="(default: %(default)s)")
    parser.add_argument("--device", default="cuda", help="(default: %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="(default: %(default)s)")
    parser.add_argument("--frames", type=int, default=1024, help="timed (default: %(default)s)")
    parser.add_argument("--turns", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--precisions", nargs="+", default=PRECISIONS, help="%(default)s")
    parser.add_argument("--only", choices=("values", "speed"), help="one of the tables")
    parser.add_argument("--room", type=float, default=0.5, help="GB (default: %(default)s)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        for name, count in (("all", options.frames), ("compared", min(COMPARED, options.frames))):
            tables.write(here / f"{name}.parquet", frames(count), VIEWS, {})
        for name in options.names:
            state = weights.random_state(zoo.weights_spec(entry(name)), seed=0)
            safe.write(here / f"{name}.safetensors", state, {"untrained": True})
        print(f"{setting(options.device)}; untrained networks, {options.batch} frames a batch\n")
        if options.only != "speed":
            print("| network | precision | two runs | from the CPU | out of memory |")
            print("|---|---|---|---|---|")
            for name in options.names:
                for line in values(here, name, options):
                    print(line, flush=True)
            print()
        if options.only != "values":
            print("| network | precision | bare | all 16 bits | prepared | decoded | written |")
            print("|---|---|---|---|---|---|---|")
            for name in options.names:
                for precision in options.precisions:
                    print(speed(here, name, precision, options), flush=True)


def setting(device: str) -> str:
    """The device's name and the versions that it runs with."""
    import timm
    import torch

    name = torch.cuda.get_device_name(device) if on_gpu(device) else device
    cuda = f", CUDA {torch.version.cuda}" if on_gpu(device) else ""
    return f"{name}, {CORES} cores, torch {torch.__version__}{cuda}, timm {timm.__version__}"


def on_gpu(device: str) -> bool:
    return device.startswith("cuda")


def entry(name: str) -> dict[str, Any]:
    """The entry of the registry with that name, or one for a vision transformer of timm."""
    return zoo.REGISTRY.get(name, {"timm": name, "layers": "blocks.*", "family": "vit"})


def frames(count: int) -> list[dict[str, Any]]:
    """Rows of a table of views: squares of 224 px of scikit-image's photographs."""
    rows = zoo.frames(min(count, PICTURES), side=224)
    return [{**rows[i % PICTURES], "frame_id": f"f{i:06d}"} for i in range(count)]


def encoder(folder: Path, name: str, precision: str, device: str, batch: int) -> Encoder:
    """The network with that name, loaded as in a features job."""
    spec = zoo.features_spec(entry(name), precision, device)
    spec["batch"] = batch
    return Encoder(spec, folder / f"{name}.safetensors", CORES)


# -- values ----------------------------------------------------------------------------------------


def values(folder: Path, name: str, options: argparse.Namespace) -> Iterator[str]:
    """A line of the first table for each precision."""
    view = folder / "compared.parquet"
    wanted = vectors(encoder(folder, name, "fp32", "cpu", options.batch), view)
    for precision in options.precisions:
        make = partial(encoder, folder, name, precision, options.device)
        first, second = make(options.batch), make(options.batch)
        one, other = write(first, view), write(second, view)
        found = vectors(first, view)
        del first, second
        same = f"same bits ({one[:6]})" if one == other else f"OTHER BITS ({one[:6]}, {other[:6]})"
        memory = "–"
        if on_gpu(options.device):
            memory = survived(make(OVERFULL * COMPARED), view, found, options.room)
        yield f"| `{name}` | {precision} | {same} | {difference(found, wanted):.1e} | {memory} |"


def survived(under: Encoder, view: Path, wanted: dict[str, np.ndarray], room: float) -> str:
    """What came of running the frames of ``view``, repeated, with ``room`` GB of the GPU left: the
    batch that fitted, and the largest difference from ``wanted``.
    """
    ready = [*pictures(under, view)] * OVERFULL
    with filled(under, room):
        found = under.run(ready)
    repeated = {name: np.tile(vector, (OVERFULL, 1)) for name, vector in wanted.items()}
    return f"{under._batch} of {len(ready)} frames, {difference(found, repeated):.1e}"


@contextmanager
def filled(under: Encoder, room: float) -> Iterator[None]:
    """Fills the memory of an encoder's GPU up to ``room`` GB."""
    import torch

    torch.cuda.empty_cache()
    free, _total = torch.cuda.mem_get_info(under.device)
    held = torch.empty(int(free - room * 1e9), dtype=torch.uint8, device=under.device)
    try:
        yield
    finally:
        del held
        torch.cuda.empty_cache()


def vectors(under: Encoder, view: Path) -> dict[str, np.ndarray]:
    """Pooled vectors (n, d) by column."""
    parts = [found for _ids, found in under.features(view)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def difference(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> float:
    """The largest difference of a value, as a part of its column's largest one."""
    return max(
        float(np.abs(found[name] - wanted[name]).max() / np.abs(wanted[name]).max())
        for name in wanted
    )


# -- speed -----------------------------------------------------------------------------------------


def speed(folder: Path, name: str, precision: str, options: argparse.Namespace) -> str:
    """A line of the second table: medians, and their ratios to the bare pass."""
    ways = ways_of(folder, name, precision, options)
    took: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(options.turns + 1):
        for way, work in ways.items():
            start = time.perf_counter()
            work()
            if turn:  # the first turn only warms up
                took[way].append(time.perf_counter() - start)
    rates = {way: options.frames / median(times) for way, times in took.items()}
    cells = [
        f"{rates[way]:.0f} ({rates[way] / rates['bare']:.2f})" if way in rates else "–"
        for way in ("all 16 bits", "prepared", "decoded", "written")
    ]
    return f"| `{name}` | {precision} | {rates['bare']:.0f} | {' | '.join(cells)} |"


def ways_of(
    folder: Path, name: str, precision: str, options: argparse.Namespace
) -> dict[str, Callable[[], object]]:
    """The ways to run a network on all frames once, by the name of their column."""
    import torch

    view, size = folder / "all.parquet", options.batch
    under = encoder(folder, name, precision, options.device, size)
    ready = list(pictures(under, view))
    chunks = [ready[i : i + size] for i in range(0, len(ready), size)]
    batches = [
        torch.stack(chunk).to(under.device).contiguous(memory_format=under._format)
        for chunk in chunks
    ]

    def bare(model: Any, dtype: torch.dtype) -> None:
        low = dtype == torch.float32 != under._dtype
        with torch.inference_mode(), torch.autocast(under.device.type, under._dtype, enabled=low):
            for batch in batches:
                model.forward_features(batch.to(dtype))
        if on_gpu(options.device):
            torch.cuda.synchronize()

    def prepared() -> None:
        for chunk in chunks:
            under.run(chunk)

    def decoded() -> None:
        for _batch in under.features(view):
            pass

    ways = {"bare": partial(bare, under.model, torch.float32)}
    if precision != "fp32":
        cast = copy.deepcopy(under.model).to(under._dtype)
        ways["all 16 bits"] = partial(bare, cast, under._dtype)
    return {
        **ways,
        "prepared": prepared,
        "decoded": decoded,
        "written": partial(write, under, view),
    }


def pictures(under: Encoder, view: Path) -> Iterator[Any]:
    """The pictures of a table as the network takes them, tensors (3, s, s)."""
    for batch in tables.batches(view, 64, ["frame_id", "image"]):
        yield from under._decode(batch)[1]


def write(under: Encoder, view: Path) -> str:
    """Writes the table of features of a ``view``, and returns the digest of its content."""
    path = view.with_name("features.parquet")
    with tables.Writer(path, under.schema, {}) as writer:
        for ids, found in under.features(view):
            writer.write(record_batch(ids, found, under.schema, under._name))
    return tables.content(path)


if __name__ == "__main__":
    main()
