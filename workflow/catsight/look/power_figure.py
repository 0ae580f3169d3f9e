"""Power against the number of groups: the figure of ``catsight power``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from catsight.figures import style
from catsight.look.needed import Question
from catsight.metrics import power

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@style.styled
def draw(found: Sequence[Question], difference: float, level: float, wanted: float) -> "Figure":
    """A panel for each question: a thin line for each contrast, a thick one for that which takes
    the median number of groups, and shading for how uncertain its spread is.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(style.WIDTH, 0.6 + 1.9 * len(found)), layout="constrained")
    panels = figure.subplots(len(found), 1, squeeze=False, sharex=True)[:, 0]
    groups = _groups(found)
    for axes, one in zip(panels, found):
        axes.set_title(f"{one.title}: a difference of {difference:g}", loc="left")
        axes.set_xscale("log")
        axes.minorticks_off()
        axes.set_ylim(0, 1.02)
        axes.set_ylabel("power")
        axes.grid(True)
        axes.axhline(wanted, color=style.GREY, linewidth=0.7)
        axes.axvline(one.spread.groups[0], color=style.INK, linewidth=0.8, linestyle=":")
        if np.isfinite(one.shifts).any():
            _curves(axes, one, groups, level)
        else:
            style.empty(axes, "no values that are this far apart")
    ticks = [n * 10**power for power in range(9) for n in (1, 2, 5)]
    ticks = [n for n in ticks if groups[0] <= n <= groups[-1]]
    panels[-1].set_xticks(ticks, [f"{n:,}" for n in ticks])
    panels[-1].set_xlabel("groups (dotted: those of this study)")
    return figure


def _groups(found: Sequence[Question]) -> np.ndarray:
    """Numbers of groups from 4 to twice what most contrasts take at worst."""
    most = [np.append(one.needed.high, one.spread.groups) for one in found]
    finite = np.concatenate(most)
    finite = finite[np.isfinite(finite)]
    return np.geomspace(4, max(2 * float(np.quantile(finite, 0.9)), 40), 80)


def _curves(axes: "Axes", one: Question, groups: np.ndarray, level: float) -> None:
    order = np.argsort(np.where(np.isfinite(one.shifts), one.needed.groups, np.inf), kind="stable")
    known = order[: int(np.isfinite(one.shifts).sum())]
    for place in known:
        axes.plot(
            groups,
            _power(one, place, groups, level),
            color=style.PALETTE[0],
            linewidth=0.5,
            alpha=0.4,
        )
    middle = known[(len(known) - 1) // 2]
    needed = [float(column[middle]) for column in one.needed]
    if np.isfinite(needed).all():
        # σ as at the ends of its range: there as many groups have the power that is asked for
        low, high = (np.sqrt(end / needed[0]) for end in needed[1:])
        least, most = (_power(one, middle, groups, level, factor) for factor in (high, low))
        axes.fill_between(groups, least, most, color=style.PALETTE[0], alpha=0.13, linewidth=0)
    axes.plot(groups, _power(one, middle, groups, level), color=style.PALETTE[0], linewidth=1.8)


def _power(
    one: Question, place: int, groups: np.ndarray, level: float, factor: float = 1
) -> np.ndarray:
    """The power of one contrast at each number of groups, with its σ times ``factor``."""
    spread = power.Spread(*(column[place] for column in one.spread))
    spread = spread._replace(sigma=spread.sigma * factor)
    return power.power_of(groups, float(one.shifts[place]), spread, level)
