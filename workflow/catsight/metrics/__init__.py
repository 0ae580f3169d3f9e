"""Metrics: how well two representations of the same frames agree."""

from catsight.metrics.similarity import cka_linear, rsa

__all__ = ["cka_linear", "rsa"]
