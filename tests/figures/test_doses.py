"""Dose curves are the means over layers of the table, against the condition that varies."""

import numpy as np
import pytest

from catsight import CatsightError
from catsight.figures import doses
from support import said
from support import small_figures as small

METRICS = {"cka_linear_unbiased": "Linear CKA, unbiased", "energy": "Energy distance"}
AXES = {
    "luminance": ("luminance, cd/m²", [(0.01, "0.01"), (1, "1"), (100, "100")]),
    "acuity": ("acuity, cycles per degree", [(3, "3"), (6, "6"), (12, "12")]),
}


@pytest.fixture(scope="module")
def data():
    return small.doses(*METRICS)


@pytest.fixture(scope="module")
def figure(data):
    return doses.draw(data, small.choices())


@pytest.fixture
def cka():
    """The same by one measure, to be changed."""
    return small.doses("cka_linear_unbiased")


def test_rows_are_metrics_and_columns_are_conditions(figure):
    grid = said.grid(figure.axes)
    assert [[axes.get_ylabel() for axes in row] for row in grid] == [
        [name, ""] for name in METRICS.values()
    ]
    assert [axes.get_xlabel() for axes in grid[0]] == ["", ""]
    for axes, (label, ticks) in zip(grid[1], AXES.values()):
        assert axes.get_xlabel() == label
        assert said.ticks(axes.xaxis) == ticks
        assert axes.get_xscale() == "log" and not len(axes.xaxis.get_minorticklocs())
    for row, agreement in zip(grid, (1, 0)):
        for axes in row:
            assert said.rules(axes) == [said.Rule("y", agreement, small.GREY, 0.7)]
            assert said.gridlines(axes) == "xy" and not said.words(axes)
            assert axes.get_xscale() == "log"
        assert row[0].get_ylim() == row[1].get_ylim()
    assert figure._supxlabel is None


def test_the_legend_names_encoders_and_families(figure):
    assert said.legend(figure) == small.legend_of_encoders()
    assert 2.5 < figure.legends[0].handlelength < 3  # long enough for dashes


def test_lines_and_intervals_are_the_means_over_layers(figure, data):
    for row, metric in zip(said.grid(figure.axes), METRICS):
        for axes, swept in zip(row, AXES):
            curves, bands, bars = said.curves(axes), said.bands(axes), said.bars(axes)
            assert (len(curves), len(bands), len(bars)) == (3, 3, 9)
            for i, (encoder, look) in enumerate(small.LOOKS.items()):
                rows = small.of(data, layer="all", metric=metric, swept=swept, encoder=encoder)
                rows = rows.sort_values("dose")
                assert curves[i].get_label() == small.LABELS[encoder]
                assert said.mark(curves[i]) == look
                assert said.points(curves[i]) == small.pairs(rows, "dose", "value")
                ends = list(zip(rows["dose"], rows["ci_low"], rows["ci_high"]))
                assert bands[i][:4] == (look.colour, 0.11, ends, 1)
                assert axes.collections[2 * i + 1].get_alpha() == 0.7
                assert bars[3 * i : 3 * i + 3] == [
                    (look.colour, (dose, low), (dose, high), 0.8) for dose, low, high in ends
                ]


def test_the_layout_is_in_order(figure, cka):
    one = doses.draw(cka, small.choices())
    cka["ci_low"] = cka["ci_low"].mask(cka["encoder"] == "vit")
    cka["reason"] = "word " * 60
    noted = doses.draw(cka, small.choices())
    assert noted._supxlabel.get_text().count("\n") == 3
    for drawn in (figure, one, noted):
        assert not said.misplaced(drawn)
        assert said.letters(drawn) <= {7.5, 8, 8.5}
        for axes in drawn.axes:
            wide, tall = said.inches(axes)
            assert 1.9 < wide < 2.6 and 1.6 < tall < 2
        columns = {round(text.get_window_extent().x0) for text in drawn.legends[0].get_texts()}
        assert len(columns) == 2
        legend = drawn.legends[0].get_window_extent()
        assert legend.y0 > drawn.axes[0].get_window_extent().y1


def test_values_without_an_interval_are_no_curve(cka):
    few = cka["swept"] == "luminance"
    cka.loc[few, ["ci_low", "ci_high", "n_groups"]] = [np.nan, np.nan, 3]
    cka.loc[few, "reason"] = "undefined if certain groups are left out"
    figure = doses.draw(cka, small.choices())
    without, having = figure.axes
    assert [said.points(line) for line in said.curves(without)] == [[], [], []]
    assert said.words(without) == ["no value with an interval:\nadd photographs"]
    assert not said.words(having) and all(map(said.points, said.curves(having)))
    assert not said.ticks(without.xaxis) and said.ticks(having.xaxis)
    assert figure.get_supxlabel() == (
        "no interval, so not drawn: undefined if certain groups are left out (9 of 18 points)"
    )


def test_a_value_alone_is_still_drawn(cka):
    """One dose lacks its interval; its panel has no note inside."""
    cka.loc[(cka["dose"] == 6) & (cka["encoder"] == "net"), "ci_high"] = np.nan
    axes = doses.draw(cka, small.choices()).axes[1]
    net = said.curves(axes)[0]
    assert [x for x, _ in said.points(net)] == [3, 12] and not said.words(axes)


def test_the_pooling_is_named_where_it_is_another(cka):
    labels = [label for label, _ in said.legend(doses.draw(cka, small.choices(pooling="cls")))]
    assert labels[:3] == ["ConvNet [mean]", "ViT-S", "Swin (untrained) [mean]"]


def test_an_encoder_without_rows_is_not_in_the_legend(cka):
    figure = doses.draw(cka[cka["encoder"] != "vit"], small.choices())
    labels = [label for label, _ in said.legend(figure)]
    assert labels == ["ConvNet", "Swin (untrained)", "convolutional", "windowed ViT"]


@pytest.mark.parametrize(
    "swept, label, scale",
    [
        ("defocus", "defocus, dioptres", "linear"),
        ("field_of_view", "field of view, degrees", "log"),
    ],
)
def test_every_condition_has_its_axis(cka, swept, label, scale):
    cka = cka[cka["swept"] == "acuity"].assign(swept=swept)
    (axes,) = doses.draw(cka, small.choices()).axes
    assert (axes.get_xlabel(), axes.get_xscale()) == (label, scale)
    assert not said.misplaced(axes.figure)


@pytest.mark.parametrize("count, named", [(8, True), (9, False)])
def test_of_many_doses_some_are_named(cka, count, named):
    cka = cka[(cka["swept"] == "acuity") & (cka["dose"] == 3)]
    rows = cka.loc[cka.index.repeat(count)]
    rows = rows.assign(dose=rows.groupby(level=0).cumcount() + 2.0)
    (axes,) = doses.draw(rows, small.choices()).axes
    assert ([place for place, _ in said.ticks(axes.xaxis)] == [*range(2, count + 2)]) == named


def test_a_condition_without_an_axis_is_refused(cka):
    wanted = (
        "varies 'moon', for which there is no axis; there are luminance, defocus, field_of_view, "
        "acuity"
    )
    with pytest.raises(CatsightError, match=wanted):
        doses.draw(cka.replace({"swept": {"acuity": "sun", "luminance": "moon"}}), small.choices())
