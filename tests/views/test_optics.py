import numpy as np
import pytest

from catsight.views import Eye, Pupil
from catsight.views.acuity import neural_mtf, neural_sigma
from catsight.views.optics import aperture_otf, aperture_otf_grid, disc_mtf, watson2013

F = np.array([3.0, 6.0, 9.0])


def autocorrelation(pupil: Pupil, defocus: float, step: float, wavelength: float = 555e-9):
    """An independent transfer function: the pupil's phase sampled in the plane, correlated with itself by FFT.

    Returns the frequencies (c/deg) and the transfer along x and along y.
    """
    n = int(np.ceil(1.02 * pupil.height / step)) | 1
    axis = (np.arange(n) - n // 2) * step
    x, y = np.meshgrid(axis, axis)
    # the fraction of each cell inside the aperture, so that the edge is not a staircase
    inside = np.clip((pupil.half_width(y) - np.abs(x)) / step + 0.5, 0, 1) * (np.abs(y) < pupil.height / 2)
    wave = inside * np.exp(2j * np.pi / wavelength * 0.5 * defocus * (x**2 + y**2) * 1e-6)
    size = 2 * n
    spectrum = np.abs(np.fft.fft2(wave, (size, size))) ** 2
    otf = np.fft.ifft2(spectrum).real / inside.sum()
    frequency = np.arange(n) * step * 1e-3 / wavelength * np.pi / 180
    return frequency, otf[0, :n], otf[:n, 0]


@pytest.mark.parametrize(
    ("width", "height", "defocus"),
    [(4.4, 4.4, 0.5), (12, 12, 0.5), (2.0, 11.5, 0.5), (1.0, 11.0, 1.0), (0.5, 10.5, 0.0), (7.0, 12.5, 0.25)],
)
def test_transfer_agrees_with_the_sampled_pupil(width, height, defocus):
    pupil = Pupil(width, height)
    frequency, along_x, along_y = autocorrelation(pupil, defocus, step=0.012 if width < 3 else 0.02)
    probe = frequency[(frequency > 3) & (frequency < 25)][::3]
    wanted = (np.interp(probe, frequency, along_x), np.interp(probe, frequency, along_y))
    np.testing.assert_allclose(aperture_otf(pupil, probe, 0 * probe, defocus), wanted[0], atol=4e-3)
    np.testing.assert_allclose(aperture_otf(pupil, 0 * probe, probe, defocus), wanted[1], atol=4e-3)


@pytest.mark.parametrize(
    ("width", "height", "defocus", "along_x", "along_y"),
    [
        (4.4, 4.4, 0.0, [0.972, 0.945, 0.917], [0.972, 0.945, 0.917]),
        (4.4, 4.4, 0.25, [0.931, 0.800, 0.635], [0.931, 0.800, 0.635]),
        (4.4, 4.4, 0.5, [0.814, 0.455, 0.122], [0.814, 0.455, 0.122]),
        (4.4, 4.4, 1.0, [0.452, -0.090, -0.029], [0.452, -0.090, -0.029]),
        (2.0, 11.5, 0.0, [0.930, 0.861, 0.794], [0.988, 0.975, 0.963]),
        (1.0, 11.0, 0.0, [0.860, 0.727, 0.602], [0.987, 0.974, 0.962]),
        (0.5, 10.5, 0.0, [0.730, 0.489, 0.285], [0.986, 0.973, 0.959]),
        (2.0, 11.5, 0.5, [0.901, 0.770, 0.632], None),
        (1.0, 11.0, 0.5, [0.854, 0.711, 0.580], None),
        (1.0, 11.0, 1.0, [0.837, 0.666, 0.516], None),
    ],
)
def test_tabulated_transfer(width, height, defocus, along_x, along_y):
    pupil = Pupil(width, height)
    np.testing.assert_allclose(aperture_otf(pupil, F, 0 * F, defocus), along_x, atol=0.01)
    if along_y:
        np.testing.assert_allclose(aperture_otf(pupil, 0 * F, F, defocus), along_y, atol=0.01)


def test_in_focus_disc_is_the_closed_form():
    f = np.linspace(0, 200, 101)
    np.testing.assert_allclose(aperture_otf(Pupil(4.4, 4.4), f, 0 * f), disc_mtf(f, 4.4), atol=2e-4)


def test_transfer_of_nothing_is_one_and_beyond_the_cutoff_zero():
    slit = Pupil(1.0, 11.0)
    assert aperture_otf(slit, 0, 0, 1.0) == pytest.approx(1, abs=1e-4)
    assert aperture_otf(slit, 32.0, 0) == 0  # 1 mm cuts off at 31.4 c/deg
    assert aperture_otf(slit, 0, 32.0) > 0.8


@pytest.mark.parametrize(("luminance", "defocus"), [(100, 0.0), (100, 1.0), (1, 0.5), (0.01, 0.5)])
def test_grid_interpolates_well(luminance, defocus):
    pupil = Eye.load("cat").pupil(luminance)
    fx, fy = np.arange(300) / 16 / 2, np.arange(200) / 16 / 2
    grid = aperture_otf_grid(pupil, fx, fy, defocus)
    rows, columns = np.random.default_rng(0).integers(0, [[200], [300]], (2, 400))
    np.testing.assert_allclose(grid[rows, columns], aperture_otf(pupil, fx[columns], fy[rows], defocus), atol=1e-3)


def test_human_eye_is_watson_2013():
    # Watson 2013 evaluated beforehand at 3 mm and 2 mm: 5, 10, 20, 30 c/deg
    np.testing.assert_allclose(watson2013(np.array([5, 10, 20, 30]), 3.0), [0.816, 0.563, 0.282, 0.164], atol=6e-4)
    np.testing.assert_allclose(watson2013(np.array([5, 10, 20, 30]), 2.0), [0.865, 0.657, 0.353, 0.197], atol=6e-4)
    human = Eye.load("human")
    f = np.linspace(0, 40, 9)
    # in focus the neural term adds nothing: the optics are below the behavioural acuity already
    np.testing.assert_allclose(human.mtf(f, 30, luminance=100), watson2013(f, human.pupil(100).width), atol=1e-12)
    assert (human.mtf(f[1:], luminance=100, defocus=0.5) < human.mtf(f[1:], luminance=100)).all()


def test_slit_orientation():
    """Diffraction is worse across the slit; defocus is far worse along it."""
    cat = Eye.load("cat")
    assert cat.mtf(9, 0, luminance=1000) < cat.mtf(9, 90, luminance=1000)
    assert cat.mtf(4, 0, luminance=100, defocus=0.5) > cat.mtf(4, 90, luminance=100, defocus=0.5) + 0.1


def test_variance_budget_reaches_the_behavioural_acuity_and_no_further():
    cat = Eye.load("cat")
    # bright and focused, the whole eye passes exp(-3.56) at its acuity limit (AcuityView), but for diffraction
    assert cat.mtf(6, 90, luminance=300) == pytest.approx(np.exp(-3.56), abs=0.004)
    # optics worse than behaviour leave nothing to the neural term
    assert neural_sigma(6, 1.89) == 0
    assert neural_sigma(6, 6.15) == pytest.approx(0.0639, abs=2e-4)
    assert neural_mtf(0.1874 / 0.05, 0.05) == pytest.approx(0.5, abs=1e-3)
