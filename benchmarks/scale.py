"""What a study of many frames takes: time, memory and disk of every stage, at several numbers of
frames.

    .venv/bin/python benchmarks/scale.py                    # 1,000 and 10,000 frames, some minutes
    .venv/bin/python benchmarks/scale.py 1000 10000 50000   # as in docs/scale.md
    .venv/bin/python benchmarks/scale.py --plan             # only how long Snakemake plans large studies

Dead leaves of 64 px, a shard to every 5,000 of them, seen by a human and a cat; features of a tiny
network of timm's (test_vit at 64 px, mean pooling); biased and unbiased CKA and RSA, 99
permutations, 1,000 frames at once; all else by default. Small, so that what grows with the number
of frames is not hidden behind what each frame costs, and so that 50,000 of them take minutes: for
real views and networks see docs/eyes.md and docs/encoders.md.

The stages' commands run one after another, on one thread; the peak of memory is the largest of a
stage's processes. `linear` is the CPU time per frame over that of the smallest study: 1 is linear,
less is what a start costs. (CPU time, because it does not depend on what else the machine does.)
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
FRAMES_A_SHARD = 5000
#: Jobs in the order of the road, under the names that the table has for them, by the command that
#: they run.
STAGES = {
    "frames": r"catsight (manifest|frames) ",
    "views": r"catsight (views|portraits|gather .*/views/all\.parquet)",
    "features": r"catsight (features|gather .*/features/\S+/all\.parquet)",
    "metrics": r"catsight metrics (compare|merge .*metrics\.parquet)",
    "stability": r"catsight metrics (stability|merge .*stability\.parquet)",
    "maps": r"catsight metrics (maps|merge .*maps\.parquet)",
    "pairs": r"catsight metrics (pairs|merge .*pairs\.parquet)",
    "figures": r"catsight figures ",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "frames", type=int, nargs="*", default=[1000, 10_000], help="(default: %(default)s)"
    )
    parser.add_argument(
        "--plan", action="store_true", help="only plan studies, of 10, 100 and 1,000 shards"
    )
    parser.add_argument(
        "--folder", type=Path, help="where to work (default: a folder that is removed at the end)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        if options.plan:
            plan(folder)
        else:
            measure(folder, sorted(options.frames))


def measure(folder: Path, sizes: list[int]) -> None:
    print(
        "| stage | frames | seconds | CPU s | CPU ms a frame | linear | peak MB | disk, kB a frame |"
    )
    print("|---|---|---|---|---|---|---|---|")
    first: dict[str, float] = {}
    for size in sizes:
        where = folder / str(size)
        commands = jobs(study(size), where)
        for stage, pattern in STAGES.items():
            before = used(where)
            took = [run(command, where) for command in commands if re.search(pattern, command)]
            seconds, cpu, peak = (
                sum(t[0] for t in took),
                sum(t[1] for t in took),
                max(t[2] for t in took),
            )
            each = cpu / size
            ratio = each / first.setdefault(stage, each)
            disk = (used(where) - before) / size / 1000
            print(
                f"| {stage} | {size:,} | {seconds:.1f} | {cpu:.1f} | {1000 * each:.2f} | {ratio:.2f} | {peak:.0f} | "
                f"{disk:.2f} |",
                flush=True,
            )
        shutil.rmtree(where)


def study(frames: int) -> dict:
    """The configuration of a study of so many frames."""
    entry = {"timm": "test_vit", "layers": "blocks.*", "family": "vit", "training": "untrained",
             "weights": {"source": "random", "seed": 0}}  # fmt: skip
    return {
        "study": "scale",
        "frames": {
            "source": "dead-leaves",
            "count": frames,
            "size": 64,
            "shards": -(-frames // FRAMES_A_SHARD),
        },
        "viewing": {"field_of_view": 8},
        "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}},
        "encoders": {"tiny": {**entry, "preprocessing": {"size": 64}}},
        "features": {"batch": 64, "pooling": ["mean"]},
        "metrics": {"permutations": 99, "at_once": 1000},
    }


def jobs(config: dict, where: Path) -> list[str]:
    """The shell commands of all jobs of a study, in an order in which they can be run."""
    where.mkdir(parents=True, exist_ok=True)
    (where / "study.yaml").write_text(yaml.safe_dump(config))
    said = snakemake(where, "-n", "-p", "--cores", "1", "--configfile", "study.yaml").stdout
    commands = re.findall(r"^Shell command: (python -m catsight .+)$", said, re.M)
    order = [
        next(i for i, pattern in enumerate(STAGES.values()) if re.search(pattern, c))
        for c in commands
    ]
    last = [
        any(word in c for word in ("catsight gather", "merge", "figures report")) for c in commands
    ]
    return [command for *_, command in sorted(zip(order, last, range(len(commands)), commands))]


def run(command: str, where: Path) -> tuple[float, float, float]:
    """Runs a job: seconds, seconds of CPU, and its peak of memory in MB."""
    for folder in re.findall(r"2> (\S+)/[^/]+\.log", command):
        (where / folder).mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    process = subprocess.Popen(
        ["bash", "-c", f"set -euo pipefail; exec {command}"], cwd=where, env=environment()
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command}\nended with {status}: see {where}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def plan(folder: Path) -> None:
    """Dry runs of large studies: one that only builds the plan, and one that prints every job with
    its command.
    """
    print(
        "| shards | jobs | built, seconds | printed, seconds | printed, CPU s | peak MB | longest command, bytes |"
    )
    print("|---|---|---|---|---|---|---|")
    for shards in (10, 100, 1000):
        config = yaml.safe_load(Path(__file__).with_name("thousand_shards.yaml").read_text())
        config["frames"]["shards"] = shards
        (folder / "plan.yaml").write_text(yaml.safe_dump(config))
        built, *_ = dry_run(folder, "--quiet")
        seconds, cpu, peak, said = dry_run(folder, "-p")
        commands = [line for line in said if line.startswith("Shell command: python")]
        print(
            f"| {shards:,} | {len(commands):,} | {built:.1f} | {seconds:.1f} | {cpu:.1f} | {peak:.0f} | "
            f"{max(map(len, commands)):,} |",
            flush=True,
        )


def dry_run(folder: Path, *arguments: str) -> tuple[float, float, float, list[str]]:
    """A dry run of plan.yaml: seconds, seconds of CPU, peak of memory in MB, and the lines that it
    printed.
    """
    start = time.perf_counter()
    with open(folder / "said", "w+") as said:
        process = subprocess.Popen(planning("-n", "--configfile", "plan.yaml", *arguments), cwd=folder, stdout=said,
                                   stderr=subprocess.DEVNULL, env=environment())  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        said.seek(0)
        assert status == 0, f"snakemake ended with {status}"
        return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, list(said)


def snakemake(where: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        planning(*arguments),
        cwd=where,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )


def planning(*arguments: str) -> list[str]:
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        str(ROOT / "Snakefile"),
        "--directory",
        ".",
    ]
    return [*command, "--workflow-profile", str(ROOT / "profiles" / "default"), *arguments]


def environment() -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    one = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1")
    return {**os.environ, **one, "PATH": path, "PYTHONPATH": str(ROOT / "workflow")}


def used(folder: Path) -> int:
    """Bytes of the tables and other results in a folder, without logs."""
    files = (
        path for path in (folder / "results").rglob("*") if path.is_file() and not path.is_symlink()
    )
    return sum(path.stat().st_size for path in files if path.suffix != ".log")


if __name__ == "__main__":
    main()
