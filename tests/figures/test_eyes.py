"""The figure of the eyes draws what the table of eyes says."""

import io

import numpy as np
import pytest
from PIL import Image

from catsight import CatsightError, tables
from catsight.figures import eyes
from catsight.figures.choices import Choices
from catsight.inputs.pictures import encode_png
from catsight.study.figures_registry import FIGURES
from catsight.tables.columns.portraits import PORTRAITS


def row(name: str, seed: int) -> dict:
    rng = np.random.default_rng(seed)

    def image():
        return {"bytes": encode_png(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)), "path": "x"}

    return {
        "eye": name, "adapted_to": 100.0,
        "luminance": [0.01, 1, 100], "pupil_width": rng.uniform(1, 5, 3), "pupil_height": rng.uniform(5, 9, 3),
        "rod_weight": [1, 0.5, 0], "frequency": [1, 3, 9, 27],
        "mtf_across": rng.random(4), "mtf_along": rng.random(4), "mtf_along_defocused": rng.random(4),
        "contrast_sensitivity": [50, 90, 5, 0.2],
        "spread_degrees": 1.0, "spread": rng.random(25), "spread_defocus": 0.5, "spread_defocused": rng.random(25),
        "wavelength": [400, 500, 600],
        "receptors": [{"name": n, "sensitivity": rng.uniform(0.5, 2, 3)} for n in ("S", "L", "rod")],
        "chart_degrees": 8.0, "chart": image(), "levels": [1000.0, 10.0, 0.01], "charts": [image() for _ in range(3)],
    }  # fmt: skip


@pytest.fixture
def table(tmp_path):
    tables.write(
        tmp_path / "eyes.parquet", [row("cat", 0), row("my dog", 1)], PORTRAITS, {"stage": "views"}
    )
    return tables.read(tmp_path / "eyes.parquet").to_pandas()


def test_drawn_lines_and_pictures_are_those_of_the_table(table):
    assert FIGURES["eyes"].reads == ()
    figure, rows = eyes.draw(table, Choices({})), table.to_dict("records")
    grid = np.array(figure.axes).reshape(3, 5)
    chart, pupils, transfer, sensitivity, receptors = grid[0]
    assert [text.get_text() for text in figure.legends[0].get_texts()][:2] == ["cat", "my dog"]

    def drawn(axes):
        return [line.get_ydata() for line in axes.get_lines()]

    for i, one in enumerate(rows):
        np.testing.assert_array_equal(drawn(pupils)[2 * i], one["pupil_width"])
        np.testing.assert_array_equal(drawn(pupils)[2 * i + 1], one["pupil_height"])
        for j, name in enumerate(("mtf_across", "mtf_along", "mtf_along_defocused")):
            np.testing.assert_array_equal(drawn(transfer)[3 * i + j], one[name])
        np.testing.assert_array_equal(drawn(sensitivity)[i], [50, 90, 5])  # below 1 nothing is seen
        for j, receptor in enumerate(one["receptors"]):
            values = np.array(receptor["sensitivity"])
            np.testing.assert_array_equal(drawn(receptors)[3 * i + j], values / values.max())
        np.testing.assert_allclose(
            grid[i + 1][0].images[0].get_array(), np.sqrt(one["spread"]).reshape(5, 5)
        )
        np.testing.assert_allclose(
            grid[i + 1][1].images[0].get_array(), np.sqrt(one["spread_defocused"]).reshape(5, 5)
        )
        for axes, picture in zip(grid[i + 1][2:], one["charts"]):
            wanted = np.asarray(Image.open(io.BytesIO(picture["bytes"])))
            np.testing.assert_array_equal(axes.images[0].get_array(), wanted)
        assert grid[i + 1][0].get_ylabel() == one["eye"]
        assert all("optics alone" in axes.get_title() for axes in grid[i + 1][:2])
    np.testing.assert_array_equal(
        chart.images[0].get_array(), np.asarray(Image.open(io.BytesIO(rows[0]["chart"]["bytes"])))
    )


def test_no_eye_is_an_error(table):
    with pytest.raises(CatsightError, match="holds no eye to draw"):
        eyes.draw(table[:0])
