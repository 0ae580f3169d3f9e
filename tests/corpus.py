"""Sets catsight's decoding beside that of other programs: ``python tests/corpus.py FOLDER``.

Every picture and clip below a folder is decoded by catsight, and by libvips, ImageMagick or FFmpeg,
whichever the system has. Pictures are compared as upright 8-bit sRGB over mid-grey; clips by the
number and times of their frames, and the pixels of a few. If one program differs, the next is
asked, since a difference from a single program often is its fault. Each file is read in another
process, so the crash of a library is a finding, too.

Exit code: 0 if nothing differs or fails, 1 if something does, 2 if there is nothing to compare.
"""

import argparse
import dataclasses
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image, ImageCms

from catsight.frames.clip import SUFFIXES, stills
from catsight.frames.decode import decode
from catsight.frames.item import Rejected
from catsight.inputs import files
from catsight.run.progress import track

#: How the names of pictures end. Other files are ignored, unless they begin like a picture.
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")
#: The frames of a clip whose pixels are compared.
NUMBERS = (0, 1, 10, 100, 1000)
#: Pictures differ if more than this share of their values is off.
SHARE = 0.001
#: Seconds: times may differ by one (Matroska rounds to a millisecond), a program take the other.
TICK, PATIENCE = 0.0015, 120


class Clip(NamedTuple):
    times: Sequence[float]  # of every frame, in seconds after the first
    pictures: Mapping[int, np.ndarray]  # of some frames, by their numbers


Decoded = np.ndarray | Clip  # a picture is uint8 (h, w, 3)
Decoder = Callable[[Path], Decoded]  # raises any error if it cannot read a file
Programs = tuple[dict[str, Decoder], dict[str, Decoder]]  # for pictures and for clips, by name


@dataclasses.dataclass(frozen=True)
class Finding:
    """What came out for one file."""

    path: str
    verdict: str  #: agrees, differs, rejected, alone (no other reads it), exception, crash, ignored
    cause: str = ""  #: in words
    programs: str = ""  #: the nearest one; of a file that is rejected, those that read it
    mean: float | None = None  #: mean absolute difference of all values, which are 0 to 255
    most: int | None = None  #: the largest difference


def difference(ours: np.ndarray, theirs: np.ndarray, tolerance: int) -> tuple[float, int, str]:
    """Mean and largest difference of two pictures, and in words what is wrong, "" if nothing is."""
    if ours.shape != theirs.shape:
        return 255.0, 255, f"shape {ours.shape} against {theirs.shape}"
    off = np.abs(ours.astype(np.int16) - theirs)
    share = float((off > tolerance).mean())
    wrong = f"{share:.1%} of the values are more than {tolerance} off" if share > SHARE else ""
    return round(float(off.mean()), 3), int(off.max()), wrong


def compare(ours: Decoded, theirs: Decoded, tolerance: int) -> tuple[float, int, str]:
    """As :func:`difference`, of pictures or of clips, whose worst frame counts."""
    if not isinstance(ours, Clip):
        return difference(ours, theirs, tolerance)
    shared = sorted(ours.pictures.keys() & theirs.pictures.keys())
    each = [difference(ours.pictures[n], theirs.pictures[n], tolerance) for n in shared]
    means, most, said = zip(*each)
    wrong = [f"in frame {number}, {what}" for number, what in zip(shared, said) if what]
    if len(ours.times) != len(theirs.times):
        wrong.append(f"{len(ours.times)} frames against {len(theirs.times)}")
    for number, (one, other) in enumerate(zip(ours.times, theirs.times)):
        if abs(one - other) > TICK:
            wrong.append(f"frame {number} is at {one:.3f} s against {other:.3f} s")
            break  # the others are likely late, too
    return max(means), max(most), "; ".join(wrong)


