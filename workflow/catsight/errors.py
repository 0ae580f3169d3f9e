"""What the user is told: the exception whose message is for the user, and lines in the log."""

import errno
import re
import sys

#: Error numbers of a full disk or quota.
FULL = (errno.ENOSPC, errno.EDQUOT)
#: Those of what a user may not do: to another's file, or where everything is read only.
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)

#: What a terminal would obey instead of showing it, and what UTF-8 cannot hold: control characters
#: but line breaks and tabs, marks that turn the direction of writing, and lone surrogates. Nor what
#: XML cannot hold.
_UNPRINTABLE = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


class CatsightError(Exception):
    """An error that the user can correct: the message names the file or key, and the fix.

    Commands print the message without a traceback.
    """

    def __str__(self) -> str:
        return printable(super().__str__())


def printable(text: str) -> str:
    """A text to print, in which names of files, say, cannot give orders to a terminal.

    What cannot be printed stands as in a Python string: ``\\x1b``.
    """
    return _UNPRINTABLE.sub(lambda match: repr(match[0])[1:-1], text)


def tell(text: str) -> None:
    """Prints a line on standard output, as :func:`printable`."""
    print(printable(text))


def say(text: str) -> None:
    """Prints a line on standard error, which in a job is its log, as :func:`printable`."""
    print(printable(text), file=sys.stderr)
