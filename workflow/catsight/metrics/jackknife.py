"""Standard errors, degrees of freedom and intervals from leave-one-group-out values.

Everything rests on one array per estimate, its *influences* (blocks,): how far the value moves when
a block of groups is left out, scaled so that the sum of squares is the squared standard error. All
estimates of a study leave out the same blocks, so the covariance of two estimates is the product of
their influences, and the influences of a difference are the difference of the influences.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit  # scipy.stats would take a second to import

from catsight.run.specs import MeasureFacts


class Scale(NamedTuple):
    """A scale on which estimates are nearer to normal than as they are, and its inverse."""

    to: Callable[[np.ndarray], np.ndarray]
    back: Callable[[np.ndarray], np.ndarray]


def _same(values: np.ndarray) -> np.ndarray:
    return values


PLAIN = Scale(_same, _same)
#: Fisher's z: its spread hardly depends on the value, and no end lies beyond 1.
FISHER = Scale(np.arctanh, np.tanh)


def scale_of(facts: MeasureFacts) -> Scale:
    """The scale of a measure's intervals: Fisher's z for cosines, otherwise the values' own."""
    return FISHER if facts["cosine"] else PLAIN


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
    """Degrees of freedom (...) of the standard error of ``influences`` (..., blocks).

    A variance estimated from heavy-tailed values is less certain than blocks - 1 degrees of freedom
    say: its own variance, 2 / df of its square, grows with the kurtosis κ of the values (Cramér
    1946, 27.4: (κ - (b - 3) / (b - 1)) / b).
    """
    influences = np.asarray(influences, dtype=np.float64)
    blocks = influences.shape[-1]
    most = blocks - max(len(parts), 1)
    squares = np.square(influences)
    with np.errstate(divide="ignore", invalid="ignore"):
        kurtosis = np.square(squares).mean(axis=-1) / np.square(squares.mean(axis=-1))
        uncertain = (kurtosis - (blocks - 3) / (blocks - 1)) / blocks
        found = 2 / uncertain
    return np.where(uncertain > 2 / most, found, most)


def half_width(influences: np.ndarray, confidence: float, parts: Sequence[int] = ()) -> np.ndarray:
    """Half the width (...) of the two-sided interval, on the scale of the ``influences``."""
    error = np.sqrt(np.square(influences).sum(axis=-1))
    return stdtrit(degrees_of_freedom(influences, parts), (1 + confidence) / 2) * error
