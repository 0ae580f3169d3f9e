"""The figure of changes: the report's one measure, for all compared views, controls included."""

import pytest

from catsight.figures import changes
from support import said
from support import small_figures as small

#: In the figure's order: the view in focus, controls, and last the untouched frames.
VIEWS = {"cat": "o", "blur": "s", "jpeg": "D", "original": "^"}


@pytest.fixture(scope="module")
def data():
    return small.metrics("cka_linear", "cka_linear_unbiased", "energy")


@pytest.fixture(scope="module")
def figure(data):
    return changes.draw(data, small.choices())


def test_it_shows_the_headline_alone(figure):
    (axes,) = figure.axes
    assert axes.get_title("left") == "Linear CKA, unbiased"
    assert axes.get_xlabel() == "mean over layers (1 is the reference itself)"
    assert not said.misplaced(figure)


def test_the_legend_names_all_compared_views(figure):
    assert said.legend(figure) == [
        (view, said.Mark(small.INK, marker, "", small.INK)) for view, marker in VIEWS.items()
    ]


def test_dots_and_bars_are_the_summary_rows(figure, data):
    (axes,) = figure.axes
    encoders = {label: name for name, label in small.LABELS.items()}
    wanted_dots, wanted_bars = [], []
    for place, label in said.ticks(axes.yaxis):
        colour, _, _, face = small.LOOKS[encoders[label]]
        for (view, marker), side in zip(VIEWS.items(), (-0.3, -0.1, 0.1, 0.3)):
            row = small.one(
                data, layer="all", encoder=encoders[label], view=view, metric="cka_linear_unbiased"
            )
            wanted_dots.append((row.value, round(place + side, 6), (colour, marker, "", face)))
            wanted_bars.append((row.ci_low, row.ci_high))
    assert [(x, round(y, 6), mark) for x, y, mark in said.dots(axes)] == wanted_dots
    assert [(bar.start[0], bar.end[0]) for bar in said.bars(axes)] == wanted_bars


def test_encoders_are_in_the_order_of_the_view_in_focus(figure):
    (axes,) = figure.axes
    cats = [x for x, _, mark in said.dots(axes) if mark.marker == "o"]
    assert len(cats) == 3 and cats == sorted(cats, reverse=True)
