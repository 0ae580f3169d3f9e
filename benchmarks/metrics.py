"""Speed of the metrics: compared with other packages, as a whole, and by the number of frames.

    .venv/bin/python benchmarks/metrics.py                          # the suite and its growth
    .venv/bin/python benchmarks/metrics.py --peers PYTHON [PYTHON]  # and peers: metrics_peers.py
    .venv/bin/python benchmarks/metrics.py --only growth

Times are CPU seconds (user and system, of all threads). Peers: 768 features, float32, the same
arrays; medians over turns that alternate between packages, so that a noisy machine slows all alike.
Suite: all measures of 12 layers of 1000 frames, one view, with 999 permutations and intervals.
Growth: the measures that do not depend on the number of frames, with 99 permutations, of 1,000 to
64,000 frames. Each number of frames has a process of its own, whose peak memory is printed beside
the features' own size.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from catsight.metrics import cka_linear, mantel, parts, rsa
from catsight.metrics.distribution import energy_of, kernel_of, mmd2_of, pooled_squares
from catsight.metrics.maps import similarity_map
from catsight.metrics.permutations import swaps, weights
from catsight.metrics.suite import names

SPEC = {
    "seed": 0,
    "permutations": 999,
    "null": "paired",
    "rsa_distance": "correlation",
    "rsa_comparison": "spearman",
    "bandwidth": 1.0,
    "projections": 500,
    "retrieval_distance": "cosine",
    "neighbours": 10,
    "confidence": 0.95,
    "at_once": 2000,
}
GROWING = (
    "cka_linear",
    "cka_linear_unbiased",
    "cka_rbf_unbiased",
    "rsa",
    "mmd2_unbiased",
    "energy",
)


def views(n: int, dims: int = 768, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features of two views of the same scenes, float32 (n, dims)."""
    rng = np.random.default_rng(seed)
    scene = rng.normal(size=(n, 100)).astype(np.float32) * np.linspace(
        2, 0.1, 100, dtype=np.float32
    )
    mix = rng.normal(size=(2, 100, dims)).astype(np.float32) / 10
    mix[1] = mix[0] + 0.5 * mix[1]
    return tuple(scene @ m + 0.5 * rng.normal(size=(n, dims)).astype(np.float32) for m in mix)


def energy(x: np.ndarray, y: np.ndarray, permutations: int) -> np.ndarray:
    return energy_of(np.sqrt(pooled_squares(x, y)), weights(_signs(len(x), permutations)))


def mmd2(x: np.ndarray, y: np.ndarray, permutations: int) -> np.ndarray:
    return mmd2_of(kernel_of(pooled_squares(x, y))[0], weights(_signs(len(x), permutations)))


def _signs(n: int, permutations: int) -> np.ndarray:
    signs = swaps(range(n), permutations).each
    return np.hstack([signs, -signs])


#: Task -> its title, the number of frames, and what catsight does with features (layers, n, d).
TASKS: dict[str, tuple[str, int, Callable]] = {
    "cka": ("linear CKA, n = 4000", 4000, lambda x, y: cka_linear(x[0], y[0])),
    "cka_unbiased": (
        "linear CKA, unbiased, n = 4000",
        4000,
        lambda x, y: cka_linear(x[0], y[0], unbiased=True),
    ),
    "grid": ("12 × 12 layers of unbiased CKA, n = 1000", 1000, lambda x, y: similarity_map(x, y)),
    "rsa": ("RSA, n = 1000", 1000, lambda x, y: rsa(x[0], y[0])),
    "mantel": (
        "Mantel, 10,000 permutations, n = 1000",
        1000,
        lambda x, y: mantel(x[0], y[0], permutations=10_000),
    ),
    "energy": (
        "energy distance, 1,000 permutations, n = 1000",
        1000,
        lambda x, y: energy(x[0], y[0], 1000),
    ),
    "mmd": ("MMD², 1,000 permutations, n = 1000", 1000, lambda x, y: mmd2(x[0], y[0], 1000)),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--peers",
        metavar="PYTHON",
        nargs="+",
        default=[],
        help="Python executables of the peers' environments",
    )
    parser.add_argument(
        "--only", choices=("peers", "suite", "growth"), help="print this table only"
    )
    parser.add_argument(
        "--tasks", nargs="+", choices=TASKS, default=list(TASKS), help="tasks of the table of peers"
    )
    parser.add_argument(
        "--turns", type=int, default=3, help="turns of each task (default: %(default)s)"
    )
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=[1000, 4000, 16_000, 64_000],
        help="numbers of frames, for growth",
    )
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return measure(json.loads(options.measure))
    if options.peers and options.only in (None, "peers"):
        beside_peers(options)
    if options.only in (None, "suite"):
        found = apart({"frames": 1000, "layers": 12, "metrics": names(), "spec": SPEC})
        about = f"{found['cpu']:.1f} CPU-s, {found['memory']} MB"
        print(f"\nsuite: 12 layers, {len(names())} measures: {about}")
    if options.only in (None, "growth"):
        growth(options.sizes)


