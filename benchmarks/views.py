"""Speed of the cat's view, beside the published filter and beside the cosine transforms alone.

    .venv/bin/python benchmarks/views.py

All three take the same photographs in the same process, in turn, so that a noisy machine slows all
alike. `catvision` is the package of that name, called as the view `catvision` calls it. The bare
transforms are the cosine transforms of a frame: three colours forward, two planes back (a dichromat
has one channel for red and green), float32.

First one frame at a time, its transforms on all cores: how long one waits for a picture. Then as
many frames at once as there are cores, each on one thread: how fast a study is, which makes its
shards in parallel.
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

from catsight.run.job import cores
from catsight.views import FILTERS, Eye, mirror, strips

SIZES = {"512 × 512": (512, 512), "1536 × 1024": (1536, 1024)}
PHOTOS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
CORES = cores()


def main() -> None:
    """Prints the table; first frames, memory and steps go to standard error."""
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
        f"| frames | on {CORES} cores | cat, frames/s | catvision, frames/s | ratio "
        "| bare transforms / cat |"
    )
    print("|---|---|---|---|---|---|")
    for name, size in SIZES.items():
        frames, eye = photos(size), Eye.load("cat")
        first = timed(partial(see, eye, frames[0]))
        for how, at_once in (("one at a time", 1), (f"{CORES} at a time", CORES)):
            os.environ["OMP_NUM_THREADS"] = str(CORES // at_once)
            cat, published, bare = compare(frames, eye, at_once, options.seconds)
            print(
                f"| {name} | {how} | {1 / cat:.1f} | {1 / published:.2f} "
                f"| {published / cat:.1f} | {bare / cat:.2f} |",
                flush=True,
            )
        command = [sys.executable, __file__, "--memory", name]
        peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        print(f"{name}: first frame {first:.2f} s, peak memory {peak} MB", file=sys.stderr)
        print(f"  one frame on one thread, ms: {steps(frames[0])}", file=sys.stderr)


def compare(frames: list[np.ndarray], eye: Eye, at_once: int, seconds: float) -> list[float]:
    """Seconds per frame of the cat's view, the published filter and the bare transforms.

    Each is the median over its turns.
    """
    ways: list[Callable[[np.ndarray], object]] = [
        partial(see, eye),
        FILTERS["catvision"],
        transform,
    ]
    took: list[list[float]] = [[] for _ in ways]
    with ThreadPoolExecutor(at_once) as pool:

        def see_all(way: Callable[[np.ndarray], object]) -> None:
            list(pool.map(way, frames))

        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for way, times in zip(ways, took):
                times.append(timed(partial(see_all, way)) / len(frames))
    return [median(times) for times in took]


def see(eye: Eye, rgb: np.ndarray) -> np.ndarray:
    """The eye's view of a frame, under the conditions of the benchmark."""
    return eye.see(rgb, field_of_view=40, luminance=100)


def photos(size: tuple[int, int]) -> list[np.ndarray]:
    """The photographs of scikit-image, uint8 sRGB, at a ``size`` (width, height) in px."""
    package = importlib.util.find_spec("skimage")
    assert package and package.origin
    folder = Path(package.origin).parent / "data"
    return [
        np.asarray(Image.open(folder / name).convert("RGB").resize(size, Image.Resampling.LANCZOS))
        for name in PHOTOS
    ]


def timed(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def transform(rgb: np.ndarray) -> None:
    """The cosine transforms of a frame, without the rest of the eye."""
    planes = np.zeros((3, *rgb.shape[:2]), np.float32)
    mirror.planes(mirror.spectra(planes, False, overwrite=True)[:2], rgb.shape[:2], False)


def steps(rgb: np.ndarray) -> str:
    """How many milliseconds each step of a frame takes on one thread."""
    os.environ["OMP_NUM_THREADS"] = "1"
    shape, channels = rgb.shape[:2], np.array([0, 0, 1])
    planes, kernel = strips.decode(rgb), np.full((2, 3, *rgb.shape[:2]), 1 / 3, np.float32)
    work: dict[str, Callable[[], object]] = {
        "decode sRGB": lambda: strips.decode(rgb),
        "forward transforms": lambda: mirror.spectra(planes, False),
        "all of the eye": lambda: strips.mix(kernel, planes, overwrite=True),
        "inverse transforms": lambda: mirror.planes(planes[:2], shape, False),
        "encode sRGB": lambda: strips.encode(planes[:2], channels),
    }
    took = {name: 1e3 * median(timed(step) for _ in range(15)) for name, step in work.items()}
    return ", ".join(f"{name} {ms:.1f}" for name, ms in took.items())


def measure_memory(name: str) -> None:
    """Prints the peak memory, in MB, of a process that makes the cat's view of two frames."""
    eye = Eye.load("cat")
    for rgb in photos(SIZES[name])[:2]:
        see(eye, rgb)
    print(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


if __name__ == "__main__":
    main()
