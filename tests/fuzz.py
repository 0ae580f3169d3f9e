"""Feeds damaged files to catsight: ``python tests/fuzz.py --minutes 60 --seed 7``.

Small sound files of every kind that catsight reads (``tests/support/small_files.py``) are changed at
random, always the same for one seed: bits, ends, pieces, numbers, and above all the sizes that they
state. Each goes through the doors that a user's file goes through, in another process, whose memory
and processor time are limited. catsight may use a file, reject it, or raise a CatsightError; any
other exception, a crash, or a want of memory or time is a finding, and the file is kept. Linux only.

Exit code: 0 if there are no findings, 1 if there are.
"""

import argparse
import json
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache, partial
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests")]

from catsight import CatsightError  # noqa: E402
from support import small_files  # noqa: E402
from support.job_of_frames import Job  # noqa: E402

#: What one file may take, beyond what catsight takes with sound ones.
BYTES, SECONDS = 1_500_000_000, 30
#: A study's default.
MAX_PIXELS = 10**8
#: The longest file, and the number that a process reads before another takes over.
LONGEST, A_PROCESS = 1 << 20, 200
#: What decoders say when memory ends, which would pass for damage; but not what FFmpeg says of a
#: table of an MP4 that is larger than it allows.
MEMORY = re.compile(r"(?<!format cannot be read \(Cannot allocate )memory|alloc(?!ate memory)", re.I)

# -- changes ---------------------------------------------------------------------------------------


def _place(data: bytearray, draw: random.Random) -> int:
    """A place in the file, often near an end, where most formats say what they hold."""
    first, last = draw.choice(((0, len(data)), (0, 256), (len(data) - 1024, len(data))))
    return draw.randrange(max(0, first), min(last, len(data)))


def bits(data: bytearray, draw: random.Random) -> None:
    """Bits are flipped."""
    for _ in range(draw.choice((1, 1, 2, 8))):
        data[_place(data, draw)] ^= 1 << draw.randrange(8)


def end(data: bytearray, draw: random.Random) -> None:
    """The end is missing."""
    del data[_place(data, draw) :]


def piece(data: bytearray, draw: random.Random) -> None:
    """A piece of the file replaces another, or is put in, once or often."""
    start = draw.randrange(len(data))
    part = data[start : start + 1 + int(draw.paretovariate(0.3)) % 4096]
    at = _place(data, draw)
    times = draw.choice((1, 1, 2, 1000))
    data[at : at + draw.choice((0, len(part)))] = (part * times)[: LONGEST - len(data)]


def _number(draw: random.Random, bits_: int) -> int:
    """A number of so many bits at which code goes wrong."""
    power = 1 << draw.randrange(bits_)
    return draw.choice((0, 1, power - 1, power, power + 1, (1 << bits_) - 1)) & ((1 << bits_) - 1)


def number(data: bytearray, draw: random.Random) -> None:
    """A number stands where any bytes stood."""
    size, order, at = draw.choice((1, 2, 4, 8)), draw.choice(("little", "big")), _place(data, draw)
    data[at : at + size] = _number(draw, 8 * size).to_bytes(size, order)


def stated(data: bytearray, draw: random.Random) -> None:
    """The file states another size: of the picture, of its tiles, of the file or of a part."""
    sides = (small_files.HEIGHT, small_files.WIDTH, small_files.TILE)
    known = [one + less for side in sides for one in (side, 2 * side) for less in (0, -1)]
    places = []
    for size in (1, 2, 4, 8):
        for value in (*known, len(data), max(0, len(data) - 8)):
            for order in ("little", "big") if value < 1 << 8 * size else ():
                coded = value.to_bytes(size, order)
                places += [(m.start(), size, order) for m in re.finditer(re.escape(coded), data[:65536])]
    for at, size, order in draw.sample(places, min(len(places), draw.choice((1, 1, 2, 4)))):
        data[at : at + size] = _number(draw, 8 * size).to_bytes(size, order)


def digits(data: bytearray, draw: random.Random) -> None:
    """A number in words is another."""
    found = [m.span() for m in re.finditer(rb"\d+", data[:65536])]
    if found:
        start, stop = draw.choice(found)
        data[start:stop] = str(draw.choice((-1, 1)) * _number(draw, 70)).encode()


def varint(data: bytearray, draw: random.Random) -> None:
    """A number of variable length, as in the footer of Parquet, is another."""
    value, coded = _number(draw, 63), bytearray()
    while value > 127:
        coded.append(value & 127 | 128)
        value >>= 7
    at = _place(data, draw)
    data[at : at + 1] = [*coded, value]


def words(data: bytearray, draw: random.Random) -> None:
    """Signs of YAML and JSON stand somewhere."""
    at = _place(data, draw)
    data[at : at + draw.choice((0, 1))] = draw.choice(_WORDS) * draw.choice((1, 1, 1, 3, 10_000))


