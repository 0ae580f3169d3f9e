"""Every encoder of the registry, end to end with random weights: weights, then features of 4
frames, as a study does.

    .venv/bin/python benchmarks/zoo.py                  # all; or names of resources/encoders.yaml
    .venv/bin/python benchmarks/zoo.py vit_b16 swin_t

One process for each encoder and precision. Images per second are of whole extraction (decoding,
preprocessing, forward pass, pooling) of 16 frames after a first pass, the better of two; memory is
the process's peak, of which importing torch and timm is some 0.7 GB.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from catsight import tables
from catsight.inputs import yaml_files
from catsight.inputs.pictures import encode_png
from catsight.tables.columns.views import VIEWS

REGISTRY = yaml_files.load_yaml(yaml_files.find("encoders.yaml"))
CORES = len(os.sched_getaffinity(0))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=list(REGISTRY), help="encoders (default: all)")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        return print(json.dumps(measure(**json.loads(options.job))))
    print(
        f"| encoder | layers | features of a layer | parameters, M | images/s, fp32 | bf16 on {CORES} cores | peak GB |"
    )
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for count in (4, 16):
            tables.write(Path(folder) / f"{count}.parquet", frames(count), VIEWS, {})
        for name in options.names:
            fp32, bf16 = (
                run(folder=folder, name=name, precision=precision) for precision in ("fp32", "bf16")
            )
            widths = (
                f"{fp32['widths'][0]}"
                if len(set(fp32["widths"])) == 1
                else f"{min(fp32['widths'])} to {max(fp32['widths'])}"
            )
            print(
                f"| `{name}` | {len(fp32['widths'])} | {widths} | {fp32['parameters'] / 1e6:.1f} | {fp32['rate']:.1f} "
                f"| {bf16['rate']:.1f} | {fp32['memory']:.2f} |",
                flush=True,
            )


def run(**job) -> dict:
    command = [sys.executable, __file__, "--job", json.dumps(job)]
    return json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[
            -1
        ]
    )


def measure(folder: str, name: str, precision: str) -> dict:
    from catsight.__main__ import main as catsight
    from catsight.features.forward import Encoder

    entry, folder = REGISTRY[name], Path(folder)
    brought, out = folder / f"{name}.safetensors", folder / f"{name}-{precision}.parquet"
    store = ["--store", str(folder / "store")]
    job = ["--spec", json.dumps(weights_spec(entry)), *store, "--output", str(brought)]
    assert catsight(["features", "weights", *job]) == 0
    job = ["--spec", json.dumps(features_spec(entry, precision)), *store, "--weights", str(brought)]
    job += ["--views", str(folder / "4.parquet"), "--output", str(out)]
    assert catsight(["features", "extract", *job]) == 0
    table = tables.read(out)
    assert table.num_rows == 4
    means = [field for field in table.schema if field.name.endswith("/mean")]

    model = Encoder(features_spec(entry, precision), brought, CORES)
    took = []
    for _ in range(3):
        start = time.perf_counter()
        sum(len(ids) for ids, _ in model.features(folder / "16.parquet"))
        took.append(time.perf_counter() - start)
    brought.resolve().unlink()
    return {
        "widths": [field.type.list_size for field in means],
        "parameters": sum(parameter.numel() for parameter in model.model.parameters()),
        "rate": 16 / min(took[1:]),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def weights_spec(entry: dict) -> dict:
    """The spec of a job that makes random weights for an entry of the registry."""
    architecture = {key: entry[key] for key in ("timm", "args") if key in entry}
    return {"code": "0", "versions": {}, **architecture, "weights": {"source": "random", "seed": 0}}


def features_spec(entry: dict, precision: str, device: str = "cpu") -> dict:
    """The spec of a job that takes features of an entry of the registry."""
    encoder = {
        key: entry[key]
        for key in ("timm", "args", "layers", "output", "preprocessing")
        if key in entry
    }
    settings = {
        "pooling": ["cls", "mean"],
        "map_size": 0,
        "precision": precision,
        "device": device,
        "batch": 16,
    }
    return {
        "code": "0",
        "versions": {},
        "encoder": encoder,
        "channels_last": entry["family"] == "cnn",
        **settings,
    }


def frames(count: int) -> list[dict]:
    """Photographs of scikit-image, squares of 400 px cut at different places."""
    import skimage

    photos = [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.rocket()]
    cut = [photos[i % 3][i : i + 400, 3 * i : 3 * i + 400] for i in range(count)]
    return [
        {"frame_id": str(i), "image": {"bytes": encode_png(rgb), "path": None}}
        for i, rgb in enumerate(cut)
    ]


if __name__ == "__main__":
    main()
