"""``catsight see``: photographs and clips as an eye sees them."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from catsight.errors import CatsightError
from catsight.frames import clip
from catsight.frames.decode import decode
from catsight.frames.item import Rejected
from catsight.inputs import eyes
from catsight.inputs.files import appearing
from catsight.look import clips
from catsight.run.progress import track
from catsight.views import Eye

#: Suffix -> Pillow's format of the photographs that are read and written.
_PHOTOS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
#: Degrees. A smaller field of view is probably a mistake.
_SMALL_FIELD = 1.0

_EXAMPLES = """examples:
  catsight see photo.jpg -o cat.png --fov 40
  catsight see a.jpg b.jpg -o seen/ --fov 40
  catsight see photos/ -o seen/ --fov 40 --eye human --luminance 0.1 --beside
  catsight see clip.mov -o cat.mp4 --fov 60 --luminance 0.01 --noise 1
"""

#: A function from a picture, uint8 sRGB (h, w, 3), to another of the same height.
_See = Callable[[np.ndarray], np.ndarray]


class _Job(NamedTuple):
    """A photograph or clip, and the file that is made from it."""

    source: Path
    target: Path


def main(arguments: Sequence[str]) -> None:
    options = _parser().parse_args(arguments)
    if options.noise is not None and options.noise < 0:
        raise CatsightError(f"--noise is {options.noise}; a seed is a whole number from 0")
    eye = Eye.load(options.eye)
    conditions = {
        "field_of_view": options.fov,
        "luminance": options.luminance,
        "defocus": options.defocus,
        "eccentricity": options.eccentricity,
    }
    eye.see(np.zeros((1, 1, 3), np.uint8), **conditions)  # checks the conditions
    if options.fov < _SMALL_FIELD:
        print(
            f"catsight see: warning: --fov is {options.fov:g}, so each picture spans only "
            f"{options.fov:g}° of the visual field; a phone's photo spans about 60",
            file=sys.stderr,
        )
    jobs = _jobs(options.source, options.output)
    failed = []
    for job in _tracked(jobs, f"see as the {Path(options.eye).stem}"):
        see = _viewer(eye, job.source, conditions, options.noise, options.beside)
        try:
            _write(job, see)
        except CatsightError as error:  # continue with the other files
            failed.append(str(error))
    _report(jobs, failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="catsight see",
        description="Shows photographs and video clips as an eye sees them.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source",
        type=Path,
        nargs="+",
        help="photographs (JPEG, PNG, WebP, TIFF), clips (mp4, mov, mkv, webm, avi, gif and "
        "others), or folders of them",
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        help="the picture to write (.png, .jpg, .webp, .tif), or clip (.mp4, .mov, .mkv, .webm; "
        "without sound); or a folder, for several",
    )
    parser.add_argument(
        "--eye", default="cat", help=f"{', '.join(eyes.names())}, or a YAML file (default: cat)"
    )
    _add_conditions(parser)
    parser.add_argument(
        "--beside", action="store_true", help="put the original to the left of what the eye sees"
    )
    return parser


def _add_conditions(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the conditions under which an eye sees."""
    parser.add_argument(
        "--fov",
        type=float,
        required=True,
        metavar="DEGREES",
        help="field of view: the visual angle that a picture's width spans. About 60 for a phone's "
        "main camera, 20 for a page in the hand. The smaller, the more detail the eye resolves",
    )
    parser.add_argument(
        "--luminance",
        type=float,
        default=100.0,
        metavar="CD/M2",
        help="luminance that the eye is adapted to, cd/m² (default: 100, a bright room; dusk is "
        "about 1, moonlight 0.01)",
    )
    parser.add_argument(
        "--defocus",
        type=float,
        default=0.0,
        metavar="DIOPTRES",
        help="how far the picture is out of focus (default: 0)",
    )
    parser.add_argument(
        "--noise",
        type=int,
        metavar="SEED",
        help="add photon noise, as in dim light, drawn with SEED",
    )
    parser.add_argument(
        "--eccentricity", action="store_true", help="let acuity fall off away from the middle"
    )


