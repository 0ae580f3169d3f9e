"""A full disk: one line names the file, no file is half written or lost, and the run goes on once
there is room.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from catsight import tables
from catsight.__main__ import main
from catsight.inputs import yaml_files
from catsight.study import Study
from support.disturbed import small

#: Bytes of the small disk, and how many of them are free: none, or too few for a table.
SIZE, LEFT = 4 * 2**20, (0, 4096)


@pytest.fixture
def disk():
    """Mounts small disks, and unmounts them after the test."""
    mounted = []

    def mount(folder: Path, size: int = SIZE) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    try:
        yield mount
    finally:
        for folder in reversed(mounted):
            subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path, left: int) -> Path:
    """Fills the disk up to the last ``left`` bytes; the file that fills it."""
    ballast = folder / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            os.truncate(ballast, max(0, ballast.stat().st_size - left))
    return ballast


def commands(study: Study, made: Path, out: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Stage -> its command, which reads ``made`` and writes to ``out``, and the files it makes."""

    def given(spec: str) -> list[str]:
        return ["--spec", spec, "--store", str(out / "store")]

    def paths(folder: Path, *names: str) -> list[str]:
        return [str(folder / name) for name in names]

    frames = ["frames/0.parquet", "frames/rejected.parquet"]
    views = [f"views/{view}/0.parquet" for view in ("human", "cat")]
    features = [f"features/{view}/0.parquet" for view in ("human", "cat")]
    of_views = [
        word
        for view in ("human", "cat")
        for word in ("--features", view, str(made / "features" / view))
    ]
    return {
        "manifest": (["frames", "manifest", *given(study.spec("manifest")), "--output", str(out / "manifest.parquet")], ["manifest.parquet"]),
        "frames": (
            ["frames", "make", *given(study.spec("frames")), "--manifest", str(made / "manifest.parquet"), "--output", str(out / "frames")],
            frames,
        ),
        **{
            f"views {view}": (
                ["views", "make", *given(study.spec("views", view)), "--frames", str(made / frames[0]), "--output", str(out / path)],
                [path],
            )
            for view, path in zip(("human", "cat"), views)
        },
        "weights": (["features", "weights", *given(study.spec("weights", "vit")), "--output", str(out / "vit.safetensors")], ["vit.safetensors"]),
        "features": (
            ["features", "extract", *given(study.spec("features", "vit")), "--threads", "1", "--weights", str(made / "vit.safetensors"),
             "--views", *paths(made, *views), "--output", *paths(out, *features)],
            features,
        ),
        "metrics": (
            ["metrics", "compare", *given(study.spec("metrics", "vit")), "--frames", str(made / "frames"), *of_views,
             "--shards", "1", "--output", str(out / "vit.parquet")],
            ["vit.parquet"],
        ),
        "merge": (["metrics", "merge", str(made / "vit.parquet"), "--study", "tiny", "--output", str(out / "metrics.parquet")], ["metrics.parquet"]),
        "figure": (
            ["figures", "profiles", *given(study.spec("figures", "profiles")), "--table", str(made / "metrics.parquet"), "--output", str(out / "profiles.png"),
             str(out / "profiles.svg")],
            ["profiles.png", "profiles.svg"],
        ),
        "tables": (
            ["figures", "tables", *given(study.spec("figures", "tables")), "--table", str(made / "metrics.parquet"), "--output", str(out / "metrics.csv")],
            ["metrics.csv"],
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The small study and the folder with its tables, in one shard, made by the commands."""
    workflow = small(tmp_path_factory.mktemp("made") / "study")
    config = yaml_files.load_yaml(workflow.folder / "tiny.yaml")
    config["frames"] |= {"shards": 1, "folder": str(workflow.folder / "photos")}
    study = Study(config)
    for arguments, _ in commands(
        study, workflow.folder / "made", workflow.folder / "made"
    ).values():
        assert main(arguments) == 0
    return study, workflow.folder / "made"


STAGES = [
    "manifest",
    "frames",
    "views cat",
    "weights",
    "features",
    "metrics",
    "merge",
    "figure",
    "tables",
]


def digests(folder: Path) -> dict[str, str]:
    return {str(path): tables.measure_content(path) for path in sorted(folder.rglob("*.parquet"))}


@pytest.mark.parametrize("left", LEFT)
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_whose_disk_is_full(stage, left, made, disk, tmp_path, capsys):
    study, earlier = made
    out = disk(tmp_path / "results")
    before, ballast = digests(earlier), fill(out, left)
    arguments, outputs = commands(study, earlier, out)[stage]
    if main(arguments) == 0:
        assert left and stage in ("manifest", "merge", "metrics", "tables"), (
            f"{stage} needs more than {left} bytes"
        )
        return
    said = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert (
        len(said) == 1 and str(out) in said[0] and "no space left on device" in said[0].lower()
    ), said
    assert "make room" in said[0]
    left_behind = [path for path in out.rglob("*") if path.is_file() and path != ballast]
    assert (
        not [path for path in left_behind if path.suffix == ".part"] and digests(earlier) == before
    )
    assert all(tables.provenance(path) for path in left_behind)  # tables that were finished before

    ballast.unlink()
    assert main(arguments) == 0
    for name in outputs:
        if name.endswith(".parquet"):
            assert tables.measure_content(out / name) == tables.measure_content(earlier / name)
        assert (out / name).stat().st_size


def test_the_message_is_seen_though_the_log_is_on_that_disk(made, disk, tmp_path):
    """As in a run: standard error goes into a log on the same full disk."""
    study, earlier = made
    out = disk(tmp_path / "results")
    (out / "log").touch()
    fill(out, 0)
    arguments, _ = commands(study, earlier, out)["views cat"]
    spec = arguments[arguments.index("--spec") + 1]
    assert json.loads(spec)
    with open(out / "log", "w") as log:
        done = subprocess.run(
            [os.sys.executable, "-m", "catsight", *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            check=False,
        )
    assert (
        done.returncode == 1
        and "no space left on device" in done.stdout.lower() + (out / "log").read_text().lower()
    )


@pytest.mark.slow
@pytest.mark.parametrize("where", ["results", "."])
def test_a_run_whose_disk_fills_up(where, disk, tmp_path):
    """The disk of the results alone, or of the whole folder with Snakemake's own files: the run
    ends, says why, and goes on later.
    """
    folder = disk(tmp_path / "study", 20 * SIZE) if where == "." else tmp_path / "study"
    workflow = small(folder)
    full = disk(folder / "results", 20 * SIZE) if where == "results" else folder
    targets = [
        f"results/tiny/views/{view}/{shard}.parquet" for view in ("human", "cat") for shard in "01"
    ]
    workflow.run("--cores", "2", "results/tiny/frames/rejected.parquet")
    before = workflow.contents()
    ballast = fill(full, 20_000)
    # its output is kept on another disk
    workflow.environment["TMPDIR"] = str(tmp_path)
    output = workflow.run("--cores", "2", *targets, code=1, said=tmp_path)
    assert "no space left on device" in output.lower(), output
    assert {
        path: content for path, content in workflow.contents().items() if path in before
    } == before
    ballast.unlink()
    workflow.run("--cores", "2", *targets)
    assert len(workflow.contents()) == 5 + 4 and not list(folder.rglob("*.part"))
