"""Operations on arrays of features that all measures share: checks, centring, distances."""

from functools import lru_cache

import numpy as np


def pair(
    x: np.ndarray, y: np.ndarray, *, same_features: bool = False, paired: bool = True
) -> tuple[np.ndarray, ...]:
    """``x`` and ``y`` as float32 or float64 arrays (n, features).

    Raises :class:`ValueError` if one is not a matrix or not finite (naming the row and column), if
    their numbers of frames differ (if ``paired``) or their numbers of features (if
    ``same_features``).
    """
    arrays = []
    for name, given in (("x", x), ("y", y)):
        values = np.asarray(given)
        if np.iscomplexobj(values) or values.ndim != 2 or 0 in values.shape:
            raise ValueError(
                f"{name} must be real numbers (n frames, features), "
                f"not {values.dtype} {values.shape}"
            )
        values = values.astype(
            np.promote_types(np.result_type(values, np.float32), np.float32), copy=False
        )
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise ValueError(
                f"{name}[{row}, {column}] is {values[row, column]}; all features must be finite"
            )
        arrays.append(values)
    x, y = arrays
    if paired and len(x) != len(y):
        raise ValueError(
            f"x has {len(x)} frames and y has {len(y)}; row i of both must be the same frame"
        )
    if same_features and x.shape[1] != y.shape[1]:
        raise ValueError(
            f"x has {x.shape[1]} features and y has {y.shape[1]}; they must be the same features"
        )
    return x, y


def centre(x: np.ndarray) -> np.ndarray:
    """``x`` (n, features) minus its mean, computed in float64, in the precision of ``x``.

    The first frame is subtracted before, so that a constant feature becomes exactly 0, not the
    rounding error of a mean.
    """
    moved = np.subtract(x, x[:1], dtype=np.float64)
    moved -= moved.mean(axis=0)
    return moved.astype(x.dtype, copy=False)


def square_distances(x: np.ndarray, y: np.ndarray | None = None) -> np.ndarray:
    """Squared Euclidean distances (n, m), float64, from the rows of ``x`` to those of ``y``.

    Without ``y``, between the rows of ``x``. The mean of ``x`` is subtracted from both first, so
    that large offsets cost no precision. Values that differ from 0 by rounding alone are set to 0,
    as is the diagonal of distances within ``x``.
    """
    x64 = centre(np.asarray(x, dtype=np.float64))
    if y is None:
        y64 = x64
    else:
        y64 = np.asarray(y, dtype=np.float64) - np.asarray(x[:1], dtype=np.float64)
        y64 = y64 - np.subtract(x, x[:1], dtype=np.float64).mean(axis=0)
    sums = np.add.outer(np.einsum("ij,ij->i", x64, x64), np.einsum("ij,ij->i", y64, y64))
    result = x64 @ y64.T
    result *= -2
    result += sums
    sums *= _ROUNDING
    result[result < sums] = 0
    if y is None:
        np.fill_diagonal(result, 0)
    return result


#: |a|² + |b|² - 2 a·b of equal vectors is smaller than this fraction of |a|² + |b|².
_ROUNDING = 1e-14


def upper(matrix: np.ndarray) -> np.ndarray:
    """The entries i < j of a matrix (n, n), row by row: (n (n - 1) / 2,)."""
    return matrix[_above_diagonal(len(matrix))]


@lru_cache(maxsize=2)
def _above_diagonal(n: int) -> np.ndarray:
    return np.triu(np.ones((n, n), dtype=bool), 1)
