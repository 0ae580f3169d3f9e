"""The user's own files."""

import os

#: What file managers leave behind.
_IGNORED = {".ds_store", "thumbs.db", "desktop.ini"}


def list_files(folder: str | os.PathLike) -> list[str]:
    """All files under ``folder``, sorted; without hidden ones and what file managers leave behind."""
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            os.path.join(root, name) for name in files if not name.startswith(".") and name.lower() not in _IGNORED
        ]
    return sorted(found)
