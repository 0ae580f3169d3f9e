"""Simulated studies whose true values are known, in the regime where intervals are used.

`model`: features of a reference view and another view with what was measured in the default study:
few strong dimensions (a participation ratio of 3 to 5), frames of a group that are much alike (an
intra-class correlation of .93), groups of which some are far from the others (Student's t), and an
alignment of .97 to .999. `gaussian`: what calibration was tested with before, and is easy: Gaussian
features and an intra-class correlation of .67.
"""

import zlib
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

#: Latent dimensions, the exponent of their variances, and features of a view.
DIMS, DECAY, FEATURES = 16, 1.5, 32
#: The share of the variance that is common to the frames of a group.
WITHIN_GROUPS = 0.93
#: Degrees of freedom of a group's distance from the mean, and of how much a view changes it: a
#: kurtosis of 9. That of the features of `networks`, along their first axes, is 4.6 (median).
TAILS = 5
#: How the frames of a study are divided into groups, by name: numbers of frames (groups,).
SIZES = {
    "equal": lambda groups, rng: np.full(groups, 4),
    "uniform": lambda groups, rng: rng.integers(1, 13, size=groups),
    "geometric": lambda groups, rng: rng.geometric(1 / 4, size=groups),
    "lognormal": lambda groups, rng: np.ceil(rng.lognormal(np.log(2.5), 1, size=groups)).astype(
        int
    ),
    "single": lambda groups, rng: np.ones(groups, dtype=int),
}


class Study(NamedTuple):
    """Features ``x`` and ``y`` (n, d) of two views of n frames, and each frame's ``group`` (n,)."""

    x: np.ndarray
    y: np.ndarray
    group: np.ndarray


def model(seed: int, groups: int, alignment: float, sizes: str = "equal") -> Study:
    """A study of one encoder, whose true linear CKA is ``alignment``."""
    return encoders(seed, groups, [alignment], sizes)[0]


def encoders(
    seed: int, groups: int, alignments: list[float], sizes: str = "equal", common: float = 0.5
) -> list[Study]:
    """Studies of several encoders of the same frames, one for each of the ``alignments``.

    Encoder i, and its view, are the same in every study: only the frames are drawn. ``common`` is
    the share of a view's random change that all encoders undergo.
    """
    group, rng = _groups(seed, groups, sizes)
    scene, change = _latent(group, rng), _latent(group, rng)
    found = []
    for i, alignment in enumerate(alignments):
        mixing, view, turn = _encoder(i)
        own = np.sqrt(common) * change + np.sqrt(1 - common) * _latent(group, rng)
        level = _level(i, alignment)
        seen = scene @ (np.eye(DIMS) + level * view) + level * own @ turn
        found.append(Study(scene @ mixing, seen @ mixing + level / np.sqrt(FEATURES), group))
    return found


def nulls(seed: int, groups: int, sizes: str) -> tuple[Study, np.ndarray, Study]:
    """A study of unrelated views, a third unrelated view, and a study of equal distributions."""
    group, rng = _groups(seed, groups, sizes)
    x, y, z = (_latent(group, rng) @ _encoder(i)[0] for i in range(3))
    scene = _latent(group, rng)
    alike = [(scene + 0.3 * _latent(group, rng)) @ _encoder(0)[0] for _ in range(2)]
    return Study(x, y, group), z, Study(*alike, group)


def _groups(seed: int, groups: int, sizes: str) -> tuple[np.ndarray, np.random.Generator]:
    """The group of each frame, and the generator of all else in a study."""
    rng = np.random.default_rng([seed, groups, zlib.crc32(sizes.encode())])
    return np.repeat(np.arange(groups), SIZES[sizes](groups, rng)), rng


def _latent(group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Latent values (n, DIMS) of mean 0 and the variances of :func:`_variances`, by ``group`` (n,).

    A whole group is near or far (a multivariate t), with all of its frames.
    """
    groups = group[-1] + 1
    far = np.sqrt((TAILS - 2) / rng.chisquare(TAILS, size=(groups, 1)))
    shared = (far * rng.normal(size=(groups, DIMS)))[group]
    own = far[group] * rng.normal(size=(len(group), DIMS))
    values = np.sqrt(WITHIN_GROUPS) * shared + np.sqrt(1 - WITHIN_GROUPS) * own
    return values * np.sqrt(_variances())


def _variances() -> np.ndarray:
    """The variances (DIMS,) of latent dimensions; their sum is 1."""
    variances = np.arange(1, DIMS + 1.0) ** -DECAY
    return variances / variances.sum()


@cache
def _encoder(i: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How encoder ``i`` mixes latent dimensions into features, and what a view does to them.

    Matrices (DIMS, FEATURES), (DIMS, DIMS) and (DIMS, DIMS): a change that depends on the scene
    linearly, and the basis of one that does not.
    """
    rng = np.random.default_rng([7, i])
    mixing = np.linalg.qr(rng.normal(size=(FEATURES, DIMS)))[0].T
    turn = np.linalg.qr(rng.normal(size=(DIMS, DIMS)))[0]
    return mixing, rng.normal(size=(DIMS, DIMS)) / np.sqrt(DIMS), turn


@cache
def _level(i: int, alignment: float) -> float:
    """How strongly a view of encoder ``i`` must change the latent values for that ``alignment``."""
    return float(brentq(lambda level: true_cka(i, level) - alignment, 0, 1, xtol=1e-12))


def true_cka(i: int, level: float) -> float:
    """Linear CKA of encoder ``i`` and its view in ever more groups: a closed form.

    |cov(x, y)|² over |cov(x)| |cov(y)|, Frobenius norms; the mixing is orthogonal and drops out.
    """
    _, view, turn = _encoder(i)
    own = np.diag(_variances())
    seen = np.eye(DIMS) + level * view
    of_view = seen.T @ own @ seen + level**2 * turn.T @ own @ turn
    norms = np.linalg.norm(own) * np.linalg.norm(of_view)
    return float(np.linalg.norm(own @ seen) ** 2 / norms)


def gaussian(seed: int, groups: int, noise: float, each: int = 8) -> Study:
    """A study of ``groups`` × ``each`` frames with Gaussian features, of more or less ``noise``."""
    rng = np.random.default_rng([seed, groups, int(100 * noise)])
    mixing = np.random.default_rng(7).normal(size=(2, 24, 48)) / np.sqrt(24)
    mixing[1] = mixing[0] + noise * mixing[1]  # more noise, more different views of the scene
    scene = rng.normal(size=(groups, 1, 24)) + 0.7 * rng.normal(size=(groups, each, 24))
    scene = (scene * np.linspace(1.5, 0.1, 24)).reshape(-1, 24)
    x, y = (scene @ m + noise * rng.normal(size=(len(scene), 48)) for m in mixing)
    offset = noise * np.linspace(-1, 1, 48)
    return Study(x, y + offset, np.repeat(np.arange(groups), each))
