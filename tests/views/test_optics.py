import numpy as np
import pytest
from scipy import special

from catsight.views import Eye, Pupil
from catsight.views.acuity import THRESHOLD, cutoff, neural_mtf, neural_sigma
from catsight.views.optics import (
    aperture_otf,
    chromatic_defocus,
    defocused_pupil,
    disc_mtf,
    equivalent_defocus_half,
    equivalent_defocus_mtf,
    optical_transfer,
    passed,
    watson2013,
)

F = np.array([3.0, 6.0, 9.0])


def autocorrelation(pupil: Pupil, defocus: float, step: float, wavelength: float = 555.0):
    """An independent transfer function: the sampled pupil, correlated with itself by FFT.

    Returns the frequencies (c/deg) of both axes, and the transfer by the frequencies along y and x.
    """
    n = int(np.ceil(1.02 * pupil.height / step)) | 1
    axis = (np.arange(n) - n // 2) * step
    x, y = np.meshgrid(axis, axis)
    # the fraction of each cell inside the aperture, so that the edge is not a staircase
    inside = np.clip((pupil.half_width(y) - np.abs(x)) / step + 0.5, 0, 1) * (
        np.abs(y) < pupil.height / 2
    )
    wave = inside * np.exp(2j * np.pi / (wavelength * 1e-9) * 0.5 * defocus * (x**2 + y**2) * 1e-6)
    size = 2 * n
    spectrum = np.abs(np.fft.fft2(wave, (size, size))) ** 2
    otf = np.fft.ifft2(spectrum).real / inside.sum()
    frequency = np.arange(n) * step * 1e6 / wavelength * np.pi / 180
    return frequency, otf[:n, :n]


@pytest.mark.parametrize(
    ("width", "height", "defocus"),
    [
        (4.4, 4.4, 0.5),
        (12, 12, 0.5),
        (2.0, 11.5, 0.5),
        (1.0, 11.0, 1.0),
        (0.5, 10.5, 0.0),
        (7.0, 12.5, 0.25),
    ],
)
def test_transfer_agrees_with_the_sampled_pupil(width, height, defocus):
    pupil = Pupil(width, height)
    frequency, otf = autocorrelation(pupil, defocus, step=0.012 if width < 3 else 0.02)
    (places,) = np.nonzero((frequency > 3) & (frequency < 25))
    probe, places = frequency[places][::3], places[::3]
    wanted = otf[0, places], otf[places, 0]
    np.testing.assert_allclose(aperture_otf(pupil, probe, 0 * probe, defocus), wanted[0], atol=4e-3)
    np.testing.assert_allclose(aperture_otf(pupil, 0 * probe, probe, defocus), wanted[1], atol=4e-3)
    # and in between, where the overlap of the shifted pupils is not symmetric
    few = places[::4]
    oblique = aperture_otf(pupil, frequency[None, few], frequency[few, None], defocus)
    np.testing.assert_allclose(oblique, otf[np.ix_(few, few)], atol=4e-3)


@pytest.mark.parametrize("defocus", [0.0, 0.3, -0.8])
def test_a_disc_is_the_same_in_every_direction(defocus):
    f, angle = np.linspace(1, 20, 12), np.radians([[0], [17], [45], [80], [90], [135]])
    seen = aperture_otf(Pupil(4.4, 4.4), f * np.cos(angle), f * np.sin(angle), defocus)
    np.testing.assert_allclose(seen, np.broadcast_to(seen[0], seen.shape), atol=3e-4)
    assert np.ptp(seen[0]) > 0.15


#: A table computed independently from sampled pupils, 555 nm, at 3, 6 and 9 c/deg. The four of its
#: 66 entries that are off by more than 0.01 are left out (nan): at 3 c/deg through tall pupils out
#: of focus, where a sampled pupil needs the finest samples. There our transfer agrees with
#: :func:`autocorrelation`, above, and with geometry, below.
TABLE = [
    (4.4, 4.4, 0.0, [0.972, 0.945, 0.917], [0.972, 0.945, 0.917]),
    (4.4, 4.4, 0.25, [0.931, 0.800, 0.635], [0.931, 0.800, 0.635]),
    (4.4, 4.4, 0.5, [0.814, 0.455, 0.122], [0.814, 0.455, 0.122]),
    (4.4, 4.4, 1.0, [0.452, -0.090, -0.029], [0.452, -0.090, -0.029]),
    (12.0, 12.0, 0.5, [np.nan, -0.053, 0.032], [np.nan, -0.053, 0.032]),
    (12.0, 12.0, 1.0, [-0.048, -0.009, -0.009], [-0.048, -0.009, -0.009]),
    (2.0, 11.5, 0.0, [0.930, 0.861, 0.794], [0.988, 0.975, 0.963]),
    (2.0, 11.5, 0.5, [0.901, 0.770, 0.632], [np.nan, -0.072, 0.031]),
    (1.0, 11.0, 0.0, [0.860, 0.727, 0.602], [0.987, 0.975, 0.962]),
    (1.0, 11.0, 0.5, [0.854, 0.711, 0.580], [0.366, -0.076, 0.024]),
    (1.0, 11.0, 1.0, [0.837, 0.666, 0.516], [np.nan, -0.014, -0.002]),
    (0.5, 10.5, 0.0, [0.730, 0.489, 0.285], [0.986, 0.973, 0.959]),
    (0.5, 10.5, 1.0, [0.726, 0.483, 0.281], [np.nan, 0.000, 0.003]),
]


@pytest.mark.parametrize(("width", "height", "defocus", "along_x", "along_y"), TABLE)
def test_tabulated_transfer(width, height, defocus, along_x, along_y):
    pupil = Pupil(width, height)
    for wanted, ours in [
        (along_x, aperture_otf(pupil, F, 0 * F, defocus)),
        (along_y, aperture_otf(pupil, 0 * F, F, defocus)),
    ]:
        known = np.isfinite(wanted)
        np.testing.assert_allclose(ours[known], np.array(wanted)[known], atol=0.01)


def test_strong_defocus_is_geometry():
    """The point spread takes the shape of the pupil.

    The transfer is then the transform of a disc, and along a thin slit that of a parabola.
    """
    for height, defocus in [(12.0, 0.5), (12.0, 1.0)]:
        a = np.pi * np.degrees(height * 1e-3 * defocus) * F
        np.testing.assert_allclose(
            aperture_otf(Pupil(height, height), 0 * F, F, defocus),
            2 * special.j1(a) / a,
            atol=0.012,
        )
    for width, height, defocus in [(0.5, 10.5, 1.0), (1.0, 11.0, 1.0), (2.0, 11.5, 0.5)]:
        a = np.pi * np.degrees(height * 1e-3 * defocus) * F
        parabola = 3 * (np.sin(a) - a * np.cos(a)) / a**3
        np.testing.assert_allclose(
            aperture_otf(Pupil(width, height), 0 * F, F, defocus), parabola, atol=0.012
        )


@pytest.mark.parametrize("luminance", [0.01, 1, 100, 1000])
@pytest.mark.parametrize("defocus", [0.1, 1.0, 8.0, 20.0])
def test_quadrature_is_converged(luminance, defocus):
    """Six times the points change no transfer by more than 0.0002, unless it is taken as 0."""
    pupil = Eye.load("cat").pupil(luminance)
    along = np.linspace(0, 60, 61)
    for fx, fy in (
        np.meshgrid(along[::6], along[::2]),
        (along, 0 * along),
        (0 * along, along),
    ):  # each axis alone, too
        fine = aperture_otf(pupil, fx, fy, defocus, refinement=6)
        np.testing.assert_allclose(aperture_otf(pupil, fx, fy, defocus), fine, atol=2e-4)


def test_a_transfer_that_is_taken_as_0_is_small():
    """Beyond 60 cycles in the smear even a disc's transfer is below 0.002 (geometry)."""
    a = np.pi * np.linspace(60, 70, 1001)
    assert np.abs(2 * special.j1(a) / a).max() < 0.002


def test_in_focus_disc_is_the_closed_form():
    f = np.linspace(0, 200, 101)
    np.testing.assert_allclose(aperture_otf(Pupil(4.4, 4.4), f, 0 * f), disc_mtf(f, 4.4), atol=2e-4)


def test_diffraction_of_a_disc():
    """1 mm at 555 nm cuts off at 31.447 c/deg; at half of it 0.391 passes, either way."""
    f = np.array([0, 15.7237, -15.7237, 31.448, 100])
    np.testing.assert_allclose(disc_mtf(f, 1.0), [1, 0.3910, 0.3910, 0, 0], atol=1e-4)
    np.testing.assert_allclose(disc_mtf(f, 2.0, 1110.0), disc_mtf(f, 1.0))


def test_a_defocused_transfer_ends_at_60_cycles_of_the_smear():
    """Of 4 mm by 10 D, 2.29 degrees, across the slit; of 8 mm, along it. Not in focus."""
    slit = Pupil(4.0, 8.0)
    for width, x, y in ((4.0, 1, 0), (8.0, 0, 1)):
        end = 60 / np.degrees(width * 1e-3 * 10)
        for sign in (-1, 1):
            f = sign * end * np.array([0.999, 1.001])
            inside, beyond = aperture_otf(slit, f * x, f * y, 10.0 * sign)
            assert inside != 0 and beyond == 0
            assert (aperture_otf(slit, f * x, f * y) > 0.1).all()
        assert passed(width, -10.0, 555.0) == pytest.approx(end)
        # in focus, diffraction ends it
        assert passed(width, 0.0, 555.0) == pytest.approx(31.447 * width, rel=1e-4)


def test_the_sign_of_defocus_does_not_matter_to_a_pupil_nor_that_of_frequency():
    slit, f = Pupil(2.0, 8.0), np.array([1.0, 3.0])
    one = aperture_otf(slit, f, f, 0.5)
    for x, y, defocus in ((1, 1, -0.5), (-1, 1, 0.5), (1, -1, 0.5), (-1, -1, -0.5)):
        np.testing.assert_allclose(aperture_otf(slit, x * f, y * f, defocus), one, atol=1e-12)
    leaning = Pupil(2.0, 8.0, 20)
    assert abs(aperture_otf(leaning, 2.0, 4.0, 0.5) - aperture_otf(leaning, -2.0, 4.0, 0.5)) > 0.05


def test_chromatic_defocus_is_that_of_the_published_eye():
    """Thibos et al. 1992: 1.68524 - 633.46 / (λ - 214.1) dioptres at λ nm, in focus at 589."""
    for nm, dioptres in ((400, -1.722), (450, -1.0), (500, -0.531), (700, 0.3814)):
        published = 1.68524 - 633.46 / (nm - 214.10)
        assert published == pytest.approx(dioptres, abs=0.01)
        ours = chromatic_defocus(nm, 1.0, 589.0)
        assert ours == pytest.approx(published - (1.68524 - 633.46 / (589 - 214.10)), abs=1e-6)
        assert chromatic_defocus(nm, 0.3, 589.0) == pytest.approx(0.3 * ours)
    assert chromatic_defocus(555, 1.0) == 0


def test_equivalent_defocus_is_a_gaussian_of_half_the_contrast_of_a_disc():
    """1.15 D through 4.4 mm: 0.705 / (4.4e-3 * 1.15) per rad is 2.43 c/deg (Bonds et al. 1972)."""
    disc = Pupil(4.4, 4.4)
    half = equivalent_defocus_half(disc, 1.15)
    assert half == pytest.approx(2.432, abs=1e-3)
    np.testing.assert_allclose(
        equivalent_defocus_mtf(half * np.array([0, 1, -1, 2]), disc, 1.15), [1, 0.5, 0.5, 1 / 16]
    )
    slit = Pupil(1.0, 11.0)
    assert equivalent_defocus_half(slit, 1.15) * slit.equal_area_diameter == pytest.approx(
        half * 4.4
    )


def test_watsons_transfer_of_wide_pupils():
    """u1 is 21.95 - 5.512 d + 0.3922 d²: 8.944 c/deg at 3 mm, and 2.584 from 7.03 mm on."""
    for diameter, u1 in ((3.0, 8.9438), (7.03, 2.58363), (8.0, 2.58363)):
        wanted = 2**-0.62 * np.sqrt(disc_mtf(u1, diameter))
        assert watson2013(u1, diameter) == pytest.approx(wanted, rel=1e-4)
        assert watson2013(2 * u1, diameter) == pytest.approx(
            5**-0.62 * np.sqrt(disc_mtf(2 * u1, diameter)), rel=1e-4
        )


RESIDUAL = {"model": "equivalent_defocus", "dioptres": 1.15}


WATSON = {"model": "watson2013"}


def test_a_measured_residual_holds_diffraction_and_a_modelled_one_does_not():
    """Apertures that pass 0.8, 1e-6 and 0.5 in focus, and 0.4, 0.3 and -0.1 out of focus."""
    asked = []

    def aperture(pupil, lights, defocus):
        asked.append((pupil.width, len(lights), defocus))
        passed = np.array([0.8, 1e-6, 0.5]) if defocus == 0 else np.array([0.4, 0.3, -0.1])
        return np.outer(lights[:, 0], passed)

    disc, f = Pupil(3.0, 3.0), np.array([2.0, 5.0, 9.0])
    lights, white = np.array([[1.0], [0.5]]), np.array([1.0])
    modelled = equivalent_defocus_mtf(f, disc, 1.15)
    measured = watson2013(f, 3.0)
    for dioptres, gain in ((0.0, [0.8, 1e-6, 0.5]), (0.7, [0.4, 0.3, -0.1])):
        seen = optical_transfer(RESIDUAL, disc, f, aperture, lights, white, dioptres)
        np.testing.assert_allclose(seen, [modelled * gain, 0.5 * modelled * gain])
    assert asked == [(3, 2, 0), (3, 2, 0.7)]
    for dioptres, gain in ((0.0, [1, 0, 1]), (0.7, [0.5, 0, -0.2])):
        seen = optical_transfer(WATSON, disc, f, aperture, lights, white, dioptres)
        np.testing.assert_allclose(seen, [measured * gain, 0.5 * measured * gain])
    # defocus acts on a narrower pupil: 1 / sqrt(1/9 + 1/18.06)
    assert asked[2:] == [(pytest.approx(2.451, abs=1e-3), n, d) for d in (0, 0.7) for n, d in ((1, 0), (2, d))]  # fmt: skip


def test_a_wide_pupil_counts_for_less_when_out_of_focus():
    for width, acting in ((1.0, 0.973), (3.0, 2.451), (6.0, 3.468)):
        assert defocused_pupil(Pupil(width, width)).width == pytest.approx(acting, abs=1e-3)


def test_transfer_of_nothing_is_one_and_beyond_the_cutoff_zero():
    slit = Pupil(1.0, 11.0)
    assert aperture_otf(slit, 0, 0, 1.0) == pytest.approx(1, abs=1e-4)
    assert aperture_otf(slit, 32.0, 0) == 0  # 1 mm cuts off at 31.4 c/deg
    assert aperture_otf(slit, 0, 32.0) > 0.8


def test_human_eye_is_watson_2013():
    # Watson 2013 evaluated independently at 3 mm and 2 mm: 5, 10, 20, 30 c/deg
    np.testing.assert_allclose(
        watson2013(np.array([5, 10, 20, 30]), 3.0), [0.816, 0.563, 0.282, 0.164], atol=6e-4
    )
    np.testing.assert_allclose(
        watson2013(np.array([5, 10, 20, 30]), 2.0), [0.865, 0.657, 0.353, 0.197], atol=6e-4
    )
    human = Eye.load("human")
    f = np.linspace(0, 40, 9)
    # the nerves add a Gaussian that lowers the transfer at the limit of acuity to the threshold
    limit = cutoff(human.parts["acuity"], 100)
    optics = watson2013(f, human.pupil(100).width)
    left = THRESHOLD / watson2013(limit, human.pupil(100).width)
    np.testing.assert_allclose(
        human.mtf(f, 30, luminance=100), optics * left ** np.square(f / limit), rtol=1e-9
    )
    assert (human.mtf(f[1:], luminance=100, defocus=0.5) < human.mtf(f[1:], luminance=100)).all()


def test_wavelength_scales_diffraction():
    f = np.linspace(0, 60, 13)
    pupil = Pupil(1.64, 11.5)
    np.testing.assert_allclose(
        aperture_otf(pupil, f, 0 * f, wavelength=450), aperture_otf(pupil, f * 450 / 555, 0 * f)
    )
    frequency, otf = autocorrelation(pupil, 0.5, 0.012, wavelength=450)
    for wanted, ours in [
        (otf[0], aperture_otf(pupil, f, 0 * f, 0.5, 450)),
        (otf[:, 0], aperture_otf(pupil, 0 * f, f, 0.5, 450)),
    ]:
        np.testing.assert_allclose(ours[2:], np.interp(f, frequency, wanted)[2:], atol=4e-3)


def test_slit_orientation():
    """Diffraction is worse across the slit; defocus is far worse along it."""
    cat = Eye.load("cat")
    assert cat.mtf(9, 0, luminance=1000) < cat.mtf(9, 90, luminance=1000)
    assert (
        cat.mtf(4, 0, luminance=100, defocus=0.5) > cat.mtf(4, 90, luminance=100, defocus=0.5) + 0.1
    )


def test_variance_budget_reaches_the_behavioural_acuity_and_no_further():
    cat = Eye.load("cat")
    # bright and in focus, the transfer of the whole eye at its limit of acuity is exp(-3.56)
    # (AcuityView), on average of both directions
    passed = [float(cat.mtf(6, angle, luminance=300)) for angle in (0, 90)]
    assert np.mean(passed) == pytest.approx(np.exp(-3.5597), rel=1e-3)
    # optics that are worse than behaviour leave no neural blur
    assert neural_sigma(6, 0.5 ** (6 / 1.89) ** 2) == 0
    # for Gaussian optics with modulation 0.5 at 6.15 c/deg the two variances add up
    assert neural_sigma(6, 0.5 ** (6 / 6.15) ** 2) == pytest.approx(0.0639, abs=2e-4)
    assert neural_mtf(0.1874 / 0.05, 0.05) == pytest.approx(0.5, abs=1e-3)
