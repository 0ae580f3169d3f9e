"""What a message cannot do to a terminal, whatever the names in it."""

from pathlib import Path

import pytest

import catsight
from catsight.errors import CatsightError, printable, say


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("caf\u00e9 \u732b\n\tsecond", "caf\u00e9 \u732b\n\tsecond"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\rb\x9bc\x7f", "a\\rb\\x9bc\\x7f"),
        ("\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"),
        ("\udce9.png", "\\udce9.png"),
        ("a\ufffe\uffff", "a\\ufffe\\uffff"),  # which no XML may hold
    ],
)
def test_what_cannot_be_shown_is_escaped(text, shown):
    assert printable(text) == str(CatsightError(text)) == shown
    shown.encode()


def test_a_line_in_a_log_is_escaped_too(capsys):
    say("frames: \x1b[2J.png: odd")
    assert capsys.readouterr().err == "frames: \\x1b[2J.png: odd\n"


def test_nothing_is_printed_past_it():
    """Lines on standard error may hold names of files. The others are constant, or errors."""
    library = Path(catsight.__file__).parent
    direct = {
        str(path.relative_to(library))
        for path in library.rglob("*.py")
        if "file=sys.stderr" in path.read_text()
    }
    assert direct == {"errors.py", "run/job.py", "run/watchdog.py"}
