"""The order of all tests."""

#: Folders whose files take minutes each. They start first; shorter files then keep the other
#: workers busy.
_LONG = ("workflow", "faults", "cluster")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.parent.name not in _LONG)
