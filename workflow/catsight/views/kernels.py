"""A cache of arrays that is limited in bytes and safe to share between threads."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import numpy as np

#: Bytes that a cache keeps: transfer functions of a few sizes of picture.
KEPT = 256_000_000


class Kernels:
    """Arrays by key; the least recently used are dropped when they exceed :data:`KEPT` bytes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._lock = Lock()
        self._making: dict[Hashable, Lock] = {}

    def get(self, key: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The array of ``key``, computed by ``make`` unless it is in the cache.

        If several threads ask for one key at once, one computes it and the others wait. Threads
        that ask for other keys do not wait.
        """
        with self._lock:
            making = self._making.setdefault(key, Lock())
        with making:
            with self._lock:
                made = self._kept.get(key)
            if made is None:
                made = make()
            with self._lock:
                self._making.pop(key, None)
                self._kept[key] = made
                self._kept.move_to_end(key)
                self._drop()
        return made

    def _drop(self) -> None:
        while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > KEPT:
            self._kept.popitem(last=False)
