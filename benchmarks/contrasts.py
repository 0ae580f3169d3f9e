"""Time and memory of a study's contrasts.

    .venv/bin/python benchmarks/contrasts.py                    # 20 encoders × 24 layers × 6 views
    .venv/bin/python benchmarks/contrasts.py --metrics 3

A made-up table of metrics (40 blocks of groups, values of .9 to .99) goes through `catsight metrics
contrasts` in a process of its own, on one thread: CPU seconds, peak memory, and how many contrasts
there are.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from catsight import tables
from catsight.study.measures import MEASURES
from catsight.tables.columns.metrics import METRICS
from catsight.tables.names import ALL_LAYERS

BLOCKS = 40
NAMES = ("cka_linear_unbiased", "rsa", "cka_rbf_unbiased")


def rows(metric: str, encoder: int, view: int, layers: int) -> list[dict[str, Any]]:
    """The rows of an encoder's layers and of their mean, for one view and metric."""
    rng = np.random.default_rng([NAMES.index(metric), encoder, view])
    z = 1.6 + 0.02 * encoder + 0.2 * view + 0.2 * rng.normal(size=(layers, 1))
    shared = np.random.default_rng(0).normal(size=BLOCKS)  # all see the same groups
    moved = (shared + 0.5 * rng.normal(size=(layers, BLOCKS))) / BLOCKS
    values = np.tanh(np.concatenate([z, z - moved], axis=1))
    common = {
        "encoder": f"encoder{encoder:02}",
        "family": ("cnn", "vit")[encoder % 2],
        "training": ("supervised", "self-supervised", "untrained")[encoder % 3],
        "pooling": "mean",
        "reference": "human",
        "view": f"view{view}",
        "metric": metric,
        "parts": [BLOCKS],
        "n_groups": BLOCKS,
        "n_frames": 6 * BLOCKS,
    }
    found = [
        common | {"layer": f"blocks.{i}", "layer_index": i, "value": own[0], "replicates": own[1:]}
        for i, own in enumerate(values)
    ]
    mean = values.mean(axis=0)
    return [*found, common | {"layer": ALL_LAYERS, "value": mean[0], "replicates": mean[1:]}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoders", type=int, default=20)
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--views", type=int, default=6, help="with the reference")
    parser.add_argument("--metrics", type=int, default=1, choices=range(1, len(NAMES) + 1))
    options = parser.parse_args()
    names, views = NAMES[: options.metrics], range(1, options.views)
    spec = {
        "study": "made up",
        "reference": "human",
        "focus": "view1",
        "views": [f"view{i}" for i in views],
        "pooling": "cls",
        "measures": {name: MEASURES[name].facts for name in names},
        "margin": 1.25,
        "confidence": 0.95,
        "seed": 0,
        "code": "",
        "versions": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metrics.parquet"
        found = [
            row
            for name in names
            for encoder in range(options.encoders)
            for view in views
            for row in rows(name, encoder, view, options.layers)
        ]
        tables.write(path, found, METRICS, {})
        command = [
            sys.executable,
            "-m",
            "catsight",
            "metrics",
            "contrasts",
            "--spec",
            json.dumps(spec),
        ]
        command += ["--store", f"{folder}/store", "--metrics", str(path), "--output"]
        outputs = [f"{folder}/contrasts.parquet", f"{folder}/best.parquet"]
        subprocess.run([*command, *outputs], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        count = tables.provenance(outputs[0])["rows"]
    seconds, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 1000
    print(f"{count} contrasts: {seconds:.1f} CPU-s, {memory:.0f} MB")


if __name__ == "__main__":
    main()
