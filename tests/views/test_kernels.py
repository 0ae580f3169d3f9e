"""The cache of transfer functions: what it keeps, and in which order it drops."""

import numpy as np
import pytest

from catsight.views import kernels


@pytest.fixture
def cache(monkeypatch):
    """A cache that holds three arrays of 10 bytes."""
    monkeypatch.setattr(kernels, "KEPT", 30)
    return kernels.Kernels()


def computed(cache, key, size=10) -> bool:
    """Whether asking for the array of ``key`` computes it."""
    calls = []
    made = cache.get(key, lambda: calls.append(key) or np.full(size, ord(key), np.uint8))
    assert (made == ord(key)).all() and len(made) == size
    return bool(calls)


def test_an_array_is_computed_once(cache):
    assert [computed(cache, key) for key in "aab"] == [True, False, True]
    assert [computed(cache, key) for key in "ab"] == [False, False]


def test_the_least_recently_used_is_dropped_when_more_than_allowed_is_kept(cache):
    for key in "abc":  # exactly as much as allowed
        computed(cache, key)
    assert not computed(cache, "a")  # used again, so b is now the oldest
    assert computed(cache, "d")
    assert [computed(cache, key) for key in "acd"] == [False, False, False]
    assert computed(cache, "b")


def test_the_latest_is_kept_however_large(cache):
    computed(cache, "a")
    assert computed(cache, "z", 100) and not computed(cache, "z", 100)
    assert computed(cache, "a")
    assert computed(cache, "z", 100)


def test_an_array_that_could_not_be_computed_is_asked_for_again(cache):
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 / 0)
    assert computed(cache, "a")
