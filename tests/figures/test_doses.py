import numpy as np

from catsight.figures import doses
from support import synthetic_study as synthetic
from support import synthetic_tables


def test_lines_are_the_means_over_layers(spec):
    table = synthetic_tables.doses()
    grid = np.array(doses.draw(table, spec).axes).reshape(3, 2)
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
