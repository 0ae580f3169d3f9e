"""How much of a frozen vision network's representation survives a cat's eye.

The five stages are the subpackages ``frames``, ``views``, ``features``, ``metrics`` and
``figures``; each is also a command (``catsight <stage> --help``). They meet only in Parquet tables
(:mod:`catsight.tables`). ``catsight.load("results/quickstart")`` reads a finished study
(:mod:`catsight.results`).
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from catsight.errors import CatsightError

try:
    __version__ = version("catsight")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["CatsightError", "__version__", "load"]


def __getattr__(name: str) -> Any:
    if name == "load":
        # on demand, because pandas is slow to import; not by an import statement, which would put
        # it into the digest of every job's code
        return import_module("catsight.results").load
    raise AttributeError(f"module 'catsight' has no attribute '{name}'")
