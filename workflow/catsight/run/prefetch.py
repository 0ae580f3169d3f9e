"""Work done a little ahead of who reads it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor


def ahead(function: Callable, items: Iterable, workers: int) -> Iterator:
    """``function`` of every item, in order, worked out by ``workers`` threads at most so many items
    ahead.

    Like ``map`` of a pool, but in bounded memory however many items there are.
    """
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
