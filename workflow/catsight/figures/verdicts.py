"""What corrected tests say of the differences between a study's values: told apart, equivalent,
open.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from catsight.figures import labels, style
from catsight.figures.choices import Choices

#: Beyond this many groups it does not matter how many.
_COUNTED = 1_000_000


@dataclass(frozen=True)
class Contrast:
    """One row of the table of contrasts, as figures and sentences show it.

    ``first`` and ``second``: what is compared, in words.
    ``ratio``: how many times the first loses what the second does, or None; ``low`` and ``high``:
    its interval, for all contrasts that were tested together. ``told``: the test, corrected for
    their number, rejects that the two are equal. ``equivalent``: it is shown that neither loses
    ``margin`` times what the other does. ``needed``: how many groups would tell a difference as
    large as this one, and the ends of the range of that number; None if it is told, or unknown.
    ``of_several``: one of the two is a mean over several networks. ``depends``: where the study
    has several renderings of colours, in which of them the two are told apart or equivalent, if
    not all agree; then nothing is claimed. Otherwise empty, and the interval covers all of them.
    """

    first: str
    second: str
    ratio: float | None
    low: float
    high: float
    p: float | None
    told: bool
    equivalent: bool
    margin: float | None
    needed: tuple[float, float, float] | None
    of_several: bool
    reason: str
    depends: str = ""

    @property
    def open(self) -> bool:
        """Whether there is a test, and it shows neither a difference nor equivalence, however
        colours are shown.
        """
        return self.p is not None and not (self.told or self.equivalent or self.depends)

    @property
    def turned(self) -> "Contrast":
        """The same difference, of the second from the first."""
        if self.ratio is None:
            return replace(self, first=self.second, second=self.first)
        low, ratio, high = (
            1 / end if end else math.inf for end in (self.high, self.ratio, self.low)
        )
        return replace(self, first=self.second, second=self.first, ratio=ratio, low=low, high=high)

    @property
    def larger(self) -> "Contrast":
        """The same difference, of what loses more from what loses less."""
        return self.turned if self.ratio is not None and self.ratio < 1 else self

    @property
    def times(self) -> str:
        """``3.6 times (2.1 to 6.2)``; without a ratio ``an unknown number of times``."""
        if self.ratio is None:
            return "an unknown number of times"
        return f"{labels.factor(self.ratio)} times ({self.interval})"

    @property
    def interval(self) -> str:
        """``2.1 to 6.2``; ``over 1 to 6.2`` if the test tells them apart, but not by how little."""
        low, high = labels.factor(self.low), labels.factor(self.high)
        if self.told and 1 in (self.low, self.high):
            low, high = ("over 1", high) if self.low == 1 else (low, "under 1")
        return f"{low} to {high}"


def contrast(row: Mapping[str, Any] | pd.Series, choices: Choices) -> Contrast:
    """A row of the table of contrasts.

    Its interval agrees with its test. The intervals that hold together come from a single step,
    Holm's test from several, so the test may tell apart what the interval does not, and, rarely,
    the reverse. In the first case the interval ends at 1, as Strassburger & Bretz 2008 do for
    one-sided tests; in the second it is widened to 1. With several renderings of colours it is told
    if the test tells it in all, with the same sign, and the interval reaches over all of theirs.
    """
    p = None if pd.isna(row["p_holm"]) else float(row["p_holm"])
    told = p is not None and p <= 1 - choices.confidence
    equivalent = row["equivalent"] is True or row["equivalent"] == 1
    ratio = None if pd.isna(row["loss_ratio"]) else float(row["loss_ratio"])
    low, high = row["ratio_sim_low"], row["ratio_sim_high"]
    depends = ""
    if pd.notna(row["n_renderings"]):
        count, *counts = (
            int(row[f"n_{name}"]) for name in ("renderings", "above", "below", "equivalent")
        )
        told, equivalent = count in counts[:2], counts[2] == count
        if pd.notna(row["ratio_all_low"]):
            low, high = row["ratio_all_low"], row["ratio_all_high"]
        if any(counts) and not (told or equivalent):
            depends = _counted(count, *counts)
    if ratio is not None:
        if told:
            low, high = (max(low, 1.0), high) if ratio > 1 else (low, min(high, 1.0))
        else:
            low, high = min(low, 1.0), max(high, 1.0)
    needed = [row[f"groups_{name}"] for name in ("needed", "low", "high")]
    return Contrast(
        first=name(row["kind"], row["member_a"], choices),
        second=name(row["kind"], row["member_b"], choices),
        ratio=ratio,
        low=float(low),
        high=float(high),
        p=p,
        told=told,
        equivalent=equivalent,
        margin=None if pd.isna(row["margin"]) else float(row["margin"]),
        needed=None if pd.isna(needed[0]) else (needed[0], needed[1], needed[2]),
        of_several=any(_count(row[f"members_{side}"]) > 1 for side in "ab"),
        reason=labels.reason(row),
        depends=depends,
    )


def _counted(count: int, above: int, below: int, equivalent: int) -> str:
    """``told apart in 2 of 4 renderings, the other way round in 1``."""
    most, fewest = max(above, below), min(above, below)
    said = [f"told apart in {most} of {count} renderings"] if most else []
    if fewest:
        said.append(f"the other way round in {fewest}")
    if equivalent:
        said.append(f"equivalent in {equivalent} of {count}")
    return ", ".join(said)


def _count(members: Any) -> int:
    return 0 if members is None or isinstance(members, float) else len(members)


def name(kind: str, member: str, choices: Choices) -> str:
    """What words call a member of a kind of contrast."""
    if kind == "encoder" and member in choices.encoders:
        return choices.encoders[member]["label"]
    if kind == "family":
        return f"{style.FAMILIES.get(member, member)} networks"
    if kind == "training":
        return "networks with random weights" if member == "untrained" else f"{member} networks"
    if kind == "view":
        return f"“{member}”"
    return choices.parts.get(member, member) if kind == "part" else member


def of(table: pd.DataFrame, metric: str, kind: str, **where: str | None) -> pd.DataFrame:
    """The rows of one metric and kind, and with these values in further columns; None is null."""
    here = (table["metric"] == metric) & (table["kind"] == kind)
    for column, value in where.items():
        here &= table[column].isna() if value is None else table[column] == value
    return table[here]


def left(best: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of the best whose member may be the best."""
    return best[best["in_set"].eq(True)]


