"""Standard errors, degrees of freedom and intervals from leave-one-group-out values.

Everything rests on one array per estimate, its *influences* (blocks,): how far the value moves when
a block of groups is left out, scaled so that the sum of squares is the squared standard error. All
estimates of a study leave out the same blocks, so the covariance of two estimates is the product of
their influences, and the influences of a difference are the difference of the influences.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtrit  # scipy.stats would take a second to import

from catsight.run.metrics_specs import MeasureFacts


class Scale(NamedTuple):
    """A scale on which estimates are nearer to normal than as they are, and its inverse."""

    to: Callable[[Any], Any]
    back: Callable[[Any], Any]


def _same(values: Any) -> Any:
    return values


PLAIN = Scale(_same, _same)
#: Fisher's z: its spread hardly depends on the value, and no end lies beyond 1.
FISHER = Scale(np.arctanh, np.tanh)
LOG = Scale(np.log, np.exp)


def scale_for(
    facts: MeasureFacts,
    values: np.ndarray,
    *,
    difference: bool = False,
    parts: Sequence[int] = (),
) -> Scale:
    """The scale of the interval of a measure's ``values``, of all groups and without each block.

    Fisher's z for cosines inside -1..1; the logarithm if the values are positive differences of
    such values (losses) of which the standard error is below their own size; otherwise their own.
    An unbiased CKA may lie beyond 1, and the logarithm of a loss that may be 0 has no end.
    """
    if difference and (values > 0).all():
        error = np.sqrt(np.square(influences(np.log(values[1:]), parts)).sum())
        return LOG if error < 1 else PLAIN
    return FISHER if facts["cosine"] and not difference and (np.abs(values) < 1).all() else PLAIN


def influences(replicates: np.ndarray, parts: Sequence[int] = ()) -> np.ndarray:
    """The influences (..., blocks) of ``replicates`` (..., blocks), the values without each block.

    Their sum of squares is the squared standard error of the delete-one jackknife, (b - 1) / b
    Σ (θ₋ⱼ - θ̄)² (Tukey 1958; Efron 1982, The Jackknife, eq. 3.6). ``parts`` are the numbers of
    blocks of each part, if the frames were compared in parts (in the order of the blocks): the
    jackknife is then of each part by itself.
    """
    replicates = np.asarray(replicates, dtype=np.float64)
    result = np.empty_like(replicates)
    start = 0
    for count in parts or (replicates.shape[-1],):
        own = replicates[..., start : start + count]
        spread = own.mean(axis=-1, keepdims=True) - own
        result[..., start : start + count] = np.sqrt((count - 1) / count) * spread
        start += count
    return result


def degrees_of_freedom(influences: np.ndarray, parts: Sequence[int] = ()) -> np.ndarray:
    """Degrees of freedom (...) of the standard error of ``influences`` (..., 4 blocks or more).

    A variance estimated from heavy-tailed values is less certain than blocks - 1 degrees of freedom
    say: its own variance, 2 / df of its square, is (κ - (b - 3) / (b - 1)) / b with their kurtosis
    κ (Cramér 1946, 27.4.2). κ - 3 is estimated by Fisher's G₂, unbiased for normal values: the
    plain estimate is too small if blocks are few and tails heavy (benchmarks/calibration.py).
    """
    influences = np.asarray(influences, dtype=np.float64)
    b = influences.shape[-1]
    most = b - max(len(parts), 1)
    squares = np.square(influences)
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = np.square(squares).mean(axis=-1) / np.square(squares.mean(axis=-1)) - 3
        excess = ((b + 1) * plain + 6) * (b - 1) / ((b - 2) * (b - 3))
        uncertain = (excess + 3 - (b - 3) / (b - 1)) / b
        return np.where(uncertain > 2 / most, 2 / uncertain, most)


def half_width(influences: np.ndarray, confidence: float, parts: Sequence[int] = ()) -> np.ndarray:
    """Half the width (...) of the two-sided interval, on the scale of the ``influences``."""
    error = np.sqrt(np.square(influences).sum(axis=-1))
    return stdtrit(degrees_of_freedom(influences, parts), (1 + confidence) / 2) * error
