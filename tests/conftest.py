"""The order of all tests, and a hub for those that ask it."""

import pytest

#: Folders whose files take minutes each. They start first; shorter files then keep the other
#: workers busy.
_LONG = ("workflow", "faults", "cluster")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.parent.name not in _LONG)


@pytest.fixture
def small_hub(monkeypatch, tmp_path):
    """A hub without repositories that the real client asks; its cache is ``tmp_path / "hub"``."""
    from support.small_hub import SmallHub, use

    hub = SmallHub()
    use(monkeypatch, hub.address, tmp_path / "hub")
    yield hub
    hub.close()
