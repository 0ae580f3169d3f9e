"""Computes items in advance of the loop that consumes them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def ahead(
    function: Callable[[_Item], _Result],
    items: Iterable[_Item],
    workers: int,
    begin: Callable[[], object] | None = None,
) -> Iterator[_Result]:
    """``function`` of every item, in order, computed by ``workers`` threads, each of which calls
    ``begin`` first.

    Like ``map`` of a pool, but in bounded memory: at most ``workers`` items ahead of the consumer.
    """
    with ThreadPoolExecutor(workers, initializer=begin) as pool:
        waiting: deque[Future[_Result]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
