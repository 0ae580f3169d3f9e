"""Divides frames, by whole groups, into parts that are small enough to be compared at once."""

import math
from collections.abc import Sequence

import numpy as np

#: A part holds at least this many groups, so that there is something to rearrange and to leave out.
FEWEST_GROUPS = 20


def deal(groups: Sequence[str], at_once: int, seed: int = 0) -> list[np.ndarray]:
    """The rows of the frames in each part: whole groups, assigned at random (``seed``).

    Parts are as even as possible and hold at most ``at_once`` frames. If a part would then hold
    fewer than :data:`FEWEST_GROUPS` groups, there are fewer parts, each of evenly spaced frames of
    its groups.
    """
    names, membership = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    sizes = np.bincount(membership)
    count = max(1, min(math.ceil(len(groups) / at_once), len(names) // FEWEST_GROUPS))
    drawn = np.random.default_rng(seed).permutation(len(names))
    part, filled = np.empty(len(names), dtype=int), np.zeros(count, dtype=int)
    for group in drawn[np.argsort(-sizes[drawn], kind="stable")]:  # the largest first
        part[group] = filled.argmin()
        filled[part[group]] += sizes[group]
    rows = []
    for i in range(count):
        here = np.flatnonzero(part[membership] == i)
        if len(here) > at_once:
            by_group = here[np.argsort(membership[here], kind="stable")]
            here = np.sort(by_group[(np.arange(at_once) * len(here)) // at_once])
        rows.append(here)
    return rows
