"""Differences between the values of a study, tested together."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from catsight import tables
from catsight.run.specs import ContrastsSpec


class Found(NamedTuple):
    """The rows of contrasts that are corrected together, and of the members that they compare."""

    rows: list[dict[str, Any]]
    best: list[dict[str, Any]]


def read(path: Path) -> pd.DataFrame:
    """A table of the study, as :func:`contrasts` takes it."""
    return tables.read(path).to_pandas()


def contrasts(found: Mapping[str, pd.DataFrame], spec: ContrastsSpec) -> Iterator[Found]:
    """The contrasts of a study, set by set of those that are corrected together."""
    yield from ()
