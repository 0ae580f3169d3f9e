"""``catsight see``: a photo, a clip, or a folder of them, as an eye sees it."""

import argparse
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from catsight.errors import CatsightError
from catsight.frames import clip
from catsight.frames.decode import Rejected, decode
from catsight.inputs import eyes
from catsight.look import clips
from catsight.run.progress import track
from catsight.views import Eye

_PHOTOS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")
#: Pixels of the largest photo that is read.
_MOST = 200_000_000

_EXAMPLES = """examples:
  catsight see photo.jpg -o cat.png --fov 40
  catsight see photos/ -o seen/ --fov 40 --eye human --luminance 0.1 --beside
  catsight see clip.mov -o cat.mp4 --fov 60 --luminance 0.01 --noise 1
"""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="catsight see",
        description="Shows a photo, a video clip, or all of a folder, as an eye sees it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = "a photo (JPEG, PNG, WebP, TIFF), a clip (mp4, mov, mkv, webm, avi, gif and others), or a folder of them"
    parser.add_argument("source", type=Path, help=kinds)
    kinds = "what to write: a picture, a clip (mp4, mov, mkv, webm; without sound), or a folder"
    parser.add_argument("-o", "--output", type=Path, required=True, help=kinds)
    parser.add_argument(
        "--eye", default="cat", help=f"{', '.join(eyes.names())}, or a YAML file (default: cat)"
    )
    parser.add_argument(
        "--fov",
        type=float,
        required=True,
        metavar="DEGREES",
        help="visual angle that the width spans: about 60 for a phone's main camera seen as it was taken, "
        "20 for a page in the hand; the smaller, the more detail the eye can see",
    )
    parser.add_argument(
        "--luminance", type=float, default=100.0, help="adapting luminance, cd/m² (default: 100)"
    )
    parser.add_argument(
        "--defocus", type=float, default=0.0, help="dioptres out of focus (default: 0)"
    )
    parser.add_argument(
        "--noise",
        type=int,
        metavar="SEED",
        help="count light in whole quanta: photon noise, in the dark",
    )
    parser.add_argument(
        "--eccentricity", action="store_true", help="let acuity fall off away from the middle"
    )
    parser.add_argument(
        "--beside", action="store_true", help="put the photo itself beside what is seen"
    )
    options = parser.parse_args(arguments)
    if options.noise is not None and options.noise < 0:
        raise CatsightError(f"--noise is {options.noise}; a seed is a whole number from 0")

    eye = Eye.load(options.eye)
    conditions = {
        "field_of_view": options.fov,
        "luminance": options.luminance,
        "defocus": options.defocus,
    }
    conditions["eccentricity"] = options.eccentricity
    eye.see(
        np.zeros((1, 1, 3), np.uint8), **conditions
    )  # what is absurd is said before the work begins
    jobs = _jobs(options.source, options.output)
    # a clip shows its own progress, frame by frame
    listed = (
        jobs
        if len(jobs) == 1 and _is_clip(jobs[0][0])
        else track(jobs, f"see as a {options.eye}", unit="files")
    )
    failed = []
    for source, target in listed:
        # noise of its own for every file and frame, the same on every run
        count = 0

        def see(rgb: np.ndarray, source=source) -> np.ndarray:
            nonlocal count
            count += 1
            noise = None if options.noise is None else [options.noise, count, *source.name.encode()]
            seen = eye.see(rgb, noise=noise, **conditions)
            return np.concatenate([rgb, seen], axis=1) if options.beside else seen

        try:
            _write(source, target, see)
        except CatsightError as error:
            failed.append(str(error))  # the others of a folder are seen all the same
    if failed:
        head = (
            []
            if len(jobs) == 1
            else [f"{len(failed)} of {len(jobs)} files failed; the others are in {options.output}"]
        )
        raise CatsightError("\n  ".join(head + failed))


def _jobs(source: Path, output: Path) -> list[tuple[Path, Path]]:
    """What is to be made of what."""
    if not source.exists():
        raise CatsightError(f"{source} is missing")
    if not source.is_dir():
        jobs = [(source, output)]
    else:
        sources = sorted(
            path for path in source.iterdir() if path.suffix.lower() in _PHOTOS + clip.SUFFIXES
        )
        if not sources:
            raise CatsightError(
                f"{source} holds no photo or clip; looked for {', '.join(_PHOTOS + clip.SUFFIXES)}"
            )
        jobs = [(path, output / name) for path, name in zip(sources, _names(sources))]
    for path, target in jobs:
        if target.exists() and target.samefile(path):
            raise CatsightError(f"{target} would be written over itself; name another output")
    return jobs


def _names(sources: list[Path]) -> list[str]:
    """What is made of each source is called as it is; but of a.jpg and a.png become a.jpg.png and
    a.png.png.
    """
    kinds = [".mp4" if _is_clip(path) else ".png" for path in sources]
    names = [path.stem + kind for path, kind in zip(sources, kinds)]
    while len(set(names)) < len(names):  # again, for there may be an a.jpg.tif
        counts = Counter(names)
        names = [
            path.name + kind if counts[name] > 1 else name
            for path, kind, name in zip(sources, kinds, names)
        ]
    return names


def _is_clip(path: Path) -> bool:
    return path.suffix.lower() in clip.SUFFIXES


def _write(source: Path, target: Path, see: Callable[[np.ndarray], np.ndarray]) -> None:
    """Writes what is seen of ``source``, whole or not at all."""
    part = target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if _is_clip(source):
            clips.change(source, part, see)
        else:
            Image.fromarray(see(decode(source, _MOST))).save(part)
        os.replace(part, target)
    except Rejected as problem:
        raise CatsightError(f"{source} cannot be read as a photo: {problem.detail}") from None
    except (OSError, ValueError) as error:
        raise CatsightError(f"{target} cannot be written: {error}") from None
    finally:
        part.unlink(missing_ok=True)
