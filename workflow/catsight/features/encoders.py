"""A frozen encoder and the preprocessing that it was made for."""

from collections.abc import Callable, Mapping
from pathlib import Path

from catsight.features import safe
from catsight.features.weights import create, load_strictly


def build(entry: Mapping, weights: Path):
    """The timm model of an ``entry`` (``timm``, ``timm_args``) with its ``weights``, in evaluation mode and frozen."""
    model = create(entry["timm"], entry.get("timm_args", {}))
    load_strictly(model, safe.load(weights), weights)
    return model.eval().requires_grad_(False)


def preprocessing(model, overrides: Mapping) -> dict:
    """What a picture goes through before the network: timm's own for this model, but for the ``overrides``.

    ``size`` (px, square), ``crop`` (the part of the resized shorter side that is kept), ``crop_mode``,
    ``interpolation``, ``mean`` and ``std`` (of RGB in 0..1).
    """
    from timm.data import resolve_model_data_config

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
    """timm's evaluation transform with these :func:`preprocessing` steps: PIL picture to float32 tensor (3, s, s)."""
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
