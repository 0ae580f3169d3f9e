"""All blocks of an encoder in one forward pass, pooled inside the pass."""

import difflib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from catsight.errors import CatsightError


def find_blocks(model, pattern: str) -> dict:
    """The modules whose dotted name matches ``pattern`` (``*`` stays within one part), in network order."""
    wanted = pattern.split(".")
    names = [name for name, _ in model.named_modules() if name]
    found = {
        name: module
        for name, module in model.named_modules()
        if len(parts := name.split(".")) == len(wanted) and all(map(fnmatchcase, parts, wanted))
    }
    if not found:
        near = difflib.get_close_matches(pattern, names, 5) or names[:5]
        raise CatsightError(f"no layer is called '{pattern}' in {type(model).__name__}; there are {', '.join(near)} …")
    return found


def pooled_features(model, blocks: Mapping, pictures, poolings: Sequence[str]) -> dict:
    """Every block's output for a batch of ``pictures`` (n, 3, h, w), pooled: ``<layer>/<pooling>`` -> float32 (n, d).

    Activations are pooled as they arise and never kept. The hooks are gone afterwards, whatever happens.
    """
    import torch

    results: dict[str, dict] = {}

    def hook_for(name):
        def hook(module, inputs, output):
            results[name] = pool(output, model, poolings, name)

        return hook

    handles = [module.register_forward_hook(hook_for(name)) for name, module in blocks.items()]
    try:
        with torch.inference_mode():
            model.forward_features(pictures)
    finally:
        for handle in handles:
            handle.remove()
    if silent := [name for name in blocks if name not in results]:
        raise CatsightError(f"the layer {silent[0]} is never run; leave it out of the pattern")
    # results came in the order in which the network ran: network order
    return {f"{name}/{pooling}": vector for name, vectors in results.items() for pooling, vector in vectors.items()}


def pool(output, model, poolings: Sequence[str], name: str = "layer") -> dict:
    """A block's output as vectors (n, d): its class token (``cls``, where there is one) and the ``mean`` over places.

    How the output is laid out is read from the model: tokens (n, length, d), of which the first ``num_prefix_tokens``
    are class and register tokens and no places; maps (n, d, h, w); or maps (n, h, w, d) where the model's
    ``output_fmt`` says NHWC (Swin).
    """
    import torch

    if not isinstance(output, torch.Tensor) or output.ndim not in (3, 4):
        shape = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
        raise CatsightError(f"{name} gives {shape}; a layer must give tokens (n, length, d) or maps (n, d, h, w)")
    vectors = {}
    if output.ndim == 3:
        prefix = getattr(model, "num_prefix_tokens", 0)
        if prefix and getattr(model, "cls_token", None) is not None:
            vectors["cls"] = output[:, 0]
        vectors["mean"] = output[:, prefix:].mean(dim=1)
    else:
        last = getattr(model, "output_fmt", "NCHW") == "NHWC"
        height, width = (1, 2) if last else (2, 3)
        # a square input gives square maps, so a layout that the model states wrongly is noticed
        if output.shape[height] != output.shape[width]:
            raise CatsightError(f"{name} gives {tuple(output.shape)}, which are no square maps; its layout is unknown")
        vectors["mean"] = output.mean(dim=(height, width))
    return {pooling: vectors[pooling].float() for pooling in poolings if pooling in vectors}
