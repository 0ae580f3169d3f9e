"""Words of figures and report: numbers with their intervals, and names."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from catsight.figures import style
from catsight.figures.choices import Choices

#: How the reason ends of a row whose groups are too few (catsight.metrics.inference).
TOO_FEW = "too few for an interval"
#: Letters of a label in a legend.
_KEY = 40
#: Units of viewing conditions, by their name in the configuration.
_UNITS = {"field_of_view": "°", "luminance": " cd/m²", "defocus": " D", "focus": " m"}


def interval(choices: Choices) -> str:
    """``95 % interval``, from the study's configuration."""
    return f"{100 * choices.confidence:g} % interval"


def encoder(choices: Choices, name: str, pooling: str) -> str:
    """An encoder's label, with the pooling unless it is the one asked for."""
    label = choices.encoders[name]["label"]
    return label if pooling == choices.pooling else f"{label} [{pooling}]"


def key(choices: Choices, name: str) -> str:
    """An encoder's label, cut to what a legend of two columns has room for."""
    return style.shortened(choices.encoders[name]["label"], _KEY)


def view_title(choices: Choices, view: str) -> str:
    """A view's name, whether it is the reference, and in a second line its conditions."""
    name = f"{view} (reference)" if view == choices.reference else view
    return f"{name}\n{choices.views[view]['label']}"


def number(value: float, digits: int = 2) -> str:
    """A value as text; one that is not 1 never reads as 1."""
    if 1 - 0.5 * 10.0**-digits <= value < 1:
        return f"over 0.{'9' * digits}"
    text = f"{value:.{digits}f}"
    return signed(text) if float(text) else text.lstrip("-")


def signed(text: str) -> str:
    """The text with minus signs for its hyphens."""
    return text.replace("-", "\N{MINUS SIGN}")


def estimate(
    row: Mapping[str, Any] | pd.Series, digits: int | None = None, *, groups: str | None = None
) -> str:
    """A row's value with its interval, or in brackets why it has none.

    Decimals: ``digits``, or as needed. ``groups``: the number of groups in words, for the reason
    that they are too few.
    """
    if pd.isna(row["value"]):
        return f"no value ({reason(row)})"
    if pd.isna(row["ci_low"]) or pd.isna(row["ci_high"]):
        value = number(row["value"], digits or _digits(row["value"]))
        why = reason(row).split("; ")[0]  # of the interval; what follows is about the test
        if groups and why.endswith(TOO_FEW):
            why = f"{groups} are too few"
        return f"{value} (no interval: {why})"
    digits = digits or _digits(row["value"], row["ci_low"], row["ci_high"])
    low, high = number(row["ci_low"], digits), number(row["ci_high"], digits)
    return f"{number(row['value'], digits)} ({low} to {high})"


def reason(row: Mapping[str, Any] | pd.Series) -> str:
    """Why a row lacks its value or interval; that it does is said before it."""
    given = row["reason"]
    given = given.replace(", so no interval", "") if isinstance(given, str) else ""
    return given or "no reason given"


def groups(choices: Choices, count: int) -> str:
    """So many independent groups of frames, by the word for what each was taken from if all were
    taken from photographs: ``4 photographs``, else ``4 groups``.
    """
    frames = choices.config.get("frames") or {}
    sources = [frames, *(frames.get("sources") or {}).values()]
    photographs = all(
        one.get("source") in (None, "photos", "folder") and one.get("group_by") in (None, "file")
        for one in sources
    )
    if photographs:
        return counted(count, "photograph", "photographs")
    return counted(count, "group", "groups")


def difference(value: float, digits: int = 3) -> str:
    """A difference with its sign: ``+0.012``, ``−0.012``, ``0.000``."""
    text = f"{value:+.{digits}f}"
    return signed(text) if float(text) else text[1:]


def factor(value: float) -> str:
    """How many times something is something else, to two digits: ``0.12``, ``1.0``, ``3.6``,
    ``240``; beyond a thousand, or its inverse, only that it is.
    """
    if value > 1000:
        return "over 1,000"
    if value < 0.001:
        return "under 0.001"
    value = float(f"{value:.2g}")
    return f"{value:,.{max(0, 1 - math.floor(math.log10(value)))}f}"


def share(value: float) -> str:
    """A share in percent as one says it: ``12 %``, ``3 %``, ``0.4 %``."""
    percent = 100 * value
    return signed(f"{percent:.0f} %" if abs(percent) >= 1 else f"{percent:.1g} %")


def _digits(value: float, *ends: float) -> int:
    """How many decimals show an estimate.

    Two; three if one of the numbers is so close to 1 that two would hide the difference; of a value
    so small that two would hide it, as many as show two digits of it.
    """
    if 1e-9 < abs(value) < 0.01:
        return 1 - math.floor(math.log10(abs(value)))
    return 3 if any(0.9 <= one < 1 for one in (value, *ends)) else 2


def listed(parts: Sequence[str], last: str = "and") -> str:
    """``a, b and c``, or with another word before the ``last``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def length(cm: float) -> str:
    """A length in a unit that suits it: ``3.5 mm``, ``1.7 cm``, ``28 cm``, ``3.5 m``."""
    if cm < 1:
        return f"{10 * cm:.1f} mm"
    if cm < 10:
        return f"{cm:.1f} cm"
    return f"{cm:.0f} cm" if cm < 100 else f"{cm / 100:.1f} m"


def condition(key: str, value: float | bool | str | None) -> str:
    """The value of one of an eye's viewing conditions, with its unit."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return signed(f"{value:g}{_UNITS.get(key, '')}")


def counted(count: int, singular: str, plural: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{count} {singular if count == 1 else plural}"
