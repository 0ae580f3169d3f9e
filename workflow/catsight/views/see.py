"""``catsight see``: a photo, or a folder of them, as an eye sees it."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from catsight import eyes
from catsight.errors import CatsightError
from catsight.progress import track
from catsight.views import Eye

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="catsight see",
        description="Shows a photo, or every photo of a folder, as an eye sees it.",
        epilog="Example: catsight see photo.jpg -o cat.png --eye cat --fov 40 --luminance 100",
    )
    parser.add_argument("photo", type=Path, help="a photo, or a folder of photos")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the picture (or folder) to write")
    parser.add_argument("--eye", default="cat", help=f"{', '.join(eyes.names())}, or a YAML file (default: cat)")
    parser.add_argument(
        "--fov",
        type=float,
        required=True,
        metavar="DEGREES",
        help="visual angle that the photo's width spans: about 60 for a phone's main camera seen as it was taken, "
        "20 for a page in the hand; the smaller, the more detail the eye can see",
    )
    parser.add_argument("--luminance", type=float, default=100.0, help="adapting luminance, cd/m² (default: 100)")
    parser.add_argument("--defocus", type=float, default=0.0, help="dioptres out of focus (default: 0)")
    parser.add_argument("--beside", action="store_true", help="put the photo itself beside what is seen")
    options = parser.parse_args(arguments)

    eye = Eye.load(options.eye)
    conditions = {"field_of_view": options.fov, "luminance": options.luminance, "defocus": options.defocus}
    if options.photo.is_dir():
        photos = sorted(path for path in options.photo.iterdir() if path.suffix.lower() in _SUFFIXES)
        if not photos:
            raise CatsightError(f"{options.photo} holds no photo; looked for {', '.join(_SUFFIXES)}")
        jobs = [(photo, options.output / f"{photo.stem}.png") for photo in photos]
    else:
        jobs = [(options.photo, options.output)]
    for photo, output in track(jobs, f"see as a {options.eye}", unit="photos"):
        rgb = _read(photo)
        seen = eye.see(rgb, **conditions)
        _write(np.concatenate([rgb, seen], axis=1) if options.beside else seen, output)


def _read(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as picture:
            return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    except FileNotFoundError:
        raise CatsightError(f"{path} is missing") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise CatsightError(f"{path} cannot be read as a picture: {error}") from None


def _write(rgb: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        Image.fromarray(rgb).save(part)
        os.replace(part, path)
    except (OSError, ValueError) as error:
        part.unlink(missing_ok=True)
        raise CatsightError(f"{path} cannot be written: {error}") from None
