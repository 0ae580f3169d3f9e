"""Weights that an architecture draws: an untrained control, and nothing else."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from catsight.errors import CatsightError
from catsight.features.encoders import make
from catsight.features.fitting import few, same
from catsight.inputs.arguments import WEIGHTS_FILES
from catsight.run.specs import EncoderSpec, WeightsSpec

if TYPE_CHECKING:
    import torch

#: If all values of a residual branch's scale start below this, the block is (nearly) the identity.
_NEARLY_ZERO = 1e-3


def random_state(entry: WeightsSpec | EncoderSpec, seed: int) -> "dict[str, torch.Tensor]":
    """The initial weights that the architecture of ``entry`` draws with this ``seed``, with every
    residual branch switched on.

    Many architectures scale their branches by (nearly) 0 at first: LayerScale by 1e-5 in DINOv2 and
    by 1e-6 in ConvNeXt, the last norm of a ResNet block by 0. Without training all blocks would be
    the identity, and all layers of the control the same. Such scales are set to 1.

    Raises :class:`CatsightError` if a factory loads weights, or draws others with the same seed.
    """
    import torch

    with watching() as seen:
        model = make(entry, seed)
    if "factory" in entry:
        _check_drawn(entry, seed, model, seen)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            per_channel = parameter.ndim == 1 or (
                parameter.ndim == 3 and parameter.shape[1:] == (1, 1)
            )
            if (
                per_channel
                and parameter.numel()
                and "bias" not in name
                and parameter.abs().max() < _NEARLY_ZERO
            ):
                parameter.fill_(1.0)
    return model.state_dict()


def _check_drawn(
    entry: WeightsSpec | EncoderSpec, seed: int, model: "torch.nn.Module", seen: "Seen"
) -> None:
    """Raises :class:`CatsightError` unless a factory made ``model`` from the seed alone."""
    title = f"the encoder's factory '{entry['factory']}'"
    state = model.state_dict()
    again = make(entry, seed).state_dict()
    if other := few("draws other values of", [n for n in state if not same(state[n], again[n])]):
        raise CatsightError(
            f"{title} {other} each time it is called; let it draw from the generators of torch, "
            "numpy.random or random, which are seeded, not from one of its own"
        )
    if not seen.files:
        return
    changed = make(entry, seed + 1).state_dict()
    # constants, as those of norms, are no sign of training
    fixed = [n for n in state if same(state[n], changed[n]) and not _constant(state[n])]
    if loaded := few("has the same values with every seed in", fixed):
        raise CatsightError(
            f"{title} reads {seen.files[0]} and {loaded}, so it is not untrained; switch that off, "
            "or state its training and name the weights as weights.source: file"
        )


def _constant(tensor: "torch.Tensor") -> bool:
    return bool((tensor.flatten() == tensor.flatten()[:1]).all())


@dataclass(eq=False)
class Seen:
    """What was loaded while a network was made: ``files`` of weights that were opened, and tensors
    that were ``left`` out by a state dict.
    """

    files: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


#: Those who record now.
_WATCHERS: list[Seen] = []


def _note(file: str) -> None:
    for watcher in _WATCHERS:
        watcher.files.append(file)


@cache
def _listen() -> None:
    """Has every file that Python opens reported to the watchers, from now on: an audit hook cannot
    be removed.
    """

    def opened(event: str, arguments: tuple[Any, ...]) -> None:
        if _WATCHERS and event == "open" and isinstance(arguments[0], str | os.PathLike):
            path = os.fspath(arguments[0])
            if PurePath(os.fsdecode(path)).suffix.lower() in WEIGHTS_FILES:
                _note(path)

    sys.addaudithook(opened)


@contextmanager
def watching() -> Iterator[Seen]:
    """Records what is loaded in the block: by ``load_state_dict``, and by opening a file whose name
    ends as those of weights do.
    """
    import safetensors
    import safetensors.torch
    import torch

    _listen()
    seen = Seen()
    load, open_safely = torch.nn.Module.load_state_dict, safetensors.safe_open

    def watched(self: Any, *arguments: Any, **more: Any) -> Any:
        found = load(self, *arguments, **more)
        seen.left += found.missing_keys
        return found

    # safetensors opens files outside Python, where no audit hook sees it. Modules that are imported
    # now keep this function
    def opened(filename: Any, *arguments: Any, **more: Any) -> Any:
        _note(str(filename))
        return open_safely(filename, *arguments, **more)

    replaced: list[tuple[Any, str, Any]] = [
        (torch.nn.Module, "load_state_dict", watched),
        (safetensors.torch, "safe_open", opened),
        (safetensors, "safe_open", opened),
    ]
    before = [getattr(where, name) for where, name, _ in replaced]
    for where, name, stand_in in replaced:
        setattr(where, name, stand_in)
    _WATCHERS.append(seen)
    try:
        yield seen
    finally:
        _WATCHERS.remove(seen)
        for (where, name, _), original in zip(replaced, before):
            setattr(where, name, original)
