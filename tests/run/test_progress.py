import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from types import SimpleNamespace

import pytest

from catsight.run import progress

CODE = """
import sys, time
from catsight.run.progress import track
for _ in track(range(40), "views cat"):
    time.sleep(0.02)
"""


def read_all(descriptor):
    seen = b""
    while True:
        try:
            chunk = os.read(descriptor, 4096)
        except OSError:  # the terminal's other end is closed
            return seen.decode()
        if not chunk:
            return seen.decode()
        seen += chunk


def test_a_person_sees_a_bar_and_the_log_gets_a_line(tmp_path):
    """As under Snakemake: standard error goes into a log, and a terminal is there all the same."""
    log = tmp_path / "log"
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(
            1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0)
        )  # a new one has no columns at all
        with open(log, "w") as file:
            os.dup2(file.fileno(), 2)
        os.execv(sys.executable, [sys.executable, "-c", CODE])
    shown = read_all(terminal)
    os.waitpid(child, 0)
    assert "views cat" in shown and "/40" in shown and "frames/s" in shown
    lines = log.read_text().splitlines()
    assert len(lines) == 1 and lines[0].startswith("views cat: 40/40 frames in ")


def test_without_a_terminal_there_is_one_line():
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        check=True,
    )
    assert done.stderr.count("\n") == 1 and "\r" not in done.stderr
    assert done.stderr.startswith("views cat: 40/40 frames in ")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(progress, "_terminal", lambda: None)


def test_long_work_is_reported_once_a_minute(monkeypatch, capsys):
    clock = Clock(monkeypatch)
    with progress.Progress("features vit", 100) as shown:
        for seconds, n in ((30, 10), (29.5, 5), (0.5, 5), (59, 20), (1, 20), (40, 40)):
            clock.now += seconds
            shown.advance(n)
        assert shown.done == 100
    # 20 frames in 60 s leave 80 at a third of a frame a second; then 60 in 120 s leave 40 at a half
    assert capsys.readouterr().err.splitlines() == [
        "features vit: 20/100 frames in 60.0 s (0.3/s, 240 s left)",
        "features vit: 60/100 frames in 120.0 s (0.5/s, 80 s left)",
        "features vit: 100/100 frames in 160.0 s (0.6/s)",
    ]


@pytest.mark.parametrize(
    ("total", "done", "line"),
    [
        (None, 3, "clips: 3 stills in 2.0 s (1.5/s)"),
        (0, 0, "clips: 0 stills in 2.0 s (0.0/s)"),
        (4, 0, "clips: 0/4 stills in 2.0 s (0.0/s)"),
        (4, 3, "clips: 3/4 stills in 2.0 s (1.5/s, 1 s left)"),
        (4, 5, "clips: 5/4 stills in 2.0 s (2.5/s)"),
    ],
)
def test_the_last_line_says_what_was_done(monkeypatch, capsys, total, done, line):
    clock = Clock(monkeypatch)
    with progress.Progress("clips", total, "stills") as shown:
        for _ in range(done):
            shown.advance()
        clock.now += 2
    assert capsys.readouterr().err == f"{line}\n"


@pytest.mark.parametrize(("total", "of"), [(None, 3), (7, 7), (0, None)])
def test_items_are_tracked_as_they_are_used(monkeypatch, capsys, total, of):
    clock, seen = Clock(monkeypatch), []
    for item in progress.track(["a", "b", "c"], "views", total, "pictures"):
        seen.append(item)
        clock.now += 1
    of, left = f"/{of}" if of else "", f", {(of or 0) - 3} s left" if of == 7 else ""
    assert seen == ["a", "b", "c"]
    assert capsys.readouterr().err == f"views: 3{of} pictures in 3.0 s (1.0/s{left})\n"


def test_work_in_no_time_has_a_rate(monkeypatch, capsys):
    Clock(monkeypatch)
    list(progress.track([], "views"))
    assert capsys.readouterr().err == "views: 0 frames in 0.0 s (0.0/s)\n"


def test_an_error_is_not_reported_as_done(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_terminal", lambda: None)
    try:
        with progress.Progress("views", 3):
            raise RuntimeError
    except RuntimeError:
        pass
    assert capsys.readouterr().err == ""
