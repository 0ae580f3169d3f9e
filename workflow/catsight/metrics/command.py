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
from catsight.metrics.suite import COSINES, OF_THIS_SIZE, Comparison, Estimate, Plan
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


def estimates(features: Mapping[str, Mapping[str, np.ndarray]], groups: Mapping[str, str], spec: Mapping) -> list[dict]:
    """The rows of the metrics table: every view but the reference, every column, every metric; and means over layers.

    ``features`` maps view -> column -> (n, d); ``groups`` maps each frame to its group, in the frames' order.
    """
    reference = features[spec["reference"]]
    layers = list(dict.fromkeys(column.rpartition("/")[0] for column in reference))
    plan = Plan(list(groups.values()), spec) if groups else None
    common = {
        **{key: spec[key] for key in ("encoder", "family", "training", "reference", "seed")},
        "n_frames": len(groups),
        "n_groups": len(set(groups.values())),
    }
    others = [view for view in features if view != spec["reference"]]
    rows: list[dict] = []
    found: dict[tuple, list[tuple[dict, Estimate]]] = {}  # (view, pooling, metric) -> per layer its row and estimate
    with Progress(f"metrics {spec['encoder']}", len(others) * len(reference), "comparisons") as progress:
        for view in others:
            for column, x in reference.items():
                layer, _, pooling = column.rpartition("/")
                index = layers.index(layer)
                place = {"layer": layer, "layer_index": index, "depth": index / max(len(layers) - 1, 1)}
                comparison = Comparison(x, features[view][column], plan) if plan else None
                for metric in spec["names"]:
                    estimate = comparison.estimate(metric) if plan else _NO_FRAMES
                    row = common | place | {"pooling": pooling, "view": view, "metric": metric}
                    row |= {"n_features": x.shape[1]} | _columns(metric, estimate, plan)
                    found.setdefault((view, pooling, metric), []).append((row, estimate))
                    rows.append(row)
                progress.advance()
    for (view, pooling, metric), per_layer in found.items():
        _correct(per_layer)
        mean = _mean([estimate for _, estimate in per_layer])
        row = common | {"layer": ALL_LAYERS, "pooling": pooling, "view": view, "metric": metric}
        rows.append(row | _columns(metric, mean, plan))
    return rows


_NO_FRAMES = Estimate(np.array([np.nan]), reason="no frames")


def _columns(metric: str, estimate: Estimate, plan: Plan | None) -> dict:
    """What a row says of an estimate: its value, interval and p-value, and the reasons for what is missing."""
    value, replicates = float(estimate.values[0]), estimate.values[1:]
    if not np.isfinite(value):
        return {"value": None, "reason": estimate.reason or "undefined in a layer", "bandwidth": None}
    interval = _interval(metric, value, replicates, plan)
    row = {"value": value, "bandwidth": estimate.bandwidth}
    row |= {key: None if math.isnan(end) else end for key, end in zip(("ci_low", "ci_high"), interval[:2])}
    if estimate.null is not None:
        row |= {"p_value": inference.p_value(estimate.null), "null_mean": float(estimate.null.mean())}
    return row | {"reason": "; ".join(filter(None, (interval.reason, estimate.untested))) or None}


def _interval(metric: str, value: float, replicates: np.ndarray, plan: Plan) -> inference.Interval:
    if metric.startswith("retrieval") and len(replicates) >= inference.FEWEST_GROUPS and (replicates == value).all():
        # all found, or none: what a share of 1 in a few groups says of others is not in its spread
        return inference.Interval(math.nan, math.nan, "the same in every group, so no interval")
    return inference.jackknife(
        value,
        replicates,
        plan.sizes(len(replicates)),
        plan.spec["confidence"],
        cosine=metric in COSINES,
        correct_bias=metric not in OF_THIS_SIZE,
    )


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
    return Estimate(np.mean([part.values for part in parts], axis=0), null, untested=next(filter(None, reasons), None))


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
