"""Small made-up tables of frames and features, and the spec of a job that compares them."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from catsight import tables
from catsight.metrics import cka_linear, cka_rbf, rsa
from catsight.study.measures import MEASURES
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.frames import FRAMES

#: The functions that give the values of the measures of which maps can be made.
FUNCTIONS = {
    "cka_linear": cka_linear,
    "cka_linear_unbiased": lambda x, y: cka_linear(x, y, unbiased=True),
    "cka_rbf": cka_rbf,
    "cka_rbf_unbiased": lambda x, y: cka_rbf(x, y, unbiased=True),
    "rsa": rsa,
}


def measures(*names: str) -> dict[str, dict[str, bool]]:
    """The facts of measures, as specs hold them."""
    return {name: MEASURES[name].facts for name in sorted(names)}


#: Without tests.
COMPARING = {
    "encoder": "toy", "family": "cnn", "training": "untrained", "reference": "human", "seed": 0, "confidence": 0.95,
    "measures": measures("cka_linear", "cka_linear_unbiased", "rsa"), "rsa_distance": "correlation",
    "rsa_comparison": "spearman", "bandwidth": 1.0, "projections": 50, "retrieval_distance": "cosine",
    "neighbours": 3, "null": "paired", "at_once": 2000, "code": "0", "versions": {},
}  # fmt: skip
SPEC = COMPARING | {"permutations": 99}
IDS = [f"photo{i // 4}-{i % 4}" for i in range(24)]


def write_frames(path: Path, ids: list[str] = IDS) -> Path:
    """A table of frames, whose groups are the ids up to the hyphen."""
    rows = [
        {"frame_id": i, "group": i.split("-")[0], "image": {"bytes": b"", "path": i}} for i in ids
    ]
    tables.write(path, rows, FRAMES, {"stage": "frames"})
    return path


def write_features(path: Path, features: dict[str, np.ndarray], ids: list[str] = IDS) -> Path:
    """A table of the features (n, d) of each column."""
    schema = features_schema({name: array.shape[1] for name, array in features.items()})
    columns = [pa.array(ids)]
    for array in features.values():
        flat = pa.array(array.astype(np.float32).ravel())
        columns.append(pa.FixedSizeListArray.from_arrays(flat, array.shape[1]))
    tables.write(
        path, pa.table(columns, schema=schema), schema, {"stage": "features", "of": path.name}
    )
    return path