def _viewer(
    eye: Eye, source: Path, conditions: dict[str, Any], seed: int | None, beside: bool
) -> _See:
    """A function from each picture of ``source``, called in order, to the picture as seen.

    With a ``seed`` there is photon noise: different in every file and frame, the same in every run.
    """
    numbers = count(1)

    def see(rgb: np.ndarray) -> np.ndarray:
        noise = None if seed is None else [seed, next(numbers), *source.name.encode()]
        seen = eye.see(rgb, noise=noise, **conditions)
        return np.concatenate([rgb, seen], axis=1) if beside else seen

    return see


def _jobs(sources: Sequence[Path], output: str) -> list[_Job]:
    """The files to make, one for each photograph or clip. Raises :class:`CatsightError`, before any
    work, if a source is missing or ``output`` does not suit them.
    """
    found = _found(sources)
    target = Path(output)
    several = len(sources) > 1 or sources[0].is_dir()
    if target.is_dir() or output.endswith(os.sep) or not target.suffix:
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
        jobs = [_Job(found[0], target)]
    identities = {_identity(path) for path in found}
    for job in jobs:
        if job.target.exists() and _identity(job.target) in identities:
            raise CatsightError(
                f"{job.target} is a source and would be overwritten; name another output"
            )
    return jobs


def _into(folder: Path, sources: Sequence[Path]) -> list[_Job]:
    """The files to make of the ``sources`` in a ``folder``."""
    if folder.exists() and not folder.is_dir():
        raise CatsightError(f"{folder} is a file; name another folder")
    jobs = [_Job(path, folder / name) for path, name in zip(sources, _names(sources))]
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
        known = (*_PHOTOS, *clip.SUFFIXES)
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
    suffixes = [".mp4" if _is_clip(path) else ".png" for path in sources]
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
    kind, formats = ("clip", list(clips.FORMATS)) if _is_clip(source) else ("photo", list(_PHOTOS))
    if target.suffix.lower() not in formats:
        raise CatsightError(
            f"{target}: a {kind} is written as {', '.join(formats)}; change the output's suffix"
        )


def _identity(path: Path) -> tuple[int, int]:
    """The numbers of a file's device and inode, which are the same for all paths of one file."""
    about = path.stat()
    return about.st_dev, about.st_ino


def _is_clip(path: Path) -> bool:
    return path.suffix.lower() in clip.SUFFIXES


def _tracked(jobs: Sequence[_Job], what: str) -> Iterable[_Job]:
    """The jobs, with a bar; a single clip shows its own, frame by frame."""
    if len(jobs) == 1 and _is_clip(jobs[0].source):
        return jobs
    return track(jobs, what, unit="files")


def _write(job: _Job, see: _See) -> None:
    """Writes a source as the eye sees it, completely or not at all."""
    if _is_clip(job.source):
        clips.change(job.source, job.target, see)
        return
    try:
        seen = see(decode(job.source, clips.MAX_PIXELS))
    except Rejected as problem:
        raise CatsightError(f"{job.source} cannot be read as a photo: {problem.detail}") from None
    try:
        with appearing(job.target) as part:
            Image.fromarray(seen).save(part, format=_PHOTOS[job.target.suffix.lower()])
    except ValueError as error:  # such as a picture too large for its format
        raise CatsightError(f"{job.target} cannot be written: {error}") from None


def _report(jobs: Sequence[_Job], failed: Sequence[str]) -> None:
    """Prints where the files are; raises :class:`CatsightError` if some are missing."""
    folder = jobs[0].target.parent
    if len(jobs) == 1 and failed:
        raise CatsightError(failed[0])
    if failed:
        head = f"{len(failed)} of {len(jobs)} files failed; the others are in {folder}"
        raise CatsightError("\n  ".join([head, *failed]))
    print(
        f"written: {jobs[0].target}"
        if len(jobs) == 1
        else f"written: {len(jobs)} files in {folder}"
    )
