"""Rows of a table that figures show."""

import textwrap

import numpy as np
import pandas as pd

from catsight.errors import CatsightError
from catsight.figures.choices import Choices
from catsight.tables.names import ALL_LAYERS, shown_pooling

#: Where a :func:`cut` axis ends: a dot at 0 is still whole.
CUT = -0.04
#: What a figure with such an axis says, of its bars or its shading.
BARS_CUT = "bars that reach the left edge continue below 0"
SHADING_CUT = "shading that reaches the lower edge continues below 0"
#: What a figure says whose axis is logarithmic although intervals reach down to 0.
LOGARITHMIC_CUT = "shading that reaches the lower edge continues to 0"
#: Fewer groups than this are too few: intervals hold, but are several times wider than with as many
#: (benchmarks/calibration.py: .67 at 7 groups for a CKA of .97, .16 at 15).
FEW_GROUPS = 15


def poolings(table: pd.DataFrame, wanted: str) -> dict[str, str]:
    """The pooling shown for each encoder: the ``wanted`` one, or ``mean``, or what it has."""
    has = table.groupby("encoder")["pooling"].unique()
    return {name: shown_pooling(some, wanted) for name, some in has.items()}


def pooled(table: pd.DataFrame, choices: Choices) -> pd.DataFrame:
    """The rows of the chosen pooling, of this study's encoders."""
    table = table[table["encoder"].isin(list(choices.encoders))]
    return table[table["pooling"] == table["encoder"].map(poolings(table, choices.pooling))]


def of_study(table: pd.DataFrame, choices: Choices) -> pd.DataFrame:
    """The rows of the chosen pooling, of this study's encoders, compared views and reference.

    Raises :class:`CatsightError` if no row is left, or if an estimate is there twice.
    """
    table = table[(table["reference"] == choices.reference) & table["view"].isin(choices.compared)]
    table = table[table["encoder"].isin(list(choices.encoders))]
    if table.empty:
        raise CatsightError(
            f"the metrics table has no row of this study (reference '{choices.reference}', views "
            f"{', '.join(choices.compared)}); run the metrics stage again"
        )
    table = pooled(table, choices)
    keys = ["encoder", "layer", "view", "metric"]
    twice = table.duplicated(keys)
    if twice.any():
        row = table.loc[twice.idxmax(), keys]
        raise CatsightError(
            f"the metrics table holds {', '.join(row)} more than once; run the metrics stage again"
        )
    return table


def layers(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of single layers, in network order."""
    single = table[table["layer"] != ALL_LAYERS]
    return single.sort_values(["encoder", "layer_index"], kind="stable")


def summaries(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that hold means over layers. Raises :class:`CatsightError` if there are none."""
    table = table[table["layer"] == ALL_LAYERS]
    if table.empty:
        raise CatsightError(
            "the metrics table has no means over layers (layer 'all'); run the metrics stage again"
        )
    return table


def has_interval(table: pd.DataFrame) -> pd.Series:
    """Which rows have a value and both ends of its interval."""
    return table[["value", "ci_low", "ci_high"]].notna().all(axis=1)


def drawn(table: pd.DataFrame) -> pd.DataFrame:
    """The rows with no value where there is no interval: such a value could be noise."""
    return table.assign(value=table["value"].where(has_interval(table)))


def nothing(table: pd.DataFrame) -> str:
    """Why a panel of these rows, of which none has an interval, is empty; what to add, if that
    helps.
    """
    if (table["n_groups"] >= FEW_GROUPS).all():  # more would not help
        return "no value with an interval"
    return "no value with an interval:\nadd photographs"


def cut(table: pd.DataFrame, choices: Choices) -> bool:
    """Whether the axis ends just below 0 although intervals reach further down.

    It does if all values are in 0..1; the axis then runs from :data:`CUT` to 1, and the figure says
    so. Below 0 a similarity means nothing more, and wide intervals would leave the values no room.
    """
    if any(choices.distance(metric) for metric in table["metric"].unique()):
        return False
    return bool(
        (table["value"].min() >= 0)
        and (table["value"].max() <= 1)
        and (table["ci_low"].min() < CUT)
        and (table["ci_high"].max() <= 1)
    )


def wide(table: pd.DataFrame, choices: Choices) -> bool:
    """Whether one metric's values are distances so different that the axis must be logarithmic."""
    values = table["value"].dropna()
    if values.empty or not choices.distance(table["metric"].iloc[0]):
        return False
    return bool(values.min() > 0 and values.max() > 100 * values.median())


def gaps(table: pd.DataFrame, width: int = 88, left_out: bool = False) -> list[str]:
    """Why values or intervals are missing, and at how many of the points shown; lines of up to
    ``width`` letters.

    ``left_out``: points without an interval are not drawn, and the lines say so.
    """
    without_value = table["value"].isna()
    without_interval = table["value"].notna() & ~has_interval(table)
    lines = []
    interval = "interval, so not drawn" if left_out else "interval"
    for what, missing in (("value", without_value), (interval, without_interval)):
        reasons = table.loc[missing, "reason"].replace("", np.nan).fillna("no reason given")
        for reason, count in reasons.value_counts().sort_index().items():
            why = str(reason).removesuffix(", so no interval")  # with which the line begins
            lines += textwrap.wrap(f"no {what}: {why} ({count} of {len(table)} points)", width)
    return lines
