"""Locks on a folder of results: who may be active there at the same time."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from catsight import CatsightError
from catsight.run import locks


@pytest.fixture
def hold(tmp_path):
    """A function that locks a file of the folder, as another process would."""
    files = []

    def lock(name, kind=fcntl.LOCK_EX):
        file = open(tmp_path / name, "a")  # noqa: SIM115
        fcntl.flock(file, kind | fcntl.LOCK_NB)
        files.append(file)
        return file

    yield lock
    for file in files:
        file.close()


@pytest.fixture
def waits(monkeypatch):
    """The times (s) that locks slept; the clock moves by them alone."""
    slept = []
    # not in the module `time`, which threads of other tests use
    clock = SimpleNamespace(monotonic=lambda: 50 + sum(slept), sleep=slept.append)
    monkeypatch.setattr(locks, "time", clock)
    return slept


def test_many_share_a_folder_and_none_clears_it_meanwhile(tmp_path):
    one, two = locks.share(tmp_path / "new"), locks.share(tmp_path / "new")
    assert one.name == two.name == str(tmp_path / "new" / ".at-work")
    with pytest.raises(CatsightError) as raised, locks.alone(tmp_path / "new"):
        pass
    assert str(raised.value) == f"a run is at work in {tmp_path}/new; wait for it to end"
    one.close()
    with pytest.raises(CatsightError), locks.alone(tmp_path / "new"):
        pass
    two.close()
    with locks.alone(tmp_path / "new"):
        pass


@pytest.fixture
def of_another_user(tmp_path, monkeypatch):
    """A function that lets files of this mode be opened for nothing more, as by another user."""
    real = open

    def refuse(letters):
        def limited(path, mode="r"):
            if str(path).startswith(str(tmp_path)) and mode in letters:
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, mode)

        monkeypatch.setattr("builtins.open", limited)

    return refuse


def test_another_users_files_are_locked_as_well(tmp_path, of_another_user, hold):
    for name in (".running", ".at-work"):
        (tmp_path / name).touch()
    of_another_user("a")
    with locks.alone(tmp_path):
        pass
    with locks.share(tmp_path) as shared, pytest.raises(CatsightError, match="a run is at work"):
        assert shared.mode == "r"
        with locks.alone(tmp_path):
            pass


def test_files_that_cannot_be_opened_are_named_in_one_line(tmp_path, of_another_user):
    of_another_user("ar")
    with pytest.raises(CatsightError) as raised, locks.alone(tmp_path):
        pass
    assert str(raised.value).startswith(f"{tmp_path} cannot be locked (Permission denied), so ")
    assert locks.share(tmp_path) is None


def test_a_folder_that_is_not_there_is_made(tmp_path):
    with locks.alone(tmp_path / "one" / "results"), locks.alone(tmp_path / "two" / "results"):
        pass
    with locks.alone(tmp_path / "one" / "results"):
        pass
    with locks.share(tmp_path / "three" / "results"):
        pass


def test_the_folder_is_results_unless_another_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with locks.share():
        assert (tmp_path / "results" / ".at-work").is_file()


@pytest.mark.parametrize("name", [".running", ".at-work"])
def test_one_who_clears_a_folder_waits_for_nobody(tmp_path, hold, waits, name):
    held = hold(name)
    with pytest.raises(CatsightError, match="a run is at work in"), locks.alone(tmp_path):
        pass
    assert waits == []
    held.close()
    with locks.alone(tmp_path):
        for one in (".running", ".at-work"):
            with pytest.raises(BlockingIOError):
                hold(one)
    for one in (".running", ".at-work"):
        hold(one)


def test_a_job_waits_ten_seconds_for_one_who_clears_the_folder(tmp_path, hold, waits):
    held = hold(".at-work")
    with pytest.raises(CatsightError) as raised:
        locks.share(tmp_path)
    assert str(raised.value) == (
        f"{tmp_path} is being cleared up (by catsight prune, or check); wait for that"
    )
    assert sum(waits) == pytest.approx(10, abs=0.1) and max(waits) <= 0.1
    held.close()
    with locks.share(tmp_path):
        pass


def test_without_locks_a_job_goes_on(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    assert locks.share(tmp_path / "file") is None  # no folder can be made there

    def none(*arguments):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(locks.fcntl, "flock", none)
    assert locks.share(tmp_path) is None


@pytest.mark.parametrize(("seconds", "slept"), [(0, 0), (1, 1)])
def test_an_exclusive_lock_is_waited_for_as_long_as_is_said(hold, waits, tmp_path, seconds, slept):
    hold(".at-work", fcntl.LOCK_SH)
    with open(tmp_path / ".at-work", "a") as file:
        assert locks.acquire(file.fileno(), seconds) is False
        assert sum(waits) == pytest.approx(slept, abs=0.1)
    with open(tmp_path / "other", "a") as file:
        assert locks.acquire(file.fileno()) is True
        with open(tmp_path / "other", "a") as second, pytest.raises(BlockingIOError):
            fcntl.flock(second, fcntl.LOCK_SH | fcntl.LOCK_NB)
    os.remove(tmp_path / "other")


def test_a_folder_of_another_user_without_a_run_of_its_own(tmp_path, monkeypatch, hold):
    """A plain snakemake made .at-work there, and .running cannot be made."""
    (tmp_path / ".at-work").touch()
    real = open

    def limited(path, mode="r"):
        if str(path).startswith(str(tmp_path)) and mode == "a":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, mode)

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", limited)
        with locks.alone(tmp_path):
            pass
    kept = hold(".at-work")
    monkeypatch.setattr("builtins.open", limited)
    with pytest.raises(CatsightError, match="a run is at work"), locks.alone(tmp_path):
        pass
    kept.close()


def test_a_run_that_cannot_open_its_lock_says_whom_to_ask(tmp_path):
    """workflow/run itself; a link to nowhere stands for another user's file, since root opens all."""
    (tmp_path / "workflow").mkdir()
    (tmp_path / "results").mkdir()
    shutil.copy2(Path(__file__).parents[2] / "workflow" / "run", tmp_path / "workflow")
    (tmp_path / "results" / ".running").symlink_to("/nowhere/of/theirs")
    said = subprocess.run(
        [tmp_path / "workflow" / "run"], capture_output=True, text=True, cwd=tmp_path
    )
    assert said.returncode == 1 and said.stdout == "" and said.stderr.count("\n") == 1
    assert said.stderr.startswith(f"catsight: {tmp_path}/results/.running can neither be written")
    assert "ask its owner to let you read it" in said.stderr
