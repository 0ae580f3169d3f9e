"""How much of what a frozen vision network represents survives when the scene is seen through a
cat's eye.

The five stages are the subpackages ``frames``, ``views``, ``features``, ``metrics`` and
``figures``; each is also a command (``catsight <stage> --help``). They meet only in Parquet tables
(:mod:`catsight.tables`). A finished study is read by ``catsight.load("results/quickstart")``
(:mod:`catsight.results`).
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

from catsight.errors import CatsightError

try:
    __version__ = version("catsight")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["CatsightError", "__version__", "load"]


def __getattr__(name: str):
    if name == "load":
        # on demand, as it is slow to import; and no import statement, which would make it part of
        # every job's code
        return import_module("catsight.results").load
    raise AttributeError(f"module 'catsight' has no attribute '{name}'")
