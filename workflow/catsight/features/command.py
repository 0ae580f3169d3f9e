"""``catsight features``: an encoder's weights, and its features of every view."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from catsight import tables
from catsight.errors import CatsightError
from catsight.features import safe, weights
from catsight.features.forward import Encoder
from catsight.run import job, locks
from catsight.run.progress import Progress
from catsight.tables.store import Store, address


def main(arguments: Sequence[str]) -> None:
    commands = {
        "weights": (weights.main, "brings an encoder's weights into one safetensors file"),
        "extract": (extract, "takes an encoder's features of one shard of several views"),
        "prune": (prune, "empties the store of what no study here refers to"),
    }
    job.choose("features", commands, arguments)


def extract(arguments: Sequence[str]) -> None:
    """Takes an encoder's features of one shard of several views, in one load of the encoder."""
    parser = job.parser("features extract", extract.__doc__)
    parser.add_argument(
        "--weights", type=Path, required=True, help="what `catsight features weights` made"
    )
    parser.add_argument("--views", type=Path, nargs="+", required=True, help="tables of views")
    parser.add_argument(
        "--output", type=Path, nargs="+", required=True, help="tables of features, in that order"
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=len(os.sched_getaffinity(0)),
        help="threads of the forward pass",
    )
    options = parser.parse_args(arguments)
    if len(options.views) != len(options.output):
        parser.error(f"{len(options.views)} views, but {len(options.output)} outputs")

    store = Store(options.store)
    brought = safe.about(options.weights)
    due = []
    for view, output in zip(options.views, options.output):
        inputs = {"view": tables.content(view), "weights": brought["content"]}
        where = address(options.spec, inputs)
        if not store.find(where, output):
            due.append((view, output, where, inputs))
    if not due:
        return
    # the expensive part, imports included, comes only now
    with Progress(
        f"features {options.weights.stem}", sum(tables.provenance(d[0])["rows"] for d in due)
    ) as progress:
        encoder = Encoder(options.spec, options.weights, options.threads)
        origin = {"stage": "features", "spec": options.spec, "weights": brought, **encoder.about}
        for view, output, where, inputs in due:
            if not store.find(where, output):  # two views of the same pictures have one address
                with store.writer(where, encoder.schema, {**origin, "inputs": inputs}) as writer:
                    for ids, vectors in encoder.features(view):
                        writer.write(_batch(ids, vectors, encoder.schema, options.weights.stem))
                        progress.advance(len(ids))
                store.link(store.path(where), output)
                print(f"store: computed {output}", file=sys.stderr)


def prune(arguments: Sequence[str]) -> None:
    """Empties the store of what no study beside it refers to, after showing it."""
    parser = argparse.ArgumentParser(prog="catsight features prune", description=prune.__doc__)
    parser.add_argument(
        "--store", type=Path, default=Path("results/store"), help="the store (default: %(default)s)"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args(arguments)
    store = Store(options.store)
    with locks.alone(store.root.parent):
        unused = store.unused()
        for stage, paths in sorted(unused.items()):
            size = sum(path.stat().st_size for path in paths)
            print(f"{stage:10}{len(paths):6} file{'s' * (len(paths) != 1)}{size / 1e6:12.1f} MB")
        count = sum(map(len, unused.values()))
        if not count:
            return print(f"{options.store}: a study refers to every file; nothing to remove")
        if not options.yes:
            if not sys.stdin.isatty():
                return print(
                    f"{options.store}: no study refers to these {count}; --yes removes them"
                )
            if (
                input(
                    f"No study in {options.store.parent} refers to these {count}. Remove them? [y/N] "
                ).lower()
                != "y"
            ):
                return print("nothing removed")
        for path in (path for paths in unused.values() for path in paths):
            path.unlink()
        print(f"{options.store}: removed {count}")


def _batch(
    ids: Sequence[str], vectors: Mapping[str, np.ndarray], schema: pa.Schema, encoder: str
) -> pa.RecordBatch:
    columns = [pa.array(ids, pa.string())]
    for name, vector in vectors.items():
        if not np.isfinite(vector).all():
            frame = ids[int(np.argwhere(~np.isfinite(vector).all(axis=1))[0, 0])]
            raise CatsightError(
                f"{encoder}: {name} of frame '{frame}' is not finite; the weights may be damaged, or the numbers too "
                "large for features.precision: fp16"
            )
        columns.append(pa.FixedSizeListArray.from_arrays(pa.array(vector.ravel()), vector.shape[1]))
    return pa.RecordBatch.from_arrays(columns, schema=schema)
