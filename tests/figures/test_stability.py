"""The panels of stability are the table, each under the right head."""

import numpy as np
import pytest

from catsight.figures import stability
from support import said
from support import small_figures as small

METRICS = {"cka_linear_unbiased": "Linear CKA, unbiased", "rsa": "RSA"}
TITLES = [
    "value in the last layer",
    "same profile\nin both halves?",
    "share of what “blur” and “jpeg” leaves",
]


@pytest.fixture(scope="module")
def data():
    return small.stability(*METRICS)


@pytest.fixture(scope="module")
def figure(data):
    return stability.draw(data, small.choices())


@pytest.fixture
def cka():
    """The same by one measure, to be changed."""
    return small.stability("cka_linear_unbiased")


def test_panels_stand_under_their_heads(figure):
    above, below = said.grid(figure.axes)
    assert [axes.get_title() for axes in above] == TITLES
    assert [axes.get_title() for axes in below] == ["", "", ""]
    assert [axes.get_xlabel() for axes in above] == ["", "", ""]
    assert [axes.get_xlabel() for axes in below] == [
        "groups of frames", "encoders", "relative depth of the layer"
    ]  # fmt: skip
    for row, name in zip((above, below), METRICS.values()):
        assert [axes.get_ylabel() for axes in row] == [name, "", ""]
        assert [said.gridlines(axes) for axes in row] == ["y"] * 3
        assert said.rules(row[2]) == [said.Rule("y", 1, small.GREY, 0.7)]
        assert not said.rules(row[0]) and not said.rules(row[1])
    assert said.ticks(below[0].xaxis) == [(4, "4"), (6, "6"), (9, "9")]
    assert [axes.get_xlim() for axes in above] == [axes.get_xlim() for axes in below]
    assert not any(text.get_visible() for axes in above for text in axes.get_xticklabels())


def test_the_legend_names_encoders_and_families(figure):
    assert said.legend(figure) == small.legend_of_encoders()
    assert 2.5 < figure.legends[0].handlelength < 3  # long enough for dashes


def test_on_the_left_the_last_layer_by_the_number_of_groups(figure, data):
    for (axes, _, _), metric in zip(said.grid(figure.axes), METRICS):
        curves, bands = said.curves(axes), said.bands(axes)
        assert len(curves) == len(bands) == 3
        for line, band, (encoder, look) in zip(curves, bands, small.LOOKS.items()):
            last = f"blocks.{small.LAYERS[encoder] - 1}"
            rows = small.of(
                data, kind="size", view="cat", metric=metric, encoder=encoder, layer=last
            )
            rows = rows.sort_values("n_groups")
            assert (line.get_label(), said.mark(line)) == (small.LABELS[encoder], look)
            assert said.points(line) == small.pairs(rows, "n_groups", "value")
            ends = list(zip(rows["n_groups"], rows["low"], rows["high"]))
            assert band[:4] == (look.colour, 0.13, ends, 1)


def test_in_the_middle_the_halves_of_each_encoder(figure, data):
    for (_, axes, _), metric in zip(said.grid(figure.axes), METRICS):
        wanted = [
            (place, small.one(data, kind="split_half", view="cat", metric=metric, encoder=encoder,
                              layer="all"), small.LOOKS[encoder])
            for place, encoder in enumerate(small.LOOKS)
        ]  # fmt: skip
        assert said.dots(axes) == [
            (place, row.value, (look.colour, look.marker, "", look.face))
            for place, row, look in wanted
        ]
        assert said.bars(axes) == [
            (look.colour, (place, row.low), (place, row.high), 1) for place, row, look in wanted
        ]
        assert axes.get_ylim() == (-0.05, 1.05) and axes.get_xlim() == (-0.6, 2.6)
        assert not said.ticks(axes.xaxis) and not said.words(axes)


def test_on_the_right_the_share_of_the_ceiling_by_depth(figure, data):
    for (_, _, axes), metric in zip(said.grid(figure.axes), METRICS):
        curves, bands = said.curves(axes), said.bands(axes)
        assert len(curves) == len(bands) == 3
        for line, band, (encoder, look) in zip(curves, bands, small.LOOKS.items()):
            rows = small.of(data, kind="of_ceiling", view="cat", metric=metric, encoder=encoder)
            assert said.mark(line) == look
            assert said.points(line) == small.pairs(rows, "depth", "value")
            ends = list(zip(rows["depth"], rows["low"], rows["high"]))
            assert band[:4] == (look.colour, 0.11, ends, 1)


