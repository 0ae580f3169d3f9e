"""How much of what a frozen vision network represents survives when the scene is seen through a cat's eye.

The five stages are the subpackages ``frames``, ``views``, ``features``, ``metrics`` and ``figures``; each is also a
command (``catsight <stage> --help``). They meet only in Parquet tables (:mod:`catsight.tables`).
"""

from importlib.metadata import PackageNotFoundError, version

from catsight.errors import CatsightError

try:
    __version__ = version("catsight")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["CatsightError", "__version__"]
