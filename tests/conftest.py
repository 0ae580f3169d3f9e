"""Of all tests."""

#: Folders whose files take minutes each: first, so that what is short fills up what they leave of
#: the other workers.
_LONG = ("workflow", "faults", "cluster")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.parent.name not in _LONG)
