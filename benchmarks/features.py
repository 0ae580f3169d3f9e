"""Speed of feature extraction, beside the bare forward pass of the same network.

    .venv/bin/python benchmarks/features.py                 # ViT-B/16 and ResNet-50, random weights
    .venv/bin/python benchmarks/features.py --compile       # and the bare pass compiled
    .venv/bin/python benchmarks/features.py --rival PYTHON  # and thingsvision: thingsvision_pass.py

`extraction` is all that a features job does with a shard: it decodes PNGs, preprocesses, runs the
network and pools every block. `bare` is `model.forward_features` on tensors in memory, without
hooks; `channels last` is the same with a pixel's channels adjacent in memory, as extraction runs
convolutions. All run in one process, in turn, so that a noisy machine slows all alike; the figures
are medians.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, cast

import zoo

from catsight import tables
from catsight.features import encoders
from catsight.features.forward import Encoder
from catsight.run.job import cores
from catsight.tables.columns.views import VIEWS

CORES = cores()
ENCODERS = ("vit_b16", "resnet50")
FRAMES = 32
#: Name of a way to run a network -> a function that runs it on all frames once.
Ways = dict[str, Callable[[], None]]


def main() -> None:
    """Prints the table, encoder by encoder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", default=ENCODERS, help="encoders of the registry (default: %(default)s)"
    )
    parser.add_argument("--turns", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument(
        "--device", default="cpu", help="as features.device of a study (default: %(default)s)"
    )
    parser.add_argument(
        "--compile", action="store_true", help="also time the bare pass after torch.compile"
    )
    parser.add_argument(
        "--rival", metavar="PYTHON", help="the Python of an environment with thingsvision"
    )
    options = parser.parse_args()
    print(f"| encoder | {options.device}, {CORES} cores | images/s | of the bare pass |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        view = Path(folder) / "view.parquet"
        tables.write(view, zoo.frames(FRAMES), VIEWS, {})
        for name in options.names:
            for precision in ("fp32", "bf16"):
                rates = measure(name, precision, view, options)
                for way, rate in rates.items():
                    share = rate / rates["bare"]
                    line = f"| `{name}` | {precision}, {way} | {rate:.2f} | {share:.2f} |"
                    print(line, flush=True)


def measure(name: str, precision: str, view: Path, options: argparse.Namespace) -> dict[str, float]:
    """Images per second of each way to run the network: the median over its turns."""
    ways = ways_of(name, precision, view, options)
    took: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(options.turns + 1):
        for way, work in ways.items():
            start = time.perf_counter()
            work()
            seconds = time.perf_counter() - start
            if turn:  # the first turn only warms up
                took[way].append(seconds)
            elif way == "bare, compiled":
                print(f"{name}, {precision}: {seconds:.0f} s to compile and run once")
    return {way: FRAMES / median(times) for way, times in took.items()}


def ways_of(name: str, precision: str, view: Path, options: argparse.Namespace) -> Ways:
    """The ways to run the network of an encoder on the frames of ``view``."""
    import torch

    entry, weights = zoo.REGISTRY[name], view.with_name(f"{name}.safetensors")
    zoo.catsight("weights", zoo.weights_spec(entry), view.parent, "--output", weights)
    spec = zoo.features_spec(entry, precision, options.device)
    encoder = Encoder(spec, weights, CORES)
    device, preprocessing = encoder.device, cast(dict[str, Any], encoder.about["preprocessing"])
    size = preprocessing["size"]
    batches = [torch.rand(16, 3, size, size, device=device) for _ in range(FRAMES // 16)]
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]

    def network() -> Any:
        return encoders.make(spec["encoder"]).eval().requires_grad_(False).to(device)

    def run_bare(model: Any, layout: torch.memory_format) -> None:
        autocast = torch.autocast(device.type, dtype, enabled=precision != "fp32")
        with torch.inference_mode(), autocast:
            for batch in batches:
                model.forward_features(batch.contiguous(memory_format=layout))
        if device.type == "cuda":
            torch.cuda.synchronize()

    def extract() -> None:
        for _batch in encoder.features(view):
            pass

    plain = torch.contiguous_format
    ways: Ways = {"bare": partial(run_bare, network(), plain), "extraction": extract}
    if entry["family"] == "cnn":
        last = network().to(memory_format=torch.channels_last)
        ways["bare, channels last"] = partial(run_bare, last, torch.channels_last)
    if options.compile:
        compiled = network()
        compiled.forward_features = torch.compile(compiled.forward_features)
        ways["bare, compiled"] = partial(run_bare, compiled, plain)
    if options.rival and precision == "fp32":
        ways["thingsvision"] = rival(entry, view, list(encoder.blocks), options.rival)
    return ways


def rival(entry: dict[str, Any], view: Path, layers: list[str], python: str) -> Callable[[], None]:
    """A function that has thingsvision extract the same layers of the same frames."""
    folder = view.parent / "pngs" / "all"
    folder.mkdir(parents=True, exist_ok=True)
    for row in tables.read(view).to_pylist():
        (folder / f"{row['frame_id']}.png").write_bytes(row["image"]["bytes"])
    job = {
        "timm": entry["timm"],
        "layers": layers,
        "folder": str(folder.parent),
        "threads": CORES,
        "out": str(view.parent),
    }
    script = Path(__file__).with_name("thingsvision_pass.py")
    process = subprocess.Popen(
        [python, str(script), json.dumps(job)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": ""},
    )
    asks, answers = process.stdin, process.stdout
    assert asks and answers

    def extract() -> None:
        asks.write("go\n")
        asks.flush()
        for line in answers:
            if line.startswith("seconds "):
                return
        raise RuntimeError(f"{python} {script} ended with exit status {process.wait()}")

    return extract


if __name__ == "__main__":
    main()
