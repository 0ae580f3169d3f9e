"""Encoders in the order of their mean alignment."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from catsight.figures import labels, select, style, verdicts
from catsight.figures.choices import Choices

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = ("o", "s", "D", "^", "v", "P", "X")
#: Points from the panel to the first bar that joins encoders, and from bar to bar; the most bars.
_FIRST, _NEXT, _BARS = 5, 4, 12


@dataclass(frozen=True)
class _Mark:
    """How one view is drawn: where beside its encoder's line, and with which marker."""

    view: str
    offset: float
    marker: str
    first: bool  #: drawn larger and darker

    @property
    def size(self) -> int:
        return 5 if self.first else 4


@style.styled
def draw(table: pd.DataFrame, choices: Choices, contrasts: pd.DataFrame | None = None) -> "Figure":
    """A figure with one panel per metric: a line per encoder, a dot per compared view, its interval
    beside it.

    ``table`` is the study's table of metrics. The dots are means over an encoder's layers (the rows
    with layer ``all``), the best encoder by the view in focus on top. Bars on the left join the
    encoders that the tests in ``contrasts``, the study's table, do not tell apart by that view.
    Controls are in the figure ``changes``.
    """
    views = [view for view in choices.compared if not choices.views[view]["control"]]
    rows = select.summaries(select.of_study(table, choices))
    joined = {} if contrasts is None else _joined(rows, contrasts, choices)
    return panels(rows, choices, views or choices.compared, joined)


def panels(
    rows: pd.DataFrame,
    choices: Choices,
    views: Sequence[str],
    joined: Mapping[str, Sequence[Sequence[str]]] | None = None,
) -> "Figure":
    """The figure of ``rows``, which are means over layers, for these views.

    ``joined``: by metric, the groups of encoders that a bar joins.
    """
    from matplotlib.figure import Figure

    rows = rows[rows["view"].isin(views)]
    names = choices.metrics(rows)
    similar = [metric for metric in names if not choices.distance(metric)]
    cut = bool(similar) and select.cut(rows[rows["metric"].isin(similar)], choices)
    notes = select.gaps(rows, width=68)
    if cut:
        notes.append(select.BARS_CUT)
    notes += _unjoined(joined, choices)
    step = 0.16 * max(len(views), 1) + 0.14  # inches per encoder
    height = len(names) * (step * rows["encoder"].nunique() + 0.55) + 0.35 + 0.18 * len(notes)
    figure = Figure(figsize=(style.WIDTH, height))
    figure.set_layout_engine("constrained", h_pad=0.05)
    grid = figure.subplots(len(names), 1, squeeze=False)[:, 0]
    marks = _marks(views)
    of_metric = dict(zip(names, grid))
    for metric in similar[1:]:  # before anything is drawn, so that the axis holds all panels
        of_metric[metric].sharex(of_metric[similar[0]])
    for metric, axes in of_metric.items():
        groups = (joined or {}).get(metric, ())
        _panel(axes, rows[rows["metric"] == metric], choices, marks, metric, groups)
    if cut:
        of_metric[similar[0]].set_xlim(select.CUT, 1.03)
    about = "mean over layers (1 is the reference itself"
    about += ", of a distance 0)" if len(similar) < len(names) else ")"
    grid[-1].set_xlabel("\n".join([about, *notes]), linespacing=1.5)
    _legend(figure, marks)
    return figure


def rank(rows: pd.DataFrame, view: str, lowest: bool = False) -> list[str]:
    """The encoders of one metric's ``rows`` by their value of ``view``, the highest first or, with
    ``lowest``, the lowest; those without a value last.
    """
    sign = 1 if lowest else -1
    value = rows[rows["view"] == view].set_index("encoder")["value"]

    def place(name: str) -> float:
        known = name in value and pd.notna(value[name])
        return sign * value[name] if known else np.inf

    return sorted(sorted(rows["encoder"].unique()), key=place)


def _joined(
    rows: pd.DataFrame, contrasts: pd.DataFrame, choices: Choices
) -> dict[str, list[list[str]]]:
    """By metric the largest groups of encoders of which no two are told apart by the view in
    focus.
    """
    found = {}
    for metric in choices.metrics(rows):
        tested = verdicts.of(contrasts, metric, "encoder", view_a=choices.focus)
        if tested.empty:
            continue
        order = rank(rows[rows["metric"] == metric], choices.focus, choices.distance(metric))
        apart = {
            frozenset((row["encoder_a"], row["encoder_b"]))
            for row in tested.to_dict("records")
            if verdicts.contrast(row, choices).told
        }
        found[metric] = groups(order, apart)
    return found


def groups(names: Sequence[str], apart: Collection[frozenset[str]]) -> list[list[str]]:
    """The largest groups of two or more ``names`` of which no two are ``apart``, in their order.

    They are the maximal cliques of the graph of those that are not told apart (Bron & Kerbosch
    1973, with pivots).
    """
    beside = {
        one: {other for other in names if other != one and frozenset((one, other)) not in apart}
        for one in names
    }
    found: list[list[str]] = []

    def grow(group: list[str], possible: set[str], seen: set[str]) -> None:
        if not possible and not seen:
            found.append(sorted(group, key=names.index))
            return
        pivot = max(sorted(possible | seen), key=lambda one: len(beside[one] & possible))
        for one in sorted(possible - beside[pivot]):
            grow([*group, one], possible & beside[one], seen & beside[one])
            possible, seen = possible - {one}, seen | {one}

    grow([], set(names), set())
    many = [group for group in found if len(group) > 1]
    return sorted(many, key=lambda group: [names.index(one) for one in group])


