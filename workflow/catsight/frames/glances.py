"""Glances: seeded square crops of a photo."""

import hashlib
from collections.abc import Sequence

import numpy as np


def glances(
    width: int, height: int, *, count: int, size: Sequence[float], seed: int, name: str
) -> list[tuple[int, int, int]]:
    """``count`` square crops of a photo of ``width`` × ``height`` px: (left, top, side), px, each.

    The side is uniform between ``size[0]`` and ``size[1]`` times the photo's shorter side (rounded,
    at least 1 px); the place is uniform among all that lie inside the photo. Draws depend on
    ``seed`` and the photo's ``name`` alone: other photos do not matter, and a larger ``count``
    keeps the first glances.
    """
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    draws = np.random.default_rng(int.from_bytes(digest)).random((count, 3))
    shorter = min(width, height)
    low, high = size
    places = []
    for u, v, w in draws.tolist():
        side = max(1, round(shorter * (low + (high - low) * u)))
        places.append((int(v * (width - side + 1)), int(w * (height - side + 1)), side))
    return places
