"""Differences tested together: Holm, simultaneous intervals, equivalence, the set of the best.

Everything is of arrays: differences ``z`` (contrasts,) with their ``influences`` (contrasts,
blocks) and degrees of freedom ``df`` (contrasts,), all of one study (see
:mod:`catsight.metrics.jackknife`). Since all contrasts left out the same blocks of groups, the
correlation of two is that of their influences, and Gaussian variables with these correlations are
products of the influences with independent ones.
"""

from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

#: Gaussian variables that a level is taken from: it is then certain to 3 % of itself.
DRAWS = 20_000
#: Contrasts whose variables are in memory at once.
_AT_ONCE = 256


def errors(influences: np.ndarray) -> np.ndarray:
    """The standard errors (...) of ``influences`` (..., blocks)."""
    return np.sqrt(np.square(influences).sum(axis=-1))


def p_values(z: np.ndarray, error: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Two-sided p-values of Student's t, z / error with ``df`` degrees of freedom."""
    return 2 * stdtr(df, -np.abs(z) / error)


def holm(p: np.ndarray) -> np.ndarray:
    """The p-values (n,) corrected for their number, so that any that is at most α is wrong in at
    most a share α of studies, whatever their dependence (Holm 1979).
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    result = np.empty_like(p)
    result[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return result


def shared_level(influences: np.ndarray, alpha: float, seed: int = 0, draws: int = DRAWS) -> float:
    """The level at which each contrast is tested so that all hold together with 1 - ``alpha``.

    It is the ``alpha`` quantile of the smallest p-value of Gaussian variables with the correlation
    of the ``influences`` (contrasts, blocks), ``draws`` of them: between Bonferroni's level and
    ``alpha``. (The min-p of Westfall & Young 1993, from a Gaussian; Hothorn, Bretz & Westfall 2008
    do the same with one number of degrees of freedom for all.)
    """
    if len(influences) < 2:
        return alpha
    units = _units(influences)
    normals = _normals(draws, units.shape[1], seed)
    largest = np.zeros(draws, dtype=np.float32)
    for start in range(0, len(units), _AT_ONCE):
        variables = normals @ units[start : start + _AT_ONCE].T
        np.maximum(largest, np.abs(variables, out=variables).max(axis=1), out=largest)
    level = 2 * ndtr(-float(np.quantile(largest, 1 - alpha)))
    return float(np.clip(level, alpha / len(units), alpha))


def half_widths(error: np.ndarray, df: np.ndarray, level: float) -> np.ndarray:
    """Half the widths of the two-sided intervals at a ``level``: 0.05 for 95 %."""
    return stdtrit(df, 1 - level / 2) * error


def equivalence(z: np.ndarray, error: np.ndarray, df: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """p-values that each difference is as large as ``bound``, in one direction or the other.

    Two one-sided tests (Schuirmann 1987): if both reject, the values are equivalent.
    """
    return stdtr(df, -(bound - np.abs(z)) / error)


def p_best(
    pairs: np.ndarray,
    z: np.ndarray,
    influences: np.ndarray,
    df: np.ndarray,
    members: int,
    seed: int = 0,
    draws: int = DRAWS,
) -> np.ndarray:
    """For each of so many members, a p-value (members,) that no other is better.

    ``z`` is by how much the first of each of the ``pairs`` (contrasts, 2) is better than the
    second; members are numbered from 0, and all pairs are there but those that are equal. A
    member's p-value is that of its
    strongest rival, corrected for the number of its rivals by the smallest one-sided p-value of
    Gaussian variables, as in :func:`shared_level`. The members whose p-value is above α are a set
    that holds the best one in a share 1 - α of studies: if it is the best, only its own tests can
    throw it out, so the number of members needs no correction (Hsu 1984; Hansen, Lunde & Nason
    2011).
    """
    units, t = _units(influences), z / errors(influences)
    normals = _normals(draws, units.shape[1], seed)
    result = np.ones(members)
    for member in np.unique(pairs):
        wins = pairs[:, 1] == member  # of its rivals
        rivals = wins | (pairs[:, 0] == member)
        sign = np.where(wins, 1, -1)[rivals]
        smallest = stdtr(df[rivals], -sign * t[rivals]).min()
        largest = (normals @ (sign[:, None] * units[rivals]).astype(np.float32).T).max(axis=1)
        result[member] = (1 + np.sum(largest >= -ndtri(smallest))) / (1 + draws)
    return result


def _units(influences: np.ndarray) -> np.ndarray:
    """The influences divided by their standard errors, float32."""
    return (influences / errors(influences)[:, None]).astype(np.float32)


@lru_cache(maxsize=4)
def _normals(draws: int, blocks: int, seed: int) -> np.ndarray:
    """Independent Gaussian variables (draws, blocks), the same for all contrasts of a study."""
    return np.random.default_rng(seed).standard_normal((draws, blocks), dtype=np.float32)
