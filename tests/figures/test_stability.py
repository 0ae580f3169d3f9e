import numpy as np

from catsight.figures import stability
from support import synthetic_study as synthetic
from support import synthetic_tables


def lines(axes):
    return {
        line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")
    }


def test_panels_are_the_table(choices):
    table = synthetic_tables.stability()
    grid = np.array(stability.draw(table, choices).axes).reshape(3, 3)
    for row, metric in zip(grid, synthetic.METRICS):
        drawn = lines(row[0])
        for encoder, about in synthetic.ENCODERS.items():
            here = table[
                (table["metric"] == metric)
                & (table["encoder"] == encoder)
                & (table["view"] == "cat")
            ]
            last = here[
                (here["kind"] == "size") & (here["layer_index"] == synthetic.DEPTH[encoder] - 1)
            ]
            np.testing.assert_array_equal(drawn[about["label"]].get_xdata(), last["n_groups"])
            np.testing.assert_array_equal(drawn[about["label"]].get_ydata(), last["value"])
            half = here[here["kind"] == "split_half"]["value"].iloc[0]
            assert any(list(line.get_ydata()) == [half] for line in row[1].get_lines())
            share = here[here["kind"] == "of_ceiling"]
            assert any(
                np.array_equal(line.get_ydata(), share["value"])
                and np.array_equal(line.get_xdata(), share["depth"])
                for line in row[2].get_lines()
            )
    assert grid[0, 2].get_title() == "share of what “original” leaves"


def test_without_controls_there_is_no_ceiling(choices):
    table = synthetic_tables.stability()
    table = table[~table["kind"].isin(["ceiling", "of_ceiling"])]
    assert len(stability.draw(table, choices).axes) == 6