def test_the_layout_is_in_order(figure, cka):
    two = stability.draw(cka[~cka["kind"].isin(["ceiling", "of_ceiling"])], small.choices())
    one = stability.draw(cka, small.choices())
    assert [round(drawn.get_figwidth(), 6) for drawn in (figure, one, two)] == [6.5, 6.5, 5.6]
    for drawn in (figure, one, two):
        assert not said.misplaced(drawn)
        assert said.letters(drawn) == {7.5, 8, 8.5}
        for row in said.grid(drawn.axes):
            wide = [said.inches(axes)[0] for axes in row]
            assert 0.45 < wide[1] / wide[0] < 0.6 and 1.7 < wide[0] < 3.2
            assert all(1.45 < said.inches(axes)[1] < 1.75 for axes in row)
        columns = {round(text.get_window_extent().x0) for text in drawn.legends[0].get_texts()}
        assert len(columns) == 2
        top = drawn.axes[0].title.get_window_extent().y1
        assert drawn.legends[0].get_window_extent().y0 > top


def test_without_controls_there_is_no_ceiling(cka):
    figure = stability.draw(cka[~cka["kind"].isin(["ceiling", "of_ceiling"])], small.choices())
    assert [axes.get_title() for axes in figure.axes] == TITLES[:2]


@pytest.mark.parametrize("controls, title", [
    (["jpeg"], "share of what “jpeg” leaves"),
    ([], "share of what the control leaves"),  # the row of the ceiling itself is missing
])  # fmt: skip
def test_the_ceiling_is_named(cka, controls, title):
    cka = cka[(cka["kind"] != "ceiling") | cka["view"].isin(controls)]
    assert stability.draw(cka, small.choices()).axes[2].get_title() == title


@pytest.mark.parametrize("names", [["net"], ["net", "vit", "swin"]])
def test_halves_that_could_not_be_compared_are_said(cka, names):
    halves = cka["kind"] == "split_half"
    cka.loc[halves, ["value", "low", "high"]] = np.nan
    cka.loc[halves, "reason"] = "too few groups of frames"
    encoders = {name: small.ENCODERS[name] for name in names}
    axes = stability.draw(cka, small.choices(encoders=encoders)).axes[1]
    assert said.words(axes) == ["too few groups\nof frames"]
    assert not said.dots(axes) and axes.get_ylim() == (-0.05, 1.05)


def test_halves_of_some_encoders_leave_their_places(cka):
    cka.loc[cka["kind"].eq("split_half") & cka["encoder"].eq("vit"), "value"] = np.nan
    axes = stability.draw(cka, small.choices()).axes[1]
    assert [x for x, _, _ in said.dots(axes)] == [0, 2] and not said.words(axes)


@pytest.mark.parametrize("column", ["value", "low"])
def test_halves_that_disagree_widen_their_axis(cka, column):
    cka.loc[cka["kind"].eq("split_half") & cka["encoder"].eq("vit"), column] = -0.4
    axes = stability.draw(cka, small.choices()).axes[1]
    assert axes.get_ylim() == (pytest.approx(-0.45), 1.05)


def test_a_table_without_sizes_is_drawn(cka):
    figure = stability.draw(cka[cka["kind"] != "size"], small.choices())
    assert not said.curves(figure.axes[0])
    assert [label for label, _ in said.legend(figure)] == [label for label, _ in small.FAMILIES]


def test_an_encoder_without_rows_is_left_out(cka):
    figure = stability.draw(cka[cka["encoder"] != "vit"], small.choices())
    assert [label for label, _ in said.legend(figure)] == [
        "ConvNet", "Swin (untrained)", "convolutional", "windowed ViT"
    ]  # fmt: skip
    assert figure.axes[1].get_xlim() == (-0.6, 1.6)


def test_order_of_rows_does_not_matter(cka):
    one, other = (stability.draw(rows, small.choices()) for rows in (cka, cka[::-1]))
    for a, b in zip(one.axes, other.axes):
        assert [*map(said.points, said.curves(a))] == [*map(said.points, said.curves(b))]
