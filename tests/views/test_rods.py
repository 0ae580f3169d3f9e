"""Rods: their weight by luminance, and what they add to the colours."""

import numpy as np
import pytest

from catsight.views.rods import mesopic_mix, rod_weight


@pytest.mark.parametrize(
    ("luminance", "slope", "weight"), [(10, 2, 0.5), (30, 2, 0.1), (30, 1, 0.25), (1, 2, 100 / 101)]
)
def test_rods_weigh_a_half_at_their_luminance_and_less_above_it(luminance, slope, weight):
    part = {"half_luminance": 10, "slope": slope}
    assert rod_weight(part, luminance) == pytest.approx(weight, rel=1e-12)


def test_rods_add_an_achromatic_signal_and_white_stays_white():
    cones = np.array([[2.0, -1], [0.25, 0.75], [0, 1]])
    mixed = mesopic_mix(cones, 0.2)
    np.testing.assert_allclose(mixed, [[1.6, -0.8, 0.2], [0.2, 0.6, 0.2], [0, 0.8, 0.2]])
    np.testing.assert_allclose(mixed.sum(axis=1), 1)
