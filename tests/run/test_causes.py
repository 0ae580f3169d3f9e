"""The report of a failed job names the signal that ended it, and the likely cause."""

import logging
import subprocess

import pytest

from catsight.run import causes

REQUESTED = {"mem_mb": 4000, "runtime": 21}


def error(command):
    """What Snakemake reports if a command fails: an error while it handled the shell's."""
    try:
        try:
            subprocess.run(["bash", "-c", command], check=True, stderr=subprocess.DEVNULL)
        except subprocess.CalledProcessError:
            raise RuntimeError("in rule views") from None  # hides the first, but keeps it
    except RuntimeError as raised:
        return raised


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("sh -c 'kill -9 $$'; exit $?", 9),  # the shell lives, and says 137
        ("kill -9 $$", 9),  # it does not
        ("ulimit -c 0; kill -SEGV $$", 11),
        ("exit 143", 15),
        ("exit 1", 0),
        ("exit 128", 0),
        ("exit 255", 0),
    ],
)
def test_the_signal_is_that_of_the_shell_or_of_its_command(command, number):
    assert causes.signal_of(error(command)) == number


def test_an_error_of_no_command_has_no_signal():
    assert causes.signal_of(ValueError()) == causes.signal_of(None) == 0


@pytest.mark.parametrize(
    ("number", "cluster", "said"),
    [
        (9, True, "ended by signal 9 (SIGKILL): most likely memory ran out. It requested 4000 MB of memory; request more under set-resources in the profile, views: {mem_mb: 8000} (docs/cluster.md)"),
        (9, False, "ended by signal 9 (SIGKILL): most likely memory ran out. This job may take 4000 MB. Run fewer at once: --cores 1, or --resources mem_mb=8000 for their sum"),
        (15, True, "ended by signal 15 (SIGTERM): it was cancelled, or its time was up. It requested 21 minutes; request more under set-resources in the profile, views: {runtime: 42} (docs/cluster.md)"),
        (15, False, "ended by signal 15 (SIGTERM): someone ended it, or the machine was shut down"),
        (4, True, "ended by signal 4 (SIGILL): a library needs a processor with more instructions than this one"),
        (11, False, "ended by signal 11 (SIGSEGV): a library or a driver crashed"),
        (24, False, "ended by signal 24 (SIGXCPU): its limit of CPU time was reached (ulimit -t)"),
        (25, False, "ended by signal 25 (SIGXFSZ): its limit of a file's size was reached (ulimit -f)"),
        (10, False, "ended by signal 10 (SIGUSR1)"),
        (40, False, "ended by signal 40"),  # of real time, without a name
        (2, False, ""),  # Ctrl-C
        (0, False, ""),
    ],
)  # fmt: skip
def test_a_signal_has_a_likely_cause(number, cluster, said):
    assert causes.of_signal(number, "views", REQUESTED, cluster) == said


def test_slurms_state_has_a_cause():
    for state, resource, twice in (("OUT_OF_MEMORY", "mem_mb", 8000), ("TIMEOUT", "runtime", 42)):
        said = causes.of_state(state, "views", REQUESTED)
        assert (
            said.startswith(f"{state}: it took")
            and f"profile, views: {{{resource}: {twice}}} (" in said
        )
    assert causes.of_state("TIMEOUT", "views", {}) == "TIMEOUT: it took longer than it requested"
    assert "run again" in causes.of_state("NODE_FAIL", "views", REQUESTED)
    assert causes.of_state("FAILED", "views", REQUESTED) == ""


def failed(logs, message=None, command="python -m catsight views make"):
    """Snakemake's records of a job of the rule `views` that starts, and fails."""
    for event, more in (
        ("job_info", {"resources": REQUESTED}),
        ("job_error", {"rule_msg": message, "log": [str(log) for log in logs], "shellcmd": command}),
    ):  # fmt: skip
        record = logging.makeLogRecord({"event": event, "jobid": 3, "rule_name": "views", **more})
        yield record


def report(*arguments, **more):
    """The record of the failure, as any handler gets it."""
    explain, last = causes._Explain(), None
    for last in failed(*arguments, **more):
        assert explain.filter(last)
    return last


def test_the_cause_is_in_the_report_and_the_log(tmp_path):
    log = tmp_path / "0.log"
    log.write_text("store: computed\n")
    try:
        raise error("exit 137")
    except RuntimeError:
        record = report([log])
    assert record.rule_msg == causes.of_signal(9, "views", REQUESTED, False)
    assert log.read_text() == f"store: computed\ncatsight: {record.rule_msg}\n"
    slurms = "SLURM-job '5' failed, SLURM status is: 'TIMEOUT'. More."
    cause = causes.of_state("TIMEOUT", "views", REQUESTED)
    assert report([log], slurms).rule_msg == f"{cause}. {slurms}"


def test_a_report_without_a_signal_and_other_workflows_stay_as_they_are(tmp_path):
    log = tmp_path / "0.log"
    log.write_text("an error that says all\n")
    for command, status in (("python -m catsight views make", 1), ("bwa mem", 137)):
        try:
            raise error(f"exit {status}")
        except RuntimeError:
            assert report([log], command=command).rule_msg is None
    assert log.read_text() == "an error that says all\n"
    try:
        raise error("exit 137")
    except RuntimeError:  # a log that cannot be written to
        assert "SIGKILL" in report([tmp_path]).rule_msg


def test_an_empty_log_does_not_hide_slurms(tmp_path):
    """Snakemake shows no log after the first that is empty."""
    own, slurms = tmp_path / "0.log", tmp_path / "5.log"
    own.touch()
    slurms.write_text("srun: error: node: task 0: Killed\n")
    assert report([own, slurms], "SLURM status is: 'FAILED'").log == [str(slurms), str(own)]


def test_it_is_added_once():
    logger = logging.getLogger("snakemake.logging")
    before = list(logger.filters)
    try:
        causes.explain()
        causes.explain()
        assert sum(isinstance(one, causes._Explain) for one in logger.filters) == 1
    finally:
        logger.filters[:] = before
