"""The part that every spec holds: the digest of the job's code, and versions of its packages."""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from catsight.errors import CatsightError
from catsight.run.specs import Spec
from catsight.study.code_digest import code_digest

#: The modules at which the code digest of each job starts: its core, and the columns of its tables.
#: Frames start at their kinds of source, too; a figure starts at its own module, and an analysis at
#: those of :data:`catsight.study.metrics.ANALYSES`.
ROOTS: dict[str, tuple[str, ...]] = {
    "manifest": ("frames.manifest", "tables.columns.manifest"),
    "frames": (
        "frames.make",
        "tables.columns.frames",
        "tables.columns.rejected",
        "tables.columns.near_duplicates",
    ),
    "eye views": ("views.eye_viewer", "tables.columns.views"),
    "filter views": ("views.viewer", "tables.columns.views"),
    "portraits": ("views.portraits", "tables.columns.portraits"),
    "weights": ("features.weights",),
    "features": ("features.forward", "tables.columns.features"),
    "contrasts": ("metrics.contrasts", "tables.columns.contrasts", "tables.columns.best"),
    "report": ("figures.report",),
}


def made_of(roots: Sequence[str], packages: Sequence[str]) -> Spec:
    """The part of a spec that stands for code: of the ``roots`` (modules of catsight, without its
    name), and of ``packages`` (distributions).
    """
    return {
        "code": code_digest(*(f"catsight.{root}" for root in roots)),
        "versions": versions(*packages),
    }


def versions(*packages: str) -> dict[str, str]:
    """The installed version of each package. Raises :class:`CatsightError` if one is missing."""
    try:
        return {package: _version(package) for package in packages}
    except PackageNotFoundError as error:
        raise CatsightError(
            f"this study needs the package {error.name}, which is not installed; "
            "`make setup` installs it (by hand: pip install 'catsight[offline,paper]')"
        ) from None


#: Cached: a look-up takes milliseconds, and every job's spec needs it.
_version = cache(version)
