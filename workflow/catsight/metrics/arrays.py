"""What all metrics do with their arrays of features: check, centre, measure distances."""

from functools import lru_cache

import numpy as np


def pair(
    x: np.ndarray, y: np.ndarray, *, same_features: bool = False, paired: bool = True
) -> tuple[np.ndarray, ...]:
    """``x`` and ``y`` as float32 or float64 arrays (n, features).

    Raises :class:`ValueError` where one is no matrix, is not finite (naming the row and column),
    where their frames differ in number (if ``paired``) or, if ``same_features``, their features do.
    """
    arrays = []
    for name, given in (("x", x), ("y", y)):
        values = np.asarray(given)
        if np.iscomplexobj(values) or values.ndim != 2 or 0 in values.shape:
            raise ValueError(
                f"{name} must be real numbers (n frames, features), not {values.dtype} {values.shape}"
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
    """``x`` (n, features) minus its mean, taken in float64, in the precision of ``x``.

    The first frame is subtracted before: what is constant becomes exactly 0 and not the rounding of
    a mean.
    """
    moved = np.subtract(x, x[:1], dtype=np.float64)
    moved -= moved.mean(axis=0)
    return moved.astype(x.dtype, copy=False)


def square_distances(x: np.ndarray, y: np.ndarray | None = None) -> np.ndarray:
    """Squared Euclidean distances (n, m), float64, between the rows of ``x`` and those of ``y``
    (else of ``x``).

    Both are moved by the mean of ``x`` first, which keeps large offsets from costing precision.
    What is 0 but for rounding is 0, as on the diagonal of distances within ``x``.
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


#: |a|² + |b|² - 2 a·b of equal vectors is off by less than this part of |a|² + |b|².
_ROUNDING = 1e-14


def upper(matrix: np.ndarray) -> np.ndarray:
    """The values of the pairs i < j (n (n - 1) / 2,) of a matrix (n, n), row by row."""
    return matrix[_above_diagonal(len(matrix))]


@lru_cache(maxsize=2)
def _above_diagonal(n: int) -> np.ndarray:
    return np.triu(np.ones((n, n), dtype=bool), 1)
