"""Correspondence of single frames: retrieval across views, and the Procrustes distance.

``x`` and ``y`` are float arrays (n frames, features); row i of both is the same frame.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from catsight.metrics.arrays import centre, pair, square_distances
from catsight.metrics.registry import measure

DISTANCES = ("cosine", "euclidean")


class Retrieval(NamedTuple):
    """The share of frames whose own counterpart is nearest, and the mean of 1 / its rank."""

    top1: float
    mean_reciprocal_rank: float


def retrieval(
    x: np.ndarray, y: np.ndarray, *, groups: Sequence | None = None, distance: str = "cosine"
) -> Retrieval:
    """Searches for each frame of ``x`` among all frames of ``y``.

    With ``groups`` (n,), other frames of the same group are not candidates, so that the search is
    among other scenes only. ``distance``: cosine or euclidean. A candidate at the same distance as
    the right one counts as nearer, so features that distinguish nothing find nothing. nan if all
    features of a frame are 0 (cosine), or if all frames are of one group.
    """
    x, y = pair(x, y, same_features=True)
    right = np.diag(ranks(distances(x, y, distance), groups))
    return Retrieval(
        float(np.mean(right == 1) if np.isfinite(right).all() else np.nan),
        float(np.mean(1 / right)),
    )


def ranks(apart: np.ndarray, groups: Sequence | None = None) -> np.ndarray:
    """The rank (n, n) of frame j of one view by its distance from frame i of the other, ``apart``.

    1 is nearest. It is ranked among itself and the frames outside its group. Without ``groups``
    every frame is its own group. All nan if a distance is undefined, or if there is one group only.
    """
    n, group = len(apart), _membership(groups, len(apart))
    if (group == group[0]).all() or not np.isfinite(apart).all():
        return np.full((n, n), np.nan)
    # How many of all frames are as near or nearer, itself included; then minus those of its own
    # group.
    place = (
        np.stack([np.searchsorted(np.sort(row), row, side="right") for row in apart]).astype(float)
        + 1
    )
    for members in (np.flatnonzero(group == g) for g in range(group.max() + 1)):
        near = apart[:, members]
        for j, frame in enumerate(members):
            place[:, frame] -= (near <= near[:, [j]]).sum(axis=1)
    return place


def as_near(apart: np.ndarray, groups: Sequence | None = None) -> np.ndarray:
    """Whether frame j of one view is at least as near to frame i of the other as i's counterpart.

    ``apart`` (n, n): their distances. The result (n, n), bool, is False for j in the group of i,
    and for i itself. So the rank of i's counterpart among some of the frames is 1 plus how many of
    them are True.
    """
    group = _membership(groups, len(apart))
    return (apart <= np.diag(apart)[:, None]) & (group[:, None] != group[None, :])


def _membership(groups: Sequence | None, n: int) -> np.ndarray:
    """The number of each frame's group; without groups, each frame's own."""
    return np.arange(n) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]


def distances(x: np.ndarray, y: np.ndarray, distance: str) -> np.ndarray:
    """Distances (n, n) of the frames of ``x`` (n, d) from those of ``y`` (n, d).

    ``distance``: cosine or euclidean. In units of the largest, rounded so that distances that
    differ by floating-point error alone are equal.
    """
    if distance not in DISTANCES:
        raise ValueError(f"distance is '{distance}'; it may be {', '.join(DISTANCES)}")
    if distance == "euclidean":
        apart = square_distances(x, y)
    else:
        with np.errstate(invalid="ignore", divide="ignore"):
            unit = [
                v / np.linalg.norm(v, axis=1, keepdims=True) for v in (np.float64(x), np.float64(y))
            ]
        apart = 1 - unit[0] @ unit[1].T
    return np.round(apart / max(np.fmax.reduce(apart, axis=None, initial=0), 1e-300), 12)


@measure
def procrustes(x: np.ndarray, y: np.ndarray) -> float:
    """The distance that remains after the best rotation: 0 (the same) to √2 (nothing shared).

    The least Frobenius distance between ``x`` and ``y``, each centred and of norm 1:
    sqrt(2 - 2 |X'Y|_*) (Schönemann 1966; Williams et al. 2021, "Generalized shape metrics"). Their
    numbers of features may differ. nan if one does not vary.
    """
    x, y = (centre(np.asarray(values, dtype=np.float64)) for values in pair(x, y))
    norms = np.linalg.norm(x), np.linalg.norm(y)
    if 0 in norms:
        return np.nan
    return float(np.sqrt(max(2 - 2 * nuclear_norm(x / norms[0], y / norms[1]), 0)))


def nuclear_norm(x: np.ndarray, y: np.ndarray) -> float:
    """The sum of the singular values of X'Y, computed from the smaller side."""
    if len(x) < max(x.shape[1], y.shape[1]):
        # X'Y has the singular values of R_x R_y', from X' = Q_x R_x and Y' = Q_y R_y
        x, y = (np.asarray(np.linalg.qr(values.T, mode="r")).T for values in (x, y))
    return float(np.linalg.svd(x.T @ y, compute_uv=False).sum())
