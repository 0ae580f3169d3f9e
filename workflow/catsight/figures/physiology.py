"""The losses of drawn eyes, and which uncertain number their spread is due to."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from catsight.figures import labels, select, style
from catsight.figures.choices import Choices

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The most numbers of the eye that a panel shows, those of the largest shares.
NUMBERS = 6
#: Where the losses of an encoder stand beside its line: its own eye above, the draws below.
_OWN, _DRAWS, _SCATTER = -0.2, 0.16, 0.12
#: Multiples of the golden ratio scatter dots evenly, the same on every run.
_GOLDEN = 0.6180339887
#: Shares of less than this are not among those that a panel names.
_SMALL = 0.005


@style.styled
def draw(table: pd.DataFrame, choices: Choices) -> "Figure":
    """A figure with one row per metric: the losses of all draws, and the shares of the numbers.

    ``table`` is the study's table of physiology. Losses are of the means over layers; one without
    an interval is left out, since it cannot be distinguished from noise.
    """
    from matplotlib.figure import Figure

    rows = select.summaries(select.pooled(table, choices))
    draws = select.drawn(rows[rows["kind"] == "draw"])
    notes = select.gaps(rows[rows["kind"] == "draw"], left_out=True)
    encoders, names = choices.present(rows), choices.metrics(rows)
    shown = {metric: largest(rows[rows["metric"] == metric]) for metric in names}
    tall = max(0.5 * len(encoders), *(0.16 * len(encoders) * len(of) for of in shown.values()))
    height = 0.75 + (tall + 0.75) * len(names) + 0.18 * (len(notes) + np.ceil(len(encoders) / 2))
    figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
    grid = figure.subplots(len(names), 2, squeeze=False)
    for (left, right), metric in zip(grid, names):
        here = rows[rows["metric"] == metric]
        _losses(left, draws[draws["metric"] == metric], here, choices)
        _shares(right, here[here["kind"] == "share"], shown[metric], choices)
        of = "" if choices.distance(metric) else "loss of "
        left.set_xlabel(f"{of}{choices.label(metric)}")
        right.set_xlabel("share of the variance")
    grid[0, 0].set_title("loss of each drawn eye")
    grid[0, 1].set_title("share of each number")
    if notes:
        figure.supxlabel("\n".join(notes), fontsize=8, linespacing=1.4)
    _legend(figure, choices, list(encoders))
    return figure


def largest(rows: pd.DataFrame) -> list[str]:
    """The numbers of the eye with the largest shares in any encoder, the largest first."""
    shares = rows[rows["kind"] == "share"].groupby("number")["share"].max()
    ordered = shares[shares >= _SMALL].sort_values(ascending=False, kind="stable")
    return [str(number) for number in ordered.index[:NUMBERS]]


def _losses(axes: "Axes", draws: pd.DataFrame, rows: pd.DataFrame, choices: Choices) -> None:
    """Draws one metric: for each encoder its loss with its interval, and below it all draws."""
    encoders, names = choices.present(rows), []
    pooled = select.poolings(rows, choices.pooling)
    axes.grid(axis="x")
    for place, encoder in enumerate(encoders):
        look, own = choices.looks[encoder], draws[draws["encoder"] == encoder]
        _own(axes, own[own["draw"] == 0], place + _OWN, choices)
        dots = own[(own["draw"] > 0) & own["value"].notna()].sort_values("draw")
        beside = _SCATTER * (((dots["draw"].to_numpy(float) * _GOLDEN) % 1) - 0.5)
        here = rows[(rows["kind"] == "spread") & (rows["encoder"] == encoder)]
        words = labels.encoder(choices, encoder, pooled[encoder])
        if len(dots) and here["low"].notna().all():
            (spread,) = here.to_dict("records")
            low, high = spread["low"], spread["high"]
            axes.hlines(place + _DRAWS, low, high, color=look.colour, linewidth=7, alpha=0.25)
            words += f"\n{labels.number(low, 3)} to {labels.number(high, 3)}"
        axes.plot(
            dots["loss"],
            place + _DRAWS + beside,
            color=look.colour,
            linestyle="",
            marker=look.marker,
            markerfacecolor=look.face,
            markersize=2.4,
            markeredgewidth=0.6,
            label=f"{encoder}/draws",
        )
        names.append(words)
    if draws["value"].isna().all():
        style.empty(axes, select.nothing(draws))
        axes.set_xticks([])
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.5, -0.5)


def _own(axes: "Axes", rows: pd.DataFrame, y: float, choices: Choices) -> None:
    """Draws the loss of the eye as its file states it, with the interval due to frames."""
    for _, row in rows[rows["value"].notna()].iterrows():
        ends = [row["ci_low"], row["ci_high"]]
        if not choices.distance(row["metric"]):
            ends = [1 - end for end in reversed(ends)]
        look = choices.looks[row["encoder"]]
        axes.hlines(y, *ends, color=style.INK, linewidth=1.4)
        axes.plot(
            [row["loss"]],
            [y],
            color=style.INK,
            marker=look.marker,
            linestyle="",
            markersize=4,
            markerfacecolor=style.INK if look.face != "white" else "white",
            label=f"{row['encoder']}/own",
        )


def _shares(axes: "Axes", rows: pd.DataFrame, numbers: list[str], choices: Choices) -> None:
    """Draws one metric: a bar for each number and encoder."""
    encoders = list(choices.present(rows))
    axes.grid(axis="x")
    axes.set_xlim(0, 1)
    if not numbers:
        known = rows["share"].notna().any()
        style.empty(axes, "no number stands out" if known else "no value in some draws")
        axes.set_yticks([])
        axes.set_xticks([])
        return
    width = 0.8 / len(encoders)
    for i, encoder in enumerate(encoders):
        look = choices.looks[encoder]
        of = rows[rows["encoder"] == encoder].set_index("number")["share"]
        axes.barh(
            np.arange(len(numbers)) - 0.4 + (i + 0.5) * width,
            of.reindex(numbers).fillna(0).to_numpy(float),
            0.9 * width,
            facecolor=look.face,
            edgecolor=look.colour,
            linewidth=0.7,
            label=encoder,
        )
    axes.set_yticks(range(len(numbers)), [_broken(number) for number in numbers])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(numbers) - 0.5, -0.5)


def _broken(number: str) -> str:
    """A dotted key in two lines, if it is long."""
    path, _, last = number.rpartition(".")
    return number if len(number) <= 18 else f"{path}.\n{last}"


def _legend(figure: "Figure", choices: Choices, encoders: list[str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks = [
        Line2D([], [], label=choices.encoders[name]["label"], linestyle="", **_dot(choices, name))
        for name in encoders
    ]
    own = Line2D(
        [], [], color=style.INK, marker="o", markersize=4, linewidth=1.4, label="the eye as stated"
    )
    band = Patch(facecolor=style.GREY, alpha=0.25, label="5 to 95 % of the draws")
    figure.legend(handles=[*marks, own, band], loc="outside upper center", ncols=2)


def _dot(choices: Choices, name: str) -> dict[str, Any]:
    look = choices.looks[name]
    return {"color": look.colour, "marker": look.marker, "markerfacecolor": look.face}