_WORDS = (b"&a ", b"*a", b"<<: *a\n", b"[", b"{", b"- ", b'"', b"? ", b"!!set ", b".nan", b"\n", b"\\u0000", b"\xc2\x85")
CHANGES = (bits, end, piece, number, stated, stated, digits, varint)
OF_TEXTS = (end, piece, digits, words, words)


def changed(kind: str, number: int, seed: int) -> bytes:
    """The file with this ``number`` of a kind: always the same for one ``seed``."""
    draw = random.Random(f"{seed} {kind} {number}")
    data = bytearray(draw.choice(sound(kind)))
    whole = slice(0, len(data))
    place = _index(kind, data) if draw.random() < 0.5 else whole
    part = data[place]
    for _ in range(draw.choice((1, 1, 2, 3))):
        if part:
            draw.choice(OF_TEXTS if kind in TEXTS or place != whole and draw.random() < 0.5 else CHANGES)(part, draw)
    data[place] = part
    if place != whole:
        _restate(kind, data, len(part))
    if kind in ("png", "apng") and draw.random() < 0.7:
        _check(data)
    return bytes(data) or b"x"  # the empty file is a case of its own


TEXTS = ("eye", "study")


@cache
def sound(kind: str) -> list[bytes]:
    return small_files.KINDS[kind]()


def _index(kind: str, data: bytearray) -> slice:
    """The part of a file that says what it holds, if the part's own length stands beside it."""
    if kind in ("parquet", "pairs"):
        return slice(len(data) - 8 - int.from_bytes(data[-8:-4], "little"), len(data) - 8)
    if kind == "safetensors":
        return slice(8, 8 + int.from_bytes(data[:8], "little"))
    if kind == "depth":
        return slice(10, 10 + int.from_bytes(data[8:10], "little"))
    return slice(0, len(data))


def _restate(kind: str, data: bytearray, length: int) -> None:
    """States the new length of the index: without it, all would fail for that alone."""
    if kind in ("parquet", "pairs"):
        data[-8:-4] = struct.pack("<I", length)
    elif kind == "safetensors":
        data[:8] = struct.pack("<Q", length)
    else:
        data[8:10] = struct.pack("<H", length & 65535)


def _check(data: bytearray) -> None:
    """Puts the right checksums into a PNG."""
    place = 8
    while place + 12 <= len(data):
        stop = place + 8 + int.from_bytes(data[place : place + 4])
        data[stop : stop + 4] = struct.pack(">I", zlib.crc32(data[place + 4 : stop]))
        place = stop + 4


# -- doors -----------------------------------------------------------------------------------------


def _frames(job: Job, source: dict) -> str:
    """What ``catsight frames`` does with the files of a source: the reason of a rejection, or ""."""
    try:
        job(source=source, max_pixels=MAX_PIXELS)
    finally:
        shutil.rmtree(job.root / "store", ignore_errors=True)
    return "; ".join(f"{reason}: {detail}" for reason, detail in job.left_out.values())


def _folder(suffix: str, root: Path, data: bytes) -> str:
    job = Job(root)
    job.add(f"one{suffix}", data)
    return _frames(job, {"source": "folder", "path": str(job.folder), "group_by": "file"})


def _depth(root: Path, data: bytes) -> str:
    job = Job(root)
    job.add("one.png", small_files.picture())
    job.add("one.depth.npy", data)
    return _frames(job, {"source": "folder", "path": str(job.folder), "group_by": "file"})


def _video(suffix: str, root: Path, data: bytes) -> str:
    job = Job(root)
    job.add(f"one{suffix}", data)
    about = {"every": 2, "seconds": None, "scenes": None, "past": 0.2, "group_by": "file"}
    return _frames(job, {"source": "video", "path": str(job.folder), "files": None, **about})


def _table(root: Path, data: bytes) -> str:
    job = Job(root)
    job.add("one.parquet", data)
    about = {"image": "image", "id": "name", "group": None, "files": None}
    return _frames(job, {"source": "parquet", "path": str(job.folder), **about})


def _pairs(root: Path, data: bytes) -> str:
    job = Job(root)
    job.add("human/one.parquet", small_files.parquet()[0])
    job.add("cat/one.parquet", data)
    sides = {"path": str(job.folder / "human"), "partner": str(job.folder / "cat")}
    about = {"image": "image", "id": "name", "group": None, "group_by": "file"}
    return _frames(job, {"source": "pairs", **sides, **about})


def _weights(name: str, root: Path, data: bytes) -> str:
    from catsight.features import checkpoint, safe

    path = root / name
    path.write_bytes(data)
    for state in checkpoint.states(path).values():
        safe.write(root / "converted.safetensors", state, {})
    return ""


def _eye(root: Path, data: bytes) -> str:
    from catsight.inputs import eyes, yaml_files

    path = root / "own.yaml"
    path.write_bytes(data)
    yaml_files.load_yaml.cache_clear()
    eyes.load(str(path))
    return ""


