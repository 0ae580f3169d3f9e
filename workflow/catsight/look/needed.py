"""How many groups it takes to tell a difference, from a study's table of contrasts."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from catsight.metrics import power
from catsight.metrics.differences import SCALES
from catsight.study.measures import MEASURES, measure


class Question(NamedTuple):
    """Contrasts of one kind, and how many groups each takes (``needed``; nan if it cannot be)."""

    title: str
    rows: pd.DataFrame
    spread: power.Spread
    shifts: np.ndarray
    needed: power.Needed


def headline(metrics: Sequence[str]) -> str:
    """Of these metrics the one that findings are about."""
    known = [name for name in MEASURES if name in metrics]
    return next((name for name in known if measure(name).headline), known[0])


def questions(
    table: pd.DataFrame, view: str, focus: str, by_encoder: bool
) -> list[tuple[str, pd.DataFrame]]:
    """What is asked of a table of contrasts, with its rows: encoders on a ``view``, and the view in
    ``focus`` against others, in the mean over encoders (in each, ``by_encoder`` or if there is
    one).
    """
    views = table[(table["kind"] == "view") & (table["view_a"] == focus)]
    mean = views[views["encoder_a"].isna()]
    asked = [
        (
            f"two encoders, {view}",
            table[(table["kind"] == "encoder") & (table["view_a"] == view)],
        ),
        (f"{focus} and another view, mean over encoders", mean),
    ]
    if by_encoder or mean.empty:
        asked.append((f"{focus} and another view", views[views["encoder_a"].notna()]))
    return [(title, rows) for title, rows in asked if len(rows)]


def question(
    title: str, rows: pd.DataFrame, difference: float, level: float, power_: float
) -> Question:
    """How many groups the contrasts in ``rows`` take to tell a ``difference`` of values."""
    spread = power.spread(
        rows["se_z"].to_numpy(), rows["df"].to_numpy(), rows["n_groups"].to_numpy()
    )
    middle = (rows["value_a"] + rows["value_b"]).to_numpy() / 2
    shifts = np.array([shift(*one, difference) for one in zip(rows["scale"], middle)])
    needed = power.needed(shifts, spread, level, power_)
    return Question(title, rows, spread, shifts, needed)


def shift(scale: str, value: float, difference: float) -> float:
    """How far a ``value`` and the one ``difference`` below it lie apart on a scale.

    nan if there is no such value: the difference is too large, or the value beyond 1.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = SCALES[scale].to(value) - SCALES[scale].to(value - difference)
    return float(apart) if np.isfinite(apart) else math.nan