def enough(one: Contrast) -> str:
    """How many groups would tell this difference, and the range of that number: ``about 110, 45 to
    230``; empty if that is unknown.
    """
    if one.needed is None:
        return ""
    needed, low, high = one.needed
    ends = f"{_rounded(low)} or more" if pd.isna(high) else f"{_rounded(low)} to {_rounded(high)}"
    about = "" if needed > _COUNTED else "about "
    return f"{about}{_rounded(needed)}, {ends}"


def _rounded(count: float) -> str:
    """A number of groups to two digits: ``230``, ``1,300``; beyond a million in words."""
    return "over a million" if count > _COUNTED else f"{int(float(f'{count:.2g}')):,}"


def words(one: Contrast, choices: Choices) -> str:
    """The verdict, as the table of the report gives it."""
    if one.p is None:
        return f"not tested: {one.reason}"
    if one.depends:
        return f"depends on how colours are shown: {one.depends}"
    within = f"equivalent within ×{one.margin:g}" if one.equivalent else ""
    if one.told:
        return f"told apart, yet {within}" if within else "told apart"
    if within:
        return within
    if one.needed is None:
        return "not told apart"
    needed, ends = enough(one).split(", ", 1)
    groups = labels.groups(choices, 2).split()[-1]
    return f"not told apart: {needed} {groups} ({ends}) would tell this difference"
