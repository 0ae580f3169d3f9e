import numpy as np
import pytest

from catsight import CatsightError
from catsight.figures import doses
from support import synthetic_study as synthetic
from support import synthetic_tables


def test_lines_are_the_means_over_layers(choices):
    table = synthetic_tables.doses()
    grid = np.array(doses.draw(table, choices).axes).reshape(3, 2)
    for row, metric in zip(grid, synthetic.METRICS):
        for axes, swept in zip(row, ("luminance", "acuity")):
            lines = {
                line.get_label(): line
                for line in axes.get_lines()
                if not line.get_label().startswith("_")
            }
            assert len(lines) == 4
            for encoder, about in synthetic.ENCODERS.items():
                here = table[
                    (table["metric"] == metric) & (table["swept"] == swept) & (table["encoder"] == encoder)
                    & (table["layer"] == "all")
                ]  # fmt: skip
                line = lines[about["label"]]
                np.testing.assert_array_equal(line.get_xdata(), here["dose"])
                np.testing.assert_array_equal(line.get_ydata(), here["value"])
                bars = [
                    {tuple(s[:, 1]) for s in c.get_segments()}
                    for c in axes.collections
                    if hasattr(c, "get_segments")
                ]
                assert any(found == set(zip(here["ci_low"], here["ci_high"])) for found in bars)
    assert grid[2, 0].get_xscale() == "log" and grid[2, 0].get_xlabel() == "luminance, cd/m²"


def test_values_without_an_interval_are_no_curve(choices):
    table = synthetic_tables.doses()
    few = table["swept"] == "luminance"
    table.loc[few, ["ci_low", "ci_high"]] = np.nan
    table.loc[few, "reason"] = "undefined if certain groups are left out"
    grid = np.array(doses.draw(table, choices).axes).reshape(3, 2)
    for without, having in grid:
        lines = [line for line in without.get_lines() if not line.get_label().startswith("_")]
        assert len(lines) == 4 and all(np.isnan(line.get_ydata()).all() for line in lines)
        said = without.texts[0].get_text()
        assert said == "no value with an interval:\nadd photographs, or glances"
        assert not having.texts
    notes = doses.draw(table, choices).get_supxlabel()
    assert (
        "no interval, so not drawn: undefined if certain groups are left out (36 of 60 points)"
        in notes
    )


def test_a_condition_without_an_axis_is_refused(choices):
    table = synthetic_tables.doses().assign(swept="moon")
    with pytest.raises(CatsightError, match="varies 'moon', for which there is no axis"):
        doses.draw(table, choices)
