"""Two runs in one folder: the second reports the first and stops, however close they start."""

import errno
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from catsight import CatsightError
from catsight.run import begin, locks
from support.disturbed import jobs, small, wait_for

#: A process that prepares a run, prints the exit status, and keeps its lock until it is told to end.
RACER = """
import sys
from pathlib import Path
from catsight.run import begin
begin._PATIENCE = 0.5
file = open("results/.running", "a")
code = begin.main([str(file.fileno()), "--configfile", "s.yaml"])
print(code, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "s.yaml").write_text("study: tiny\n")
    return tmp_path


def test_of_many_that_start_at_once_one_runs(folder):
    racers = [
        subprocess.Popen([sys.executable, "-c", RACER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(12)
    ]  # fmt: skip
    codes = [racer.stdout.readline().strip() for racer in racers]
    assert sorted(codes) == ["0", *["1"] * 11]
    for code, racer in zip(codes, racers):
        said = racer.communicate()[1]
        assert ("another run is at work" in said) == (code == "1") and "Traceback" not in said
    # all have ended
    lock = os.open("results/.running", os.O_RDWR)
    assert begin.main([str(lock), "--configfile", "s.yaml"]) == 0


def prepare(folder: Path) -> None:
    with open(folder / "results" / ".running", "a") as file:
        begin.prepare(file.fileno(), ["--configfile", "s.yaml"])


def test_only_leftovers_of_a_killed_run_are_removed(folder):
    (folder / "results" / "tiny").mkdir()
    (folder / ".snakemake" / "locks").mkdir(parents=True)
    for name in (
        "results/tiny/a.parquet.7.part",
        "results/tiny/a.parquet",
        ".snakemake/locks/0.input.lock",
    ):
        (folder / name).touch()
    prepare(folder)
    assert [path.name for path in (folder / "results" / "tiny").iterdir()] == ["a.parquet"]
    assert not (folder / ".snakemake" / "locks").exists()


def test_a_leftover_that_cannot_be_removed_is_named(folder):
    (folder / "results" / "a.parquet.7.part").mkdir()
    with pytest.raises(
        CatsightError,
        match=r"results/a\.parquet\.7\.part is left of an earlier run and cannot be removed",
    ):
        prepare(folder)


def test_nothing_is_removed_while_another_process_is_active(folder, monkeypatch):
    """Such as a plain snakemake, or a job of a killed run on another machine."""
    monkeypatch.setattr(begin, "_JOBS_PATIENCE", 0.1)
    part = folder / "results" / "a.parquet.7.part"
    part.touch()
    kept = locks.share()
    with pytest.raises(CatsightError, match=r"another run is at work in .*plain snakemake"):
        prepare(folder)
    with pytest.raises(CatsightError, match="a run is at work in"), locks.alone("results"):
        pass
    assert part.exists()
    kept.close()
    prepare(folder)
    assert not part.exists()


def test_without_locks_a_warning_is_printed_and_nothing_is_removed(folder, monkeypatch, capsys):
    def refuse(file, kind):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    part = folder / "results" / "a.parquet.7.part"
    part.touch()
    prepare(folder)
    assert (
        part.exists() and "results cannot be locked (No locks available)" in capsys.readouterr().err
    )


def test_a_lock_is_shared_by_many_or_held_by_one(folder, monkeypatch):
    monkeypatch.setattr(locks, "_PATIENCE", 0.1)
    assert all([locks.share(), locks.share()])
    with locks.alone("results"), pytest.raises(CatsightError, match="is being cleared up"):
        locks.share()
    with open("results/.running", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(CatsightError, match="a run is at work"), locks.alone("results"):
            pass


def test_a_second_run_and_a_plain_snakemake(tmp_path):
    """Beside a run, and beside a plain `snakemake`, which takes no lock of workflow/run."""
    workflow = small(tmp_path / "study")
    # no need to wait for a run that is active
    patient = workflow.folder / "workflow" / "catsight" / "run" / "begin.py"
    patient.write_text(
        patient.read_text().replace("_JOBS_PATIENCE = 4, 30", "_JOBS_PATIENCE = 0, 0")
    )
    weights = "results/tiny/weights/vit.safetensors"  # a job that takes some seconds
    first = workflow.start("--cores", "1", weights)
    wait_for(lambda: jobs(workflow.folder))
    assert "another run is at work" in workflow.run("--cores", "1", weights, code=1)
    assert first.wait() == 0 and (workflow.folder / weights).exists()

    shutil.rmtree(workflow.folder / "results" / "store")
    plain = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--configfile", "tiny.yaml", "--cores", "1", weights],
        cwd=workflow.folder,
        env=workflow.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(lambda: jobs(workflow.folder))
    assert "another run is at work" in workflow.run("--cores", "1", weights, code=1)
    assert plain.wait() == 0 and (workflow.folder / weights).exists()


def test_garbage_collection_is_off_while_a_plan_is_made(tmp_path):
    """In a process of its own, whose garbage collection `begin` turns off."""
    code = """
import gc
from types import SimpleNamespace
from catsight.run import begin
kept = begin.begin([])
off = gc.isenabled()
begin.planned(SimpleNamespace(executor_plugin=None))
print(off, gc.isenabled(), gc.get_freeze_count() > 1000)
"""
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["False", "True", "True"]
