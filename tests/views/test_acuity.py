from functools import partial

import numpy as np
import pytest

from catsight.inputs import eyes
from catsight.views import Eye
from catsight.views.acuity import THRESHOLD, blend_by_eccentricity, cutoff
from catsight.views.colour import decode_srgb


def test_acuity_falls_in_dim_light():
    # Lind et al. 2017: dogs 5.5 to 19.5 and humans 32.1 to 44.2 c/deg at 43 cd/m²; 1.8 to 3.5 and
    # 5.9 to 9.9 at 0.0087
    for name, bright, dim in [("dog", (5.5, 19.5), (1.8, 3.5)), ("human", (32.1, 51), (5.9, 10.5))]:
        part = eyes.load(name)["acuity"]
        assert bright[0] <= cutoff(part, 43) <= bright[1]
        assert dim[0] <= cutoff(part, 0.0087) <= dim[1]
    cat = eyes.load("cat")["acuity"]
    assert cutoff(cat, 1000) == cutoff(cat, 16) == 6
    assert cutoff(cat, 1.6) == pytest.approx(6 * 10**-0.18)


@pytest.mark.parametrize(("name", "within"), [("human", 1e-6), ("cat", 0.1), ("dog", 0.1)])
@pytest.mark.parametrize("luminance", [0.01, 0.1, 1, 10, 100, 1000])
def test_the_whole_eye_resolves_what_is_stated(name, within, luminance):
    """In focus the transfer at the stated acuity is exp(-3.56).

    The variance budget leaves out the slit's diffraction, which takes little.
    """
    eye = Eye.load(name)
    limit = cutoff(eye.parts["acuity"], luminance)
    f = np.linspace(0.5, 1.5, 2001) * limit
    passed = eye.mtf(f, 90, luminance=luminance)
    assert f[passed >= THRESHOLD].max() == pytest.approx(limit, rel=max(within, 1e-3))


def test_acuity_falls_off_the_line_of_sight():
    # Pasternak & Horn 1991: half an octave at 4, 1.3 octaves at 16 degrees
    part = eyes.load("cat")["acuity"]
    assert cutoff(part, 100, 4) / 6 == pytest.approx(2**-0.5, abs=0.03)
    assert cutoff(part, 100, 16) / 6 == pytest.approx(2**-1.3, abs=0.03)


@pytest.mark.parametrize(
    ("name", "peak", "at", "limit"),
    [("human", 217, 3.45, 47.2), ("cat", 99, 0.51, 5.99), ("dog", 99, 0.86, 10)],
)
def test_contrast_sensitivity(name, peak, at, limit):
    f = np.linspace(0.01, 60, 60_000)
    sensitivity = Eye.load(name).contrast_sensitivity(f)
    assert sensitivity.max() == pytest.approx(peak, rel=0.01)
    assert f[sensitivity.argmax()] == pytest.approx(at, abs=0.02)
    assert f[sensitivity >= 1].max() == pytest.approx(limit, abs=0.1)


def test_blend_has_the_variance_that_is_wanted():
    """Planes that hold the variance of their blur are mixed to the variance wanted at each pixel."""
    degrees = np.linspace(0, 20, 2000).reshape(1, -1)

    for least in (0.0, 0.05):
        wanted = partial(np.polyval, [0.01, least])
        blended = blend_by_eccentricity(
            degrees, wanted, lambda sigma: np.full((1, 1, 2000), sigma**2, np.float32)
        )
        np.testing.assert_allclose(
            blended[0, 0], (least + 0.01 * degrees[0]) ** 2, rtol=2e-3, atol=1e-5
        )


def test_eccentricity_blurs_the_edges_and_spares_the_middle():
    rgb = np.random.default_rng(0).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    cat, conditions = Eye.load("cat"), {"field_of_view": 20, "luminance": 100}
    plain = decode_srgb(cat.see(rgb, **conditions))
    fading = decode_srgb(cat.see(rgb, eccentricity=True, **conditions))
    middle = (slice(76, 84), slice(76, 84))
    np.testing.assert_allclose(fading[middle], plain[middle], atol=0.03)
    assert fading[:20].std() < 0.8 * plain[:20].std()
    grey = np.full((40, 60, 3), 77, np.uint8)
    np.testing.assert_array_equal(cat.see(grey, eccentricity=True, **conditions), grey)
