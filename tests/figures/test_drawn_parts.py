"""Lines are the shares of the eye as stated, and bands those of drawn eyes."""

import numpy as np
import pytest

from catsight.figures import drawn_parts
from support import said
from support import small_figures as small

METRICS = {
    "cka_linear_unbiased": "loss of\nLinear CKA, unbiased",
    "energy": "loss of\nEnergy distance",
}


@pytest.fixture(scope="module")
def data():
    return small.drawn_parts(*METRICS)


@pytest.fixture(scope="module")
def figure(data):
    return drawn_parts.draw(data, small.choices())


@pytest.fixture
def cka():
    """The same by one measure, to be changed."""
    return small.drawn_parts("cka_linear_unbiased")


def curves(axes):
    return {line.get_label(): line for line in said.curves(axes) if line.get_label() != "_mean"}


def test_rows_are_metrics_and_columns_are_encoders(figure):
    grid = said.grid(figure.axes)
    assert [[axes.get_ylabel() for axes in row] for row in grid] == [
        [name, "", ""] for name in METRICS.values()
    ]
    assert [axes.get_title() for axes in grid[0]] == [*small.LABELS.values()]
    for axes, last in zip(grid[1], (2, 1, 3)):
        (first, _), (end, _), (mean, _) = said.ticks(axes.xaxis)
        assert [words for _, words in said.ticks(axes.xaxis)] == ["first", "last", "mean"]
        assert (first, end) == (0, last) and last < mean < 1.3 * last
    assert figure.get_supxlabel() == "layer"


def test_lines_are_the_stated_shares_and_bands_those_of_draws(figure, data):
    for row, metric in zip(said.grid(figure.axes), METRICS):
        for axes, encoder in zip(row, small.LOOKS):
            bands = {band.label: band for band in said.bands(axes)}
            assert set(curves(axes)) == set(small.PART_COLOURS)
            for part, colour in small.PART_COLOURS.items():
                rows = small.of(data, metric=metric, encoder=encoder, part=part)
                own = rows[rows["draw"] == 0].sort_values("layer_index")
                line = curves(axes)[part]
                assert said.points(line) == small.pairs(own, "layer_index", "value")
                assert said.mark(line).colour == bands[f"_{part}"].colour == colour
                for x, low, high in bands[f"_{part}"].points:
                    drawn = rows[(rows["draw"] > 0) & (rows["layer_index"] == x)]["value"]
                    assert len(drawn) == 6
                    assert (low, high) == pytest.approx(tuple(np.percentile(drawn, [10, 90])))


def test_means_over_layers_stand_at_the_right(figure, data):
    for row, metric in zip(said.grid(figure.axes), METRICS):
        for axes, encoder in zip(row, small.LOOKS):
            bars, last = said.bars(axes), small.LAYERS[encoder] - 1
            dots = [said.points(line)[0] for line in axes.get_lines() if line.get_label() == "_mean"]  # fmt: skip
            assert len(bars) == len(dots) == 3
            for bar, dot, (part, colour) in zip(bars, dots, small.PART_COLOURS.items()):
                rows = small.of(data, metric=metric, encoder=encoder, part=part, layer="all")
                drawn = rows.loc[rows["draw"] > 0, "value"]
                ends = bar.start[1], bar.end[1]
                assert ends == pytest.approx(tuple(np.percentile(drawn, [10, 90])))
                assert bar.colour == colour and bar.start[0] == bar.end[0] == dot[0] > last
                assert dot[1] == rows.loc[rows["draw"] == 0, "value"].item()


def test_the_legend_names_the_parts_and_the_band(figure):
    entries = said.legend(figure)
    assert [(words, mark.colour) for words, mark in entries] == [
        *((part["label"], small.PART_COLOURS[part["name"]]) for part in small.PARTS),
        ("10 to 90 % of the draws", small.GREY),
    ]


def test_layers_without_an_interval_are_left_out(cka):
    """As the eye is stated; draws need none."""
    whole = (cka["draw"] == 0) & (cka["part"] == "whole") & (cka["encoder"] == "net")
    cka.loc[whole & (cka["layer"] == "blocks.1"), "ci_low"] = np.nan
    cka.loc[cka["draw"] > 0, "ci_low"] = np.nan
    cka["reason"] = "too flat"
    figure = drawn_parts.draw(cka, small.choices())
    for line in curves(figure.axes[0]).values():
        assert [x for x, _ in said.points(line)] == [0, 2]
    assert all(len(said.points(line)) == 2 for line in curves(figure.axes[1]).values())
    notes = figure.get_supxlabel()
    assert notes == "layer\nno interval, so not drawn: too flat (1 of 9 points)"


def test_a_panel_without_any_interval_says_so(cka):
    cka["ci_low"] = cka["ci_low"].mask(cka["encoder"] == "net")
    figure = drawn_parts.draw(cka, small.choices())
    assert said.words(figure.axes[0]) == ["no value with an interval"]
    assert not curves(figure.axes[0]) and curves(figure.axes[1])


def test_a_draw_without_a_value_leaves_a_gap(cka):
    gone = (cka["draw"] == 3) & (cka["layer"] == "blocks.0") & (cka["part"] == "pupil")
    cka.loc[gone, "value"] = np.nan
    low, high = drawn_parts.band(small.of(cka, encoder="net", part="pupil"))
    assert np.isnan([low[0], high[0]]).all() and np.isfinite([low[1:], high[1:]]).all()


def test_the_layout_is_in_order(figure, cka):
    one = cka[(cka["encoder"] == "net") & (cka["layer"].isin(["blocks.0", "all"]))]
    for each in (figure, drawn_parts.draw(cka, small.choices()), drawn_parts.draw(one, small.choices())):  # fmt: skip
        assert not said.misplaced(each)
        for axes in each.axes:
            wide, tall = said.inches(axes)
            assert wide > 1 and tall > 0.9
    assert [words for _, words in said.ticks(each.axes[0].xaxis)] == ["only", "mean"]
