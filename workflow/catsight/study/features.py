"""Encoders: from the registry and the configuration to the specs of weights and features."""

import copy
import difflib
import os
from collections.abc import Mapping
from typing import Any, Literal

from catsight.errors import CatsightError
from catsight.inputs import arguments, classes, yaml_files
from catsight.inputs.checkpoints import conversion, pickled
from catsight.inputs.files import nameable
from catsight.run.specs import EncoderSpec, FeaturesSpec, WeightsSpec
from catsight.study.code_digest import factory_digest
from catsight.study.config import Config
from catsight.study.config.encoders import Features
from catsight.study.spec import ROOTS, made_of
from catsight.study.weights_sources import WEIGHTS_SOURCES

_ARCHITECTURE: tuple[Literal["timm", "factory", "factory_code", "args"], ...] = (
    "timm",
    "factory",
    "factory_code",
    "args",
)
#: An encoder's entry in resources/encoders.yaml, with the study's own keys laid over it.
Entry = dict[str, Any]


def resolve(config: Config) -> dict[str, Entry]:
    """The encoders by name, sorted. Raises :class:`CatsightError`, naming the key."""
    registry = yaml_files.load_yaml(yaml_files.find("encoders.yaml"))
    entries = {}
    for name in sorted(config.encoders):
        encoder = config.encoders[name]
        entry = _entry(name, {} if encoder is None else encoder.given, registry)
        if config.untrained and entry["training"] != "untrained":
            entry |= _random_weights(name, entry, config.seed)
        _check_weights(name, entry)
        _check_classes(name, entry)
        if "factory" in entry:
            factory_digest(entry["factory"])  # there must be such a function
        entries[name] = {"label": name, **entry}
    return entries


def check_args(name: str, entry: Entry) -> None:
    """Raises :class:`CatsightError`, naming the key, if an encoder's ``args`` would load weights
    past its spec, or ask for pictures that views are not.
    """
    given, key = entry.get("args", {}), f"config: encoders.{name}"
    arguments.check(given, key, of_timm="factory" not in entry)


def check_files(entries: Mapping[str, Entry]) -> None:
    """Raises :class:`CatsightError`, with the command to type, if a file of weights is a pickle,
    and as :func:`check_args` does.
    """
    for name, entry in entries.items():
        check_args(name, entry)
        path = entry["weights"].get("path", "")
        if entry["weights"]["source"] == "file" and pickled(path):
            raise CatsightError(
                f"config: encoders.{name}.weights.path is '{path}', a checkpoint of torch's, which "
                f"can run code and is not read; type `{conversion(path, name)}` (with --config and "
                "this study's file, if it is not config.yaml) and name the file that it writes"
            )


def weights_spec(entry: Entry) -> WeightsSpec:
    """The spec of the job that writes an encoder's weights to one file."""
    packages = ["torch", "timm"]
    if entry["weights"]["source"] == "package":
        packages.append(entry["weights"]["package"])
    made, architecture = made_of(ROOTS["weights"], packages), _architecture(entry)
    spec: WeightsSpec = {
        "weights": entry["weights"],
        "code": made["code"],
        "versions": made["versions"],
    }
    for key in _ARCHITECTURE:
        if key in architecture:
            spec[key] = architecture[key]
    return spec


def features_spec(entry: Entry, settings: Features) -> FeaturesSpec:
    """The spec of the jobs that extract an encoder's features."""
    encoder = _architecture(entry)
    for key in ("layers", "output", "prefix_tokens", "preprocessing"):
        if key in entry:
            encoder[key] = entry[key]
    if entry.get("classes"):
        encoder["classes"] = len(classes.names(entry["classes"]))
    if isinstance(layers := encoder["layers"], list):
        encoder["layers"] = sorted(layers)  # they are taken in the network's order
    return {
        "encoder": encoder,
        "pooling": sorted(settings.pooling),
        "map_size": settings.map_size if "map" in settings.pooling else 0,
        "precision": settings.precision,
        "device": settings.device,
        "batch": settings.batch,
        "channels_last": entry["family"] == "cnn",
        **made_of(ROOTS["features"], ["torch", "torchvision", "timm", "pillow"]),
    }


def weights_file(name: str, entry: Entry) -> list[str]:
    """The user's own file that an encoder's weights are made from; empty if there is none."""
    weights = entry["weights"]
    brought = f"results/weights/{name}.safetensors"  # the hub's file, put there by hand
    if weights["source"] == "hub" and os.path.exists(brought):
        return [brought]
    return [weights["path"]] if weights["source"] == "file" else []


