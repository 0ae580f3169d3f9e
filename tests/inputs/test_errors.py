"""What a message cannot do to a terminal, whatever the names in it."""

import pytest

from catsight.errors import CatsightError, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("caf\u00e9 \u732b\n\tsecond", "caf\u00e9 \u732b\n\tsecond"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\rb\x9bc\x7f", "a\\rb\\x9bc\\x7f"),
        ("\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"),
        ("\udce9.png", "\\udce9.png"),
    ],
)
def test_what_cannot_be_shown_is_escaped(text, shown):
    assert printable(text) == str(CatsightError(text)) == shown
    shown.encode()
