"""The one exception that a user is meant to read."""

import errno

#: What the system says of a disk without room.
FULL = (errno.ENOSPC, errno.EDQUOT)


class CatsightError(Exception):
    """Something the user can mend: the message names the file or key and the fix; commands print it
    without a trace.
    """
