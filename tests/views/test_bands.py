"""Transfers integrated over wavelengths, against sums over all of them."""

import numpy as np
import pytest

from catsight.inputs import eyes
from catsight.views import Eye, Pupil, bands
from catsight.views.bands import NODES, band_otf, band_otf_grid, onto_nodes
from catsight.views.colour import WAVELENGTHS, caught
from catsight.views.optics import aperture_otf, chromatic_defocus

CHROMATIC = {"focus": 541.0, "strength": 0.665}


@pytest.fixture(scope="module")
def cat() -> Eye:
    return Eye.load("cat")


@pytest.fixture(scope="module")
def lights(cat) -> np.ndarray:
    return onto_nodes(caught(cat.sensitivities, "D65"))


def test_quanta_are_divided_between_the_nodes_beside_them():
    """Their sum is kept, and so is the mean chromatic defocus."""
    assert NODES[0] == 400 and NODES[-1] == 700
    steps = np.diff([chromatic_defocus(nm, 1) for nm in NODES])
    np.testing.assert_allclose(steps, steps[0], rtol=0.02)
    quanta = np.random.default_rng(0).random((2, len(WAVELENGTHS)))
    weights = onto_nodes(quanta)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    means = [
        values @ [chromatic_defocus(nm, 1) for nm in at] / values.sum(axis=1)
        for values, at in ((quanta, WAVELENGTHS), (weights, NODES))
    ]
    np.testing.assert_allclose(*means, atol=2e-3)
    alone = np.zeros(len(WAVELENGTHS))
    alone[0] = 3
    np.testing.assert_array_equal(onto_nodes(alone), np.arange(len(NODES)) == 0)


@pytest.mark.parametrize("luminance", [0.01, 1, 100, 1000])
@pytest.mark.parametrize("defocus", [0.0, 0.5])
def test_the_quadrature_over_a_band_is_converged(cat, lights, luminance, defocus):
    """16 wavelengths give the transfer of all 61 within 0.008."""
    pupil, f = cat.pupil(luminance), np.linspace(0, 16, 15)
    share = caught(cat.sensitivities, "D65")
    share /= share.sum(axis=1, keepdims=True)
    each = [
        aperture_otf(pupil, f[None, :], f[:, None], defocus + chromatic_defocus(nm, 0.665, 541), nm)
        for nm in WAVELENGTHS
    ]
    seen = band_otf(pupil, f[None, :], f[:, None], lights, CHROMATIC, defocus)
    np.testing.assert_allclose(seen, np.tensordot(share, each, 1), atol=0.008)


@pytest.mark.parametrize(
    ("across", "along", "luminance", "defocus"),
    [
        (8, 8, 100, 0.0),
        (8, 8, 100, 1.0),
        (8, 8, 1, 0.5),
        (8, 8, 0.01, 0.5),
        (4, 60, 100, 20.0),
        (60, 0.5, 100, 20.0),
        (60, 1, 0.01, 4.0),
        (2, 250, 1, 1.0),
        (250, 2, 1, 1.0),
    ],
)
def test_grid_interpolates_well(cat, lights, across, along, luminance, defocus):
    """Also if a wide slit smears along both axes, and beyond the last knots of each."""
    pupil = cat.pupil(luminance)
    fx, fy = np.arange(300) / 300 * across, np.arange(200) / 200 * along
    grid = band_otf_grid(pupil, fx, fy, lights, CHROMATIC, defocus)
    rows, columns = np.random.default_rng(0).integers(0, [[200], [300]], (2, 400))
    exact = band_otf(pupil, fx[columns], fy[rows], lights, CHROMATIC, defocus)
    np.testing.assert_allclose(grid[:, rows, columns], exact, atol=3e-3)


@pytest.mark.parametrize("defocus", [0.0, 0.5, 4.0])
@pytest.mark.parametrize("diameter", [2.0, 7.5])
def test_the_transfer_of_a_disc_depends_on_the_radius_alone(lights, diameter, defocus):
    disc, f = Pupil(diameter, diameter), np.linspace(0, 40, 60)
    grid = band_otf_grid(disc, f, f, lights, CHROMATIC, defocus)
    exact = band_otf(disc, f[None, :], f[:, None], lights, CHROMATIC, defocus)
    np.testing.assert_allclose(grid, exact, atol=3e-3)


@pytest.mark.parametrize("turned", [False, True])
def test_the_grid_is_dense_where_the_pupil_passes_anything(lights, turned):
    """A pupil of 0.3 mm cuts off at 13 c/deg, at 400 nm; the picture has up to 250."""
    pupil = Pupil(0.3, 10.0, 90.0 if turned else 0.0)
    fine, coarse = np.linspace(0, 250, 2000), np.linspace(0, 2, 5)
    fx, fy = (coarse, fine) if turned else (fine, coarse)
    grid = band_otf_grid(pupil, fx, fy, lights, CHROMATIC)
    exact = band_otf(pupil, fx[None, :], fy[:, None], lights, CHROMATIC)
    np.testing.assert_allclose(grid, exact, atol=3e-3)


@pytest.mark.parametrize("tilt", [0.0, 30.0, -75.0])
def test_tilted_grid(lights, tilt):
    pupil = Pupil(1.64, 11.5, tilt)
    fx, fy = np.linspace(0, 30, 40), np.linspace(-30, 30, 51)
    exact = band_otf(pupil, fx[None, :], fy[:, None], lights, CHROMATIC, 0.5)
    grid = band_otf_grid(pupil, fx, fy, lights, CHROMATIC, 0.5)
    np.testing.assert_allclose(grid, exact, atol=3e-3)
    # in its own axes it is the upright slit
    along = np.radians(90 - tilt)
    np.testing.assert_allclose(
        aperture_otf(pupil, fx * np.cos(along), fx * np.sin(along), 0.5),
        aperture_otf(Pupil(1.64, 11.5), 0 * fx, fx, 0.5),
        atol=1e-9,
    )


def test_pictures_of_nearly_the_same_size_share_a_spline(lights):
    """A spline costs a hundred times as much as a picture, and glances differ in size."""
    bands._slit_splines.cache_clear()
    pupil = Pupil(2.1, 9.7)
    for last in (9.0, 9.5, 11.0, 11.3):
        axis = np.linspace(0, last, 50)
        grid = band_otf_grid(pupil, axis, axis, lights, CHROMATIC, 0.2)
        exact = band_otf(pupil, axis[None, :], axis[:, None], lights, CHROMATIC, 0.2)
        np.testing.assert_allclose(grid, exact, atol=3e-3)
    assert bands._slit_splines.cache_info().misses == 1


def test_every_eye_has_a_light_for_each_receptor():
    for name in eyes.names():
        eye = Eye.load(name)
        assert eye._lights.shape == (len(eye.receptors), len(NODES))
        assert eye._weights.sum() == pytest.approx(1)
