"""Every encoder of the registry, end to end with random weights: weights, then features of 4 frames
by the same commands as in a study.

    .venv/bin/python benchmarks/zoo.py                  # all encoders of resources/encoders.yaml
    .venv/bin/python benchmarks/zoo.py vit_b16 swin_t

Each encoder and precision has a process of its own. Images per second are those of the whole
extraction (decoding, preprocessing, forward pass, pooling) of 16 frames: the better of two passes,
after a first one. Memory is the process's peak, of which torch and timm take about 0.7 GB.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

from catsight import tables
from catsight.inputs import yaml_files
from catsight.inputs.pictures import encode_png
from catsight.run.job import cores
from catsight.run.specs import EncoderSpec, FeaturesSpec, WeightsSpec
from catsight.tables.columns.views import VIEWS

REGISTRY = yaml_files.load_yaml(yaml_files.find("encoders.yaml"))
CORES = cores()


def main() -> None:
    """Prints the table, encoder by encoder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=list(REGISTRY), help="encoders (default: all)")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        return print(json.dumps(measure(**json.loads(options.job))))
    print(
        "| encoder | layers | features of a layer | parameters, M | images/s, fp32 "
        f"| bf16 on {CORES} cores | peak GB |"
    )
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for count in (4, 16):
            tables.write(Path(folder) / f"{count}.parquet", frames(count), VIEWS, {})
        for name in options.names:
            fp32, bf16 = (measured(folder, name, precision) for precision in ("fp32", "bf16"))
            smallest, largest = min(fp32["widths"]), max(fp32["widths"])
            widths = f"{smallest}" if smallest == largest else f"{smallest} to {largest}"
            print(
                f"| `{name}` | {len(fp32['widths'])} | {widths} | {fp32['parameters'] / 1e6:.1f} "
                f"| {fp32['rate']:.1f} | {bf16['rate']:.1f} | {fp32['memory']:.2f} |",
                flush=True,
            )


def measured(folder: str, name: str, precision: str) -> dict[str, Any]:
    """:func:`measure` in a process of its own."""
    job = json.dumps({"folder": folder, "name": name, "precision": precision})
    command = [sys.executable, __file__, "--job", job]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(folder: str, name: str, precision: str) -> dict[str, Any]:
    """Widths of layers, number of parameters, images per second and peak memory (GB)."""
    from catsight.features.forward import Encoder

    entry, here = REGISTRY[name], Path(folder)
    weights, out = here / f"{name}.safetensors", here / f"{name}-{precision}.parquet"
    spec = features_spec(entry, precision)
    catsight("weights", weights_spec(entry), here, "--output", weights)
    views = here / "4.parquet"
    catsight("extract", spec, here, "--weights", weights, "--views", views, "--output", out)
    table = tables.read(out)
    assert table.num_rows == 4
    means = [field for field in table.schema if field.name.endswith("/mean")]

    encoder = Encoder(spec, weights, CORES)
    took = []
    for _ in range(3):
        start = time.perf_counter()
        for _batch in encoder.features(here / "16.parquet"):
            pass
        took.append(time.perf_counter() - start)
    weights.resolve().unlink()
    return {
        "widths": [field.type.list_size for field in means],
        "parameters": sum(parameter.numel() for parameter in encoder.model.parameters()),
        "rate": 16 / min(took[1:]),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def catsight(
    command: str, spec: WeightsSpec | FeaturesSpec, folder: Path, *options: str | Path
) -> None:
    """Runs a command of the features stage in this process, with a store in ``folder``."""
    from catsight.__main__ import main

    job = ["--spec", json.dumps(spec), "--store", str(folder / "store"), *map(str, options)]
    assert main(["features", command, *job]) == 0


def weights_spec(entry: dict[str, Any]) -> WeightsSpec:
    """The spec of a job that makes random weights for an entry of the registry."""
    spec: WeightsSpec = {
        "code": "0",
        "versions": {},
        "weights": {"source": "random", "seed": 0},
        "timm": entry["timm"],
    }
    if "args" in entry:
        spec["args"] = entry["args"]
    return spec


def features_spec(entry: dict[str, Any], precision: str, device: str = "cpu") -> FeaturesSpec:
    """The spec of a job that extracts features of an entry of the registry."""
    keys = ("timm", "args", "layers", "output", "prefix_tokens", "preprocessing")
    encoder = cast(EncoderSpec, {key: entry[key] for key in keys if key in entry})
    return {
        "code": "0",
        "versions": {},
        "encoder": encoder,
        "pooling": ["cls", "mean"],
        "map_size": 0,
        "precision": precision,
        "device": device,
        "batch": 16,
        "channels_last": entry["family"] == "cnn",
    }


def frames(count: int, side: int = 400) -> list[dict[str, Any]]:
    """Rows of a table of views: squares of ``side`` px of scikit-image's photographs, all
    different.
    """
    import skimage

    photos = [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.rocket()]
    squares = [photos[i % 3][i : i + side, 3 * i : 3 * i + side] for i in range(count)]
    return [
        {"frame_id": str(i), "image": {"bytes": encode_png(rgb), "path": None}}
        for i, rgb in enumerate(squares)
    ]


if __name__ == "__main__":
    main()
