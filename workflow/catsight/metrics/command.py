"""``catsight metrics``: alignment per layer, and all of a study's in one table."""

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from catsight import job, tables
from catsight.errors import CatsightError
from catsight.metrics import inference
from catsight.metrics.similarity import measures
from catsight.progress import Progress
from catsight.store import Store, address

#: The layer name of the rows that hold the mean over an encoder's layers.
ALL_LAYERS = "all"


def main(arguments: Sequence[str]) -> None:
    commands = {
        "compare": (compare, "compares one encoder's features of each view with those of the reference"),
        "merge": (merge, "puts the metrics of a study's encoders into one table"),
    }
    job.choose("metrics", commands, arguments)


def compare(arguments: Sequence[str]) -> None:
    """Compares one encoder's features of each view with those of the reference, layer by layer."""
    parser = job.parser("metrics compare", compare.__doc__)
    parser.add_argument("--frames", type=Path, nargs="+", required=True, help="the frames, all shards")
    parser.add_argument(
        "--features", nargs="+", action="append", required=True, metavar=("VIEW", "PATH"),
        help="a view's name and its features, all shards in the frames' order; once for each view",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, required=True, help="the table of metrics to write")
    options = parser.parse_args(arguments)
    spec = options.spec
    views = {name: [Path(path) for path in paths] for name, *paths in options.features}
    if spec["reference"] not in views:
        raise CatsightError(f"--features lacks the reference view '{spec['reference']}'")

    store = Store(options.store)
    inputs = {
        "frames": [tables.content(path) for path in options.frames],
        "features": {name: [tables.content(path) for path in paths] for name, paths in views.items()},
    }
    where = address(spec, inputs)
    if store.find(where, options.output):
        return
    groups = read_groups(options.frames)
    features = {name: read_features(paths, list(groups)) for name, paths in views.items()}
    rows = estimates(features, list(groups.values()), spec)
    about = tables.provenance(views[spec["reference"]][0])
    provenance = {"stage": "metrics", "spec": spec, "inputs": inputs, "features": about}
    store.save(where, options.output, tables.METRICS, rows, provenance)


def merge(arguments: Sequence[str]) -> None:
    """Puts the metrics of a study's encoders into one table."""
    parser = argparse.ArgumentParser(prog="catsight metrics merge", description=merge.__doc__)
    parser.add_argument("metrics", type=Path, nargs="+", help="tables made by catsight metrics compare")
    parser.add_argument("--study", required=True, help="name of the study, for the table's provenance")
    parser.add_argument("--output", type=Path, required=True, help="the table to write")
    options = parser.parse_args(arguments)
    about = {
        "stage": "metrics",
        "study": options.study,
        "parts": {path.stem: tables.provenance(path) for path in options.metrics},
    }
    rows = pa.concat_tables([tables.read(path) for path in options.metrics])
    tables.write(options.output, rows, tables.METRICS, about)


def read_groups(paths: Sequence[Path]) -> dict[str, str]:
    """The group of each frame by its id, in the frames' order. Raises where an id comes twice."""
    groups: dict[str, str] = {}
    for path in paths:
        for row in tables.read(path, ["frame_id", "group"]).to_pylist():
            if row["frame_id"] in groups:
                raise CatsightError(f"{path}: the frame '{row['frame_id']}' comes twice in this study")
            groups[row["frame_id"]] = row["group"]
    return groups


def read_features(paths: Sequence[Path], frames: Sequence[str]) -> dict[str, np.ndarray]:
    """The features (n, d) by column, of exactly the ``frames``, in their order; float32.

    Raises :class:`CatsightError` where frames are missing, too many, twice or in another order, or a value is not
    finite: the message names the table, the frame and the column.
    """
    parts = [tables.read(path) for path in paths]
    found = [frame for part in parts for frame in part["frame_id"].to_pylist()]
    if found != list(frames):
        raise CatsightError(_misaligned(paths, found, frames))
    features = {}
    for column in parts[0].column_names[1:]:
        arrays = [_matrix(part[column]) for part in parts]
        features[column] = np.concatenate(arrays)
        if not np.isfinite(features[column]).all():
            frame = frames[int(np.argwhere(~np.isfinite(features[column]).all(axis=1))[0, 0])]
            raise CatsightError(f"{paths[0].parent}: column {column} of frame '{frame}' is not finite")
    return features


