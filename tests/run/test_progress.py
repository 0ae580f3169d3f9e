import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

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


def test_long_work_is_reported_now_and_then(monkeypatch, capsys):
    clock = iter(range(0, 100_000, 25))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(progress, "_terminal", lambda: None)
    list(progress.track(range(10), "features vit"))
    lines = capsys.readouterr().err.splitlines()
    assert 3 <= len(lines) <= 5
    assert " s left)" in lines[0] and "10/10" in lines[-1]


def test_an_error_is_not_reported_as_done(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_terminal", lambda: None)
    try:
        with progress.Progress("views", 3):
            raise RuntimeError
    except RuntimeError:
        pass
    assert capsys.readouterr().err == ""
