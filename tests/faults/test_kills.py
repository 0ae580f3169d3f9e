"""Fifty kills at random moments: a later run finishes with the same tables and leaves nothing
behind.

Each run is killed, and the next continues it. After a run that finishes, all results are deleted.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter

import pytest

from catsight.features import safe
from support.disturbed import TARGET, alive, at_work, jobs, small, wait_for

#: Kills of whole runs, and of single jobs, which Snakemake starts again.
RUNS, JOBS = 24, 28
RUN = ("--cores", "2", "--keep-going", "--retries", "20", TARGET)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    workflow = small(tmp_path_factory.mktemp("undisturbed") / "study")
    workflow.run("--cores", "2", TARGET)
    return workflow


@pytest.fixture
def folder(tmp_path):
    """The same study, before its first run."""
    return small(tmp_path / "study")


def check(workflow, undisturbed):
    assert workflow.contents() == undisturbed.contents()
    weights = "weights/vit.safetensors"
    assert safe.sound(workflow.results() / weights)
    assert safe.about(workflow.results() / weights) == safe.about(undisturbed.results() / weights)
    assert not list((workflow.folder / "results").rglob("*.part"))
    assert not alive(workflow.folder)


def kill_jobs(workflow, process, draw, wanted):
    """Kills up to ``wanted`` jobs, and returns how many; waits until some have started, or the run
    has ended.
    """
    seen, hit, starts = set(), 0, draw.randint(0, 4)
    while process.poll() is None and (len(seen) < starts or hit < wanted):
        here = jobs(workflow.folder)
        seen |= set(here)
        if here and hit < wanted:
            time.sleep(draw.uniform(0, 0.8))
            hit += kill(draw.choice(here))
        time.sleep(0.05)
    return hit


def kill(pid) -> bool:
    """Kills a job; False if it had ended already."""
    try:
        handle = os.pidfd_open(pid)
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return False
    os.close(handle)
    return True


@pytest.mark.slow
def test_fifty_kills(undisturbed, folder):
    workflow, draw, kills, finished = folder, random.Random(7), Counter(), 0
    while kills["snakemake"] + kills["all"] < RUNS or kills["job"] < JOBS:
        process = workflow.start(*RUN)
        kills["job"] += kill_jobs(
            workflow, process, draw, draw.randint(0, 3) if kills["job"] < JOBS else 0
        )
        # while it starts, or in what follows
        deadline = time.monotonic() + draw.uniform(0.1, 4)
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        kind = draw.choice(["snakemake", "all"])
        if process.poll() is None:
            (os.kill if kind == "snakemake" else os.killpg)(process.pid, signal.SIGKILL)
            kills[kind] += process.wait() == -signal.SIGKILL
        if process.wait() == 0:
            check(workflow, undisturbed)
            finished += 1
            shutil.rmtree(workflow.folder / "results")
        elif draw.random() < 0.5:  # if not, jobs of this run are still active in the next
            wait_for(lambda: not alive(workflow.folder))
    workflow.run("--cores", "2", TARGET)
    check(workflow, undisturbed)
    assert kills.total() >= 50 and min(kills[kind] for kind in ("snakemake", "all", "job")) >= 5
    print(f"{kills.total()} kills: {dict(kills)}; {finished} runs finished between them")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_cleanly(folder, how):
    """Ctrl-C reaches the whole process group; a batch system signals workflow/run alone."""
    weights = "results/tiny/weights/vit.safetensors"
    process = folder.start("--cores", "2", weights)
    wait_for(lambda: at_work(folder.folder))
    (os.killpg if how == signal.SIGINT else os.kill)(process.pid, how)
    assert process.wait() != 0
    wait_for(lambda: not alive(folder.folder))
    assert "Traceback" not in process.said.read_text()
    assert not list((folder.folder / "results").rglob("*.part"))
    folder.run("--cores", "2", weights)
    assert safe.sound(folder.folder / weights)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_the_report_of_a_killed_job_names_signal_and_cause(folder, number):
    """Without it there is an empty log, and a status."""
    process = folder.start("--cores", "2", "results/tiny/weights/vit.safetensors")
    wait_for(lambda: at_work(folder.folder))
    for job in jobs(folder.folder):
        os.kill(job, number)
    assert process.wait() != 0
    log = (folder.results() / "logs" / "weights" / "vit.log").read_text()
    said = (
        f"ended by signal {number:d} ({number.name}): "
        + {
            signal.SIGKILL: "most likely memory ran out. Run fewer at once: --cores 1, or "
            "--resources mem_mb=8000 for their sum",
            signal.SIGSEGV: "a library or a driver crashed",
        }[number]
    )
    assert log.endswith(f"catsight: {said}\n")
    report = process.said.read_text()
    assert f"    message: {said}\n" in report and f"\n{log}" in report  # once more, with the log


def test_a_jobs_own_snakemake_ends_with_what_started_it(folder):
    """On a cluster it is started by a daemon, which may be killed; then no one else ends it."""
    target = "weights:encoder=vit"
    inner = [sys.executable, "-m", "snakemake", "--configfile", "tiny.yaml", "--cores", "1",
             "--mode", "remote", "--nolock", "--target-jobs", target, "--force"]  # fmt: skip
    shell = subprocess.Popen(
        ["sh", "-c", '"$@"; true', "sh", *inner], cwd=folder.folder, env=folder.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for(lambda: at_work(folder.folder))
    shell.kill()
    shell.wait()
    wait_for(lambda: not alive(folder.folder), seconds=30)
    assert not (folder.results() / "weights" / "vit.safetensors").exists()  # it did not finish


def test_a_job_tells_its_run_from_another_process_with_the_same_id(tmp_path):
    """The id of a run that has ended may be reused; a job that was started by hand has no run."""
    from catsight.run import watchdog

    here = f"{socket.gethostname()} {os.getpid()}"
    began = watchdog._started(os.getpid())
    assert began.isdigit() and watchdog._started(2**22 + 1) == "gone"
    for variable, lives in ((f"{here} {began}", True), (f"{here} 1", False), (f"{socket.gethostname()} {2**22 + 1} 7", False),
                            (f"elsewhere.example {2**22 + 1} 7", True), ("", True)):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", "import time; from catsight.run import watchdog; watchdog.watch(); time.sleep(3); print('lived')"],
            env={**os.environ, "CATSIGHT_RUN": variable}, cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert (done.stdout == "lived\n") == lives and done.returncode == (not lives), variable
        assert ("the run that started this job is gone" in done.stderr) != lives