def beside_peers(options: argparse.Namespace) -> None:
    """Prints the time of each task for catsight and for each peer."""
    print("| | CPU-s | against catsight | value |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        peers = [Peer(python, Path(folder)) for python in options.peers]
        for task in options.tasks:
            title, n, ours = TASKS[task]
            layers = 12 if task == "grid" else 1
            x, y = (
                np.stack(side) for side in zip(*(views(n, seed=layer) for layer in range(layers)))
            )
            np.save(Path(folder) / "x.npy", x)
            np.save(Path(folder) / "y.npy", y)
            ours(x[:, :64], y[:, :64])  # compiles before the clock starts
            times: dict[str, list] = {"catsight": []}
            values = {}
            for _ in range(options.turns):
                start = time.process_time()
                values["catsight"] = first(ours(x, y))
                times["catsight"].append(time.process_time() - start)
                for peer in peers:
                    for name, (seconds, value) in peer.ask(task).items():
                        times.setdefault(name, []).append(seconds)
                        values[name] = value
            own = median(times["catsight"])
            for name, seconds in sorted(times.items(), key=lambda item: median(item[1])):
                label, taken = f"{title}: {name}" if name == "catsight" else name, median(seconds)
                print(
                    f"| {label} | {taken:.3f} | {taken / own:.1f} | {values[name]:.6f} |",
                    flush=True,
                )


def first(value: Any) -> float:
    """The first number of a result, to compare with the peers'."""
    return float(np.ravel(value[0] if isinstance(value, tuple) else value)[0])


class Peer:
    """The Python of another environment, which runs one task after the other."""

    def __init__(self, python: str, folder: Path):
        script = Path(__file__).with_name("metrics_peers.py")
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        self.process = subprocess.Popen(
            [python, script, folder], stdin=pipe, stdout=pipe, stderr=nowhere, text=True
        )

    def ask(self, task: str) -> dict[str, tuple[float, float]]:
        """The CPU seconds and the value of a task, by package."""
        print(task, file=self.process.stdin, flush=True)
        for line in self.process.stdout:  # some packages print
            if line.startswith("found "):
                return json.loads(line.removeprefix("found "))
        raise SystemExit(f"the peers' Python stopped at {task}; run {self.process.args} to see why")


def growth(sizes: list[int]) -> None:
    """Prints time and memory by the number of frames."""
    print("\n| frames | CPU-s | per 1,000 | memory, MB | of features | largest error |")
    print("|---|---|---|---|---|---|")
    spec = SPEC | {"permutations": 99}
    for n in sizes:
        found = apart({"frames": n, "layers": 1, "metrics": GROWING, "spec": spec})
        error = ""
        if spec["at_once"] < n <= 4000:
            exact = apart(
                {"frames": n, "layers": 1, "metrics": GROWING, "spec": spec | {"at_once": n}}
            )
            errors = {m: abs(found["values"][m] - exact["values"][m]) for m in GROWING}
            error = ", ".join(f"{m} {e:.1g} of {exact['values'][m]:.3g}" for m, e in errors.items())
            error += f" (at once: {exact['cpu']:.1f} CPU-s, {exact['memory']} MB)"
        own = 2 * n * 768 * 4 / 1e6
        times = f"{found['cpu']:.1f} | {1000 * found['cpu'] / n:.2f}"
        print(f"| {n} | {times} | {found['memory']} | {own:.0f} | {error} |", flush=True)


def apart(job: dict) -> dict:
    """The result of :func:`measure` in a process of its own, with one thread as in the workflow."""
    command = [sys.executable, __file__, "--measure", json.dumps(job)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    )


def measure(job: dict) -> None:
    """Prints CPU seconds, peak memory (MB) and values of a job, as JSON."""
    frames = {str(i): str(i) for i in range(job["frames"])}
    small = dict(list(frames.items())[:60])
    # compiles before the clock starts
    permutations = job["spec"]["permutations"]
    parts.comparer(small, job["spec"], permutations).compare(*views(60, dims=20), job["metrics"])
    start = time.process_time()
    comparer = parts.comparer(frames, job["spec"], permutations)
    cpu, values = time.process_time() - start, {}
    for layer in range(job["layers"]):
        x, y = views(job["frames"], seed=layer)
        start = time.process_time()
        found = comparer.compare(x, y, job["metrics"])
        cpu += time.process_time() - start
        values = {metric: float(estimate.values[0]) for metric, estimate in found.items()}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
    print(json.dumps({"cpu": cpu, "memory": memory, "values": values}))


if __name__ == "__main__":
    main()
