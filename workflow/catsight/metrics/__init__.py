"""Metrics: how well two representations of the same frames agree, and how certain that is."""

from catsight.metrics.correspondence import procrustes, retrieval
from catsight.metrics.distribution import energy_distance, mmd2, sliced_wasserstein, wasserstein
from catsight.metrics.inference import mantel
from catsight.metrics.similarity import cka_linear, cka_rbf, rsa

__all__ = [
    "cka_linear",
    "cka_rbf",
    "energy_distance",
    "mantel",
    "mmd2",
    "procrustes",
    "retrieval",
    "rsa",
    "sliced_wasserstein",
    "wasserstein",
]
