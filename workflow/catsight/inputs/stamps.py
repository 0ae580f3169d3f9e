"""Whether the user's files still hold what a job has read, whatever their times say.

Snakemake looks into a file only if its time is later than that of what was made from it. A file
that is replaced by an older one (``cp -p``, ``rsync -a``, ``tar x``, a clock that was set back) has
an earlier time. So a job records the stamps of the files that it has read, and their digests,
beside its table; before the next plan, files with another stamp are read again.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from catsight.errors import CatsightError, say
from catsight.inputs import files, sources
from catsight.run.progress import Progress

#: The record's name, beside the table that was made from the files.
RECORD = "stamps.json"
#: Size (bytes), and the times of change of content and of name, owner or content (ns).
Stamp = tuple[int, int, int]


def of(path: str | os.PathLike) -> Stamp | None:
    """A file's stamp; None if there is no file."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_size, about.st_mtime_ns, about.st_ctime_ns


def write(record: Path, seen: Mapping[str, tuple[Stamp | None, str | None]]) -> None:
    """Writes the stamps that files had before they were read, and their SHA-256, by path."""
    with files.appearing(record) as part:
        part.write_text(json.dumps(seen), encoding="utf-8")


def replaced(record: Path, paths: Iterable[str]) -> bool:
    """Whether one of the files no longer holds what the ``record`` says.

    Only files with another stamp are read; if they hold the same, their new stamps are recorded.
    Files that the record does not name are not looked at, as Snakemake notices these. True if there
    is no such record.
    """
    try:
        seen = {**json.loads(record.read_text(encoding="utf-8"))}
        other = {
            path: stamp
            for path in paths
            if path in seen and [*(stamp := of(path) or ())] != seen[path][0]
        }
    except (OSError, ValueError, TypeError, KeyError):
        return True
    if not other:
        return False
    with Progress("files whose times have changed", len(other), "files") as progress:
        for path in other:
            if sources.digest(path) != seen[path][1]:
                say(f"catsight: {files.as_id(path)} has changed")
                return True
            progress.advance()
    with suppress(CatsightError):  # a record that cannot be written costs reading them again
        write(record, seen | {path: (stamp, seen[path][1]) for path, stamp in other.items()})
    return False
