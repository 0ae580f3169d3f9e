"""The user's files that sources of frames read.

Shared by the study, which lists the files for Snakemake, and the stage that reads them. The kinds
of source and their keys are in :mod:`catsight.study.sources`.
"""

import hashlib
import os
from collections.abc import Mapping

from catsight.errors import CatsightError
from catsight.inputs import files
from catsight.run.specs import SourceSpec

#: Keys under which a source names the user's files.
PATHS = ("path", "partner")

#: Bytes of the largest file of a picture or depth map: those of a classic TIFF, whose offsets have
#: 32 bits; and of a clip or table. Larger ones are most likely holes, which take minutes to hash.
_LARGEST, _LARGEST_OF_MANY = 1 << 32, 1 << 37
#: How the names of files end that hold many pictures.
_OF_MANY = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".wmv"),
    ".parquet",
)


def largest(path: str | os.PathLike[str]) -> int:
    """The bytes that one of the user's files may have at most, by the end of its name."""
    return _LARGEST_OF_MANY if os.fspath(path).lower().endswith(_OF_MANY) else _LARGEST


def digest(path: str | os.PathLike[str]) -> str | None:
    """SHA-256 of one of the user's files, 64 hex digits; None if it cannot be read or is larger
    than such a file may be, which is not read then.
    """
    about = files.stamp(path)
    return None if about and about[1] > largest(path) else files.digest(path)


def check(sources: Mapping[str, SourceSpec]) -> None:
    """Raises :class:`CatsightError` if a file or folder that a source names does not exist, or a
    folder holds no file.
    """
    for name, source in sources.items():
        where = f"frames.sources.{name}" if name else "frames"
        for key, path in roots(source).items():
            # os.path, unlike Path, also takes a name that no file can have
            if source["source"] == "folder" and not os.path.isdir(path):
                raise CatsightError(f"config: {where}.folder is '{path}', which is not a folder")
            if not os.path.exists(path):
                raise CatsightError(f"config: {where}.{key} is '{path}', which does not exist")
            if not files.below(path, source.get("files"))[1]:
                of_these = f" that match {source['files']}" if source.get("files") else ""
                raise CatsightError(
                    f"config: {where} reads '{path}', which holds no files{of_these}"
                )


def roots(source: SourceSpec) -> dict[str, str]:
    """The user's files and folders that a source reads, by the key that names each."""
    return {key: path for key, path in source.items() if key in PATHS and isinstance(path, str)}


def inputs(sources: Mapping[str, SourceSpec]) -> tuple[list[str], str]:
    """The user's files that Snakemake can watch, sorted, and a digest of the others.

    Snakemake cannot watch dangling links, links to folders, files that it may not read, and those
    whose names it would misread. The digest changes with their names, sizes and times.
    """
    watched, others = set(), hashlib.sha256()
    for source in sources.values():
        for path in roots(source).values():
            root, names = files.below(path, source.get("files"))
            for file in (os.path.join(root, name) for name in names):
                regular = os.path.isfile(file)
                if regular and files.nameable(file) and os.access(file, os.R_OK):
                    watched.add(file)
                else:
                    # a link to a folder counts by its name alone: a folder's time changes whenever
                    # something is written into it
                    stamp = files.stamp(file) if regular else None
                    others.update(f"{os.fsencode(file)!r} {stamp}\n".encode())
    return sorted(watched), others.hexdigest()[:16]
