"""All blocks of an encoder in one forward pass, pooled inside the pass."""

import difflib
import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from catsight.errors import CatsightError


def find_blocks(model, patterns: str | Sequence[str]) -> dict:
    """The modules whose dotted name matches a pattern (``*`` stays within one part), in the order
    they are defined.

    Raises :class:`CatsightError` where a pattern matches none.
    """
    modules = {name: module for name, module in model.named_modules() if name}
    found = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        wanted = pattern.split(".")
        matching = {
            name
            for name in modules
            if len(parts := name.split(".")) == len(wanted) and all(map(fnmatchcase, parts, wanted))
        }
        if not matching:
            near = difflib.get_close_matches(pattern, modules, 5) or list(modules)[:5]
            raise CatsightError(
                f"no layer is called '{pattern}' in {type(model).__name__}; there are {', '.join(near)} …"
            )
        found |= matching
    return {name: module for name, module in modules.items() if name in found}


def pooled_features(
    model,
    blocks: Mapping,
    pictures,
    poolings: Sequence[str],
    *,
    map_size: int = 4,
    output: int | None = None,
) -> dict:
    """Every block's output for a batch of ``pictures`` (n, 3, h, w), pooled: ``<layer>/<pooling>``
    -> float32 (n, d).

    Where blocks give several tensors, ``output`` says which one is taken. Activations are pooled as
    they arise and never kept. The hooks are gone afterwards, whatever happens.
    """
    import torch

    results: dict[str, dict] = {}

    def hook_for(name):
        def hook(module, inputs, given):
            results[name] = pool(_chosen(given, output, name), model, poolings, name, map_size)

        return hook

    handles = [module.register_forward_hook(hook_for(name)) for name, module in blocks.items()]
    try:
        with torch.inference_mode():
            getattr(model, "forward_features", model)(pictures)
    finally:
        for handle in handles:
            handle.remove()
    if silent := [name for name in blocks if name not in results]:
        raise CatsightError(f"the layer {silent[0]} is never run; leave it out of the pattern")
    # results came in the order in which the network ran: network order
    return {
        f"{name}/{pooling}": vector
        for name, vectors in results.items()
        for pooling, vector in vectors.items()
    }


def pool(output, model, poolings: Sequence[str], name: str = "layer", map_size: int = 4) -> dict:
    """A block's output as vectors: its class token (``cls``, where there is one), the ``mean`` over
    places, or a ``map`` of means over a grid of ``map_size`` cells a side (fewer where there are
    fewer places); float32.

    (n, d), but (n, d * cells) for a map, each channel's cells row by row. How the output is laid
    out is read from the model: tokens (n, length, d), of which the first ``num_prefix_tokens`` are
    class and register tokens and no places; maps (n, d, h, w); or maps (n, h, w, d) where the
    model's ``output_fmt`` says NHWC (Swin).
    """
    import torch

    if not isinstance(output, torch.Tensor) or output.ndim not in (3, 4):
        shape = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
        raise CatsightError(
            f"{name} gives {shape}; a layer must give tokens (n, length, d) or maps (n, d, h, w)"
        )
    vectors = {}
    if output.ndim == 3:
        prefix = getattr(model, "num_prefix_tokens", 0)
        if prefix and getattr(model, "cls_token", None) is not None:
            vectors["cls"] = output[:, 0].float()
        places = output[:, prefix:]
        vectors["mean"] = _mean(places, [0])
        side = math.isqrt(places.shape[1])
        maps = (
            places.transpose(1, 2).unflatten(2, (side, side))
            if side**2 == places.shape[1]
            else None
        )
    else:
        maps = output
        if getattr(model, "output_fmt", "NCHW") == "NHWC":
            maps = maps.permute(0, 3, 1, 2)
        # a square input gives square maps, so a layout that the model states wrongly is noticed
        if maps.shape[2] != maps.shape[3]:
            raise CatsightError(
                f"{name} gives {tuple(output.shape)}, which are no square maps; its layout is unknown. Maps "
                "(n, h, w, d) are read as such where the model has an attribute output_fmt = 'NHWC'"
            )
        vectors["mean"] = _mean(maps, [1, 2])
    if "map" in poolings:
        if maps is None:
            raise CatsightError(
                f"{name} gives {places.shape[1]} places, which are no square; it has no pooling map"
            )
        cells = min(map_size, maps.shape[3])
        vectors["map"] = torch.nn.functional.adaptive_avg_pool2d(maps.float(), cells).flatten(1)
    return {pooling: vectors[pooling] for pooling in poolings if pooling in vectors}


def _mean(values, dims: Sequence[int]):
    """The float32 mean over ``dims`` of each frame; cast before it is summed up, whatever the
    network's precision.
    """
    import torch

    if values.dtype == torch.float32 or values.device.type != "cpu":
        return values.float().mean(dim=[dim + 1 for dim in dims])
    # frame by frame: fresh memory for a whole batch in float32 costs three times what the mean does
    return torch.stack([frame.float().mean(dim=dims) for frame in values])


def _chosen(given, output: int | None, name: str):
    """What a block gives, or the ``output``-th of what it gives."""
    if output is None:
        if isinstance(given, tuple | list):
            raise CatsightError(
                f"{name} gives {len(given)} outputs; say with the encoder's `output` which one, from 0"
            )
        return given
    if not isinstance(given, tuple | list) or output >= len(given):
        count = len(given) if isinstance(given, tuple | list) else 1
        raise CatsightError(
            f"{name} gives {count} output(s), but the encoder's `output` is {output}, counted from 0"
        )
    return given[output]
