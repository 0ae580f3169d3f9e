"""All blocks of an encoder in one forward pass, pooled during the pass."""

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from catsight.errors import CatsightError

if TYPE_CHECKING:
    import torch


def find_blocks(
    model: "torch.nn.Module", patterns: str | Sequence[str]
) -> "dict[str, torch.nn.Module]":
    """The modules whose dotted name matches a pattern (``*`` does not match a dot), in the order of
    their definition.

    Raises :class:`CatsightError` if a pattern matches none.
    """
    modules = {name: module for name, module in model.named_modules() if name}
    found: set[str] = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        matching = {name for name in modules if _matches(name, pattern)}
        if not matching:
            raise CatsightError(
                f"no layer is called '{pattern}' in {type(model).__name__}{_hint(pattern, modules)}"
            )
        found |= matching
    return {name: module for name, module in modules.items() if name in found}


def _matches(name: str, pattern: str) -> bool:
    parts, wanted = name.split("."), pattern.split(".")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


def _hint(pattern: str, names: Iterable[str]) -> str:
    """What a pattern that matches no name may have meant, with every number as a ``*``."""
    patterns = list(dict.fromkeys(re.sub(r"\d+", "*", name) for name in names))
    if near := difflib.get_close_matches(pattern, patterns, 3):
        return f" (did you mean {' or '.join(near)}?)"
    return f"; there are {', '.join(patterns[:8])} …"


def pooled_features(
    model: "torch.nn.Module",
    blocks: "Mapping[str, torch.nn.Module]",
    pictures: "torch.Tensor",
    poolings: Sequence[str],
    *,
    map_size: int = 4,
    output: int | None = None,
) -> "dict[str, torch.Tensor]":
    """Every block's pooled output for a batch of ``pictures`` (n, 3, h, w): ``<layer>/<pooling>``
    -> float32 (n, d), in network order.

    If blocks return several tensors, ``output`` is the index of the one to use. Activations are
    pooled as they arise and never kept. The hooks are always removed, even after an error.
    """
    import torch

    results: dict[str, dict[str, torch.Tensor]] = {}

    def hook_for(name: str) -> Callable[[Any, Any, Any], None]:
        def hook(module: Any, inputs: Any, given: Any) -> None:
            results[name] = pool(_chosen(given, output, name), model, poolings, name, map_size)

        return hook

    handles = [module.register_forward_hook(hook_for(name)) for name, module in blocks.items()]
    try:
        with torch.inference_mode():
            getattr(model, "forward_features", model)(pictures)
    finally:
        for handle in handles:
            handle.remove()
    for name in blocks:
        if name not in results:
            raise CatsightError(f"the layer {name} is never run; leave it out of the pattern")
    # the hooks filled `results` in the order in which the blocks ran
    return {
        f"{name}/{pooling}": vector
        for name, vectors in results.items()
        for pooling, vector in vectors.items()
    }


def pool(
    output: Any,
    model: "torch.nn.Module",
    poolings: Sequence[str],
    name: str = "layer",
    map_size: int = 4,
) -> "dict[str, torch.Tensor]":
    """A block's output as vectors, float32, by pooling: its class token (``cls``, if it has one),
    the ``mean`` over positions, or a ``map`` of means over a grid of ``map_size`` cells a side
    (fewer if there are fewer positions).

    Vectors are (n, d), those of a map (n, d * cells) with each channel's cells row by row. The
    layout of the output is read from the model: tokens (n, length, d), of which the first
    ``num_prefix_tokens`` are class and register tokens, without a position; maps (n, d, h, w);
    or maps (n, h, w, d) if the model's ``output_fmt`` is NHWC (Swin).
    """
    import torch

    if not isinstance(output, torch.Tensor) or output.ndim not in (3, 4):
        shape = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
        raise CatsightError(
            f"{name} gives {shape}; a layer must give tokens (n, length, d) or maps (n, d, h, w)"
        )
    vectors = {}
    maps: torch.Tensor | None
    if output.ndim == 3:
        prefix: int = getattr(model, "num_prefix_tokens", 0)
        if prefix and getattr(model, "cls_token", None) is not None:
            vectors["cls"] = output[:, 0].float()
        places = output[:, prefix:]
        vectors["mean"] = _mean(places, [0])
        maps = _square(places)
    else:
        maps = _channels_first(output, model, name)
        vectors["mean"] = _mean(maps, [1, 2])
    if "map" in poolings:
        if maps is None:
            raise CatsightError(
                f"{name} gives {places.shape[1]} positions, which do not form a square; "
                "it has no pooling map"
            )
        cells = min(map_size, maps.shape[3])
        vectors["map"] = torch.nn.functional.adaptive_avg_pool2d(maps.float(), cells).flatten(1)
    return {pooling: vectors[pooling] for pooling in poolings if pooling in vectors}


def _square(places: "torch.Tensor") -> "torch.Tensor | None":
    """Tokens (n, positions, d) as maps (n, d, side, side); None if these form no square."""
    side = math.isqrt(places.shape[1])
    if side**2 != places.shape[1]:
        return None
    return places.transpose(1, 2).unflatten(2, (side, side))


def _channels_first(maps: "torch.Tensor", model: "torch.nn.Module", name: str) -> "torch.Tensor":
    """Maps as (n, d, h, w), whichever layout the model states."""
    given = tuple(maps.shape)
    if getattr(model, "output_fmt", "NCHW") == "NHWC":
        maps = maps.permute(0, 3, 1, 2)
    # a square input gives square maps, so a wrongly stated layout is noticed here
    if maps.shape[2] != maps.shape[3]:
        raise CatsightError(
            f"{name} gives {given}, which are not square maps; its layout is unknown. Maps "
            "(n, h, w, d) are read as such if the model has an attribute output_fmt = 'NHWC'"
        )
    return maps


def _mean(values: "torch.Tensor", dims: Sequence[int]) -> "torch.Tensor":
    """The float32 mean of each frame over its ``dims``. Values are cast before they are summed,
    whatever the network's precision.
    """
    import torch

    if values.dtype == torch.float32 or values.device.type != "cpu":
        return values.float().mean(dim=[dim + 1 for dim in dims])
    # frame by frame: allocating a whole batch in float32 takes three times as long as the mean
    return torch.stack([frame.float().mean(dim=dims) for frame in values])


def _chosen(given: Any, output: int | None, name: str) -> Any:
    """A block's only output, or the one with the index ``output`` if it returns several."""
    several = isinstance(given, tuple | list)
    if output is None:
        if several:
            raise CatsightError(
                f"{name} gives {len(given)} outputs; choose one with the encoder's `output`, "
                "counted from 0"
            )
        return given
    count = len(given) if several else 1
    if not several or output >= count:
        raise CatsightError(
            f"{name} gives {count} output(s), but the encoder's `output` is {output}, "
            "counted from 0"
        )
    return given[output]