def examine(path: Path, own: Decoder, programs: Programs, tolerance: int) -> Finding:
    """What comes out for a file: ``own`` result against those of the ``programs``."""
    name, others = str(path), programs[path.suffix.lower() in SUFFIXES]
    try:
        ours = own(path)
    except Rejected as problem:
        if problem.reason == "not an image" and path.suffix.lower() not in PICTURES:
            return Finding(name, "ignored", str(problem))
        readers = ", ".join(other for other, read in others.items() if not _attempt(read, path)[1])
        return Finding(name, "rejected", str(problem), readers)
    except Exception as error:  # what this looks for
        return Finding(name, "exception", f"{type(error).__name__}: {error}")
    found, failed = [], []
    for other, read in others.items():
        theirs, problem = _attempt(read, path)
        if theirs is None:
            failed.append(f"{other}: {problem}")
            continue
        mean, most, wrong = compare(ours, theirs, tolerance)
        found.append(Finding(name, "differs" if wrong else "agrees", wrong, other, mean, most))
        if not wrong:
            break
    nearest = min(found, key=lambda one: (one.verdict, one.mean), default=None)
    return nearest or Finding(name, "alone", "; ".join(failed))


def _attempt(read: Decoder, path: Path) -> tuple[Decoded | None, str]:
    """What a program makes of a file, or None and the last line of its complaint."""
    try:
        return read(path), ""
    except Exception as error:  # each program fails in its own way
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        return None, (said or [type(error).__name__])[-1][:200]


# -- programs: each reads the file "in" of a folder of its own, so no name is taken for an option --


def catsight(path: Path, max_pixels: int) -> Decoded:
    """What catsight makes of a picture or clip."""
    if path.suffix.lower() not in SUFFIXES:
        return decode(path, max_pixels)
    times, pictures = [], {}
    for still in stills(path, every=1, max_pixels=max_pixels):
        times.append(still.seconds)
        if still.number in NUMBERS:
            pictures[still.number] = still.rgb
    return Clip(times, pictures)


def vips(folder: Path) -> np.ndarray:
    """A picture by libvips."""
    has_profile = "icc-profile-data" in _run("vipsheader -a in", folder)
    colours = "--export-profile srgb --intent perceptual " * has_profile  # would tint others
    _run(f"vipsthumbnail in --size 1000000x1000000> {colours}-o out.png", folder)
    return _opaque(folder / "out.png")


def magick(folder: Path) -> np.ndarray:
    """A picture by ImageMagick."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    (folder / "srgb.icc").write_bytes(srgb.tobytes())
    version_7 = "magick " * bool(shutil.which("magick"))
    has_profile = _run(f"{version_7}identify -format %[profile:icc] in[0]", folder).strip()
    colours = "-intent Perceptual -profile srgb.icc" if has_profile else "-colorspace sRGB"
    options = f"-auto-orient {colours} +repage -strip -depth 8"
    _run(f"{version_7}convert in[0] {options} PNG32:out.png", folder)
    return _opaque(folder / "out.png")


def ffmpeg(colours: str, folder: Path) -> Clip:
    """A clip by FFmpeg, with more options of its filter "scale"."""
    every = "-an -autoscale 0 -fps_mode passthrough -enc_time_base -1"
    wanted = "+".join(f"eq(n\\,{number})" for number in NUMBERS)
    exact = f"scale=flags=bicubic+accurate_rnd+full_chroma_int{colours},format=rgba"
    square = "scale=round(iw*max(1\\,sar)):round(ih*max(1\\,1/sar)):param0=0:param1=0.5"
    pictures = f"-vf select={wanted},{exact},{square} -pix_fmt rgba {every} %d.png"
    _run(
        f"ffmpeg -v error -nostdin -copyts -i in {every} -f framecrc times {pictures}",
        folder,
    )
    written = (folder / "times").read_text()
    if not (folder / "1.png").exists():
        raise ValueError("no frame")
    tick = Fraction(re.search(r"#tb 0: (.*)", written)[1])
    stamps = [int(stamp) for stamp in re.findall(r"^0, +\S+, +(\S+),", written, re.M)]
    seconds = [float((stamp - stamps[0]) * tick) for stamp in stamps]
    found = {number: folder / f"{at}.png" for at, number in enumerate(NUMBERS, 1)}
    return Clip(seconds, {n: _opaque(path) for n, path in found.items() if path.exists()})


def programs() -> Programs:
    """The programs that the system has."""
    pictures, clips = {}, {}
    if shutil.which("vipsthumbnail"):
        pictures["libvips"] = partial(_inside, vips)
    if shutil.which("magick") or shutil.which("identify"):
        pictures["ImageMagick"] = partial(_inside, magick)
    if shutil.which("ffmpeg"):  # before 8, it knows neither where chroma lies nor BT.709 for HD
        for colours in ("", ":in_h_chr_pos=0", ":in_h_chr_pos=0:in_color_matrix=bt709"):
            clips[f"FFmpeg{colours}"] = partial(_inside, partial(ffmpeg, colours))
    return pictures, clips


def _inside(read: Callable[[Path], Decoded], path: Path) -> Decoded:
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        (Path(folder) / "in").symlink_to(path.absolute())
        return read(Path(folder))


def _run(command: str, folder: Path) -> str:
    return subprocess.run(
        command.split(), cwd=folder, check=True, capture_output=True, text=True, timeout=PATIENCE
    ).stdout


def _opaque(path: Path) -> np.ndarray:
    """A PNG file's picture over mid-grey, uint8 (h, w, 3)."""
    with Image.open(path) as picture:
        rgba = np.asarray(picture.convert("RGBA")).astype(float)
    opacity = rgba[..., 3:] / 255
    return np.rint(rgba[..., :3] * opacity + 128 * (1 - opacity)).astype(np.uint8)


