import threading
import time

import pytest

from catsight.run.prefetch import ahead


def test_in_order_side_by_side_and_only_a_little_ahead():
    done = []

    def slow(i):
        time.sleep(0.02 if i % 3 else 0.06)
        done.append(i)
        return i

    assert list(ahead(slow, range(12), 4)) == list(range(12))
    assert done != sorted(done)  # they were at work side by side
    taken = []
    for i in ahead(str, (taken.append(i) or i for i in range(100)), 3):
        assert len(taken) <= int(i) + 4
    with pytest.raises(ZeroDivisionError):
        list(ahead(lambda i: 1 / i, range(3), 2))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_as_many_items_wait_as_there_are_workers(workers):
    """The consumer's own item, and one more for each worker."""
    taken = []
    found = ahead(str, (taken.append(i) or i for i in range(20)), workers)
    for i in range(20):
        assert next(found) == str(i)
        assert len(taken) == min(i + workers + 1, 20)


def test_each_worker_begins_once_and_before_its_first_item():
    here, begun = threading.local(), []

    def begin():
        here.ready = True
        begun.append(threading.get_ident())

    assert list(ahead(lambda i: here.ready, range(20), 3, begin)) == [True] * 20
    assert 1 <= len(begun) == len(set(begun)) <= 3
