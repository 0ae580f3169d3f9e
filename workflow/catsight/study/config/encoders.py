"""The sections ``encoders`` and ``features``: networks, their weights, and what to extract."""

from typing import Annotated, Any, Literal

from pydantic import Field

from catsight.study.section import Fraction, Number, Section, key, one_of, optional
from catsight.study.weights_sources import WEIGHTS_SOURCES


class Preprocessing(Section):
    """Preprocessing that replaces timm's own for this architecture. For an encoder made by a
    factory, size, mean and std must be given.
    """

    size: int | None = optional("The side of the network's input.", unit="px", ge=16)
    crop: Fraction | None = optional("The part of the picture's shorter side that is kept.")
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"] | None = optional(
        "How pictures are resampled to the input size."
    )
    mean: list[Number] | None = optional(
        "Subtracted from R, G and B in 0 to 1.", min_length=3, max_length=3
    )
    std: list[Number] | None = optional(
        "The divisors of R, G and B after that.", min_length=3, max_length=3
    )


class Weights(Section):
    """Where the weights come from."""

    source: Annotated[str, one_of(WEIGHTS_SOURCES)] = key(
        ...,
        "package: a file inside an installed Python package. random: drawn with a seed, as an "
        "untrained control. hub: timm's pretrained weights from the model hub, the only source "
        "that needs a network; without one, put the hub's model.safetensors at "
        "results/weights/<encoder>.safetensors. file: a safetensors file with exactly the tensors "
        "of this architecture; `catsight features convert` makes one of a training checkpoint.",
    )
    package: str | None = optional("The import name of the package.")
    path: str | None = optional("The path of the file, or its path inside the package.")
    sha256: str | None = optional("The SHA-256 that the file must have.", pattern="^[0-9a-f]{64}$")
    convert: Literal["lite0", "imgfocus"] | None = optional(
        "The converter in catsight.features.convert that turns the package's file into timm's "
        "tensors."
    )
    seed: int | None = optional("The seed of random weights.", ge=0)

    @classmethod
    def takers(cls, key: str) -> list[str]:
        """The sources of weights that take a key."""
        return [source.name for source in WEIGHTS_SOURCES.values() if key in source.needs]


class Encoder(Section):
    """An encoder: its architecture, layers, preprocessing and weights."""

    label: str | None = optional("The name in figures and reports.")
    timm: str | None = optional(
        "The name of the architecture in timm. After a dot, it names the pretrained weights whose "
        "preprocessing is used, and which weights.source: hub fetches: `vit_base_patch16_224.dino`."
    )
    factory: str | None = optional(
        "In place of timm, a function of your own that returns a torch module, as "
        "`package.module:function`. The module must be installed (an editable install counts by "
        "its code, others by their version), or lie in the folder where snakemake is called or on "
        "PYTHONPATH. This key runs your code; no other key does.",
        pattern="^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$",
    )
    args: dict[str, Any] | None = optional(
        "Further arguments of timm.create_model or of the factory, such as img_size. Those that "
        "would load weights (pretrained, checkpoint_path, ...) are refused."
    )
    layers: (
        str
        | Annotated[list[str], Field(min_length=1, json_schema_extra={"uniqueItems": True})]
        | None
    ) = optional(
        "The modules whose outputs are the features: a name, a pattern (`blocks.*`, "
        "`layers.*.blocks.*`), or a list of them."
    )
    output: int | None = optional(
        "Which tensor to take, counted from 0, if these modules return several.", ge=0
    )
    prefix_tokens: int | None = optional(
        "How many of a layer's tokens, counted from the first, are no places of the picture: the "
        "class token, which is the first of them, and registers. Only needed where the network "
        "does not show it; an error then asks for it.",
        ge=0,
    )
    classes: str | None = optional(
        "What the trained head tells apart, for encoders whose weights hold one: imagenet-1k, or "
        "the path of a text file with one name a line, in the order of the network's outputs. Its "
        "answers are then compared, too (readout.parquet). An entry's own classes hold for its own "
        "weights alone: a study that gives others, or args.num_classes, gives classes with them. "
        "null: the answers are left out.",
        nullable=True,
    )
    family: Literal["cnn", "vit", "windowed-vit", "hybrid", "mlp"] | None = optional(
        "The kind of architecture."
    )
    training: (
        Literal["supervised", "self-supervised", "language", "saliency", "untrained"] | None
    ) = optional("How the weights were trained.")
    licence: str | None = optional("The licence of the weights.")
    note: str | None = optional("A remark on this encoder for readers; the report prints it.")
    preprocessing: Preprocessing | None = optional(Preprocessing.__doc__)
    weights: Weights | None = optional(Weights.__doc__)


class Features(Section):
    """How features are extracted."""

    pooling: list[Literal["cls", "mean", "map"]] = key(
        ["cls", "mean"],
        "How a layer's tokens or positions become one vector. cls: the class token; left out for "
        "encoders without one. mean: the mean over patches or positions, without class and "
        "register tokens. map: the means over a grid of features.map_size by features.map_size "
        "cells, joined, which keep where things are, not only what they are.",
        min_length=1,
        unique=True,
    )
    map_size: int = key(
        4,
        "The number of cells along each side of the grid for the pooling map. A layer with fewer "
        "positions a side keeps its own.",
        ge=1,
        le=64,
    )
    precision: Literal["fp32", "bf16", "fp16"] = key(
        "fp32",
        "The number format of the forward pass. bf16 and fp16 are faster and less exact; "
        "docs/encoders.md says by how much.",
    )
    device: str = key(
        "auto",
        "Where the forward pass runs: cpu, cuda, cuda:1, mps (Apple), or auto for the first CUDA "
        "GPU if there is one and the CPU otherwise.",
        pattern="^(auto|cpu|mps|cuda(:[0-9]+)?)$",
    )
    batch: int = key(
        16,
        "How many frames go through the network at once. Changes features by rounding only. If "
        "they do not fit into a GPU's memory, the number is halved until they do.",
        ge=1,
    )
