"""What Snakemake's report of a failed job says of the cause, where the job could not say it itself.

A job that a signal ends leaves an empty log, and Snakemake prints no more than a status. So the
signal and its likely cause become the message of the report, and the last line of the job's log.
"""

import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_CRASHED = "a library or a driver crashed"
#: Signal -> what it most likely means, and the resource of which a job on a cluster may need more.
SIGNALS: dict[int, tuple[str, str | None]] = {
    signal.SIGKILL: ("most likely memory ran out", "mem_mb"),
    signal.SIGTERM: ("it was cancelled, or its time was up", "runtime"),
    signal.SIGHUP: ("its terminal was closed", None),
    signal.SIGXCPU: ("its limit of CPU time was reached (ulimit -t)", None),
    signal.SIGXFSZ: ("its limit of a file's size was reached (ulimit -f)", None),
    signal.SIGILL: ("a library needs a processor with more instructions than this one", None),
    signal.SIGBUS: (f"{_CRASHED}, a file was cut short, or the disk or /dev/shm is full", None),
    signal.SIGSEGV: (_CRASHED, None),
    signal.SIGABRT: (f"{_CRASHED}, maybe for want of memory", "mem_mb"),
    signal.SIGFPE: (_CRASHED, None),
    signal.SIGSYS: ("this machine, or its container, forbids a system call", None),
}
#: State that Slurm reports -> what it means, and the resource of which the job may need more.
STATES: dict[str, tuple[str, str | None]] = {
    "OUT_OF_MEMORY": ("it took more memory than it requested", "mem_mb"),
    "TIMEOUT": ("it took longer than it requested", "runtime"),
    "NODE_FAIL": ("its node failed, which is no fault of the job; run again", None),
    "CANCELLED": ("a user or the administrator cancelled it (scancel)", None),
}
_STATE = re.compile(r"SLURM status is: '(\w+)")
_UNITS = {"mem_mb": "MB of memory", "runtime": "minutes"}


def explain() -> None:
    """Makes this process, a Snakemake, explain why a job of catsight has failed."""
    logger = logging.getLogger("snakemake.logging")
    if not any(isinstance(one, _Explain) for one in logger.filters):
        logger.addFilter(_Explain())


class _Explain(logging.Filter):
    """Adds the cause to the records of failed jobs, before any handler formats them."""

    def __init__(self) -> None:
        super().__init__()
        self.resources: dict[int, Mapping[str, Any]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        event = str(getattr(record, "event", ""))
        if event == "job_info":
            self.resources[record.jobid] = record.resources  # type: ignore[attr-defined]
        if event == "job_finished":
            self.resources.pop(getattr(record, "job_id", -1), None)
        if event == "job_error" and "-m catsight" in (getattr(record, "shellcmd", "") or ""):
            with suppress(Exception):  # whatever it cannot explain, Snakemake's report is shown
                self._explain(record)
        return True

    def _explain(self, record: Any) -> None:
        resources = self.resources.get(record.jobid, {})
        if state := _STATE.search(record.rule_msg or ""):
            cause = of_state(state[1], record.rule_name, resources)
        else:
            number = signal_of(sys.exc_info()[1])
            cause = of_signal(number, record.rule_name, resources, "SLURM_JOB_ID" in os.environ)
        if cause:
            record.rule_msg = f"{cause}. {record.rule_msg}" if record.rule_msg else cause
            if record.log:
                with open(record.log[0], "a", encoding="utf-8") as log:
                    log.write(f"catsight: {cause}\n")
        # Snakemake shows no log after an empty one; on a cluster, the second is Slurm's
        record.log.sort(key=lambda path: not Path(path).is_file() or not os.path.getsize(path))


def signal_of(error: BaseException | None) -> int:
    """The signal that ended a command, from the ``error`` that Snakemake reports; 0 if none did.

    A shell reports a signal of its command as status 128 + the signal's number.
    """
    while error and not isinstance(error, subprocess.CalledProcessError):
        error = error.__cause__ or error.__context__
    status = int(getattr(error, "returncode", 0))
    return -status if status < 0 else status - 128 if 128 < status < 128 + signal.NSIG else 0


def of_signal(number: int, rule: str, resources: Mapping[str, Any], cluster: bool) -> str:
    """Why a job of the ``rule`` ended by a signal; empty for none, and for Ctrl-C."""
    if number in (0, signal.SIGINT):
        return ""
    try:
        name = f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"ended by signal {number}"
    meaning, resource = SIGNALS.get(number, ("", None))
    if number == signal.SIGTERM and not cluster:
        meaning = "someone ended it, or the machine was shut down"
    said = f"ended by {name}: {meaning}" if meaning else f"ended by {name}"
    if cluster:
        return said + _request(rule, resource, resources)
    if resource == "mem_mb":
        needs = f"This job may take {resources['mem_mb']} MB. " if "mem_mb" in resources else ""
        said += f". {needs}Run fewer at once: --cores 1, or --resources mem_mb=8000 for their sum"
    return said


def of_state(state: str, rule: str, resources: Mapping[str, Any]) -> str:
    """Why Slurm reports this ``state`` of a job of the ``rule``; empty if it says nothing more."""
    meaning, resource = STATES.get(state, ("", None))
    return f"{state}: {meaning}{_request(rule, resource, resources)}" if meaning else ""


def _request(rule: str, resource: str | None, resources: Mapping[str, Any]) -> str:
    """How to request more of the resource."""
    amount = resources.get(resource) if resource else None
    if not isinstance(amount, int):
        return ""
    # in the profile, since on the command line it would replace all of set-resources
    return (
        f". It requested {amount} {_UNITS[str(resource)]}; request more under set-resources in the "
        f"profile, {rule}: {{{resource}: {2 * amount}}} (docs/cluster.md)"
    )
