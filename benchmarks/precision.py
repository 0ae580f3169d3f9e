"""What a lower precision of the forward pass does to the measures of agreement, with the default
study's own encoders.

    make run && .venv/bin/python benchmarks/precision.py

For each encoder and measure (cat against human): the mean and the largest difference, over layers,
between its value with all features at that precision and its value at fp32. `1 - value` is the mean
distance from full agreement at fp32: the effect beside which the differences must be small.
"""

from pathlib import Path

import numpy as np
import zoo

from catsight.features.forward import Encoder
from catsight.metrics import cka_linear, rsa

STUDY = Path(__file__).parents[1] / "results" / "quickstart"
MEASURES = {"CKA, unbiased": lambda x, y: cka_linear(x, y, unbiased=True), "RSA": rsa}


def main() -> None:
    """Prints the table, encoder by encoder."""
    print(
        "| encoder | measure | 1 - value | bf16: mean difference | largest | fp16: mean | largest |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in ("efficientnet_lite0", "imgfocus_vit_s14"):
        values = {precision: measured(name, precision) for precision in ("fp32", "bf16", "fp16")}
        for measure, exact in values["fp32"].items():
            cells = [f"{1 - exact.mean():.3f}"]
            for precision in ("bf16", "fp16"):
                differences = np.abs(values[precision][measure] - exact)
                cells += [f"{differences.mean():.5f}", f"{differences.max():.5f}"]
            print(f"| `{name}` | {measure} | {' | '.join(cells)} |", flush=True)


def measured(name: str, precision: str) -> dict[str, np.ndarray]:
    """Each measure between the human's and the cat's view: values (layers,) with mean pooling."""
    weights = STUDY / "weights" / f"{name}.safetensors"
    spec = zoo.features_spec(zoo.REGISTRY[name], precision)
    encoder = Encoder(spec, weights, zoo.CORES)
    human, cat = (features(encoder, view) for view in ("human", "cat"))
    return {
        measure: np.array([function(human[layer], cat[layer]) for layer in human])
        for measure, function in MEASURES.items()
    }


def features(encoder: Encoder, view: str) -> dict[str, np.ndarray]:
    """Mean-pooled features (frames, d) of a view, layer by layer."""
    parts = [
        vectors
        for shard in sorted(STUDY.glob(f"views/{view}/*.parquet"))
        for _, vectors in encoder.features(shard)
    ]
    return {
        name: np.concatenate([part[name] for part in parts])
        for name in parts[0]
        if name.endswith("/mean")
    }


if __name__ == "__main__":
    main()
