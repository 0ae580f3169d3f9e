"""The files that ``catsight see`` makes of photographs, clips and folders."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from catsight.errors import CatsightError, say
from catsight.frames import clip
from catsight.look import clips

#: Suffix -> Pillow's format of the photographs that are read and written.
PHOTOS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}


class Job(NamedTuple):
    """A photograph or clip, and the file that is made from it."""

    source: Path
    target: Path


def plan(sources: Sequence[Path], output: str) -> list[Job]:
    """The files to make, one for each photograph or clip. Raises :class:`CatsightError`, before any
    work, if a source is missing or ``output`` does not suit them.
    """
    found = _found(sources)
    target = Path(output)
    several = len(sources) > 1 or sources[0].is_dir()
    if target.is_dir() or output.endswith(os.sep) or not target.suffix:
        _check_folder(target, sources)
        jobs = _into(target, found)
    elif several:
        what = f"{sources[0]} is a folder"
        if len(sources) > 1:
            what = f"there are {len(sources)} sources"
        raise CatsightError(
            f"{what}, so --output must be a folder, too: -o {target.with_suffix('')}/"
        )
    else:
        _check_suffix(found[0], target)
        jobs = [Job(found[0], target)]
    identities = {_identity(path) for path in found}
    for job in jobs:
        if job.target.exists() and _identity(job.target) in identities:
            raise CatsightError(
                f"{job.target} is a source and would be overwritten; name another output"
            )
    return jobs


def _check_folder(folder: Path, sources: Sequence[Path]) -> None:
    """Raises :class:`CatsightError` if ``folder`` is one of the ``sources``; warns if it lies
    inside one. A study of that source would read what is written there.
    """
    for source in sources:
        if not source.is_dir() or not folder.resolve().is_relative_to(source.resolve()):
            continue
        if folder.resolve() == source.resolve():
            raise CatsightError(f"{folder} holds the sources; name another folder")
        say(
            f"catsight see: warning: {folder} is inside {source}, so a study of {source} would "
            "read the pictures that are written there, too"
        )


def _into(folder: Path, sources: Sequence[Path]) -> list[Job]:
    """The files to make of the ``sources`` in a ``folder``."""
    if folder.exists() and not folder.is_dir():
        raise CatsightError(f"{folder} is a file; name another folder")
    jobs = [Job(path, folder / name) for path, name in zip(sources, _names(sources))]
    made_of: dict[Path, Path] = {}
    for job in jobs:
        if job.target in made_of:
            raise CatsightError(
                f"{made_of[job.target]} and {job.source} would both become {job.target}; "
                "give them to separate commands, with an output folder each"
            )
        made_of[job.target] = job.source
    return jobs


def _found(sources: Sequence[Path]) -> list[Path]:
    """The photographs and clips among the ``sources`` and in their folders."""
    found: list[Path] = []
    for source in sources:
        if not source.exists():
            raise CatsightError(f"{source} is missing")
        if not source.is_dir():
            found.append(source)
            continue
        known = (*PHOTOS, *clip.SUFFIXES)
        inside = sorted(path for path in source.iterdir() if path.suffix.lower() in known)
        if not inside:
            raise CatsightError(f"{source} holds no photo or clip; looked for {', '.join(known)}")
        found += inside
    return list(dict.fromkeys(found))  # a file that is named twice is converted once


def _names(sources: Sequence[Path]) -> list[str]:
    """The name of the file that is made from each source: its own, with the suffix .png or .mp4.

    If two share it (a.jpg and a.png), both keep their suffixes: a.jpg.png and a.png.png. Only
    sources of the same name, in different folders, still share one then.
    """
    suffixes = [".mp4" if is_clip(path) else ".png" for path in sources]
    names = [path.stem + suffix for path, suffix in zip(sources, suffixes)]
    longest = [path.name + suffix for path, suffix in zip(sources, suffixes)]
    while True:  # a longer name may be that of a third file, as of a.jpg.tif
        counts = Counter(names)
        longer = [full if counts[name] > 1 else name for name, full in zip(names, longest)]
        if longer == names:
            return names
        names = longer


def _check_suffix(source: Path, target: Path) -> None:
    """Raises :class:`CatsightError` if ``target`` is not a format that ``source`` can become."""
    kind, formats = ("clip", list(clips.FORMATS)) if is_clip(source) else ("photo", list(PHOTOS))
    if target.suffix.lower() not in formats:
        raise CatsightError(
            f"{target}: a {kind} is written as {', '.join(formats)}; change the output's suffix"
        )


def _identity(path: Path) -> tuple[int, int]:
    """The numbers of a file's device and inode, which are the same for all paths of one file."""
    about = path.stat()
    return about.st_dev, about.st_ino


def is_clip(path: Path) -> bool:
    """Whether the suffix of a file is that of a clip."""
    return path.suffix.lower() in clip.SUFFIXES
