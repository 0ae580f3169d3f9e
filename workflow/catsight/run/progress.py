"""Progress of long work: a bar for a person, a line now and then for a log.

Under Snakemake a job's standard error goes into its log; the bar therefore goes to the terminal
itself, where there is one, and the log gets a line a minute and one at the end.
"""

import os
import sys
import time
from collections.abc import Iterator

from tqdm import tqdm

#: Seconds between two lines in a log.
_LOG_EVERY = 60.0


class Progress:
    """Counts ``total`` things of some ``unit``: done, rate, time left. A context manager; call
    ``advance(n)``.
    """

    def __init__(self, what: str, total: int | None, unit: str = "frames"):
        self.what, self.total, self.unit = what, total, unit
        self.done = 0

    def __enter__(self) -> "Progress":
        self._start = self._said = time.monotonic()
        self._terminal = _terminal()
        self._bar = tqdm(
            desc=self.what, total=self.total, unit=f" {self.unit}", file=self._terminal, disable=self._terminal is None,
            leave=False, dynamic_ncols=True, mininterval=0.2,
        )  # fmt: skip
        return self

    def advance(self, n: int = 1) -> None:
        """Says that ``n`` more are done."""
        self.done += n
        self._bar.update(n)
        if time.monotonic() - self._said >= _LOG_EVERY:
            self._say()

    def __exit__(self, kind, error, trace) -> None:
        self._bar.close()
        if self._terminal not in (None, sys.stderr):
            self._terminal.close()
        if kind is None:
            self._say()

    def _say(self) -> None:
        self._said = time.monotonic()
        seconds = max(self._said - self._start, 1e-9)
        rate = self.done / seconds
        of = f"/{self.total}" if self.total else ""
        left = (
            f", {(self.total - self.done) / rate:.0f} s left"
            if self.total and 0 < self.done < self.total
            else ""
        )
        print(
            f"{self.what}: {self.done}{of} {self.unit} in {seconds:.1f} s ({rate:.1f}/s{left})",
            file=sys.stderr,
        )


def track(items, what: str, total: int | None = None, unit: str = "frames") -> Iterator:
    """Yields ``items`` and shows how far it has come."""
    with Progress(what, len(items) if total is None else total, unit) as progress:
        for item in items:
            yield item
            progress.advance()


def _terminal():
    """Where a person would see a bar: standard error, else the controlling terminal, else None."""
    if sys.stderr.isatty():
        return sys.stderr
    try:
        # O_NOCTTY: opening it must not make it ours; a background job is not stopped for writing to
        # it
        terminal = open(os.open("/dev/tty", os.O_WRONLY | os.O_NOCTTY), "w")  # noqa: SIM115
    except OSError:
        return None
    return terminal
