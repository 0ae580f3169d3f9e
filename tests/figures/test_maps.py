"""Maps show every layer against every layer, the right way round and under the right names."""

import numpy as np
import pandas as pd
import pytest

from catsight.figures import maps
from support import said
from support import small_figures as small

METRIC = "cka_linear_unbiased"
#: The side by side order and the starts of the networks in the map of all.
STARTS = {"net": 0, "vit": 3, "swin": 5}


@pytest.fixture(scope="module")
def data():
    return small.maps("cka_linear", METRIC)


@pytest.fixture(scope="module")
def figure(data):
    return maps.draw(data, small.choices())


def parted(figure):
    """The maps of single encoders, the scale of colours, and the map of all."""
    *squares, bar = (axes for axes in figure.subfigs[0].axes if axes.get_visible())
    (whole,) = figure.subfigs[1].axes
    return squares, bar, whole


def shown(axes):
    """The picture of a panel, as (array, its colours and their range)."""
    (image,) = axes.images
    array = np.ma.filled(image.get_array().astype(float), np.nan)
    return array, (image.get_cmap().name, *image.get_clim())


def test_squares_are_the_layers_in_the_reference_upwards_against_those_in_the_cat(figure, data):
    squares, _, _ = parted(figure)
    assert [axes.get_title() for axes in squares] == [*small.LABELS.values()]
    for axes, encoder in zip(squares, STARTS):
        array, colours = shown(axes)
        assert colours == ("viridis", 0, 1)
        count = small.LAYERS[encoder]
        assert array.shape == (count, count)
        here = small.of(data, metric=METRIC, encoder=encoder, other_view="cat")
        for _, row in here.iterrows():
            assert array[row.layer_index, row.other_index] == row.value
        assert axes.get_ylim() == (-0.5, count - 0.5)  # the first layer below
        assert axes.get_xlim() == (-0.5, count - 0.5)
        for axis in (axes.xaxis, axes.yaxis):
            assert said.ticks(axis) == [(0, "first"), (count - 1, "last")]
        assert axes.get_xlabel() == "layer, cat"
    assert [axes.get_ylabel() for axes in squares] == ["layer, human", "", ""]


def test_the_scale_names_the_measure(figure):
    _, bar, _ = parted(figure)
    assert bar.get_ylabel() == "Linear CKA, unbiased"
    assert bar.get_ylim() == (0, 1)
    assert said.ticks(bar.yaxis)[0][1].startswith("0")


def test_below_all_layers_stand_against_all_in_the_reference(figure, data):
    *_, whole = parted(figure)
    array, colours = shown(whole)
    assert colours == ("viridis", 0, 1)
    expected = np.full((9, 9), np.nan)
    between = small.of(data, metric=METRIC, other_view="human")
    for _, row in between[between["other_encoder"] != "stranger"].iterrows():
        i = STARTS[row.encoder] + row.layer_index
        j = STARTS[row.other_encoder] + row.other_index
        expected[i, j] = row.value
        if row.encoder != row.other_encoder:  # the table has each pair once
            expected[j, i] = row.value
    np.testing.assert_array_equal(array, expected)
    assert np.isfinite(array).all()
    assert (
        whole.get_title() == "layers of all encoders, first to last, as “human” delivers the frames"
    )
    names = [(1, "ConvNet"), (3.5, "ViT-S"), (6.5, "Swin (untrained)")]
    assert said.ticks(whole.xaxis) == said.ticks(whole.yaxis) == names
    assert whole.get_ylim() == (8.5, -0.5)
    lines = [("y", 2.5), ("x", 2.5), ("y", 4.5), ("x", 4.5)]
    assert said.rules(whole) == [said.Rule(axis, at, "#ffffff", 1.2) for axis, at in lines]


def test_the_layout_is_in_order(figure):
    squares, bar, whole = parted(figure)
    assert not said.misplaced(figure)
    assert said.letters(figure) == {7, 7.5, 8}
    assert said.grid(squares) == [squares]
    assert figure.get_figwidth() == 5.6
    for axes in squares:
        wide, tall = said.inches(axes)
        assert wide == pytest.approx(tall, rel=0.01) and 1 < tall < 1.5
        assert wide == pytest.approx(said.inches(squares[0])[0], rel=0.02)
    assert 3.2 < said.inches(whole)[1] < 4.6
    assert (
        said.inches(bar)[0] < 0.12 and 0.5 < said.inches(bar)[1] / said.inches(squares[0])[1] < 1.4
    )
    assert bar.get_window_extent().x0 - squares[-1].get_window_extent().x1 < 0.15 * figure.dpi
    for axis in (whole.xaxis, whole.yaxis):
        assert not any(tick.tick1line.get_markersize() for tick in axis.get_major_ticks())
    assert {text.get_rotation() for text in whole.get_xticklabels()} == {20}


