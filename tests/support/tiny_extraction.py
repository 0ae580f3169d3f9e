"""Extracts features of a few small pictures with a tiny untrained encoder, by the command."""

import json

import numpy as np

from catsight import tables
from catsight.__main__ import main
from catsight.inputs.pictures import encode_png

SPEC = {
    "encoder": {"timm": "test_vit", "layers": "blocks.*"},
    "pooling": ["cls", "mean"], "map_size": 2, "precision": "fp32", "device": "cpu", "batch": 4,
    "channels_last": False, "code": "0", "versions": {},
}  # fmt: skip


def pictures(n, seed=0):
    """Rows of a table of views: ``n`` random pictures."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        size = int(rng.integers(120, 200))
        yield {
            "frame_id": f"f{i}",
            "image": {
                "bytes": encode_png(
                    rng.integers(0, 256, (size, size + 9 * (i % 2), 3), dtype=np.uint8)
                )
            },
        }


def bring_weights(folder, spec):
    """Writes the weights of ``spec`` as folder/vit.safetensors."""
    spec = {"code": "0", "versions": {}, **spec}
    arguments = ["--store", str(folder / "s"), "--output", str(folder / "vit.safetensors")]
    assert main(["features", "weights", "--spec", json.dumps(spec), *arguments]) == 0


def extract(folder, views, out, spec=SPEC, threads=2):
    """Extracts features of the ``views`` in ``folder``, with the weights there, to ``out``.

    Returns the exit status, the command line without its outputs, and the outputs.
    """
    out.mkdir(exist_ok=True)
    outputs = [out / f"{view}.parquet" for view in views]
    arguments = ["features", "extract", "--spec", json.dumps(spec), "--store", str(out / "store")]
    arguments += ["--threads", str(threads), "--weights", str(folder / "vit.safetensors")]
    arguments += ["--views", *(str(folder / f"{view}.parquet") for view in views)]
    return main([*arguments, "--output", *map(str, outputs)]), arguments, outputs


def vectors(path):
    """The features in a table, (n, d) by column."""
    table = tables.read(path)
    return {name: np.stack(table[name].to_numpy()) for name in table.column_names[1:]}
