"""The exception whose message is for the user."""

import errno

#: Error numbers of a full disk or quota.
FULL = (errno.ENOSPC, errno.EDQUOT)


class CatsightError(Exception):
    """An error that the user can correct: the message names the file or key, and the fix.

    Commands print the message without a traceback.
    """
