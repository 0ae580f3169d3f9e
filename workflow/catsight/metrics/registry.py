"""Measures that are plain functions of two arrays, by name.

Adding one takes two files of code: a decorated function in :mod:`catsight.metrics.correspondence`,
:mod:`~catsight.metrics.distribution` or :mod:`~catsight.metrics.similarity`, and its record in
:mod:`catsight.study.measures`. Measures whose replicates can be computed faster than one by one, or
that have a permutation test, are in :mod:`catsight.metrics.suite` instead.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

#: Features (n, d) and (n, e) of the same n frames -> the value, nan if undefined.
Function = Callable[[np.ndarray, np.ndarray], float]
_F = TypeVar("_F", bound=Function)

PLAIN: dict[str, Function] = {}


def measure(function: _F) -> _F:
    """Registers ``function`` as the measure of the same name, and returns it.

    The jackknife calls it again without each of a few blocks of groups. It has no permutation test.
    """
    PLAIN[function.__name__] = function
    return function
