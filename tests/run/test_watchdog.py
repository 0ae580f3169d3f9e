"""A job's own Snakemake ends with what started it, and only with that."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

import psutil
import pytest

from catsight.run import watchdog

#: A job's own Snakemake, in brief: it has started one process that ends on SIGTERM, one that does not.
INNER = """
import os, subprocess, sys
from catsight.run import watchdog
watchdog._GRACE, watchdog._EVERY = 0.5, 0.05
watchdog.follow()
watchdog.announce()
deaf = ["sh", "-c", "trap '' TERM; echo; while :; do sleep 60 & wait; done"]
started = [subprocess.Popen(["sleep", "60"]), subprocess.Popen(deaf, stdout=subprocess.PIPE)]
started[1].stdout.readline()
print(os.getpid(), *[one.pid for one in started], flush=True)
started[0].wait()  # then it ends as Snakemake does whose job has failed, but not the deaf process
"""


def alive(pids):
    return [pid for pid in pids if watchdog._started(pid) != "gone"]


def started(script, **environment):
    """A shell with this script, in which "$@" is a job's own Snakemake, and what it has started."""
    shell = subprocess.Popen(
        ["sh", "-c", script, "sh", sys.executable, "-c", INNER],
        env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True,
        start_new_session=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return shell, [int(pid) for pid in shell.stdout.readline().split()]


@pytest.fixture
def ended():
    """Sessions, by their leaders, of which nothing is left after the test."""
    leaders = []
    yield leaders
    for leader in leaders:
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == leader:
                    process.kill()
            except (OSError, psutil.Error):
                pass


def gone_within(seconds, pids):
    end = time.monotonic() + seconds
    while alive(pids) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pids)


def test_it_ends_with_its_parent_and_ends_all_that_it_started(ended):
    shell, pids = started('"$@"; true')
    ended.append(shell.pid)
    time.sleep(0.3)
    assert alive(pids) == pids
    shell.kill()
    shell.wait()
    assert gone_within(20, pids)


def test_it_ends_with_the_run_that_announced_itself(ended):
    """Between the two is a shell, which does not end."""
    shell, pids = started(
        f'export CATSIGHT_RUN="{socket.gethostname()} $$ 1"; sh -c \'"$@"; true\' sh "$@"; true'
    )
    ended.append(shell.pid)
    assert alive(pids) == pids
    shell.kill()
    shell.wait()
    assert gone_within(20, pids)


@pytest.mark.parametrize(
    "script",
    [
        # its parent is process 1 from the start, as with setsid or cron
        'setsid -f "$@"; while [ ! -e "$GO" ]; do sleep 0.05; done',
        # the shell above its parent has submitted it, and ends
        """sh -c '"$@"; true' sh "$@" & while [ ! -e "$GO" ]; do sleep 0.05; done; kill -9 $$""",
    ],
    ids=["no parent", "submitted"],
)
def test_it_outlives_what_has_no_part_in_it(script, ended, tmp_path):
    shell, pids = started(script, GO=str(tmp_path / "go"))
    ended += [shell.pid, os.getsid(pids[0])]
    (tmp_path / "go").touch()
    shell.wait()
    assert not gone_within(0.6, pids[:1])


@dataclass(eq=False)
class Process:
    """A process as psutil shows it."""

    pid: int
    called: str
    above: "Process | None" = None
    hidden: int = 0  # the id of a parent that is not shown

    def name(self):
        return self.called

    def parent(self):
        return self.above

    def ppid(self):
        return self.above.pid if self.above else self.hidden


def chain(*names, hidden=0):
    """Processes, each the parent of the next, with ids from 1."""
    process = None
    for pid, name in enumerate(names, 1):
        process = Process(pid, name, process, 0 if process else hidden)
    return process


def followed(process, run="- 0 -"):
    return {one.called: parent for one, parent in watchdog._above(process, run).items()}


def test_it_follows_the_processes_up_to_slurms_daemon():
    # as Slurm 22.05 starts a job, and in it a step
    batch = chain("systemd", "slurmstepd", "slurm_script", "snakemake")
    assert followed(batch) == {"snakemake": 3, "slurm_script": 2}
    assert followed(chain("systemd", "slurmstepd", "snakemake")) == {"snakemake": 2}
    # a node may hide processes of others, as with hidepid
    assert followed(chain("slurm_script", "snakemake", hidden=7)) == {
        "snakemake": 1,
        "slurm_script": 7,
    }


def test_elsewhere_it_follows_its_parent_alone_or_the_run():
    names = ("systemd", "tmux", "bash", "snakemake of all", "sh", "snakemake")
    assert followed(chain(*names)) == {"snakemake": 5}
    here = socket.gethostname()
    assert followed(chain(*names), f"{here} 4 123") == {"snakemake": 5, "sh": 4}
    assert followed(chain(*names), "elsewhere.example 4 123") == {"snakemake": 5}
