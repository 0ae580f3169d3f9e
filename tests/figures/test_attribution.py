"""The stacked bars are the table's shares, under the names of their parts, and the line the whole."""

import numpy as np
import pandas as pd
import pytest

from catsight.figures import attribution
from support import said
from support import small_figures as small

METRICS = {
    "cka_linear_unbiased": "loss of\nLinear CKA, unbiased",
    "energy": "loss of\nEnergy distance",
}
WHOLE = said.Mark(small.INK, "o", "-", small.INK)


@pytest.fixture(scope="module")
def data():
    return small.attribution(*METRICS)


@pytest.fixture(scope="module")
def figure(data):
    return attribution.draw(data, small.choices())


@pytest.fixture
def cka():
    """The same by one measure, to be changed."""
    return small.attribution("cka_linear_unbiased")


def test_rows_are_metrics_and_columns_are_encoders(figure):
    grid = said.grid(figure.axes)
    assert [[axes.get_ylabel() for axes in row] for row in grid] == [
        [name, "", ""] for name in METRICS.values()
    ]
    assert [[axes.get_title() for axes in row] for row in grid] == [
        [*small.LABELS.values()], ["", "", ""]
    ]  # fmt: skip
    for axes, last in zip(grid[1], (2, 1, 3)):
        assert said.ticks(axes.xaxis) == [(0, "first"), (last, "last")]
    for row in grid:
        assert len({axes.get_ylim() for axes in row}) == 1
        for axes in row:
            assert said.rules(axes) == [said.Rule("y", 0, small.GREY, 0.7)]
            assert said.gridlines(axes) == "y" and not said.words(axes)
    assert figure.get_supxlabel() == "layer"


def test_the_legend_names_the_parts_and_the_line(figure):
    assert said.legend(figure) == [
        *((part["label"], said.Mark(small.PART_COLOURS[part["name"]])) for part in small.PARTS),
        ("together", WHOLE),
    ]


def rounded(bars):
    return sorted((colour, *np.round(ends, 9)) for colour, *ends in bars)


def test_bars_are_the_shares_stacked_away_from_zero(figure, data):
    for row, metric in zip(said.grid(figure.axes), METRICS):
        for axes, encoder in zip(row, small.LOOKS):
            stacks = {}
            wanted = []
            for part, colour in small.PART_COLOURS.items():
                rows = small.of(data, metric=metric, encoder=encoder, part=part)
                for layer, share in small.pairs(rows, "layer_index", "value"):
                    start = stacks.get((layer, share > 0), 0)
                    stacks[layer, share > 0] = start + share
                    wanted.append((colour, layer, start, start + share))
            assert rounded(said.stacked(axes)) == rounded(wanted)


def test_bars_of_a_part_are_called_by_it_and_those_below_zero_are_hidden_from_legends(figure):
    for container in (one for axes in figure.axes for one in axes.containers):
        label = container.get_label()
        below = label.startswith("_")
        assert all(
            (bar.get_height() <= 0) if below else (bar.get_height() >= 0) for bar in container
        )
        colours = {said.mark(bar).colour for bar in container}
        assert colours == {small.PART_COLOURS[label.removeprefix("_")]}


def test_bars_nearly_touch(figure):
    bars = [bar for container in figure.axes[0].containers for bar in container.patches]
    assert {round(bar.get_width(), 6) for bar in bars} == {0.86}
    assert {bar.get_linewidth() for bar in bars} == {0}


def test_the_line_is_the_whole_loss_with_its_interval(figure, data):
    for row, metric in zip(said.grid(figure.axes), METRICS):
        for axes, encoder in zip(row, small.LOOKS):
            rows = small.of(data, metric=metric, encoder=encoder, part="whole")
            (line,) = said.curves(axes)
            assert (line.get_label(), said.mark(line)) == ("whole", WHOLE)
            assert (line.get_linewidth(), line.get_markersize()) == (0.8, 2.2)
            assert said.points(line) == small.pairs(rows, "layer_index", "value")
            assert said.bars(axes) == [
                (small.INK, (row.layer_index, row.ci_low), (row.layer_index, row.ci_high), 0.9)
                for _, row in rows.iterrows()
            ]


