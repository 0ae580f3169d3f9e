"""A few of the damaged files of `tests/fuzz.py`, and that it notices what it looks for."""

import random
import sys
from functools import partial
from itertools import count
from types import SimpleNamespace

import pytest

import fuzz
from support import damaged
from support.failing_door import door

#: How many files of a kind are read here: as many as take seconds in all.
FILES = {"checkpoint": 15, "eye": 15, "study": 15}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")


@pytest.fixture(autouse=True)
def few_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")


@pytest.mark.parametrize("kind", fuzz.DOORS)
def test_damaged_files_are_used_or_rejected(kind, tmp_path):
    found = list(fuzz.outcomes(kind, range(FILES.get(kind, 20)), 0, tmp_path / "one"))
    wrong = {one.number: one.why for one in found if one.outcome == "finding"}
    assert not wrong
    assert any(one.outcome == "rejected" for one in found)


def test_a_seed_makes_the_same_files_always():
    for kind in ("png", "depth", "eye"):
        made = [damaged.changed(kind, number, 3) for number in range(20)]
        assert made == [damaged.changed(kind, number, 3) for number in range(20)]
        assert made != [damaged.changed(kind, number, 4) for number in range(20)]
        assert len({*made, *damaged.sound(kind)}) > 15


def test_each_change_changes_a_file():
    data = damaged.sound("depth")[0]
    for change in {*damaged.CHANGES, *damaged.OF_TEXTS}:
        draws = [bytearray(data) for _ in range(20)]
        for number, one in enumerate(draws):
            change(one, random.Random(number))
        assert sum(one != data for one in draws) > 10, change
        assert max(map(len, draws)) <= damaged.LONGEST + len(data)


def test_what_must_not_happen_is_found(tmp_path):
    """In one process after another: each that ends is replaced."""
    reader = fuzz.Reader(door, [b"sound"], tmp_path / "one", seconds=0.5)
    said = {
        word: reader(word.encode())
        for word in (
            "sound",
            "cut",
            "wrong",
            "memory",
            "bug",
            "swallowed",
            "crash",
            "time",
            "sound",
        )
    }
    reader.close()
    assert [what for what, _ in said.values()] == ["read", *["rejected"] * 2, *["finding"] * 5]
    assert "MemoryError" in said["memory"][1] and "KeyError: 'bug'" in said["bug"][1]
    assert said["crash"][1] == "the process ended by SIGABRT"
    assert said["time"][1] == "the process ended by SIGPROF: it takes more than 0.5 s"


def test_findings_are_kept_and_counted(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(fuzz.DOORS, "eye", door)
    monkeypatch.setattr(fuzz, "sound", lambda kind: [b"sound"])
    monkeypatch.setattr(fuzz, "changed", lambda kind, number, seed: [b"cut", b"bug"][number % 2])
    monkeypatch.setattr(fuzz, "time", SimpleNamespace(monotonic=partial(next, count())))
    monkeypatch.setattr(
        sys,
        "argv",
        [
            "fuzz.py",
            "--minutes",
            "0.1",
            "--kinds",
            "eye",
            "--seed",
            "7",
            "--keep",
            str(tmp_path / "kept"),
        ],
    )
    assert fuzz.main() == 1
    assert (tmp_path / "kept" / "eye-7-1").read_bytes() == b"bug"
    assert "KeyError" in (tmp_path / "kept" / "eye-7-1.txt").read_text()
    assert not (tmp_path / "kept" / "eye-7-0").exists() and capsys.readouterr().out.endswith(
        "eye: 0 read, 3 rejected, 2 finding\n"
    )
