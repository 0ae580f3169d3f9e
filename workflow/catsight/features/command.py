"""``catsight features``: an encoder's weights, and its features of every view."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from catsight import tables
from catsight.errors import CatsightError, printable, say
from catsight.features import checkpoint, safe, weights
from catsight.features import places as of_places
from catsight.features.encoders import make
from catsight.features.fitting import fit
from catsight.features.forward import Encoder, record_batch
from catsight.inputs import yaml_files
from catsight.inputs.schema import near_miss
from catsight.run import job
from catsight.run.progress import Progress
from catsight.run.specs import EncoderSpec, FeaturesSpec
from catsight.tables.columns.places import PLACES
from catsight.tables.lists import read_groups, shards
from catsight.tables.store import Store, address


def main(arguments: Sequence[str]) -> None:
    commands = {
        "weights": (bring_weights, "writes an encoder's weights to one safetensors file"),
        "extract": (extract, "extracts an encoder's features of one shard of several views"),
        "places": (places, "shows where in some frames an encoder's features differ between views"),
        "convert": (convert, "writes an encoder's weights out of a training checkpoint"),
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
        say(f"store: hit {options.output}")
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
    say(f"store: computed {options.output}")


def extract(arguments: Sequence[str]) -> None:
    """Extracts an encoder's features of one shard of several views, loading the encoder once."""
    parser = job.parser("features extract", extract.__doc__)
    _add_weights(parser)
    parser.add_argument("--views", type=Path, nargs="+", required=True, help="tables of views")
    parser.add_argument(
        "--output", type=Path, nargs="+", required=True, help="tables of features, in that order"
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


def places(arguments: Sequence[str]) -> None:
    """Shows where in some frames an encoder's features differ between the reference and each other
    view, layer by layer.
    """
    parser = job.parser("features places", places.__doc__)
    _add_weights(parser)
    job.add_tables(parser, "--views", "view")
    parser.add_argument("--output", type=Path, required=True, help="the table to write")
    options = parser.parse_args(arguments)
    spec, store, about = options.spec, Store(options.store), safe.about(options.weights)
    frames = shards(options.frames, options.shards)
    views = {name: shards(path, options.shards) for name, path in options.views}
    if spec["reference"] not in views:
        raise CatsightError(f"--views lacks the reference view '{spec['reference']}'")
    inputs = {
        "frames": [tables.content(path) for path in frames],
        "views": {name: [tables.content(path) for path in of] for name, of in views.items()},
        "weights": about["content"],
    }
    where = address(spec, inputs)
    if store.find(where, options.output):
        return
    encoder = of_places.PlacesEncoder(spec, options.weights, options.threads)
    provenance = {"stage": "features", "spec": spec, "inputs": inputs, "weights": about}
    with store.writer(where, PLACES, {**provenance, **encoder.about}) as writer:
        for rows in of_places.rows(encoder, views, read_groups(frames), spec):
            writer.write(rows)
    store.link(store.path(where), options.output)
    say(f"store: computed {options.output}")


def _add_weights(parser: argparse.ArgumentParser) -> None:
    """Adds ``--weights`` and ``--threads``."""
    parser.add_argument(
        "--weights", type=Path, required=True, help="the output of `catsight features weights`"
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=job.cores(),
        help="threads of the forward pass (default: %(default)s, the cores of this machine)",
    )


def convert(arguments: Sequence[str]) -> None:
    """Writes an encoder's weights out of a training checkpoint (.pth, .pt, .ckpt, .bin) to a
    safetensors file, which a study can name: `weights: {source: file, path: FILE}`. Runs no code
    of the checkpoint. Prints which tensors matched and which did not, and writes a file only if all
    of the encoder's are there.
    """
    options = _conversion_parser().parse_args(arguments)
    source, output = options.checkpoint, options.output
    if output.suffix != ".safetensors" or output.resolve() == source.resolve():
        raise CatsightError(f"--output is {output}; it must be another file, named *.safetensors")
    model = make(_entry(options.encoder, options.config))
    key, state = checkpoint.chosen(checkpoint.states(source), options.key, source)
    found = fit(model, checkpoint.renamed(state, options.strip, options.drop))
    expected = list(model.state_dict())
    lines = [f"read: {key or 'the file itself'}, {len(state)} tensors"]
    print(printable("\n".join([*lines, *checkpoint.report(found, expected)])))
    if found.problems():
        raise CatsightError(f"{output} is not written: {source} {checkpoint.advice(found, model)}")
    about = {
        "stage": "convert",
        "encoder": options.encoder,
        "sha256": weights.check_sha256(source, None),
        "key": key,
        "strip": options.strip,
        "drop": options.drop,
    }
    safe.write(output, {name: found.state[name] for name in expected}, about)
    print(f"wrote {output}; in the study: weights: {{source: file, path: {output}}}")


def _conversion_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="catsight features convert",
        description=convert.__doc__,
        epilog="example: catsight features convert dino.pth -o dino.safetensors "
        "--encoder dino_vit_s16 --key teacher --strip module. --strip backbone. --drop 'head.*'",
    )
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="the file to read")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="FILE.safetensors to write"
    )
    parser.add_argument(
        "--encoder", required=True, metavar="NAME", help="of resources/encoders.yaml or the study"
    )
    parser.add_argument(
        "--config", help="the study file that has the encoder (default: config.yaml, if it exists)"
    )
    parser.add_argument(
        "--key", help="where the tensors lie in the checkpoint: model, teacher, state_dict, ..."
    )
    parser.add_argument(
        "--strip",
        action="append",
        default=[],
        metavar="PREFIX",
        help="what names begin with and the encoder's do not: module., backbone.; may be repeated",
    )
    parser.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="PATTERN",
        help="tensors to leave out, after --strip: 'head.*'; may be repeated",
    )
    return parser


def _entry(name: str, config: str | None) -> EncoderSpec:
    """The entry of an encoder in the study ``config`` (or config.yaml here), laid over that of
    resources/encoders.yaml.
    """
    entries = dict(yaml_files.load_yaml(yaml_files.find("encoders.yaml")))
    if config or os.path.exists("config.yaml"):
        study = yaml_files.load_yaml(config or "config.yaml")
        given = study.get("encoders") if isinstance(study, Mapping) else None
        for own, keys in given.items() if isinstance(given, Mapping) else ():
            keys = keys if isinstance(keys, Mapping) else {}
            entry = dict(entries.get(own, {}))
            if "factory" in keys:
                entry.pop("timm", None)
            entries[own] = {**entry, **keys}
    if name not in entries:
        raise CatsightError(
            f"there is no encoder '{name}'{near_miss(name, entries)}; --config names the study "
            "file that has it"
        )
    if not {"timm", "factory"} & set(entries[name]):
        raise CatsightError(f"the encoder '{name}' has neither timm nor factory")
    return entries[name]


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
            say(f"store: computed {table.output}")


def _sha256(file: Path, origin: dict[str, Any]) -> str:
    return weights.check_sha256(file, origin.get("sha256"))
