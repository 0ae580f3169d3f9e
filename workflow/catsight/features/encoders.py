"""The architectures of encoders, from timm or a user's own function, and their preprocessing."""

import difflib
import os
import random
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catsight.errors import CatsightError
from catsight.features.fitting import few
from catsight.inputs.arguments import check as check_arguments
from catsight.inputs.modules import installed
from catsight.run.specs import EncoderSpec, WeightsSpec

if TYPE_CHECKING:
    import torch
    from PIL import Image


def make(entry: EncoderSpec | WeightsSpec, seed: int = 0) -> "torch.nn.Module":
    """The torch module of an ``entry`` (``timm`` or ``factory``, and ``args``) with the initial
    weights that it draws after :func:`set_seed`.
    """
    arguments = entry.get("args", {})
    set_seed(seed)
    if "factory" in entry:
        return _of_factory(entry["factory"], arguments)
    return create(entry["timm"], arguments)


def set_seed(seed: int) -> None:
    """Seeds all generators that a network may draw from: torch's, numpy's and Python's."""
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)  # numpy takes no more
    torch.manual_seed(seed)


def create(name: str, arguments: Mapping[str, Any]) -> "torch.nn.Module":
    """The timm model ``name`` with its initial weights, which states the size of input that an
    ``img_size`` among the ``arguments`` gives it.

    Raises :class:`CatsightError` if timm has no such model, or cannot make it with these
    ``arguments``.
    """
    import timm

    given = timm_arguments(name, arguments)
    try:
        model: Any = timm.create_model(name, pretrained=False, **given)
    except Exception as error:  # an unknown tag or argument, or a value that does not fit
        raise CatsightError(f"timm cannot make '{name}': {one_line(error)}") from None
    if size := given.get("img_size"):
        side = size if isinstance(size, int) else size[0]
        model.pretrained_cfg = {**model.pretrained_cfg, "input_size": (3, side, side)}
    return model


def timm_arguments(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The ``arguments`` for timm's model ``name``. Raises :class:`CatsightError` if timm has no
    such model, or if one of them loads weights or asks for pictures that views are not.
    """
    check_known(name)
    check_arguments(arguments, f"the encoder '{name}'", of_timm=True)
    # what is left of it is `pretrained: false`
    return {key: value for key, value in arguments.items() if key != "pretrained"}


def one_line(error: Exception) -> str:
    """What an error of another library says, in one line, or its kind if it says nothing."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _where(error: Exception) -> str:
    """The last line of a user's own code before an error arose; empty if there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if os.path.isfile(f.filename) and not _not_own(Path(f.filename))]
    return f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""


def _not_own(file: Path) -> bool:
    return installed(file) or file.is_relative_to(Path(__file__).parents[1])


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
    check_arguments(arguments, f"the encoder's factory '{factory}'", of_timm=False)
    try:
        model = make(**arguments)
    except CatsightError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {one_line(error)}"
        raise CatsightError(f"{title} cannot be called: {said}{_where(error)}") from None
    if not isinstance(model, torch.nn.Module):
        raise CatsightError(
            f"{title} returned {type(model).__name__}; it must return a torch module"
        )
    return _usable(model, title)


def _usable(model: "torch.nn.Module", title: str) -> "torch.nn.Module":
    """The network itself, if ``torch.compile`` was called on it. Raises :class:`CatsightError` if
    it is a program without layers, or has tensors without numbers.
    """
    import torch

    if isinstance(model, torch.jit.ScriptModule):
        raise CatsightError(
            f"{title} returned a TorchScript program, whose layers cannot be observed; it must "
            "return the torch module that the program was made of"
        )
    model = getattr(model, "_orig_mod", model)
    tensors = [*model.named_parameters(), *model.named_buffers()]
    empty = [name for name, one in tensors if torch.nn.parameter.is_lazy(one) or one.is_meta]
    if without := few("without numbers:", empty):
        raise CatsightError(
            f"{title} returned a network with tensors {without}; it must state their sizes (no "
            "lazy modules) and not be made on torch's meta device"
        )
    return model


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


@contextmanager
def first_look(name: str, steps: Mapping[str, Any]) -> Iterator[None]:
    """Turns an error of the encoder ``name`` in the block, which shows it a picture after these
    ``steps``, into a :class:`CatsightError` of one line.
    """
    try:
        yield
    except CatsightError:
        raise
    except Exception as error:
        raise CatsightError(
            f"{name} does not take a picture of {steps['size']} by {steps['size']} px in three "
            f"channels: {one_line(error)}{_where(error)}; correct its preprocessing.size, or make "
            f"the network for that size (timm: `args: {{img_size: {steps['size']}}}`)"
        ) from None


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
