import numpy as np
import pandas as pd
import pytest

from catsight.figures import maps
from support import synthetic_study as synthetic
from support import synthetic_tables


def test_squares_are_the_table(choices):
    table = synthetic_tables.maps()
    axes = [a for sub in maps.draw(table, choices).subfigs for a in sub.axes if a.images]
    encoders = list(choices.encoders)
    for one, encoder in zip(axes, encoders):
        shown = np.asarray(one.images[0].get_array())
        here = table[(table["encoder"] == encoder) & (table["other_view"] == "cat")]
        assert len(here) == shown.size
        for _, row in here.iterrows():
            assert shown[row["layer_index"], row["other_index"]] == row["value"]
    whole = np.asarray(axes[len(encoders)].images[0].get_array())
    assert whole.shape == (sum(synthetic.DEPTH.values()),) * 2
    # both halves, though the table has each pair of encoders once
    starts = dict(zip(encoders, np.cumsum([0, *(synthetic.DEPTH[e] for e in encoders)])))
    between = table[(table["other_view"] == "human") & (table["encoder"] != table["other_encoder"])]
    for _, row in between.sample(50, random_state=0).iterrows():
        i, j = (
            starts[row["encoder"]] + row["layer_index"],
            starts[row["other_encoder"]] + row["other_index"],
        )
        assert whole[i, j] == whole[j, i] == row["value"]


def test_a_single_encoder_has_no_map_of_encoders():
    table = synthetic_tables.maps()
    only = {"imgfocus_vit_s14": synthetic.ENCODERS["imgfocus_vit_s14"]}
    choices = synthetic.choices(encoders=only)
    figure = maps.draw(table, choices)
    square, bar = (axes.get_window_extent() for axes in figure.axes)
    assert 0 < bar.x0 - square.x1 < 0.1 * figure.bbox.width  # the scale stands beside it
    left, right = square.x0, figure.bbox.width - bar.x1
    assert abs(left - right) < 0.15 * figure.bbox.width


@pytest.mark.parametrize("undefined", [1, 144])
def test_values_that_are_undefined_are_left_blank(undefined):
    table = synthetic_tables.maps()
    here = table[(table["encoder"] == "imgfocus_vit_s14") & (table["other_view"] == "cat")].index[
        :undefined
    ]
    table.loc[here, "value"] = np.nan
    square = maps.matrix(table, ("imgfocus_vit_s14", "human"), ("imgfocus_vit_s14", "cat"))
    assert square.shape == (12, 12) and np.isnan(square).sum() == undefined


def test_encoders_are_set_against_one_another_by_a_pooling_that_all_have():
    """A class token where there is one, but not against networks that have none."""
    table = synthetic_tables.maps()
    own = table[
        (table["encoder"] == "imgfocus_vit_s14") & (table["other_encoder"] == "imgfocus_vit_s14")
    ]
    table = pd.concat([table, own.assign(pooling="cls", value=0.25)])
    choices = synthetic.choices(pooling="cls")
    axes = [a for sub in maps.draw(table, choices).subfigs for a in sub.axes if a.images]
    place = list(choices.encoders).index("imgfocus_vit_s14")
    assert (np.asarray(axes[place].images[0].get_array()) == 0.25).all()
    whole = np.asarray(axes[4].images[0].get_array())
    assert whole.shape == (sum(synthetic.DEPTH.values()),) * 2 and not (whole == 0.25).any()
    assert axes[4].get_title().endswith("[mean]")
