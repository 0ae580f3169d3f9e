"""How fast the cat's view is: beside the published filter, and beside the bare transforms that it
is made of.

    .venv/bin/python benchmarks/views.py

The same photographs, the same process, turn by turn, so that a noisy machine slows all. `catvision`
is the package of that name, called as the view `catvision` calls it. The bare transforms are the
cosine transforms alone of a frame: three colours forward, two planes back (to a dichromat red and
green are one), float32.

First a frame at a time, its transforms on all cores: how long one waits for a picture. Then as many
frames at a time as there are cores, each on one thread: how fast a study goes, whose shards are
worked out side by side.
"""

import argparse
import importlib.util
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from catsight.views import FILTERS, Eye, mirror, strips

SIZES = {"512 × 512": (512, 512), "1536 × 1024": (1536, 1024)}
PHOTOS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
CONDITIONS = {"field_of_view": 40, "luminance": 100}
CORES = len(os.sched_getaffinity(0))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seconds", type=float, default=20, help="for each line (default: %(default)s)"
    )
    parser.add_argument("--memory", choices=SIZES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        return measure_memory(options.memory)
    print(
        f"| frames | on {CORES} cores | cat, frames/s | catvision, frames/s | ratio | bare transforms / cat |"
    )
    print("|---|---|---|---|---|---|")
    for name, size in SIZES.items():
        frames, eye = photos(size), Eye.load("cat")
        first = timed(partial(eye.see, frames[0], **CONDITIONS))
        for how, at_once in (("one at a time", 1), (f"{CORES} at a time", CORES)):
            os.environ["OMP_NUM_THREADS"] = str(CORES // at_once)
            cat, published, bare = compare(frames, eye, at_once, options.seconds)
            figures = (
                f"{1 / cat:.1f} | {1 / published:.2f} | {published / cat:.1f} | {bare / cat:.2f}"
            )
            print(f"| {name} | {how} | {figures} |", flush=True)
        command = [sys.executable, __file__, "--memory", name]
        peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        print(f"{name}: first frame {first:.2f} s, peak memory {peak} MB", file=sys.stderr)
        print(f"  one frame on one thread, ms: {parts(frames[0], eye)}", file=sys.stderr)


def compare(frames: list[np.ndarray], eye: Eye, at_once: int, seconds: float) -> list[float]:
    """Seconds for a frame: the cat's view, the published filter, the bare transforms; each the
    median of its turns.
    """
    work = (partial(eye.see, **CONDITIONS), FILTERS["catvision"], transforms)
    took = [[] for _ in work]
    with ThreadPoolExecutor(at_once) as pool:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for step, times in zip(work, took):
                times.append(timed(lambda step=step: list(pool.map(step, frames))) / len(frames))
    return [median(times) for times in took]


def photos(size: tuple[int, int]) -> list[np.ndarray]:
    folder = Path(importlib.util.find_spec("skimage").origin).parent / "data"
    return [
        np.asarray(Image.open(folder / name).convert("RGB").resize(size, Image.Resampling.LANCZOS))
        for name in PHOTOS
    ]


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def transforms(rgb: np.ndarray) -> None:
    planes = np.zeros((3, *rgb.shape[:2]), np.float32)
    mirror.planes(mirror.spectra(planes, False, overwrite=True)[:2], rgb.shape[:2], False)


def parts(rgb: np.ndarray, eye: Eye) -> str:
    """Where the time of a frame goes."""
    os.environ["OMP_NUM_THREADS"] = "1"
    shape, channels = rgb.shape[:2], np.array([0, 0, 1])
    planes, kernel = strips.decode(rgb), np.full((2, 3, *rgb.shape[:2]), 1 / 3, np.float32)
    steps = {
        "decode sRGB": lambda: strips.decode(rgb),
        "forward transforms": lambda: mirror.spectra(planes, False),
        "all of the eye": lambda: strips.mix(kernel, planes, overwrite=True),
        "inverse transforms": lambda: mirror.planes(planes[:2], shape, False),
        "encode sRGB": lambda: strips.encode(planes[:2], channels),
    }
    took = {name: 1e3 * median(timed(step) for _ in range(15)) for name, step in steps.items()}
    return ", ".join(f"{name} {ms:.1f}" for name, ms in took.items())


def measure_memory(name: str) -> None:
    """Peak memory of a process that makes the cat's view of two frames."""
    eye = Eye.load("cat")
    for rgb in photos(SIZES[name])[:2]:
        eye.see(rgb, **CONDITIONS)
    print(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


if __name__ == "__main__":
    main()
