"""All blocks of an encoder in one forward pass, pooled during the pass."""

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from catsight.errors import CatsightError
from catsight.features import bars, hooks, layouts, probes
from catsight.features.layouts import Layout
from catsight.tables.names import LOGITS

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
    known: Mapping[str, Layout] | None = None,
    classes: int | None = None,
) -> "dict[str, torch.Tensor]":
    """Every block's pooled output for a batch of ``pictures`` (n, 3, h, w): ``<layer>/<pooling>``
    -> float32 (n, d), in network order.

    If blocks return several tensors, ``output`` is the index of the one to use. ``known`` are
    their layouts; without them, the network is probed first (:mod:`catsight.features.probes`).
    With a number of ``classes``, the network's own answers (n, classes) come last, as
    :data:`~catsight.tables.names.LOGITS`.
    Activations are pooled as they arise and never kept.
    """
    if known is None:
        shown = bars.patterns(*pictures.shape[1:]).to(pictures)
        known = probes.probe(model, blocks, shown, layouts.stated(model), output=output)
    # the hooks fill this in the order in which the blocks run
    results: dict[str, torch.Tensor] = {}

    def collect(name: str, given: "torch.Tensor") -> None:
        for pooling, vector in pool(given, known[name], poolings, name, map_size).items():
            results[f"{name}/{pooling}"] = vector

    given = hooks.watch(model, blocks, pictures, collect, output, whole=classes is not None)
    if classes is not None:
        results[LOGITS] = _answers(given, len(pictures), classes)
    return results


def pool(
    output: "torch.Tensor",
    layout: Layout,
    poolings: Sequence[str],
    name: str = "layer",
    map_size: int = 4,
) -> "dict[str, torch.Tensor]":
    """A block's output as vectors, float32, by pooling: its class token (``cls``, if it has one),
    the ``mean`` over places (if it has any), or a ``map`` of means over a grid of ``map_size``
    cells a side (fewer if there are fewer places).

    Vectors are (n, d), those of a map (n, d * cells) with each channel's cells row by row, and
    share no memory with the output. Raises :class:`CatsightError` if a map is asked for of places
    that are not known to be in raster order, or a class token that may be any of several.
    """
    import torch

    values = output.movedim(layout.batch, 0)
    vectors = {}
    if len(layout.places) == 1:
        tokens = values.permute(0, *layout.places, layout.channels)
        if layout.class_token is None and "cls" in poolings:
            raise CatsightError(
                f"{name} has {len(layout.extra)} tokens without a place, which are not its first; "
                "which of them is the class token is not known; leave cls out of features.pooling, "
                "or the layer out of the encoder's layers"
            )
        if layout.class_token:
            vectors["cls"] = tokens[:, layout.extra[0]].to(torch.float32, copy=True)
        places = _without(tokens, layout.extra)
        if places.shape[1]:
            vectors["mean"] = _mean(places, [0])
    else:
        places = values.permute(0, layout.channels, *layout.places)
        vectors["mean"] = _mean(places, [1, 2])
    if "map" in poolings and "mean" in vectors:
        maps = _maps(places, layout, name).float()
        cells = min(map_size, maps.shape[3])
        vectors["map"] = torch.nn.functional.adaptive_avg_pool2d(maps, cells).flatten(1)
    return {pooling: vectors[pooling] for pooling in poolings if pooling in vectors}


def _answers(given: Any, frames: int, classes: int) -> "torch.Tensor":
    """What a network gave, float32 (frames, classes). Raises :class:`CatsightError` if it is not
    one number for each class.
    """
    import torch

    shape = tuple(given.shape) if isinstance(given, torch.Tensor) else type(given).__name__
    if shape != (frames, classes):
        gives = f"{shape[1]} numbers" if shape[:1] == (frames,) and len(shape) == 2 else f"{shape}"
        raise CatsightError(
            f"the encoder's `classes` names {classes} classes, but its network gives {gives} for a "
            "frame; name as many as its head tells apart, or set classes: null for an encoder "
            "without a trained head"
        )
    return given.to(torch.float32, copy=True)


def _without(tokens: "torch.Tensor", extra: Sequence[int]) -> "torch.Tensor":
    """Tokens (n, length, d) but those with the indices ``extra``."""
    if tuple(extra) == tuple(range(len(extra))):
        return tokens[:, len(extra) :]
    return tokens[:, [i for i in range(tokens.shape[1]) if i not in extra]]


def _maps(places: "torch.Tensor", layout: Layout, name: str) -> "torch.Tensor":
    """Places as maps (n, d, h, w)."""
    if places.ndim == 3 and math.isqrt(places.shape[1]) ** 2 != places.shape[1]:
        raise CatsightError(
            f"{name} gives {places.shape[1]} positions, which do not form a square; it has no "
            "pooling map"
        )
    if layout.unordered:
        raise CatsightError(
            f"{name} has no pooling map: a bright bar that moves about the picture does not move "
            "through its places in raster order; leave map out of features.pooling, or the layer "
            "out of the encoder's layers"
        )
    if places.ndim == 4:
        return places
    side = math.isqrt(places.shape[1])
    return places.transpose(1, 2).unflatten(2, (side, side))


def _mean(values: "torch.Tensor", dims: Sequence[int]) -> "torch.Tensor":
    """The float32 mean of each frame over its ``dims``. Values are cast before they are summed,
    whatever the network's precision.
    """
    import torch

    if values.dtype == torch.float32 or values.device.type != "cpu":
        return values.float().mean(dim=[dim + 1 for dim in dims])
    # frame by frame: allocating a whole batch in float32 takes three times as long as the mean
    return torch.stack([frame.float().mean(dim=dims) for frame in values])
