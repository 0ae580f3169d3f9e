"""Sets catsight's decoding beside that of other programs: ``python tests/corpus.py FOLDER``.

Every picture and clip below a folder is decoded by catsight, and by libvips, ImageMagick or FFmpeg,
whichever the system has. Pictures are compared as upright 8-bit sRGB over mid-grey; clips by the
number and times of their frames, and the pixels of a few. If one program differs, the next is
asked, since a difference from a single program often is its fault. Each file is read in another
process, so the crash of a library is a finding, too.

Exit code: 0 if nothing differs or fails, 1 if something does, 2 if there is nothing to compare.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from catsight.frames.clip import SUFFIXES, stills
from catsight.frames.decode import decode
from catsight.frames.item import Rejected
from catsight.inputs import files
from catsight.run.progress import track
from support.decoders import NUMBERS, Clip, Decoded, Decoder, Programs, programs

#: How the names of pictures end. Other files are ignored, unless they begin like a picture.
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")
#: Pictures differ if more than this share of their values is off.
SHARE = 0.001
#: Seconds by which times may differ: Matroska rounds to a millisecond.
TICK = 0.0015


class Finding(NamedTuple):
    """What came out for one file."""

    path: str
    verdict: str  #: agrees, differs, rejected, alone (no other reads it), exception, crash, ignored
    cause: str = ""  #: in words
    program: str = ""  #: the nearest; of a file that is rejected, one that reads it
    mean: float | None = None  #: absolute difference of values, which are 0 to 255
    most: int | None = None


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


def examine(path: Path, own: Decoder, known: Programs, tolerance: int) -> Finding:
    """What comes out for a file: ``own`` result against those of the ``known`` programs."""
    name, others = str(path), known[path.suffix.lower() in SUFFIXES]
    try:
        ours = own(path)
    except Rejected as problem:
        if problem.reason == "not an image" and path.suffix.lower() not in PICTURES:
            return Finding(name, "ignored", str(problem))
        readers = (other for other, read in others.items() if _attempt(read, path) is not None)
        return Finding(name, "rejected", str(problem), next(readers, ""))
    except Exception as error:  # what this looks for
        return Finding(name, "exception", f"{type(error).__name__}: {error}")
    found = Finding(name, "alone")
    for other, read in others.items():
        if (theirs := _attempt(read, path)) is None:
            continue
        mean, most, wrong = compare(ours, theirs, tolerance)
        if not wrong:
            return Finding(name, "agrees", wrong, other, mean, most)
        if found.mean is None or mean < found.mean:
            found = Finding(name, "differs", wrong, other, mean, most)
    return found


def _attempt(read: Decoder, path: Path) -> Decoded | None:
    """What a program makes of a file; None if it fails, as each does in its own way."""
    try:
        return read(path)
    except Exception:
        return None


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
            causes[cause + (f" [{one.program} can]" if one.program else "")] += 1
        elif one.verdict not in ("agrees", "ignored"):
            off = "" if one.mean is None else f" (mean {one.mean:.2f}, at most {one.most})"
            yield f"{one.verdict}: {one.path}: {one.program} {one.cause}{off}"
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
    if not options.path.exists():
        parser.error(f"{options.path} does not exist")
    root, names = files.below(options.path)
    known = programs()
    if not names or not any(known):
        parser.error("no files" if not names else "install libvips-tools, imagemagick or ffmpeg")
    own = partial(catsight, max_pixels=options.max_pixels)
    about = partial(examine, own=own, known=known, tolerance=options.tolerance)
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
