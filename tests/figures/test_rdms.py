"""Dissimilarity matrices stand under the right names, frames in the order of their groups."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from catsight.figures import rdms
from support import said
from support import small_figures as small

#: By group, then by name: a, b b b, c c.
ORDER = ["f6", "f2", "f3", "f5", "f1", "f4"]
COLUMNS = {"human": "reference_dissimilarity", "cat": "view_dissimilarity"}


@pytest.fixture(scope="module")
def data():
    return small.frames()


@pytest.fixture(scope="module")
def figure(data):
    return rdms.draw(data, small.choices())


def squares(figure):
    return [axes for axes in figure.axes if axes.images]


def shown(axes):
    return np.ma.filled(axes.images[0].get_array().astype(float), np.nan)


def ranks(data, encoder, column):
    """The ranks of the fifteen pairs, from 0 to 1, laid out by hand."""
    here = data[(data["encoder"] == encoder) & (data["view"] == "cat")]
    value = {(row["frame_id"], row["other_id"]): row[column] for _, row in here.iterrows()}
    known = [(i, j) for i in range(6) for j in range(i + 1, 6)]
    places = rankdata([value[ORDER[i], ORDER[j]] for i, j in known])
    result = np.full((6, 6), np.nan)
    for (i, j), place in zip(known, places):
        result[i, j] = result[j, i] = (place - 1) / 14
    return result


def test_the_reference_stands_above_the_cat_and_encoders_beside_one_another(figure):
    above, below = said.grid(squares(figure))
    assert [axes.get_title() for axes in above] == [
        "ConvNet\nlast of net", "ViT-S\nlast of vit", "Swin\n(untrained)\nlast of swin"
    ]  # fmt: skip
    assert [axes.get_title() for axes in below] == ["", "", ""]
    assert [axes.get_ylabel() for axes in above] == ["human", "", ""]
    assert [axes.get_ylabel() for axes in below] == ["cat", "", ""]


def test_squares_are_ranks_of_the_table_by_group(figure, data):
    for row, column in zip(said.grid(squares(figure)), COLUMNS.values()):
        for axes, encoder in zip(row, small.LOOKS):
            np.testing.assert_allclose(shown(axes), ranks(data, encoder, column))
            image = axes.images[0]
            assert (image.get_cmap().name, *image.get_clim()) == ("cividis", 0, 1)
            assert not said.ticks(axes.xaxis) and not said.ticks(axes.yaxis)


def test_white_lines_part_the_groups(figure):
    lines = [("y", 0.5), ("x", 0.5), ("y", 3.5), ("x", 3.5)]
    for axes in squares(figure):
        assert said.rules(axes) == [said.Rule(axis, at, "#ffffff", 0.5) for axis, at in lines]


@pytest.mark.parametrize("groups, lines", [(21, 20), (22, 0)])
def test_many_groups_are_not_parted(groups, lines):
    ids = [f"f{i:02}" for i in range(groups)]
    rows = [
        {"encoder": "net", "view": "cat", "pooling": "mean", "layer": "last", "frame_id": one,
         "other_id": other, "group": one, "reference_dissimilarity": 1.0, "view_dissimilarity": 1.0}
        for one in ids for other in ids
    ]  # fmt: skip
    figure = rdms.draw(pd.DataFrame(rows), small.choices(encoders={"net": small.ENCODERS["net"]}))
    assert [len(said.rules(axes)) for axes in squares(figure)] == [2 * lines] * 2


def test_the_scale_says_which_end_is_alike(figure):
    (bar,) = (axes for axes in figure.axes if axes not in squares(figure))
    assert said.ticks(bar.yaxis) == [(0, "most\nalike"), (1, "least\nalike")]
    assert bar.get_ylim() == (0, 1)


def test_the_layout_is_in_order(figure):
    (bar,) = (axes for axes in figure.axes if axes not in squares(figure))
    assert not said.misplaced(figure)
    assert said.letters(figure) == {7, 7.5, 8.5}
    for axes in squares(figure):
        wide, tall = said.inches(axes)
        assert wide == pytest.approx(tall, rel=0.01) and 1 < tall < 1.3
    assert said.inches(bar)[0] < 0.15 and 1.2 < said.inches(bar)[1] < 2.4
    last = max(axes.get_window_extent().x1 for axes in squares(figure))
    assert 0 < bar.get_window_extent().x0 - last < 0.15 * figure.dpi
    assert figure.get_figwidth() == 5.6


def test_of_many_encoders_four_are_shown(data):
    """The trained ones, and the figure grows with them."""
    net = data[data["encoder"] == "net"]
    rows = [net.assign(encoder=name, layer=f"last of {name}") for name in "edcba"]
    choices = small.choices(encoders=dict.fromkeys("edcba", small.ENCODERS["net"]))
    figure = rdms.draw(pd.concat(rows), choices)
    above, below = said.grid(squares(figure))
    assert [axes.get_title() for axes in above] == [f"ConvNet\nlast of {name}" for name in "abcd"]
    assert len(below) == 4
    assert figure.get_figwidth() == 5.6


def test_the_squares_of_one_encoder_stand_side_by_side(data):
    """They stood in the right half, and the left was empty."""
    choices = small.choices(encoders={"vit": small.ENCODERS["vit"]})
    figure = rdms.draw(data, choices)
    left, right = squares(figure)
    assert (left.get_ylabel(), right.get_ylabel()) == ("human", "cat")
    np.testing.assert_allclose(shown(left), ranks(data, "vit", "reference_dissimilarity"))
    np.testing.assert_allclose(shown(right), ranks(data, "vit", "view_dissimilarity"))
    one, other = left.get_window_extent(), right.get_window_extent()
    assert one.x0 < 0.15 * figure.bbox.width and other.x1 > 0.8 * figure.bbox.width
    assert 0 < other.x0 - one.x1 < 0.15 * figure.bbox.width
    assert not said.misplaced(figure)


@pytest.mark.parametrize("values, expected", [
    ([[0, 3, np.nan], [3, 0, 1], [np.nan, 1, 0.0]], [[np.nan, 1, np.nan], [1, np.nan, 0], [np.nan, 0, np.nan]]),
    ([[0, 5.0], [5.0, 0]], [[np.nan, 0], [0, np.nan]]),  # a single pair
    ([[0, 2, 2.0], [2, 0, 7], [2, 7, 0.0]], [[np.nan, 0.25, 0.25], [0.25, np.nan, 1], [0.25, 1, np.nan]]),
])  # fmt: skip
def test_ranks_of_unknown_single_and_equal_pairs(values, expected):
    np.testing.assert_array_equal(rdms.ranks(np.array(values)), expected)