def _study(root: Path, data: bytes) -> str:
    from catsight.inputs import yaml_files
    from catsight.study.config import validate

    path = root / "study.yaml"
    path.write_bytes(data)
    yaml_files.load_yaml.cache_clear()
    validate(yaml_files.load_yaml(path))
    return ""


_OTHERS: dict[str, Callable[[Path, bytes], str]] = {
    "parquet": _table,
    "pairs": _pairs,
    "depth": _depth,
    "safetensors": partial(_weights, "own.safetensors"),
    "checkpoint": partial(_weights, "own.pth"),
    "eye": _eye,
    "study": _study,
}
_PICTURES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "tiff": ".tif"}
#: The door of each kind: it reads a file's bytes in an empty folder.
DOORS = {
    kind: _OTHERS.get(kind)
    or (
        partial(_folder, _PICTURES[kind]) if kind in _PICTURES else partial(_video, f".{kind}")
    )
    for kind in small_files.KINDS
}


def read(door: Callable[[Path, bytes], str], root: Path, data: bytes) -> tuple[str, str]:
    """What comes of a file: "read", "rejected" or "finding"; and why."""
    try:
        said = door(root, data)
    except CatsightError as error:
        said = str(error)
    except BaseException:
        return "finding", traceback.format_exc()
    if MEMORY.search(said):
        return "finding", f"it takes more than {BYTES:,} bytes: {said}"
    return "rejected" if said else "read", said


# -- the process that reads ------------------------------------------------------------------------


def _work(pipe, kind: str, root: Path) -> None:
    """Reads a kind's files that come through the ``pipe``; their limits are set after sound ones."""
    def attempt(data: bytes) -> tuple[str, str]:
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        return read(DOORS[kind], root, data)

    sys.stderr = open(os.devnull, "w")
    for data in sound(kind):
        if (outcome := attempt(data))[0] != "read":
            raise SystemExit(f"a sound file was not read: {outcome}")
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while data := pipe.recv_bytes():
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # whose signal ends the process
        outcome = attempt(data)
        signal.setitimer(signal.ITIMER_PROF, 0)
        pipe.send(outcome)


class Reader:
    """A process that reads files of one kind."""

    def __init__(self, kind: str, root: Path):
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_work, args=(other, kind, root), daemon=True)
        self.process.start()
        other.close()

    def __call__(self, data: bytes) -> tuple[str, str]:
        """What comes of a file, as :func:`read`; a process that ends is a finding."""
        try:
            self.pipe.send_bytes(data)
            return self.pipe.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self.process.join()
            code = self.process.exitcode or 0
            name = signal.Signals(-code).name if code < 0 else f"status {code}"
            took = f": it takes more than {SECONDS} s" if code == -signal.SIGPROF else ""
            return "finding", f"the process ended by {name}{took}"

    def close(self) -> None:
        """Ends the process."""
        with suppress(OSError):
            self.pipe.send_bytes(b"")
        self.process.join()


class Finding(NamedTuple):
    kind: str
    number: int
    outcome: str  #: "read", "rejected" or "finding"
    why: str
    data: bytes


def findings(kind: str, numbers: Sequence[int], seed: int, root: Path) -> Iterator[Finding]:
    """What comes of the files of a kind with these numbers."""
    reader = Reader(kind, root)
    try:
        for number in numbers:
            data = changed(kind, number, seed)
            outcome, why = reader(data)
            yield Finding(kind, number, outcome, why, data)
            if not reader.process.is_alive():
                reader = Reader(kind, root)
    finally:
        reader.close()


def main() -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1, help="how long to go on (1)")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other files (0)")
    parser.add_argument("--kinds", nargs="+", default=[*DOORS], choices=[*DOORS], metavar="KIND", help=f"some of {', '.join(DOORS)}")
    parser.add_argument("--keep", type=Path, default=Path("findings"), help="a folder for findings")
    options = parser.parse_args()
    stop, counts = time.monotonic() + 60 * options.minutes, Counter[tuple[str, str]]()
    with tempfile.TemporaryDirectory() as folder:
        for start in count(0, A_PROCESS):
            for kind in options.kinds:
                for one in findings(kind, range(start, start + A_PROCESS), options.seed, Path(folder, "one")):
                    counts[kind, one.outcome] += 1
                    if one.outcome == "finding":
                        path = options.keep / f"{kind}-{options.seed}-{one.number}"
                        path.parent.mkdir(exist_ok=True, parents=True)
                        path.write_bytes(one.data)
                        path.with_name(f"{path.name}.txt").write_text(one.why)
                        print(f"{path}: {one.why.strip().splitlines()[-1][:500]}", flush=True)
                    if time.monotonic() > stop:
                        break
                if time.monotonic() > stop:
                    break
            if time.monotonic() > stop:
                break
    for kind in options.kinds:
        print(kind, {what: counts[kind, what] for what in ("read", "rejected", "finding")})
    return int(any(what == "finding" for _, what in counts))


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    sys.exit(main())
