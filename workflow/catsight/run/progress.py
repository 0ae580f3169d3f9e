"""Progress of long work: a bar on a terminal, and a line a minute in a log.

Under Snakemake a job's standard error goes into its log. So the bar goes directly to the terminal,
if there is one. The log also gets a line at the end.
"""

import os
import sys
import time
from collections.abc import Collection, Iterator
from types import TracebackType
from typing import IO, Self, TypeVar

from tqdm import tqdm

from catsight.errors import say

#: Seconds between two lines in a log.
_LOG_EVERY = 60.0

_Item = TypeVar("_Item")


class Progress:
    """Counts up to ``total`` of a ``unit`` and shows the number, the rate and the time left.

    A context manager; call :meth:`advance`. ``total`` is None if it is unknown.
    """

    def __init__(self, what: str, total: int | None, unit: str = "frames") -> None:
        self.what, self.total, self.unit = what, total, unit
        self.done = 0

    def __enter__(self) -> Self:
        self._start = self._said = time.monotonic()
        self._terminal = _terminal()
        self._bar = tqdm(
            desc=self.what,
            total=self.total,
            unit=f" {self.unit}",
            file=self._terminal,
            disable=self._terminal is None,
            leave=False,
            dynamic_ncols=True,
            mininterval=0.2,
        )
        return self

    def advance(self, n: int = 1) -> None:
        """Counts ``n`` more."""
        self.done += n
        self._bar.update(n)
        if time.monotonic() - self._said >= _LOG_EVERY:
            self._say()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
        if self._terminal is not None and self._terminal is not sys.stderr:
            self._terminal.close()
        if kind is None:
            self._say()

    def _say(self) -> None:
        self._said = time.monotonic()
        seconds = max(self._said - self._start, 1e-9)
        rate = self.done / seconds
        of = f"/{self.total}" if self.total else ""
        left = ""
        if self.total and 0 < self.done < self.total:
            left = f", {(self.total - self.done) / rate:.0f} s left"
        say(f"{self.what}: {self.done}{of} {self.unit} in {seconds:.1f} s ({rate:.1f}/s{left})")


def track(
    items: Collection[_Item], what: str, total: int | None = None, unit: str = "frames"
) -> Iterator[_Item]:
    """Yields ``items`` and shows the progress through them."""
    with Progress(what, len(items) if total is None else total, unit) as progress:
        for item in items:
            yield item
            progress.advance()


def _terminal() -> IO[str] | None:
    """Where to show a bar: standard error if it is a terminal, else the controlling terminal."""
    if sys.stderr.isatty():
        return sys.stderr
    try:
        # O_NOCTTY: opening the terminal must not make it ours; a background job that writes to it
        # is not stopped
        return open(os.open("/dev/tty", os.O_WRONLY | os.O_NOCTTY), "w")
    except OSError:
        return None
