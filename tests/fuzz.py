"""Feeds damaged files to catsight: ``python tests/fuzz.py --minutes 60 --seed 7``.

Small sound files of every kind that catsight reads (``tests/support/small_files.py``) are changed at
random, always the same for one seed: bits, ends, pieces, numbers, and above all the sizes that they
state. Each goes through the doors that a user's file goes through, in another process, whose memory
and processor time are limited. catsight may use a file, reject it, or raise a CatsightError; any
other exception, a crash, or a want of memory or time is a finding, and the file is kept. Linux only.

Exit code: 0 if there are no findings, 1 if there are.
"""

import argparse
import multiprocessing
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import count, takewhile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests")]

from catsight import CatsightError  # noqa: E402
from support.damaged import changed, sound  # noqa: E402
from support.doors import DOORS, Door  # noqa: E402

#: What one file may take, beyond what catsight takes with sound ones.
BYTES, SECONDS = 1_500_000_000, 30
#: Files that a process reads before another takes over.
A_PROCESS = 200
#: What decoders say when memory ends, which would pass for damage; but not what FFmpeg says of a
#: table of an MP4 that is larger than it allows.
MEMORY = re.compile(
    r"(?<!format cannot be read \(Cannot allocate )memory|alloc(?!ate memory)", re.I
)

OUTCOMES = ("read", "rejected", "finding")


def read(door: Door, root: Path, data: bytes) -> tuple[str, str]:
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


def _work(pipe: Connection, door: Door, sound: Sequence[bytes], seconds: float, root: Path) -> None:
    """Reads the files that come through a pipe. The limit of memory is what sound ones need, and more."""

    def attempt(data: bytes) -> tuple[str, str]:
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        return read(door, root, data)

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # of what decoders say
    for data in sound:
        if (outcome := attempt(data))[0] != "read":
            raise SystemExit(f"a sound file was not read: {outcome}")
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + BYTES, taken + BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while data := pipe.recv_bytes():
        signal.setitimer(signal.ITIMER_PROF, seconds)  # whose signal ends the process
        outcome = attempt(data)
        signal.setitimer(signal.ITIMER_PROF, 0)
        pipe.send(outcome)


class Reader:
    """A process that reads files through one door, each for some seconds of processor time."""

    def __init__(self, door: Door, sound: Sequence[bytes], root: Path, seconds: float = SECONDS):
        self.begin = door, sound, seconds, root
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_work, args=(other, *self.begin), daemon=True)
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
            self._start()
            name = signal.Signals(-code).name if code < 0 else f"status {code}"
            took = f": it takes more than {self.begin[2]} s" if code == -signal.SIGPROF else ""
            return "finding", f"the process ended by {name}{took}"

    def close(self) -> None:
        """Ends the process."""
        with suppress(OSError):
            self.pipe.send_bytes(b"")
        self.process.join()


class Outcome(NamedTuple):
    """What came of a damaged file."""

    kind: str
    number: int
    outcome: str  #: "read", "rejected" or "finding"
    why: str
    data: bytes


def outcomes(kind: str, numbers: Iterable[int], seed: int, root: Path) -> Iterator[Outcome]:
    """What comes of the files of a kind with these numbers."""
    reader = Reader(DOORS[kind], sound(kind), root)
    try:
        for number in numbers:
            data = changed(kind, number, seed)
            yield Outcome(kind, number, *reader(data), data)
    finally:
        reader.close()


def _all(kinds: Sequence[str], seed: int, root: Path) -> Iterator[Outcome]:
    """Outcomes of files of all kinds in turn, without end."""
    for start in count(0, A_PROCESS):
        for kind in kinds:
            yield from outcomes(kind, range(start, start + A_PROCESS), seed, root)


def main() -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1, help="how long to go on (1)")
    parser.add_argument("--seed", type=int, default=0, help="another makes other files (0)")
    parser.add_argument(
        "--kinds",
        nargs="+",
        default=[*DOORS],
        choices=[*DOORS],
        metavar="KIND",
        help=f"some of {', '.join(DOORS)}",
    )
    parser.add_argument("--keep", type=Path, default=Path("findings"), help="a folder for findings")
    options = parser.parse_args()
    stop, counts = time.monotonic() + 60 * options.minutes, Counter[tuple[str, str]]()
    with tempfile.TemporaryDirectory() as folder:
        found = _all(options.kinds, options.seed, Path(folder, "one"))
        for one in takewhile(lambda _: time.monotonic() < stop, found):
            counts[one.kind, one.outcome] += 1
            if one.outcome == "finding":
                keep(one, options.keep / f"{one.kind}-{options.seed}-{one.number}")
        found.close()
    for kind in options.kinds:
        print(f"{kind}: " + ", ".join(f"{counts[kind, what]} {what}" for what in OUTCOMES))
    return int(any(what == "finding" for _, what in counts))


def keep(one: Outcome, path: Path) -> None:
    """Writes a file that is a finding, and why beside it."""
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(one.data)
    path.with_name(f"{path.name}.txt").write_text(one.why)
    print(f"{path}: {one.why.strip().splitlines()[-1][:500]}", flush=True)


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    sys.exit(main())
