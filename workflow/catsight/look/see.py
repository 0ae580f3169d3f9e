"""``catsight see``: photographs and clips as an eye sees them."""

import argparse
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from catsight.errors import CatsightError, say, tell
from catsight.frames.clip import Past, same_size
from catsight.frames.decode import decode
from catsight.frames.item import Rejected
from catsight.inputs import eyes
from catsight.inputs.files import appearing
from catsight.inputs.viewing import DISPLAYS, noise_seed
from catsight.look import clips
from catsight.look.outputs import PHOTOS, Job, is_clip, plan
from catsight.run.progress import Progress
from catsight.views import Eye
from catsight.views.conditions import RANGES

#: Option -> the viewing condition that it states, a key of :data:`RANGES`.
_CONDITIONS = {"fov": "field_of_view", "luminance": "luminance", "defocus": "defocus"}
#: Degrees. A smaller field of view is probably a mistake.
_SMALL_FIELD = 1.0

_EXAMPLES = """examples:
  catsight see photo.jpg -o cat.png --fov 40
  catsight see a.jpg b.jpg -o seen/ --fov 40
  catsight see photos/ -o seen/ --fov 40 --eye human --luminance 0.1 --beside
  catsight see clip.mov -o cat.mp4 --fov 60 --luminance 0.01 --noise 1
"""

#: A function from a picture, uint8 sRGB (h, w, 3), and its time in a clip in seconds, to another of
#: the same height.
_See = Callable[[np.ndarray, float], np.ndarray]
#: Seconds of a clip that an eye's response over time reaches back; in moonlight (0.01 cd/m²) 0.06 %
#: of a cat's is older.
_PAST = 0.5


def main(arguments: Sequence[str]) -> None:
    options = _parser().parse_args(arguments)
    _check(options)
    eye = Eye.load(options.eye)
    conditions = {
        "field_of_view": options.fov,
        "luminance": options.luminance,
        "defocus": options.defocus,
        "eccentricity": options.eccentricity,
        "perspective": options.perspective,
        "display": options.display,
    }
    if options.fov < _SMALL_FIELD:
        say(
            f"catsight see: warning: --fov is {options.fov:g}, so each picture spans only "
            f"{options.fov:g}° of the visual field; a phone's photo spans about 60"
        )
    jobs = plan(options.source, options.output)

    def write(job: Job) -> None:
        setting = False if options.no_noise else options.noise
        seed = noise_seed(setting, options.luminance)
        see = _viewer(eye, job.source, conditions, seed, options.beside)
        _write(job, see)

    failed = _write_all(jobs, write, f"see as the {Path(options.eye).stem}")
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
    noise = parser.add_mutually_exclusive_group()
    noise.add_argument(
        "--noise",
        type=int,
        metavar="SEED",
        help="add photon noise, drawn with SEED (default: below 1 cd/m², with seed 0)",
    )
    noise.add_argument("--no-noise", action="store_true", help="never add photon noise")
    parser.add_argument(
        "--eccentricity", action="store_true", help="let acuity fall off away from the middle"
    )
    parser.add_argument(
        "--perspective",
        action="store_true",
        help="take pictures for whole photographs of a camera with that field of view: pixels then "
        "become degrees exactly (without it they are off by up to 21 %% at 60 degrees)",
    )
    parser.add_argument(
        "--display",
        choices=list(DISPLAYS),
        default="auto",
        metavar="COLOURS",
        help=f"the colours that show what two kinds of cones tell apart: {', '.join(DISPLAYS)} "
        "(default: auto, the pair that they tell apart best)",
    )


def _check(options: argparse.Namespace) -> None:
    """Raises :class:`CatsightError` for conditions that no eye can be under, by option."""
    for option, name in _CONDITIONS.items():
        (unit, low, high), value = RANGES[name], getattr(options, option)
        if not low <= value <= high:  # NaN fails both comparisons
            raise CatsightError(
                f"--{option} is {value:g}; it must be a number from {low:g} to {high:g} {unit}"
            )
    if options.noise is not None and options.noise < 0:
        raise CatsightError(f"--noise is {options.noise}; a seed is a whole number from 0")


def _viewer(
    eye: Eye, source: Path, conditions: dict[str, Any], seed: float | None, beside: bool
) -> _See:
    """A function from each picture of ``source``, called in order, to the picture as seen.

    With a ``seed`` there is photon noise: different in every file and frame, the same in every run.
    """
    numbers = count(1)
    before: Past[np.ndarray] = Past(_PAST)

    def see(rgb: np.ndarray, time: float) -> np.ndarray:
        noise = None if seed is None else [int(seed), next(numbers), *source.name.encode()]
        past = same_size(before.of(Fraction(time)), rgb)
        before.add(Fraction(time), rgb)
        seen = eye.see(rgb, noise=noise, past=past, **conditions)
        return np.concatenate([rgb, seen], axis=1) if beside else seen

    return see


def _write_all(jobs: Sequence[Job], write: Callable[[Job], None], what: str) -> list[str]:
    """Writes all files, with a bar, and returns the errors of those that failed.

    Raises the error if it is that of the only file. A single clip shows a bar of its own, frame by
    frame.
    """
    if len(jobs) == 1 and is_clip(jobs[0].source):
        write(jobs[0])
        return []
    failed = []
    with Progress(what, len(jobs), "files") as progress:
        for job in jobs:
            try:
                write(job)
                progress.advance()
            except CatsightError as error:
                if len(jobs) == 1:
                    raise
                failed.append(str(error))  # continue with the other files
    return failed


def _write(job: Job, see: _See) -> None:
    """Writes a source as the eye sees it, completely or not at all."""
    if is_clip(job.source):
        clips.change(job.source, job.target, see)
        return
    try:
        seen = see(decode(job.source, clips.MAX_PIXELS), 0.0)
    except Rejected as problem:
        raise CatsightError(f"{job.source} cannot be read as a photo: {problem.detail}") from None
    try:
        with appearing(job.target) as part:
            Image.fromarray(seen).save(part, format=PHOTOS[job.target.suffix.lower()])
    except ValueError as error:  # such as a picture too large for its format
        raise CatsightError(f"{job.target} cannot be written: {error}") from None


def _report(jobs: Sequence[Job], failed: Sequence[str]) -> None:
    """Prints where the files are; raises :class:`CatsightError` if some are missing."""
    folder = jobs[0].target.parent
    if failed:
        head = f"{len(failed)} of {len(jobs)} files failed; the others are in {folder}"
        raise CatsightError("\n  ".join([head, *failed]))
    tell(
        f"written: {jobs[0].target}"
        if len(jobs) == 1
        else f"written: {len(jobs)} files in {folder}"
    )
