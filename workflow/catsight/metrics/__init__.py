"""Metrics: how well two representations of the same frames agree, and how certain that is."""

from importlib import import_module
from typing import Any

#: Public name -> the module that holds it.
_MODULES = {
    "cka_linear": "alignment",
    "cka_rbf": "alignment",
    "cknna": "neighbours",
    "energy_distance": "distribution",
    "mantel": "inference",
    "mmd2": "distribution",
    "mutual_knn": "neighbours",
    "pnka": "per_frame",
    "procrustes": "correspondence",
    "retrieval": "correspondence",
    "rsa": "alignment",
    "sliced_wasserstein": "distribution",
    "wasserstein": "distribution",
}

__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    # not by import statements, which would put all these modules into the digest of every job
    # that compares features
    if name in _MODULES:
        return getattr(import_module(f"catsight.metrics.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'catsight.metrics' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
