import numpy as np
from scipy.stats import rankdata

from catsight.figures import rdms
from support import synthetic_study as synthetic
from support import synthetic_tables


def test_squares_are_ranks_of_the_table_by_group(choices):
    table = synthetic_tables.pairs()
    grid = [axes for axes in rdms.draw(table, choices).axes if axes.images]
    order = ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert len(grid) == 8
    for place, encoder in enumerate(choices.encoders):
        here = table[(table["encoder"] == encoder) & (table["view"] == "cat")]
        for axes, column in zip(
            grid[place :: len(synthetic.ENCODERS)],
            ("reference_dissimilarity", "view_dissimilarity"),
        ):
            values = (
                here.pivot(index="frame_id", columns="other_id", values=column)
                .loc[order, order]
                .to_numpy()
            )
            upper = np.triu_indices(6, 1)
            shown = np.ma.filled(axes.images[0].get_array(), np.nan)
            np.testing.assert_allclose(shown[upper], (rankdata(values[upper]) - 1) / 14)
            np.testing.assert_allclose(shown, shown.T)
            assert np.isnan(np.diag(shown)).all()


def test_the_squares_of_one_encoder_fill_the_figure():
    """They stood in its right half, and the left was empty."""
    only = {"imgfocus_vit_s14": synthetic.ENCODERS["imgfocus_vit_s14"]}
    figure = rdms.draw(synthetic_tables.pairs(), synthetic.choices(encoders=only))
    one, other = (axes.get_window_extent() for axes in figure.axes if axes.images)
    assert one.x0 < 0.15 * figure.bbox.width and other.x1 > 0.8 * figure.bbox.width
    assert 0 < other.x0 - one.x1 < 0.15 * figure.bbox.width


def test_what_is_unknown_has_no_rank():
    values = np.array([[0, 3, np.nan], [3, 0, 1], [np.nan, 1, 0.0]])
    expected = [[np.nan, 1, np.nan], [1, np.nan, 0], [np.nan, 0, np.nan]]
    np.testing.assert_array_equal(rdms.ranks(values), expected)
