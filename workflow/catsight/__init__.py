"""How much of what a frozen vision network represents survives when the scene is seen through a cat's eye.

The five stages are the subpackages ``frames``, ``views``, ``features``, ``metrics`` and ``figures``; each is also a
command (``catsight <stage> --help``). They meet only in Parquet tables (:mod:`catsight.tables`). A finished study is
read by ``catsight.load("results/quickstart")`` (:mod:`catsight.results`).
"""

from importlib.metadata import PackageNotFoundError, version

from catsight.errors import CatsightError

try:
    __version__ = version("catsight")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["CatsightError", "__version__", "load"]


def __getattr__(name: str):
    if name == "load":  # on demand: what it needs is slow to import, and no job needs it
        from catsight.results import load

        return load
    raise AttributeError(f"module 'catsight' has no attribute '{name}'")