def _unjoined(joined: Mapping[str, Sequence[Sequence[str]]] | None, choices: Choices) -> list[str]:
    """A note on the metrics whose encoders need more bars than can be drawn."""
    crowded = [
        choices.label(metric) for metric, some in (joined or {}).items() if len(some) > _BARS
    ]
    return [f"too many bars to draw: {name}" for name in crowded]


def _marks(views: Sequence[str]) -> list[_Mark]:
    offsets = (np.arange(len(views)) - (len(views) - 1) / 2) * 0.8 / max(len(views), 1)
    return [
        _Mark(view, offset, _MARKERS[i % len(_MARKERS)], first=i == 0)
        for i, (view, offset) in enumerate(zip(views, offsets))
    ]


def _panel(
    axes: "Axes",
    rows: pd.DataFrame,
    choices: Choices,
    marks: Sequence[_Mark],
    metric: str,
    joined: Sequence[Sequence[str]],
) -> None:
    """Draws one metric: a line of dots for each encoder, and bars beside those to be ``joined``."""
    order = rank(rows, choices.focus, lowest=choices.distance(metric))
    pooled = select.poolings(rows, choices.pooling)
    axes.set_title(choices.label(metric), loc="left", fontweight="bold")
    axes.axvline(choices.agreement(metric), color=style.GREY, linewidth=0.7)
    axes.grid(axis="x")
    for place, encoder in enumerate(order):
        if place % 2:
            axes.axhspan(place - 0.5, place + 0.5, color="#f5f5f2", linewidth=0, zorder=0)
        for mark in marks:
            dot = rows[(rows["encoder"] == encoder) & (rows["view"] == mark.view)]
            if not dot.empty:
                _dot(axes, dot.iloc[0], place + mark.offset, choices.looks[encoder], mark)
    names = [labels.encoder(choices, encoder, pooled[encoder]) for encoder in order]
    axes.set_yticks(range(len(order)), names)
    bars = joined if len(joined) <= _BARS else ()
    for number, group in enumerate(bars):
        _bar(axes, [order.index(encoder) for encoder in group], _FIRST + _NEXT * number)
    axes.tick_params(axis="y", length=0, pad=_FIRST + _NEXT * len(bars))
    axes.spines["left"].set_visible(False)
    axes.set_ylim(len(order) - 0.45, -0.55)


def _bar(axes: "Axes", places: Sequence[int], points: float) -> None:
    """Draws a bar, so many ``points`` left of the panel, with a knot at each of the rows that it
    joins.
    """
    from matplotlib.transforms import offset_copy

    left = offset_copy(
        axes.get_yaxis_transform(), axes.get_figure(root=True), -points, 0, units="points"
    )
    (line,) = axes.plot(
        [0] * len(places),
        places,
        transform=left,
        color=style.INK,
        linewidth=1.6,
        marker="o",
        markersize=2.6,
        clip_on=False,
        label="_joined",
    )
    line.set_in_layout(False)  # it lies between the panel and the names


def _dot(axes: "Axes", row: pd.Series, y: float, look: style.Look, mark: _Mark) -> None:
    if pd.isna(row["value"]):
        return _beside(axes, y, "no value", style.GREY)
    words = f"{_number(row['value'])}  no interval"
    if pd.notna(row["ci_low"]) and pd.notna(row["ci_high"]):
        ends = f"{_number(row['ci_low'])}, {_number(row['ci_high'])}"
        words = f"{_number(row['value'])}  [{ends}]"
        axes.hlines(
            y,
            row["ci_low"],
            row["ci_high"],
            color=look.colour,
            linewidth=2 if mark.first else 1.1,
            alpha=1 if mark.first else 0.7,
        )
    axes.plot(
        [row["value"]],
        [y],
        color=look.colour,
        linestyle="",
        marker=mark.marker,
        markerfacecolor=look.face,
        markersize=mark.size,
        label=f"{row['encoder']}/{row['view']}",
    )
    _beside(axes, y, words, style.INK if mark.first else style.GREY)


def _number(value: float) -> str:
    return labels.number(value, 3).replace("over ", ">")


def _beside(axes: "Axes", y: float, words: str, colour: str) -> None:
    axes.annotate(
        words,
        (1, y),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        fontsize=7,
        color=colour,
        va="center",
        annotation_clip=False,
    )


def _legend(figure: "Figure", marks: Sequence[_Mark]) -> None:
    from matplotlib.lines import Line2D

    keys = [
        Line2D(
            [],
            [],
            color=style.INK,
            linestyle="",
            marker=mark.marker,
            markersize=mark.size,
            label=mark.view,
        )
        for mark in marks
    ]
    figure.legend(
        handles=keys, loc="outside upper center", ncols=min(len(keys), 6), handletextpad=0.2
    )
