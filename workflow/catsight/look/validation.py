"""Published values over catsight's own: rows, verdicts, and the page docs/validation.md."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from catsight.errors import CatsightError
from catsight.inputs import yaml_files
from catsight.look.validation_values import VALUES

_INTRODUCTION = """\
# Catsight beside published values

`catsight validate` writes this page. The published values are in
[`resources/validation.yaml`](../resources/validation.yaml); catsight's own are computed with the
eyes as they are. CI fails if the page is not that of the present eyes, or if a value differs and
the file does not say why.

Of {count} values {agree} agree and {differ} differ, each with its reason. {fitted} of those that
agree are marked *fitted*: the eye's file was set by them, so they show that catsight does what it
says, and no more.

![Catsight's curves over the published values](validation.png)

Lines are catsight's; points are published numbers, open where catsight differs; bars are published
bands.

A value agrees if it lies within the published band, or within ± of a published number or of a
band's ends. Bands are the sources' own, or what their words allow ("lower", "poor or absent"). ± is
a rounded digit for formulas; for measurements it is our choice, as no abstract states an error. The
difference is that from the number, or from the nearer end of the band."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One published value, and how catsight computes its own."""

    what: str
    source: str
    read: str  #: where the published value was read, a key of the file's ``evidence``
    value: str  #: a name of :data:`VALUES`
    at: Mapping[str, Any]  #: the conditions, its arguments
    published: float | Sequence[float]  #: a number, or a band from the least to the most
    within: float = 0.0  #: how far off a value still agrees
    unit: str = ""
    fitted: bool = False  #: the eye's file was set by it
    why: str = ""  #: why catsight differs

    @property
    def band(self) -> tuple[float, float]:
        """The least and the most of what was published."""
        if isinstance(self.published, Sequence):
            least, most = self.published
            return least, most
        return self.published, self.published


@dataclasses.dataclass(frozen=True)
class Compared:
    """A row with catsight's value."""

    row: Row
    value: float

    @property
    def difference(self) -> float:
        """From the published number, or from the nearer end of the band; 0 inside."""
        least, most = self.row.band
        return min(self.value - least, 0.0) + max(self.value - most, 0.0)

    @property
    def agrees(self) -> bool:
        """Whether it differs by no more than the row allows."""
        return bool(abs(self.difference) <= self.row.within)

    @property
    def problem(self) -> str | None:
        """What is wrong with the row: it differs without a reason, or has one and agrees."""
        if not self.agrees and not self.row.why:
            return (
                f"'{self.row.what}' ({self.row.source}) is {_number(self.value)}, published "
                f"{_published(self.row)}; mend the eye, or say why it differs"
            )
        if self.agrees and self.row.why:
            return f"'{self.row.what}' ({self.row.source}) agrees; remove its `why`"
        return None


@dataclasses.dataclass(frozen=True)
class Published:
    """What ``resources/validation.yaml`` holds."""

    topics: Mapping[str, Sequence[Row]]
    evidence: Mapping[str, str]
    missing: Sequence[str]
    signed: Sequence[str]


def load(path: Path | None = None) -> Published:
    """The published values, by default those that come with catsight.

    Raises :class:`CatsightError` for a row that lacks a key or has an unknown one.
    """
    path = path or yaml_files.find("validation.yaml")
    found = yaml_files.load_yaml(path)
    try:
        topics = {
            topic["topic"]: [_row(row, found["evidence"]) for row in topic["rows"]]
            for topic in found["topics"]
        }
        return Published(topics, found["evidence"], found["missing"], found["signed"])
    except (KeyError, TypeError, ValueError) as error:
        raise CatsightError(f"{path} is not a file of published values: {error}") from None


def _row(values: Mapping[str, Any], evidence: Mapping[str, str]) -> Row:
    row = Row(**values)
    for known, name in ((VALUES, row.value), (evidence, row.read)):
        if name not in known:
            raise ValueError(
                f"'{row.what}' names '{name}', which is unknown; there are {', '.join(known)}"
            )
    if not row.band[0] <= row.band[1]:
        raise ValueError(f"'{row.what}' has a band that ends before it begins")
    return row


def compare(published: Published) -> dict[str, list[Compared]]:
    """Each topic's rows with catsight's values."""
    return {
        topic: [Compared(row, VALUES[row.value](**row.at)) for row in rows]
        for topic, rows in published.topics.items()
    }


def problems(compared: Mapping[str, Sequence[Compared]]) -> list[str]:
    """A line for each row that should agree and does not, or that has a reason and agrees."""
    return [one.problem for rows in compared.values() for one in rows if one.problem]


def page(published: Published, compared: Mapping[str, Sequence[Compared]]) -> str:
    """The page, in Markdown."""
    every = [one for rows in compared.values() for one in rows]
    agree = [one for one in every if one.agrees]
    parts = [
        _INTRODUCTION.format(
            count=len(every),
            agree=len(agree),
            differ=len(every) - len(agree),
            fitted=sum(one.row.fitted for one in agree),
        )
    ]
    for topic, rows in compared.items():
        parts.append(f"## {topic}")
        parts.append("\n".join([*_HEAD, *map(_line, rows)]))
        if reasons := [f"- *{one.row.what}*: {one.row.why}" for one in rows if one.row.why]:
            parts.append("\n".join(["Why some differ:", "", *reasons]))
    known = [f"- **{read}**: {words}" for read, words in published.evidence.items()]
    parts.append("\n".join(["## Where the published values were read", "", *known]))
    lacking = [f"- {line}" for line in published.missing]
    parts.append("\n".join(["## What could not be had", "", *lacking]))
    signed = [f"- {line}" for line in published.signed] or ["Nobody yet."]
    parts.append("\n".join(["## Signed by", "", *signed]))
    return "\n\n".join(parts) + "\n"


#: Differences below this are not written out.
_LEAST = 0.001
_HEAD = (
    "| what | published | catsight | difference | verdict | source | read in |",
    "|---|---|---|---|---|---|---|",
)


def _line(one: Compared) -> str:
    row = one.row
    difference = _number(one.difference, "+.2g") if one.difference else "–"
    if 0 < abs(one.difference) < _LEAST:
        difference = f"< {_LEAST:g}"
    verdict = "agrees" if one.agrees else "**differs**"
    cells = (
        row.what,
        f"{_published(row)} {row.unit}".strip(),
        _number(one.value),
        difference,
        f"{verdict}, *fitted*" if row.fitted else verdict,
        row.source,
        row.read,
    )
    return f"| {' | '.join(cells)} |"


def _published(row: Row) -> str:
    least, most = row.band
    if math.isinf(most):
        text = f"above {_number(least)}"
    else:
        text = _number(least) if least == most else f"{_number(least)} to {_number(most)}"
    return f"{text} ± {_number(row.within)}" if row.within else text


def _number(value: float, digits: str = ".3g") -> str:
    return f"{value:{digits}}".replace("-", "−")