def estimates(features: Mapping[str, Mapping[str, np.ndarray]], groups: Sequence[str], spec: Mapping) -> list[dict]:
    """The rows of the metrics table: every view but the reference, every column, every metric; and means over layers.

    ``features`` maps view -> column -> (n, d); ``groups`` is the group of each frame (n,).
    """
    reference = features[spec["reference"]]
    out = inference.blocks(groups, spec["seed"]) if groups else []
    sizes = [len(block) for block in out]
    everything = np.arange(len(groups))
    layers = list(dict.fromkeys(column.rpartition("/")[0] for column in reference))
    known = measures(spec["rsa_distance"], spec["rsa_comparison"])
    common = {
        **{key: spec[key] for key in ("encoder", "family", "training", "reference", "seed")},
        "n_frames": len(groups),
        "n_groups": len(set(groups)),
    }
    others = [view for view in features if view != spec["reference"]]
    rows = []
    means: dict[tuple, list[np.ndarray]] = {}  # (view, pooling, metric) -> per layer [value, replicates...]
    with Progress(f"metrics {spec['encoder']}", len(others) * len(reference), "comparisons") as progress:
        for view in others:
            for column, x in reference.items():
                layer, _, pooling = column.rpartition("/")
                index = layers.index(layer)
                prepared: dict = {}
                for metric in spec["names"]:
                    prepare, value_of = known[metric]
                    if prepare not in prepared:
                        prepared[prepare] = (prepare(x), prepare(features[view][column]))
                    a, b = prepared[prepare]

                    def statistic(keep, a=a, b=b, value_of=value_of):
                        return value_of(a[np.ix_(keep, keep)], b[np.ix_(keep, keep)])

                    value = statistic(everything)
                    replicates = inference.leave_out(statistic, len(groups), out)
                    means.setdefault((view, pooling, metric), []).append(np.array([value, *replicates]))
                    rows.append(
                        common
                        | {"layer": layer, "layer_index": index, "depth": index / max(len(layers) - 1, 1)}
                        | {"pooling": pooling, "view": view, "metric": metric, "n_features": x.shape[1]}
                        | _estimate(value, replicates, sizes, spec["confidence"])
                    )
                progress.advance()
    for (view, pooling, metric), per_layer in means.items():
        value, *replicates = np.mean(per_layer, axis=0)
        rows.append(
            common
            | {"layer": ALL_LAYERS, "pooling": pooling, "view": view, "metric": metric}
            | _estimate(value, np.array(replicates), sizes, spec["confidence"])
        )
    return rows


def _estimate(value: float, replicates: np.ndarray, sizes: Sequence[int], confidence: float) -> dict:
    if not np.isfinite(value):
        return {"value": None, "reason": "undefined: too few frames, or features that do not vary"}
    interval = inference.jackknife(value, replicates, sizes, confidence)
    ends = {key: None if math.isnan(end) else end for key, end in zip(("ci_low", "ci_high"), interval[:2])}
    return {"value": float(value), **ends, "reason": interval.reason}


def _matrix(column: pa.ChunkedArray) -> np.ndarray:
    values = column.combine_chunks()
    values = values.chunk(0) if isinstance(values, pa.ChunkedArray) else values
    return values.flatten().to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)


def _misaligned(paths: Sequence[Path], found: Sequence[str], frames: Sequence[str]) -> str:
    where = paths[0].parent
    if missing := sorted(set(frames) - set(found)):
        return f"{where}: the features of {len(missing)} frames are missing, first '{missing[0]}'"
    if extra := sorted(set(found) - set(frames)):
        return f"{where}: there are features of {len(extra)} unknown frames, first '{extra[0]}'"
    if len(found) != len(frames):
        twice = next(frame for i, frame in enumerate(found) if frame in found[:i])
        return f"{where}: the features of frame '{twice}' come twice"
    first = next(i for i, (a, b) in enumerate(zip(found, frames)) if a != b)
    return f"{where}: the features are in another order than the frames, from '{found[first]}' on"
