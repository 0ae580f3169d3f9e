"""Figures are the same bytes in every process, and name families in words."""

import os
import subprocess
import sys

import numpy as np

from catsight.figures import maps, profiles, style
from support import synthetic_study as synthetic
from support import synthetic_tables

#: Draws the summary of the synthetic study, and writes it to a file.
SCRIPT = """
import sys
import numpy as np
from catsight import tables
from catsight.figures import style, summary
from catsight.figures.reading import Scene
from support import synthetic_study as synthetic
from support import synthetic_tables

pictures = {view: np.full((20, 31, 3), 9, np.uint8) for view in synthetic.VIEWS}
choices = synthetic.choices(attribution={"view": "cat", "whole": None, "swaps": {}})
rows = tables.read(sys.argv[1]).to_pandas()
figure = summary.draw(rows, choices, Scene("x", pictures), synthetic_tables.attribution())
style.save(figure, sys.argv[2], 100)
"""


def test_a_figure_is_the_same_file_in_every_process(tmp_path):
    synthetic.write_metrics(tmp_path / "metrics.parquet")
    found = []
    for seed in ("1", "2"):
        svg = tmp_path / f"{seed}.svg"
        call = [sys.executable, "-c", SCRIPT, str(tmp_path / "metrics.parquet"), str(svg)]
        paths = os.pathsep.join(path for path in sys.path if path)
        subprocess.run(
            call, check=True, env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": paths}
        )
        found.append(svg.read_bytes())
    assert found[0] == found[1]


def test_panels_stand_at_rounded_places(choices, rows, table, tmp_path):
    """The last digits of the layout's solver differ from process to process."""
    profile = profiles.draw(table(rows, tmp_path), choices)
    together = maps.draw(synthetic_tables.maps(), choices)
    places = [axes.get_position(True).get_points() for axes in [*profile.axes, *together.axes]]
    places += [part.bbox_relative.get_points() for part in together.subfigs]
    for place in places:
        np.testing.assert_array_equal(place, place.round(9))


def test_families_are_named_in_words():
    names = [line.get_label() for line in style.families(synthetic.ENCODERS)]
    assert names == ["convolutional", "ViT", "windowed ViT"]
    assert set(style.FAMILIES) == set(style.MARKERS)