def _entry(name: str, given: Mapping[str, Any], registry: Mapping[str, Entry]) -> Entry:
    if "timm" in given and "factory" in given:
        raise CatsightError(
            f"config: encoders.{name} has both timm and factory; an encoder is made by one of them"
        )
    entry = copy.deepcopy(registry.get(name, {}))
    if "factory" in given:
        entry.pop("timm", None)
    if _other_head(given):
        entry.pop("classes", None)
    entry |= given
    maker = "factory" if "factory" in entry else "timm"
    needed = (maker, "layers", "family", "training", "weights")
    if missing := [key for key in needed if key not in entry]:
        near = difflib.get_close_matches(name, registry, 1)
        raise CatsightError(
            f"config: encoders.{name} is not in resources/encoders.yaml"
            + (f" (did you mean {near[0]}?)" if near else "")
            + f", and as an encoder of your own it lacks {', '.join(missing)}. Known: "
            + ", ".join(sorted(registry))
        )
    return entry


def _other_head(given: Mapping[str, Any]) -> bool:
    """Whether an encoder of the registry with these keys may have another head than its entry."""
    # the hub's weights go by the name in timm
    own = given.get("weights", {}).get("source", "hub") != "hub"
    other = not {"timm", "factory", "training"}.isdisjoint(given)
    return own or other or "num_classes" in given.get("args", {})


def _random_weights(name: str, entry: Entry, seed: int) -> Entry:
    """The entry that replaces a trained encoder's if the study says ``untrained``."""
    return {
        "training": "untrained",
        "classes": None,
        "weights": {"source": "random", "seed": seed},
        "label": f"{entry.get('label', name)} (untrained)",
        "licence": "none (random numbers)",
        "note": "Random weights in place of its own, because the study says untrained.",
    }


def _architecture(entry: Entry) -> EncoderSpec:
    """The part of an entry that decides the architecture: timm's name, or the factory and its
    code; the arguments.
    """
    used: EncoderSpec = {}
    for key in ("timm", "factory", "args"):
        if key in entry:
            used[key] = entry[key]
    if "factory" in entry:
        used["factory_code"] = factory_digest(entry["factory"])
    return used


def _check_classes(name: str, entry: Entry) -> None:
    """Raises :class:`CatsightError` if the classes of an encoder's answers cannot be read, or if
    its head is not trained.
    """
    if entry.get("classes") is None:
        return
    key = f"config: encoders.{name}.classes"
    if entry["training"] == "untrained":
        raise CatsightError(
            f"{key} is '{entry['classes']}', but random weights have learned no classes; remove it"
        )
    try:
        classes.names(entry["classes"])
    except CatsightError as error:
        raise CatsightError(f"{key} is '{entry['classes']}': {error}") from None


def _check_weights(name: str, entry: Entry) -> None:
    weights, key = entry["weights"], f"config: encoders.{name}"
    source = WEIGHTS_SOURCES[weights["source"]]
    if "factory" in entry and not source.factory:
        possible = " or ".join(sorted(s.name for s in WEIGHTS_SOURCES.values() if s.factory))
        raise CatsightError(
            f"{key}.weights has source '{source.name}'; a factory's encoder has {possible}"
        )
    for needed in source.needs:
        if needed not in weights:
            raise CatsightError(f"{key}.weights has source '{source.name}', so it needs {needed}")
    if extra := sorted(set(weights) - {"source", *source.needs, *source.takes}):
        raise CatsightError(
            f"{key}.weights.{extra[0]} has no meaning for the source '{source.name}'; remove it"
        )
    if source.name == "file" and not nameable(weights["path"]):
        raise CatsightError(
            f"{key}.weights.path is '{weights['path']}', which Snakemake would misread ({{...}}, "
            "<...>, spaces at its ends, line breaks); rename the file"
        )
    if source.name == "hub" and "." not in entry.get("timm", "."):
        raise CatsightError(
            f"{key}.timm is '{entry['timm']}'; for weights from the hub it must name them too, "
            "after a dot, as vit_base_patch16_224.dino"
        )
    if source.untrained != (entry["training"] == "untrained"):
        raise CatsightError(
            f"{key} has weights.source '{source.name}' and training '{entry['training']}'; random "
            "weights are untrained, and only they are: set both"
        )
