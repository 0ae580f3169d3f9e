"""How fast features are taken: beside the bare forward pass of the same network on tensors that are
ready.

    .venv/bin/python benchmarks/features.py                 # ViT-B/16 and ResNet-50, random weights
    .venv/bin/python benchmarks/features.py --compile       # and the bare pass compiled
    .venv/bin/python benchmarks/features.py --rival PYTHON  # and thingsvision: see thingsvision_pass.py

`extraction` is all that a features job does with a shard: decoding PNGs, preprocessing, the forward
pass, every block pooled. `bare` is `model.forward_features` on tensors in memory, without a hook.
One process, turn by turn, so that a noisy machine slows all; the figures are medians. `channels
last` is the bare pass with channels side by side, which is how extraction runs convolutions.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import zoo

from catsight import tables
from catsight.__main__ import main as catsight
from catsight.features import encoders
from catsight.features.forward import Encoder
from catsight.tables.columns.views import VIEWS

CORES = len(os.sched_getaffinity(0))
ENCODERS = ("vit_b16", "resnet50")
FRAMES = 32


def main() -> None:
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
        "--compile", action="store_true", help="time torch.compile on the bare pass too"
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
                for what, rate in rates.items():
                    print(
                        f"| `{name}` | {precision}, {what} | {rate:.2f} | {rate / rates['bare']:.2f} |",
                        flush=True,
                    )


def measure(name: str, precision: str, view: Path, options) -> dict[str, float]:
    """Images per second of each way."""
    import torch

    entry, weights = zoo.REGISTRY[name], view.with_name(f"{name}.safetensors")
    spec = zoo.weights_spec(entry)
    where = ["--store", str(view.parent / "store"), "--output", str(weights)]
    assert catsight(["features", "weights", "--spec", json.dumps(spec), *where]) == 0
    encoder = Encoder(zoo.features_spec(entry, precision, options.device), weights, CORES)

    plain = encoders.make(entry).eval().requires_grad_(False).to(encoder.device)
    size = encoder.about["preprocessing"]["size"]
    batches = [torch.rand(16, 3, size, size, device=encoder.device) for _ in range(FRAMES // 16)]
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]

    def bare(model, channels_last: bool) -> None:
        layout = torch.channels_last if channels_last else torch.contiguous_format
        with (
            torch.inference_mode(),
            torch.autocast(encoder.device.type, dtype, enabled=precision != "fp32"),
        ):
            for batch in batches:
                model.forward_features(batch.contiguous(memory_format=layout))
        if encoder.device.type == "cuda":
            torch.cuda.synchronize()

    ways: dict[str, Callable] = {"bare": lambda: bare(plain, False)}
    ways["extraction"] = lambda: sum(len(ids) for ids, _ in encoder.features(view))
    if entry["family"] == "cnn":
        last = (
            encoders.make(entry)
            .eval()
            .requires_grad_(False)
            .to(encoder.device, memory_format=torch.channels_last)
        )
        ways["bare, channels last"] = lambda: bare(last, True)
    if options.compile:
        compiled = encoders.make(entry).eval().requires_grad_(False).to(encoder.device)
        compiled.forward_features = torch.compile(compiled.forward_features)
        ways["bare, compiled"] = lambda: bare(compiled, False)
    if options.rival and precision == "fp32":
        ways["thingsvision"] = rival(entry, view, list(encoder.blocks), options.rival)
    took = {way: [] for way in ways}
    for turn in range(options.turns + 1):
        for way, work in ways.items():
            start = time.perf_counter()
            work()
            seconds = time.perf_counter() - start
            if turn:
                took[way].append(seconds)
            elif way == "bare, compiled":
                print(f"{name}, {precision}: {seconds:.0f} s to compile and run once")
    return {way: FRAMES / median(times) for way, times in took.items()}


def rival(entry: dict, view: Path, layers: list[str], python: str) -> Callable[[], None]:
    """A function that has thingsvision take the same layers of the same frames."""
    folder = view.parent / "pngs" / "all"
    folder.mkdir(parents=True, exist_ok=True)
    for row in tables.read(view).to_pylist():
        (folder / f"{row['frame_id']}.png").write_bytes(row["image"]["bytes"])
    job = {"timm": entry["timm"], "layers": layers, "folder": str(folder.parent), "threads": CORES}
    command = [
        python,
        str(Path(__file__).with_name("thingsvision_pass.py")),
        json.dumps(job | {"out": str(view.parent)}),
    ]
    environment = {**os.environ, "PYTHONPATH": ""}
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )

    def take() -> None:
        process.stdin.write("go\n")
        process.stdin.flush()
        for line in process.stdout:
            if line.startswith("seconds "):
                return
        raise RuntimeError(f"{command[:2]} ended with {process.wait()}")

    return take


if __name__ == "__main__":
    main()
