"""Time, memory and disk that each stage takes, by the number of frames.

    .venv/bin/python benchmarks/scale.py                    # 1,000 and 10,000 frames, some minutes
    .venv/bin/python benchmarks/scale.py 1000 10000 50000   # as in docs/scale.md
    .venv/bin/python benchmarks/scale.py --plan             # how long Snakemake plans large studies
    .venv/bin/python benchmarks/scale.py --plan 10          # of 10 shards alone

Dead leaves of 64 px, 5,000 to a shard, seen by a human and a cat; features of a tiny network of
timm (test_vit at 64 px, mean pooling); biased and unbiased CKA and RSA, 99 permutations, 1,000
frames at once; all else by default. Frames and network are small, so that 50,000 frames take
minutes and the cost of a frame does not hide what grows faster than the number of frames. For real
views and networks see docs/eyes.md and docs/encoders.md.

The commands of the stages run one after another on one thread; peak memory is that of a stage's
largest process. `linear` is the CPU time per frame divided by that of the smallest study: 1 is
linear growth, and less means that starting the jobs dominates the smallest study. (CPU time,
because other programs on the machine do not change it.)
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
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[1]
FRAMES_A_SHARD = 5000
#: Lines of the table, in the order in which jobs run -> the commands of these jobs.
STAGES = {
    "frames": r"catsight frames ",
    "views": r"catsight (views |gather .*/views/all\.parquet)",
    "features": r"catsight (features (weights|extract)|gather .*/features/\S+/all\.parquet)",
    "metrics": r"catsight metrics (compare|merge .*metrics\.parquet)",
    "stability": r"catsight metrics (stability|merge .*stability\.parquet)",
    "maps": r"catsight metrics (maps|merge .*maps\.parquet)",
    "per frame": r"catsight metrics (per_frame|merge .*per_frame\.parquet)",
    "places": r"catsight (features places|metrics merge .*places\.parquet)",
    "pairs": r"catsight metrics (pairs|merge .*pairs\.parquet)",
    "figures": r"catsight figures ",
}


def main() -> None:
    """Prints the table of stages, or with ``--plan`` that of plans."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "numbers",
        type=int,
        nargs="*",
        metavar="N",
        help="numbers of frames (default: 1000 10000); with --plan, of shards (10 100 1000)",
    )
    parser.add_argument("--plan", action="store_true", help="only plan studies")
    parser.add_argument(
        "--folder",
        type=Path,
        help="the working folder (default: a temporary one, removed at the end)",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        if options.plan:
            plan(folder, sorted(options.numbers or (10, 100, 1000)))
        else:
            measure(folder, sorted(options.numbers or (1000, 10_000)))


def measure(folder: Path, sizes: list[int]) -> None:
    """Runs all jobs of studies with these numbers of frames, and prints what each stage took."""
    print(
        "| stage | frames | seconds | CPU s | CPU ms a frame | linear | peak MB "
        "| disk, kB a frame |"
    )
    print("|---|---|---|---|---|---|---|---|")
    first: dict[str, float] = {}
    for size in sizes:
        where = folder / str(size)
        commands = jobs(study(size), where)
        for stage, pattern in STAGES.items():
            before = used(where)
            took = [run(command, where) for command in commands if re.search(pattern, command)]
            seconds, cpu = sum(job.seconds for job in took), sum(job.cpu for job in took)
            peak, each = max(job.peak for job in took), cpu / size
            ratio = each / first.setdefault(stage, each)
            disk = (used(where) - before) / size / 1000
            print(
                f"| {stage} | {size:,} | {seconds:.1f} | {cpu:.1f} | {1000 * each:.2f} "
                f"| {ratio:.2f} | {peak:.0f} | {disk:.2f} |",
                flush=True,
            )
        shutil.rmtree(where)


class Took(NamedTuple):
    """What a process took: seconds, seconds of CPU, and its peak memory in MB."""

    seconds: float
    cpu: float
    peak: float


def study(frames: int) -> dict[str, Any]:
    """The configuration of a study with this number of frames."""
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


def jobs(config: dict[str, Any], where: Path) -> list[str]:
    """The shell commands of all jobs of a study, in an order in which they can run."""
    where.mkdir(parents=True, exist_ok=True)
    (where / "study.yaml").write_text(yaml.safe_dump(config))
    command = snakemake("-n", "-p", "--cores", "1", "--configfile", "study.yaml")
    done = subprocess.run(
        command, cwd=where, env=environment(), capture_output=True, text=True, check=True
    )
    commands = re.findall(r"^Shell command: (python -m catsight .+)$", done.stdout, re.M)
    patterns = list(STAGES.values())

    def place(command: str) -> tuple[int, bool]:
        stage = next(i for i, pattern in enumerate(patterns) if re.search(pattern, command))
        last = re.search("catsight (gather|metrics merge|figures report) ", command)
        return stage, last is not None

    return sorted(commands, key=place)  # jobs of one place stay in Snakemake's order


def run(command: str, where: Path) -> Took:
    """Runs a job, and exits with its command if it fails."""
    for folder in re.findall(r"2> (\S+)/[^/]+\.log", command):
        (where / folder).mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    process = subprocess.Popen(
        ["bash", "-c", f"set -euo pipefail; exec {command}"], cwd=where, env=environment()
    )
    status, took = ended(process, start)
    if status:
        sys.exit(f"{command}\nended with exit status {status}; its log is below {where}")
    return took


def ended(process: subprocess.Popen, start: float) -> tuple[int, Took]:
    """The exit status of a process that began at ``start``, and what it took; waits for its end."""
    _, status, usage = os.wait4(process.pid, 0)
    seconds, cpu = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
    return os.waitstatus_to_exitcode(status), Took(seconds, cpu, usage.ru_maxrss / 1024)


def plan(folder: Path, numbers: list[int]) -> None:
    """Prints what two dry runs of studies with these numbers of shards take.

    The first only builds the plan; the second also prints every job with its command.
    """
    print(
        "| shards | jobs | built, seconds | printed, seconds | printed, CPU s | peak MB "
        "| longest command, bytes |"
    )
    print("|---|---|---|---|---|---|---|")
    for shards in numbers:
        config = yaml.safe_load(Path(__file__).with_name("thousand_shards.yaml").read_text())
        config["frames"]["shards"] = shards
        (folder / "plan.yaml").write_text(yaml.safe_dump(config))
        built, _ = dry_run(folder, "--quiet")
        printed, lines = dry_run(folder, "-p")
        commands = [line for line in lines if line.startswith("Shell command: python")]
        print(
            f"| {shards:,} | {len(commands):,} | {built.seconds:.1f} | {printed.seconds:.1f} "
            f"| {printed.cpu:.1f} | {printed.peak:.0f} | {max(map(len, commands)):,} |",
            flush=True,
        )


def dry_run(folder: Path, *arguments: str) -> tuple[Took, list[str]]:
    """What a dry run of plan.yaml takes, and the lines that it prints."""
    start = time.perf_counter()
    with open(folder / "output", "w+") as output:
        process = subprocess.Popen(
            snakemake("-n", "--configfile", "plan.yaml", *arguments),
            cwd=folder,
            env=environment(),
            stdout=output,
            stderr=subprocess.DEVNULL,
        )
        status, took = ended(process, start)
        if status:
            sys.exit(f"snakemake ended with exit status {status}; its output is {output.name}")
        output.seek(0)
        return took, list(output)


def snakemake(*arguments: str) -> list[str]:
    """The command of a Snakemake that runs this workflow in the working folder."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    profile = str(ROOT / "profiles" / "default")
    return [*command, "--directory", ".", "--workflow-profile", profile, *arguments]


def environment() -> dict[str, str]:
    """The environment of all processes: this Python and library, and one thread each."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    threads = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1")
    return {**os.environ, **threads, "PATH": path, "PYTHONPATH": str(ROOT / "workflow")}


def used(folder: Path) -> int:
    """Bytes of tables and other results in a folder, without logs and links."""
    files = (
        path for path in (folder / "results").rglob("*") if path.is_file() and not path.is_symlink()
    )
    return sum(path.stat().st_size for path in files if path.suffix != ".log")


if __name__ == "__main__":
    main()
