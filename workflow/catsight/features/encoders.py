"""The architectures of encoders, from timm or a user's own function, and the preprocessing that
they were made for.
"""

import difflib
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module

from catsight.errors import CatsightError


def make(entry: Mapping):
    """The torch module of an ``entry`` (``timm`` or ``factory``, ``args``) with its initial
    weights.
    """
    arguments = entry.get("args", {})
    return (
        _of_factory(entry["factory"], arguments)
        if "factory" in entry
        else create(entry["timm"], arguments)
    )


def create(name: str, arguments: Mapping):
    """The timm model with untouched initial weights. Raises :class:`CatsightError` for a name that
    timm lacks.
    """
    import timm

    check_known(name)
    try:
        return timm.create_model(name, pretrained=False, **arguments)
    except (RuntimeError, TypeError) as error:  # an unknown tag or argument
        raise CatsightError(f"timm cannot make '{name}': {error}") from None


def check_known(name: str) -> None:
    """Raises :class:`CatsightError`, with names like it, where timm has no model of this ``name``."""
    import timm

    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), 3)
        hint = f" (did you mean {', '.join(near)}?)" if near else ""
        raise CatsightError(f"timm {timm.__version__} has no model '{name}'{hint}")


def _of_factory(factory: str, arguments: Mapping):
    """What the user's function ``package.module:function`` returns."""
    import torch

    module, _, function = factory.partition(":")
    if os.getcwd() not in sys.path:  # where the study is run, as for `python -m`
        sys.path.insert(0, os.getcwd())
    try:
        make = getattr(import_module(module), function)
    except ModuleNotFoundError as error:
        raise CatsightError(
            f"the encoder's factory '{factory}' cannot be imported: {error}"
        ) from None
    except AttributeError:
        raise CatsightError(
            f"the encoder's factory '{factory}': {module} has no function {function}"
        ) from None
    try:
        model = make(**arguments)
    except TypeError as error:
        raise CatsightError(
            f"the encoder's factory '{factory}' cannot be called: {error}"
        ) from None
    if not isinstance(model, torch.nn.Module):
        raise CatsightError(
            f"the encoder's factory '{factory}' gave {type(model).__name__}; it must give a torch module"
        )
    return model


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


def preprocessing(model, overrides: Mapping) -> dict:
    """What a picture goes through before the network: timm's own for this model, but for the
    ``overrides``.

    ``size`` (px, square), ``crop`` (the part of the resized shorter side that is kept),
    ``crop_mode``, ``interpolation``, ``mean`` and ``std`` (of RGB in 0..1). Raises
    :class:`CatsightError` where neither the model nor the overrides state size, mean and std.
    """
    from timm.data import resolve_model_data_config

    missing = [key for key in ("size", "mean", "std") if key not in overrides]
    if missing and not getattr(model, "pretrained_cfg", None):
        raise CatsightError(
            f"{type(model).__name__} does not say what preprocessing it needs; the encoder's `preprocessing` must "
            f"state {', '.join(missing)}"
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


def transform(steps: Mapping) -> Callable:
    """timm's evaluation transform with these :func:`preprocessing` steps: PIL picture to float32
    tensor (3, s, s).
    """
    from timm.data import create_transform

    return create_transform(
        input_size=(3, steps["size"], steps["size"]),
        is_training=False,
        crop_pct=steps["crop"],
        crop_mode=steps["crop_mode"],
        interpolation=steps["interpolation"],
        mean=tuple(steps["mean"]),
        std=tuple(steps["std"]),
    )
