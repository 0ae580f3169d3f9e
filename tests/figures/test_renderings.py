"""The figure shows what the view in focus costs each network in each rendering of its colours."""

import numpy as np
import pytest

from catsight.figures import renderings
from support import said
from support import small_figures as small

METRICS = {"cka_linear_unbiased": "loss of Linear CKA, unbiased", "energy": "Energy distance"}
DISPLAYS = ("auto", "least-change", "red-cyan")


@pytest.fixture(scope="module")
def data():
    return small.renderings(*METRICS, displays=DISPLAYS)


@pytest.fixture(scope="module")
def figure(data):
    return renderings.draw(data, small.choices())


def test_a_panel_for_each_metric_and_a_row_for_each_network(figure):
    assert [axes.get_xlabel() for axes in figure.axes] == list(METRICS.values())
    left = figure.axes[0]
    assert [label for _, label in said.ticks(left.yaxis)] == list(small.LABELS.values())
    assert left.get_ylim()[0] > left.get_ylim()[1]  # the first on top
    assert all(said.gridlines(axes) == "x" for axes in figure.axes)


def test_a_marker_and_an_interval_for_each_rendering_the_own_on_top(figure, data):
    for axes, metric in zip(figure.axes, METRICS):
        curves = {line.get_label(): line for line in said.curves(axes)}
        bars = [(bar.start, bar.end, bar.colour) for bar in said.bars(axes)]
        assert len(curves) == len(bars) == 3 * len(small.LOOKS)
        for place, (encoder, look) in enumerate(small.LOOKS.items()):
            heights = []
            for display in DISPLAYS:
                (row,) = small.of(
                    data, layer="all", metric=metric, encoder=encoder, display=display, view="cat"
                ).to_dict("records")
                turn = (lambda x: x) if metric == "energy" else (lambda x: 1 - x)
                ((x, y),) = said.points(curves[f"{encoder}/{display}"])
                assert x == pytest.approx(turn(row["value"]))
                ends = sorted((turn(row["ci_low"]), turn(row["ci_high"])))
                (bar,) = (one for one in bars if one[0][1] == pytest.approx(y))
                assert [bar[0][0], bar[1][0]] == pytest.approx(ends) and bar[2] == look.colour
                heights.append(y)
            assert heights == sorted(heights) and np.mean(heights) == pytest.approx(place)
            assert np.ptp(heights) < 0.8


def test_the_legend_names_the_renderings_and_which_is_the_studys_own(figure):
    (legend,) = figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["auto (the study’s own)", "least-change", "red-cyan"]
    markers = [handle.get_marker() for handle in legend.legend_handles]
    first = {line.get_label(): line.get_marker() for line in said.curves(figure.axes[0])}
    encoder = next(iter(small.LOOKS))
    assert markers == [first[f"{encoder}/{display}"] for display in DISPLAYS]
    assert len(set(markers)) == 3


def test_values_without_an_interval_are_left_out_and_said(data):
    table = data[data["metric"] == "energy"].copy()
    gone = (table["display"] == "red-cyan") & (table["encoder"] == "net")
    table.loc[gone, ["ci_low", "ci_high"]] = np.nan
    table.loc[gone, "reason"] = "few"
    figure = renderings.draw(table, small.choices())
    names = {line.get_label() for line in said.curves(figure.axes[0])}
    assert "net/red-cyan" not in names and "net/auto" in names
    assert "few" in figure.get_supxlabel()
    table.loc[:, ["ci_low", "ci_high"]] = np.nan
    figure = renderings.draw(table, small.choices())
    assert not said.curves(figure.axes[0])
