"""``catsight metrics``: alignment per layer, and all of a study's in one table."""

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from catsight import job, tables
from catsight.errors import CatsightError
from catsight.metrics import inference, scale
from catsight.metrics.suite import Estimate, interval
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
    features = {name: Features(paths, groups) for name, paths in views.items()}
    rows = estimates(features, groups, spec)
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


class Features:
    """The features of one view of exactly the ``frames`` (their ids, in order), read a column at a time.

    ``columns`` are their names. Raises :class:`CatsightError` where frames are missing, too many, twice or in another
    order, naming the table and the frame.
    """

    def __init__(self, paths: Sequence[Path], frames: Sequence[str]):
        self.paths, self.frames = list(paths), list(frames)
        found = [frame for path in self.paths for frame in tables.read(path, ["frame_id"])["frame_id"].to_pylist()]
        if found != self.frames:
            raise CatsightError(_misaligned(self.paths, found, self.frames))
        self.columns = [name for name in tables.schema(self.paths[0]).names if name != "frame_id"]

    def __getitem__(self, column: str) -> np.ndarray:
        """The features (n, d), float32. Raises :class:`CatsightError`, naming column and frame, for NaN or infinity."""
        values = np.concatenate([_matrix(tables.read(path, [column])[column]) for path in self.paths])
        finite = np.isfinite(values).all(axis=1)
        if not finite.all():
            frame = self.frames[int(finite.argmin())]
            raise CatsightError(f"{self.paths[0].parent}: column {column} of frame '{frame}' is not finite")
        return values


def estimates(features: Mapping[str, Features], groups: Mapping[str, str], spec: Mapping) -> list[dict]:
    """The rows of the metrics table: every view but the reference, every column, every metric; and means over layers.

    ``features`` of each view by name; ``groups`` maps each frame to its group, in the frames' order.
    """
    columns = features[spec["reference"]].columns
    layers = list(dict.fromkeys(column.rpartition("/")[0] for column in columns))
    plan = scale.plan(groups, spec) if groups else None
    common = {
        **{key: spec[key] for key in ("encoder", "family", "training", "reference", "seed")},
        "n_frames": len(groups),
        "n_groups": len(set(groups.values())),
        "at_once": plan.at_once if plan else 0,
    }
    others = [view for view in features if view != spec["reference"]]
    found: dict[tuple, list[tuple[dict, Estimate]]] = {}  # (view, pooling, metric) -> per layer its row and estimate
    with Progress(f"metrics {spec['encoder']}", len(others) * len(columns), "comparisons") as progress:
        for column in columns:
            x = features[spec["reference"]][column]
            layer, _, pooling = column.rpartition("/")
            index = layers.index(layer)
            place = {"layer": layer, "layer_index": index, "depth": index / max(len(layers) - 1, 1)}
            for view in others:
                y = features[view][column]
                if x.shape[1] != y.shape[1]:
                    raise CatsightError(
                        f"{features[view].paths[0].parent}: column {column} has {y.shape[1]} features, and "
                        f"{x.shape[1]} in the reference view; both must be of the same encoder"
                    )
                compared = plan.compare(x, y, spec["names"]) if plan else dict.fromkeys(spec["names"], _NO_FRAMES)
                for metric, estimate in compared.items():
                    row = common | place | {"pooling": pooling, "view": view, "metric": metric}
                    row |= {"n_features": x.shape[1]} | _columns(metric, estimate, spec["confidence"])
                    found.setdefault((view, pooling, metric), []).append((row, estimate))
                progress.advance()
    rows = [row for per_layer in found.values() for row, _ in per_layer]
    rows.sort(key=lambda row: (others.index(row["view"]), row["layer_index"]))
    for (view, pooling, metric), per_layer in found.items():
        _correct(per_layer)
        mean = _mean([estimate for _, estimate in per_layer])
        row = common | {"layer": ALL_LAYERS, "pooling": pooling, "view": view, "metric": metric}
        rows.append(row | _columns(metric, mean, spec["confidence"]))
    return rows


_NO_FRAMES = Estimate(np.array([np.nan]), reason="no frames")


def _columns(metric: str, estimate: Estimate, confidence: float) -> dict:
    """What a row says of an estimate: its value, interval and p-value, and the reasons for what is missing."""
    value = float(estimate.values[0])
    if not np.isfinite(value):
        return {"value": None, "reason": estimate.reason or "undefined in a layer", "bandwidth": None}
    ends = interval(metric, estimate, confidence)
    row = {"value": value, "bandwidth": estimate.bandwidth}
    row |= {key: None if math.isnan(end) else end for key, end in zip(("ci_low", "ci_high"), ends[:2])}
    if estimate.null is not None:
        row |= {"p_value": inference.p_value(estimate.null), "null_mean": float(estimate.null.mean())}
    return row | {"reason": "; ".join(filter(None, (ends.reason, estimate.untested))) or None}


def _correct(per_layer: list[tuple[dict, Estimate]]) -> None:
    """Adds to the rows of a metric's layers the p-values corrected for their number."""
    tested = [(row, estimate.null) for row, estimate in per_layer if estimate.null is not None]
    if tested:
        for (row, _), p in zip(tested, inference.corrected(np.stack([null for _, null in tested]))):
            row["p_corrected"] = float(p)


def _mean(parts: list[Estimate]) -> Estimate:
    """The mean over layers, with its replicates and its null: all layers left out and rearranged the same frames."""
    reasons = [part.reason or part.untested for part in parts]
    null = None if any(part.null is None for part in parts) else np.mean([part.null for part in parts], axis=0)
    if any(part.reason for part in parts):
        first = next(reason for reason in reasons if reason)
        return Estimate(np.array([np.nan]), reason=f"undefined in a layer: {first}")
    values, untested = np.mean([part.values for part in parts], axis=0), next(filter(None, reasons), None)
    return Estimate(values, null, untested=untested, sizes=parts[0].sizes)


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