# -- many files ------------------------------------------------------------------------------------


def findings(paths: Sequence[Path], about: Callable[[Path], Finding]) -> Iterator[Finding]:
    """``about`` each file, in another process, which a library may crash."""
    pool = ProcessPoolExecutor(1)
    for path in paths:
        try:
            yield pool.submit(about, path).result()
        except BrokenProcessPool:
            yield Finding(str(path), "crash", "the process died")
            pool = ProcessPoolExecutor(1)


def summary(found: Sequence[Finding]) -> Iterator[str]:
    """Lines: what differs and fails, the causes of rejections with their numbers, and all counts."""
    causes: Counter[str] = Counter()
    for one in found:
        if one.verdict == "rejected":  # numbers and names in it differ from file to file
            cause = re.sub(r"\d[\d,.]*|'.*?'", "…", one.cause)
            causes[cause + (f" [{one.programs} can]" if one.programs else "")] += 1
        elif one.verdict not in ("agrees", "ignored"):
            off = "" if one.mean is None else f" (mean {one.mean:.2f}, at most {one.most})"
            yield f"{one.verdict}: {one.path}: {one.programs} {one.cause}{off}"
    yield from (f"rejected: {count} × {cause}" for cause, count in causes.most_common())
    counts = Counter(one.verdict for one in found)
    yield f"{len(found)} files: " + ", ".join(f"{n} {what}" for what, n in counts.most_common())


def main() -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="a folder, with all folders below it, or a file")
    parser.add_argument("-o", "--output", type=Path, help="a .csv or .json file for all findings")
    parser.add_argument("--tolerance", type=int, default=3, help="levels of 255 (3)")
    parser.add_argument("--max-pixels", type=int, default=10**8, help="as in a study (100 million)")
    options = parser.parse_args()
    root, names = files.below(options.path)
    known = programs()
    if not names or not any(known):
        parser.error("no files" if not names else "install libvips-tools, imagemagick or ffmpeg")
    own = partial(catsight, max_pixels=options.max_pixels)
    about = partial(examine, own=own, programs=known, tolerance=options.tolerance)
    paths = [Path(root, name) for name in names]
    found = list(track(findings(paths, about), "corpus", len(names), "files"))
    if options.output:
        table = pd.DataFrame(found)
        if options.output.suffix == ".json":
            table.to_json(options.output, orient="records", indent=1, force_ascii=False)
        else:
            table.to_csv(options.output, index=False)
    print("\n".join(summary(found)))
    return int(any(one.verdict in ("differs", "exception", "crash") for one in found))


if __name__ == "__main__":
    sys.exit(main())
