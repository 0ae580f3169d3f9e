import io
import json

import numpy as np
import pytest
from PIL import Image

from catsight import tables
from catsight.inputs import eyes
from catsight.views import Eye
from catsight.views.command import main
from catsight.views.portraits import CHART_DEGREES, draw_chart


def test_portraits_are_what_the_eye_says(tmp_path):
    spec = {
        "views": {
            "cat": {"eye": eyes.load("cat"), "luminance": 30.0},
            "human": {"eye": eyes.load("human"), "luminance": 1.0},
        }
    }
    arguments = [
        "portraits",
        "--spec",
        json.dumps(spec),
        "--store",
        str(tmp_path / "store"),
        "--output",
        str(tmp_path / "eyes.parquet"),
    ]
    main(arguments)
    rows = tables.read(tmp_path / "eyes.parquet").to_pylist()
    assert [row["eye"] for row in rows] == ["cat", "human"]
    cat, row = Eye.load("cat"), rows[0]
    np.testing.assert_allclose(
        row["mtf_along"], cat.mtf(np.array(row["frequency"]), 90, luminance=30)
    )
    np.testing.assert_allclose(
        row["mtf_across"], cat.mtf(np.array(row["frequency"]), 0, luminance=30)
    )
    assert row["pupil_width"][10] == cat.pupil(row["luminance"][10]).width
    assert [receptor["name"] for receptor in row["receptors"]] == ["S", "L", "rod"]
    for level, chart in zip(row["levels"], row["charts"]):
        seen = cat.see(draw_chart(), field_of_view=CHART_DEGREES, luminance=level)
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(chart["bytes"]))), seen)


@pytest.mark.parametrize("name", ["cat", "human"])
def test_point_spread_has_the_width_that_the_transfer_says(name):
    """The Fourier transform of the spread is the transfer of the optics.

    The smear of a vertical slit is vertical.
    """
    eye, px, degrees = Eye.load(name), 121, 2.0
    for defocus in (0.0, 0.5):
        spread = eye.point_spread(field_of_view=degrees, px=px, luminance=30, defocus=defocus)
        assert spread.sum() == pytest.approx(1, abs=1e-5)
        at = (np.arange(px) - px // 2) / px * degrees
        # an acuity this high leaves no neural blur, so the transfer is that of the optics
        nerves = Eye(eye.parts | {"acuity": eye.parts["acuity"] | {"cutoff": 200}})
        for frequency in (1.0, 3.0):
            wave = np.cos(2 * np.pi * frequency * at)
            longest = eye.receptors[-2]
            for orientation, gain in (
                (0, (spread.sum(axis=0) * wave).sum()),
                (90, (spread.sum(axis=1) * wave).sum()),
            ):
                wanted = nerves.mtf(
                    frequency, orientation, luminance=30, defocus=defocus, receptor=longest
                )
                assert gain == pytest.approx(wanted, abs=0.03)
        widths = [np.sqrt((spread.sum(axis=axis) * at**2).sum()) for axis in (0, 1)]
        if name == "cat" and defocus:
            assert widths[1] > 1.4 * widths[0]