def test_a_single_encoder_has_no_map_of_encoders(data):
    figure = maps.draw(data, small.choices(encoders={"vit": small.ENCODERS["vit"]}))
    assert not figure.subfigs and not said.misplaced(figure)
    square, bar = (axes.get_window_extent() for axes in figure.axes)
    assert figure.axes[0].get_title() == "ViT-S"
    assert 0 < bar.x0 - square.x1 < 0.1 * figure.bbox.width  # the scale stands beside it
    left, right = square.x0, figure.bbox.width - bar.x1
    assert abs(left - right) < 0.15 * figure.bbox.width
    assert 2.6 < said.inches(figure.axes[0])[1] < 2.9 and figure.get_figwidth() == 5.6


def test_five_encoders_stand_in_two_rows():
    """The fifth below the first, and no empty frames beside it."""
    parts, names = [], [f"net{i}" for i in range(5)]
    for name in names:
        rows = small.maps(METRIC)
        both = rows["other_encoder"].eq("net") & rows["encoder"].eq("net")
        parts.append(rows[both].replace({"net": name}))
    choices = small.choices(encoders=dict.fromkeys(names, small.ENCODERS["net"]))
    figure = maps.draw(pd.concat(parts), choices)
    squares, _, _ = parted(figure)
    assert [len(row) for row in said.grid(squares)] == [4, 1]
    assert [axes.get_ylabel() != "" for axes in squares] == [True, False, False, False, True]
    assert said.grid(squares)[1][0].get_window_extent().x0 == pytest.approx(
        squares[0].get_window_extent().x0, abs=1
    )
    assert all(0.8 < said.inches(axes)[1] < 1.3 for axes in squares)
    assert not said.misplaced(figure)


def test_values_below_zero_widen_the_range_of_colours(data):
    lower = data.assign(value=data["value"].where(data["layer"] != "blocks.1", -0.23))
    assert shown(parted(maps.draw(lower, small.choices()))[0][0])[1] == ("viridis", -0.3, 1)


def test_a_network_of_one_layer_has_one_tick(data):
    one = data[(data["layer_index"] == 0) & (data["other_index"] == 0)]
    figure = maps.draw(one, small.choices(encoders={"vit": small.ENCODERS["vit"]}))
    assert said.ticks(figure.axes[0].xaxis) == said.ticks(figure.axes[0].yaxis) == [(0, "first")]


def test_nothing_known_is_drawn_as_nothing(data):
    figure = maps.draw(data.assign(value=np.nan), small.choices())
    for axes in (*parted(figure)[0], parted(figure)[2]):
        array, colours = shown(axes)
        assert np.isnan(array).all() and colours == ("viridis", 0, 1)


def test_encoders_without_rows_against_one_another_are_blank(data):
    known = data[~(data["encoder"].eq("vit") & data["other_encoder"].eq("net"))]
    array, _ = shown(parted(maps.draw(known, small.choices()))[2])
    assert np.isnan(array[3:5, :3]).all() and np.isnan(array[:3, 3:5]).all()
    assert np.isnan(array).sum() == 12


def test_what_the_table_lacks_is_one_blank_field_unless_its_shape_is_known(data):
    nothing = maps.matrix(data, ("vit", "human"), ("vit", "moon"))
    assert nothing.shape == (1, 1) and np.isnan(nothing).all()
    assert maps.matrix(data, ("vit", "human"), ("vit", "moon"), (2, 3)).shape == (2, 3)


@pytest.mark.parametrize("undefined", [1, 4])
def test_values_that_are_undefined_are_left_blank(data, undefined):
    here = data[
        data["metric"].eq(METRIC) & data["encoder"].eq("vit") & data["other_view"].eq("cat")
    ]
    here.loc[here.index[:undefined], "value"] = np.nan
    square = maps.matrix(here, ("vit", "human"), ("vit", "cat"))
    assert square.shape == (2, 2) and np.isnan(square).sum() == undefined


@pytest.mark.parametrize(
    "wanted, own, chosen, note",
    [
        ("cls", "cls", "mean", " [mean]"),  # the class token is not in all networks
        ("mean", "cls", "mean", ""),
        ("grid", "cls", "mean", " [mean]"),
    ],
)
def test_encoders_are_set_against_one_another_by_a_pooling_that_all_have(
    data, wanted, own, chosen, note
):
    """A class token where there is one, but not against networks that have none."""
    vit = data[data["encoder"].eq("vit") & data["other_encoder"].eq("vit")]
    both = pd.concat([data, vit.assign(pooling=own, value=0.25)])
    squares, _, whole = parted(maps.draw(both, small.choices(pooling=wanted)))
    assert (shown(squares[1])[0] == 0.25).all() == (wanted == own)
    array, _ = shown(whole)
    assert array.shape == (9, 9) and not (array == 0.25).any()
    assert whole.get_title().endswith(f"delivers the frames{note}")


def test_without_a_mean_the_pooling_that_most_have_is_taken(data):
    vit = data[data["encoder"].eq("vit") & data["other_encoder"].eq("vit")]
    both = pd.concat([data.assign(pooling="grid"), vit.assign(pooling="cls", value=0.25)])
    *_, whole = parted(maps.draw(both, small.choices()))
    assert not (shown(whole)[0] == 0.25).any() and whole.get_title().endswith(" [grid]")
