"""The stacked bars are the table's shares, and end at the whole."""

import numpy as np

from catsight.figures import attribution
from support import synthetic_study as synthetic
from support import synthetic_tables


def bars(axes, part):
    """The ends (bottom, top) of a part's bars, by the middle they stand on."""
    found = {}
    for container in axes.containers:
        if container.get_label().lstrip("_") == part:
            for bar in container.patches:
                if bar.get_height():
                    found[round(bar.get_x() + bar.get_width() / 2, 6)] = (
                        bar.get_y(),
                        bar.get_y() + bar.get_height(),
                    )
    return found


def test_bars_are_the_shares_and_sum_to_the_whole(choices):
    table = synthetic_tables.attribution()
    figure = attribution.draw(table, choices)
    grid = np.array(figure.axes).reshape(3, 2)
    for row, metric in zip(grid, synthetic.METRICS):
        for axes, encoder in zip(row, ("efficientnet_lite0", "imgfocus_vit_s14")):
            here = table[
                (table["metric"] == metric)
                & (table["encoder"] == encoder)
                & (table["pooling"] == "mean")
            ]
            here = here[here["layer"] != "all"]
            heights = {part: bars(axes, part) for part in synthetic_tables.PARTS}
            for part, drawn in heights.items():
                for _, one in here[here["part"] == part].iterrows():
                    low, high = drawn[one["layer_index"]]
                    assert np.isclose(high - low, one["value"])
            (line,) = (line for line in axes.get_lines() if line.get_label() == "whole")
            whole = here[here["part"] == "whole"].sort_values("layer_index")["value"].to_numpy()
            np.testing.assert_array_equal(line.get_ydata(), whole)
            # what lies above 0 less what hangs below it
            top = [max(0, *(heights[p][i][1] for p in heights)) for i in range(len(whole))]
            below = [min(0, *(heights[p][i][1] for p in heights)) for i in range(len(whole))]
            np.testing.assert_allclose(np.add(top, below), whole, atol=1e-12)


def test_bars_do_not_overlap(choices):
    axes = attribution.draw(synthetic_tables.attribution(), choices).axes[0]
    for layer in range(synthetic.DEPTH["efficientnet_lite0"]):
        spans = [sorted(bars(axes, part)[layer]) for part in synthetic_tables.PARTS]
        for i, one in enumerate(spans):
            for other in spans[i + 1 :]:
                assert one[1] <= other[0] + 1e-12 or other[1] <= one[0] + 1e-12


def test_a_loss_without_an_interval_is_left_out(choices):
    table = synthetic_tables.attribution()
    first = table["metric"] == synthetic.METRICS[0]
    table.loc[first, ["ci_low", "ci_high"]] = np.nan
    one = (table["metric"] == synthetic.METRICS[1]) & (table["layer"] == "blocks.3")
    table.loc[one, ["ci_low", "ci_high"]] = np.nan
    grid = np.array(attribution.draw(table, choices).axes).reshape(3, 2)
    for axes in grid[0]:
        assert not any(bars(axes, part) for part in synthetic_tables.PARTS)
        assert axes.texts[0].get_text().startswith("no value with an interval")
    assert 2 in bars(grid[1, 0], "acuity") and 3 not in bars(grid[1, 0], "acuity")
    assert not grid[1, 0].texts


def test_what_is_missing_is_said(choices):
    table = synthetic_tables.attribution()
    gone = (table["part"] == "rods") & (table["layer"] == "blocks.3")
    table.loc[gone, ["value", "ci_low", "ci_high"]] = np.nan
    table.loc[gone, "reason"] = "features do not vary"
    assert "no value: features do not vary" in attribution.draw(table, choices).get_supxlabel()