def test_the_layout_is_in_order(figure, cka):
    one = attribution.draw(cka, small.choices())
    cka["ci_low"] = cka["ci_low"].mask((cka["part"] == "whole") & (cka["layer_index"] == 0))
    cka["reason"] = "word " * 60
    noted = attribution.draw(cka, small.choices())
    assert noted.get_supxlabel().count("\n") == 4
    for drawn in (figure, one, noted):
        assert not said.misplaced(drawn)
        assert said.letters(drawn) == {7.5, 8, 8.5}
        for axes in drawn.axes:
            wide, tall = said.inches(axes)
            assert 1.5 < wide < 1.8 and 1.1 < tall < 1.6
        legend = drawn.legends[0]
        assert len({round(text.get_window_extent().y0) for text in legend.get_texts()}) == 1
        assert legend.get_window_extent().y0 > drawn.axes[0].title.get_window_extent().y1


def test_many_encoders_make_the_figure_wider(cka):
    two = {name: small.ENCODERS[name] for name in ("net", "vit")}
    many = {f"{name}{i}": one for i in range(3) for name, one in two.items()}
    rows = pd.concat([cka.replace({name: f"{name}{i}" for name in two}) for i in range(3)])
    figure = attribution.draw(rows, small.choices(encoders=many))
    assert figure.get_figwidth() == pytest.approx(1.3 * 1.6 * 6)


def test_a_loss_without_an_interval_is_left_out(cka):
    net = (cka["encoder"] == "net") & (cka["part"] == "whole")
    swin = (cka["encoder"] == "swin") & (cka["part"] == "whole") & (cka["layer"] == "blocks.2")
    cka.loc[net | swin, ["ci_high", "n_groups"]] = [np.nan, 3]
    cka.loc[cka["encoder"] == "net", "n_groups"] = 3
    cka.loc[net | swin, "reason"] = "one group only"
    figure = attribution.draw(cka, small.choices())
    net, vit, swin = figure.axes
    assert not said.stacked(net) and not said.bars(net)
    assert said.words(net) == ["no value with an interval:\nadd photographs"]
    assert not said.words(vit) and not said.words(swin)
    assert {round(x) for _, x, _, _ in said.stacked(swin)} == {0, 1, 3}
    assert [x for x, _ in said.points(said.curves(swin)[0])] == [0, 1, 3]
    note = "no interval, so not drawn: one group only (4 of 45 points)"
    assert figure.get_supxlabel() == f"layer\n{note}"


def test_what_is_missing_is_said_and_leaves_the_other_shares(cka):
    gone = (cka["part"] == "rods") & (cka["layer"] == "blocks.2")
    cka.loc[gone, ["value", "ci_low", "ci_high"]] = np.nan
    cka.loc[gone, "reason"] = "features do not vary"
    figure = attribution.draw(cka, small.choices())
    assert "no value: features do not vary (2 of 45 points)" in figure.get_supxlabel()
    at = [colour for colour, x, _, _ in said.stacked(figure.axes[0]) if round(x) == 2]
    assert sorted(at) == sorted([small.PART_COLOURS["pupil"], small.PART_COLOURS["acuity"]])


def test_parts_that_the_table_lacks_are_not_in_the_legend(cka):
    figure = attribution.draw(cka[cka["part"] != "acuity"], small.choices())
    assert [word for word, _ in said.legend(figure)] == [
        "pupil and optics", "rods in the dark", "together"
    ]  # fmt: skip


def test_a_network_of_one_layer_has_one_tick(cka):
    (axes,) = attribution.draw(
        cka[cka["layer_index"] == 0], small.choices(encoders={"net": small.ENCODERS["net"]})
    ).axes
    assert said.ticks(axes.xaxis) == [(0, "only")]
