"""The architectures of encoders, from timm or a user's own function, and their preprocessing."""

import difflib
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catsight.errors import CatsightError
from catsight.run.specs import EncoderSpec, WeightsSpec

if TYPE_CHECKING:
    import torch
    from PIL import Image


def make(entry: EncoderSpec | WeightsSpec) -> "torch.nn.Module":
    """The torch module of an ``entry`` (``timm`` or ``factory``, and ``args``) with its initial
    weights.
    """
    arguments = entry.get("args", {})
    if "factory" in entry:
        return _of_factory(entry["factory"], arguments)
    return create(entry["timm"], arguments)


def create(name: str, arguments: Mapping[str, Any]) -> "torch.nn.Module":
    """The timm model ``name`` with its initial weights. Raises :class:`CatsightError` if timm has
    no such model, or cannot make it with these ``arguments``.
    """
    import timm

    check_known(name)
    try:
        return timm.create_model(name, pretrained=False, **arguments)
    except (RuntimeError, TypeError) as error:  # an unknown tag or argument
        raise CatsightError(f"timm cannot make '{name}': {error}") from None


def check_known(name: str) -> None:
    """Raises :class:`CatsightError`, with similar names, if timm has no model of this ``name``."""
    import timm

    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), 3)
        hint = f" (did you mean {', '.join(near)}?)" if near else ""
        raise CatsightError(f"timm {timm.__version__} has no model '{name}'{hint}")


def _of_factory(factory: str, arguments: Mapping[str, Any]) -> "torch.nn.Module":
    """The module that the user's function ``package.module:function`` returns."""
    import torch

    module, _, function = factory.partition(":")
    if os.getcwd() not in sys.path:  # where the study is run, as with `python -m`
        sys.path.insert(0, os.getcwd())
    title = f"the encoder's factory '{factory}'"
    try:
        make = getattr(import_module(module), function)
    except ModuleNotFoundError as error:
        raise CatsightError(
            f"{title} cannot be imported: {error}; it must be in {os.getcwd()} or installed"
        ) from None
    except AttributeError:
        raise CatsightError(f"{title}: {module} has no function {function}") from None
    try:
        model = make(**arguments)
    except TypeError as error:
        raise CatsightError(f"{title} cannot be called: {error}") from None
    if not isinstance(model, torch.nn.Module):
        raise CatsightError(
            f"{title} returned {type(model).__name__}; it must return a torch module"
        )
    return model


def load_strictly(
    model: "torch.nn.Module", state: "Mapping[str, torch.Tensor]", source: Path
) -> None:
    """Loads ``state`` into ``model`` if it has all tensors, no others, and each of the right shape.

    Raises :class:`CatsightError` otherwise, and never loads a part. ``source`` is the file that the
    message names.
    """
    expected = model.state_dict()
    reshaped = [
        f"{name} {tuple(state[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in state and state[name].shape != tensor.shape
    ]
    problems = [
        _few("lacks the tensors", sorted(set(expected) - set(state))),
        _few("has unknown tensors", sorted(set(state) - set(expected))),
        _few("has tensors of another shape", reshaped),
    ]
    if found := [problem for problem in problems if problem]:
        raise CatsightError(f"{source} does not fit the architecture: it {'; it '.join(found)}")
    model.load_state_dict(state, strict=True)


def _few(problem: str, names: list[str]) -> str:
    """The problem with the first three of the tensors that have it, and how many more there are;
    empty if there are none.
    """
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{problem} {', '.join(names[:3])}{more}"


def preprocessing(model: "torch.nn.Module", overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The preprocessing of pictures for this ``model``: timm's own, changed by the ``overrides``.

    ``size`` (px, square), ``crop`` (the part of the resized shorter side that is kept),
    ``crop_mode``, ``interpolation``, ``mean`` and ``std`` (of RGB in 0..1). Raises
    :class:`CatsightError` if neither the model nor the overrides state size, mean and std.
    """
    from timm.data.config import resolve_model_data_config

    missing = [key for key in ("size", "mean", "std") if key not in overrides]
    if missing and not getattr(model, "pretrained_cfg", None):
        raise CatsightError(
            f"{type(model).__name__} does not say what preprocessing it needs; "
            f"the encoder's `preprocessing` must state {', '.join(missing)}"
        )
    timm = resolve_model_data_config(model)
    return {
        "size": timm["input_size"][-1],
        "crop": timm["crop_pct"],
        "crop_mode": timm["crop_mode"],
        "interpolation": timm["interpolation"],
        "mean": list(timm["mean"]),
        "std": list(timm["std"]),
        **overrides,
    }


def transform(steps: Mapping[str, Any]) -> "Callable[[Image.Image], torch.Tensor]":
    """timm's evaluation transform with these :func:`preprocessing` steps, from a PIL picture to a
    float32 tensor (3, s, s).
    """
    from timm.data.transforms_factory import create_transform

    return create_transform(
        input_size=(3, steps["size"], steps["size"]),
        is_training=False,
        crop_pct=steps["crop"],
        crop_mode=steps["crop_mode"],
        interpolation=steps["interpolation"],
        mean=tuple(steps["mean"]),
        std=tuple(steps["std"]),
    )
