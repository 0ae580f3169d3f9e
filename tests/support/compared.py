"""A made-up study's tables of metrics, attribution and doses, and the spec of its contrasts."""

from typing import Any

import numpy as np

from catsight.study.measures import MEASURES

#: Encoder -> family and training.
ENCODERS = {
    "net": ("cnn", "supervised"),
    "res": ("cnn", "supervised"),
    "self": ("vit", "self-supervised"),
    "vit": ("vit", "supervised"),
    "zero": ("vit", "untrained"),
}
VIEWS = ("cat", "dog", "jpeg")
LAYERS = ("a", "b", "c")
METRIC = "cka_linear_unbiased"
GROUPS = 8
SPEC: dict[str, Any] = {
    "study": "toy", "reference": "human", "focus": "cat", "views": list(VIEWS), "pooling": "cls",
    "measures": {METRIC: MEASURES[METRIC].facts}, "margin": None, "confidence": 0.95, "seed": 0,
    "code": "0", "versions": {},
}  # fmt: skip


def estimate(values: np.ndarray) -> dict[str, Any]:
    """The columns of an estimate: the mean of the groups' ``values`` (groups,), and without each."""
    without = (values.sum() - values) / (len(values) - 1)
    return {
        "value": float(values.mean()), "replicates": without.tolist(), "parts": [len(values)],
        "n_groups": len(values), "n_frames": 6 * len(values), "reason": None,
    }  # fmt: skip


def mean(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The columns of the mean of several estimates."""
    return rows[0] | {
        "value": float(np.mean([row["value"] for row in rows])),
        "replicates": np.mean([row["replicates"] for row in rows], axis=0).tolist(),
    }


def about(encoder: str, layer: str, view: str, metric: str = METRIC) -> dict[str, Any]:
    family, training = ENCODERS[encoder]
    index = LAYERS.index(layer) if layer in LAYERS else None
    return {
        "encoder": encoder, "family": family, "training": training, "layer": layer, "layer_index": index,
        "pooling": "mean" if family == "cnn" else "cls", "reference": "human", "view": view, "metric": metric,
    }  # fmt: skip


def values(height: float, seed: int, spread: float = 0.01) -> np.ndarray:
    """The values of the groups, about a ``height``."""
    return height + spread * np.random.default_rng(seed).uniform(-1, 1, size=GROUPS)


def metrics(encoders=tuple(ENCODERS), views=VIEWS, metric: str = METRIC) -> list[dict[str, Any]]:
    """The rows of every layer and of the mean over layers. Later encoders and views have higher
    values; the middle layer has the highest.
    """
    found = []
    for i, encoder in enumerate(encoders):
        for j, view in enumerate(views):
            layers = []
            for k, layer in enumerate(LAYERS):
                height = 0.7 + 0.02 * i + 0.05 * j + 0.03 * (k == 1)
                row = about(encoder, layer, view, metric)
                layers.append(row | estimate(values(height, seed=100 * i + 10 * j + k)))
            found += layers
            found.append(mean(layers) | about(encoder, "all", view, metric))
    return found


def attribution(encoders=("net", "vit")) -> list[dict[str, Any]]:
    """The rows of the mean over layers: colour takes most, and the whole is the sum."""
    parts = {"pupil": 0.02, "colour": 0.1, "whole": 0.12}
    return [
        about(encoder, "all", "cat")
        | estimate(values(height, seed=1000 * i + k, spread=height / 10))
        | {"part": part}
        for i, encoder in enumerate(encoders)
        for k, (part, height) in enumerate(parts.items())
    ]


def doses(encoders=("net", "vit")) -> list[dict[str, Any]]:
    """The rows of the mean over layers at three luminances and two acuities."""
    at = [("luminance", 0.1), ("luminance", 10.0), ("luminance", 100.0), ("acuity", 3.0), ("acuity", 6.0)]  # fmt: skip
    return [
        about(encoder, "all", "cat")
        | estimate(values(0.8 + 0.001 * dose, seed=2000 * i + k))
        | {"swept": swept, "dose": dose}
        for i, encoder in enumerate(encoders)
        for k, (swept, dose) in enumerate(at)
    ]
