import numpy as np
import pytest

from catsight import CatsightError
from catsight.inputs import eyes
from catsight.views import Eye
from catsight.views.colour import (
    WAVELENGTHS,
    catch_matrix,
    decode_srgb,
    effective_wavelength,
    encode_srgb,
    govardovskii2000,
    quanta,
    sensitivity,
    tapetum_gain,
    transmission,
)
from catsight.views.display import back_projection


@pytest.mark.parametrize(
    ("peak", "absorbance"),
    [
        (450, [0.28239, 0.51879, 1, 0.33712, 0]),
        (501, [0.25991, 0.21119, 0.55654, 0.99976, 0.00044]),
        (554, [0.26059, 0.20901, 0.18686, 0.57825, 0.06896]),
    ],
)
def test_pigment_template(peak, absorbance):
    """Both bands of the published formula at 360, 400, 450, 500 and 650 nm, computed by hand.

    The beta band is a quarter of the peak near 360 nm.
    """
    nm = np.array([360.0, 400, 450, 500, 650])
    np.testing.assert_allclose(govardovskii2000(nm, peak), absorbance, atol=2e-5)
    assert govardovskii2000(np.arange(300, 700, 0.1), peak).max() == pytest.approx(1, abs=1e-6)


#: Places of 400, 450, 460, 500, 550 and 600 nm.
AT = np.searchsorted(WAVELENGTHS, [400, 450, 460, 500, 550, 600])


def test_media_are_clear_or_a_sigmoid():
    media = {"model": "sigmoid", "transmission": 0.8, "half_wavelength": 450, "width": 10}
    passed = transmission(media)[AT]
    np.testing.assert_allclose(passed[1:3], [0.4, 0.8 / (1 + np.exp(-1))])
    np.testing.assert_allclose(passed[[0, 3]], [0.8 / (1 + np.exp(5)), 0.8 / (1 + np.exp(-5))])
    np.testing.assert_array_equal(transmission({"model": "none"}), np.ones(61))


def test_a_pigment_screens_itself_behind_the_media():
    """At 500 nm, its peak, the absorbance is 1; elsewhere that of the template."""
    receptor = {"peak": 500, "optical_density": 0.4}
    absorbance = govardovskii2000(WAVELENGTHS, 500)
    absorbed = 1 - 10 ** (-0.4 * absorbance)
    clear = sensitivity(receptor, {"model": "none"})
    np.testing.assert_allclose(clear, absorbed / absorbed.max())
    assert WAVELENGTHS[clear.argmax()] == 500 and clear.max() == 1
    media = {"model": "sigmoid", "transmission": 0.8, "half_wavelength": 550, "width": 20}
    screened = sensitivity(receptor, media)
    assert screened.max() == 1
    ratio = (screened / clear)[AT] / (screened / clear)[AT[3]]
    np.testing.assert_allclose(ratio, transmission(media)[AT] / transmission(media)[AT[3]])
    twice = sensitivity(receptor, media, tapetum=0.25)
    np.testing.assert_allclose(twice / screened, 1 + 0.25 * 10 ** (-0.4 * absorbance))


def test_a_tabulated_cone_is_turned_from_energy_to_quanta():
    """The L cone of Stockman & Sharpe has its peak near 570 nm to energy, and 565 to quanta."""
    import colour

    table = "Stockman & Sharpe 2 Degree Cone Fundamentals"
    receptor = {"tabulated": table, "optical_density": 0.4}
    data = colour.MSDS_CMFS[table]
    for column, name in enumerate("LMS"):
        ours = sensitivity(receptor, {"model": "none"}, name)
        energy = np.array([data[nm][column] for nm in WAVELENGTHS])
        np.testing.assert_allclose(ours, energy / WAVELENGTHS / (energy / WAVELENGTHS).max())
        gain = sensitivity(receptor, {"model": "none"}, name, tapetum=0.5) / ours
        np.testing.assert_allclose(gain[ours == 1], 1 + 0.5 * 10**-0.4)


def test_effective_wavelength_is_a_mean_of_quanta():
    """Of 500 and 600 nm, where D65 has 109.354 and 90.0062, and A 59.8611 and 129.043."""
    both = np.isin(WAVELENGTHS, [500, 600]).astype(float)
    assert effective_wavelength(both, "D65") == pytest.approx(549.690, abs=1e-3)
    assert effective_wavelength(both, "A") == pytest.approx(572.120, abs=1e-3)


def without_tapetum(name: str) -> Eye:
    parts = eyes.load(name)
    return Eye(parts | {"rods": parts["rods"] | {"tapetum": 0}})


def test_catches_of_the_cat():
    # Mallett & Yuksel under D65, 400 to 700 nm, computed independently for this cat with another
    # quadrature, hence 0.004
    wanted = [[0.0273, 0.1840, 0.7887], [0.1840, 0.6411, 0.1749], [0.0246, 0.5465, 0.4289]]
    np.testing.assert_allclose(without_tapetum("cat").catches, wanted, atol=0.004)


def test_catches_of_the_human():
    wanted = [
        [0.0207, 0.0983, 0.8811],
        [0.1013, 0.7732, 0.1255],
        [0.2737, 0.6526, 0.0737],
        [0.0181, 0.5852, 0.3966],
    ]
    np.testing.assert_allclose(Eye.load("human").catches, wanted, atol=0.001)


def chart_errors(model: str) -> np.ndarray:
    """Root mean square errors of the catches that a model predicts from sRGB.

    Over the measured patches of two charts.
    """
    import colour

    sensitivities = without_tapetum("cat").sensitivities
    light = colour.SDS_ILLUMINANTS["D65"]
    white = np.interp(WAVELENGTHS, light.wavelengths, light.values) * WAVELENGTHS
    errors = []
    for chart in ("BabelColor Average", "PMC"):
        for patch in colour.SDS_COLOURCHECKERS[chart].values():
            rgb = colour.XYZ_to_sRGB(
                colour.sd_to_XYZ(patch, illuminant=light) / 100, apply_cctf_encoding=False
            )
            reflectance = np.interp(WAVELENGTHS, patch.wavelengths, patch.values)
            errors.append(
                catch_matrix(sensitivities, model) @ rgb
                - sensitivities @ (reflectance * white) / (sensitivities @ white)
            )
    return np.sqrt(np.mean(np.square(errors), axis=0))


def test_what_a_colour_is_taken_for():
    """Three models of the light that an sRGB colour stands for: similar, and all keep white."""
    sensitivities = without_tapetum("cat").sensitivities
    smooth, charts, display = (
        catch_matrix(sensitivities, name) for name in ("mallett2019", "charts", "display")
    )
    for matrix in (smooth, charts, display):
        np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-12)
        assert (matrix >= 0).all()
    # least squares on charts, computed independently with other weights
    np.testing.assert_allclose(
        charts, [[0.0164, 0.1590, 0.8246], [0.1729, 0.6196, 0.2075], [0, 0.5155, 0.4845]], atol=0.02
    )
    assert (chart_errors("charts") < [0.012, 0.004, 0.012]).all()
    assert (chart_errors("charts")[:2] < chart_errors("mallett2019")[:2]).all()
    # the primaries of a monitor, computed independently without setting its white: within the
    # spread of the models
    np.testing.assert_allclose(
        display,
        [[0.0172, 0.1816, 0.8012], [0.1842, 0.6483, 0.1675], [0.0263, 0.5701, 0.4037]],
        atol=0.05,
    )


@pytest.mark.parametrize("illuminant", ["D65", "A"])
def test_charts_are_lit_by_the_eyes_light_and_their_srgb_is_that_under_d65(illuminant):
    """The matrix is the least-squares fit of catches by the sRGB that colour-science computes."""
    import colour

    sensitivities = without_tapetum("cat").sensitivities
    light = colour.SDS_ILLUMINANTS[illuminant]
    white = np.interp(WAVELENGTHS, light.wavelengths, light.values) * WAVELENGTHS
    rgb, caught = [], []
    for chart in ("BabelColor Average", "ColorChecker N Ohta", "PMC"):
        for patch in colour.SDS_COLOURCHECKERS[chart].values():
            xyz = colour.sd_to_XYZ(patch, illuminant=colour.SDS_ILLUMINANTS["D65"]) / 100
            rgb.append(colour.XYZ_to_sRGB(xyz, apply_cctf_encoding=False))
            reflectance = np.interp(WAVELENGTHS, patch.wavelengths, patch.values)
            caught.append(sensitivities @ (reflectance * white) / (sensitivities @ white))
    rgb, caught = np.array(rgb), np.array(caught)
    assert len(rgb) == 78
    # rows that sum to 1: fit the difference from blue; the third row's red is kept at 0
    free = np.linalg.lstsq(rgb[:, :2] - rgb[:, 2:], caught - rgb[:, 2:], rcond=None)[0].T
    wanted = np.column_stack([free, 1 - free.sum(axis=1)])
    matrix = catch_matrix(sensitivities, "charts", illuminant)
    inside = (wanted >= 0).all(axis=1)
    assert inside.sum() >= 2
    np.testing.assert_allclose(matrix[inside], wanted[inside], atol=2e-3)
    assert (matrix >= 0).all() and (matrix <= 1).all()


def test_a_monitor_shines_by_itself_whatever_the_illuminant():
    sensitivities = without_tapetum("cat").sensitivities
    for name, same in (("display", True), ("mallett2019", False), ("charts", False)):
        by_day, by_lamp = (catch_matrix(sensitivities, name, light) for light in ("D65", "A"))
        np.testing.assert_allclose(by_lamp.sum(axis=1), 1)
        assert np.allclose(by_day, by_lamp, atol=1e-3) == same
    np.testing.assert_array_equal(
        catch_matrix(sensitivities), catch_matrix(sensitivities, "mallett2019", "D65")
    )


@pytest.mark.parametrize("model", ["display", "mallett2019"])
def test_observers_with_the_eyes_of_the_standard_see_xyz(model):
    """Receptors that are the standard observer's catch sRGB as its published matrix to XYZ says."""
    import colour

    observer = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"]
    sensitivities = np.array([observer[nm] for nm in WAVELENGTHS]).T / WAVELENGTHS
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    wanted = xyz / xyz.sum(axis=1, keepdims=True)
    # a real monitor's primaries are not quite those of sRGB
    atol = 0.06 if model == "display" else 2e-3
    np.testing.assert_allclose(catch_matrix(sensitivities, model), wanted, atol=atol)


def test_every_model_and_illuminant_makes_an_eye():
    parts = eyes.load("cat")
    for change in ({"reflectances": "charts"}, {"reflectances": "display"}, {"illuminant": "A"}):
        eye = Eye(parts | {"colour": parts["colour"] | change})
        np.testing.assert_allclose(eye.colour_map(100) @ np.ones(3), 1, atol=1e-12)
        assert not np.allclose(eye.catches, Eye.load("cat").catches, atol=1e-3)


def test_back_projection_merges_metamers_and_changes_no_catch():
    catches = without_tapetum("cat").catches[:2]
    v = back_projection(catches) @ catches
    np.testing.assert_allclose(
        v, [[0.2287, 0.7713, 0], [0.2287, 0.7713, 0], [-0.0267, 0.0267, 1]], atol=0.002
    )
    np.testing.assert_allclose(v @ v, v, atol=1e-12)
    np.testing.assert_allclose(catches @ v, catches, atol=1e-12)
    np.testing.assert_allclose(v @ np.ones(3), 1, atol=1e-12)
    assert np.linalg.matrix_rank(v) == 2
    human = Eye.load("human").catches[:3]
    np.testing.assert_allclose(back_projection(human) @ human, np.eye(3), atol=1e-12)
    grey = np.array([[0.2, 0.5, 0.3]])
    np.testing.assert_allclose(back_projection(grey) @ grey, np.tile([0.2, 0.5, 0.3], (3, 1)))


def test_tapetum_returns_what_the_first_pass_lets_through():
    # published second-pass factors at the peak: optical density, reflectance, factor
    for density, reflectance, factor in [
        (0.2, 0.25, 1.16),
        (0.2, 0.4, 1.25),
        (0.2, 0.6, 1.38),
        (0.45, 0.4, 1.14),
        (0.45, 0.9, 1.32),
    ]:
        assert tapetum_gain(density, 1.0, reflectance) == pytest.approx(factor, abs=0.006)
    # it raises the number of quanta and keeps colour and brightness
    cat, plain = Eye.load("cat"), without_tapetum("cat")
    assert (cat.quanta(0.01) / plain.quanta(0.01) > 1.14).all()
    np.testing.assert_allclose(cat.catches.sum(axis=1), 1)
    np.testing.assert_allclose(cat.catches, plain.catches, atol=0.015)


def seen_apart(eye: Eye, *colours) -> int:
    """Codes by which uniform fields of two colours differ as the eye sees them by day."""
    one, other = (
        eye.see(np.full((16, 16, 3), rgb, np.uint8), field_of_view=5, luminance=300).astype(int)
        for rgb in colours
    )
    return np.abs(one - other).max()


def test_teal_and_pink_are_one_colour_to_a_cat_and_two_to_a_human():
    teal, pink = [63, 164, 147], [196, 131, 151]
    # the pair was computed with measured reflectances and no tapetum
    parts = eyes.load("cat")
    parts["colour"]["reflectances"] = "charts"
    parts["rods"]["tapetum"] = 0
    assert seen_apart(Eye(parts), teal, pink) == 0
    cat, human = Eye.load("cat"), Eye.load("human")
    assert seen_apart(cat, teal, pink) <= 2
    np.testing.assert_allclose(
        cat.see(np.full((1, 1, 3), teal, np.uint8), field_of_view=5, luminance=300), 149, atol=2
    )
    assert seen_apart(human, teal, pink) > 100
    # and a pair that differs only in the direction to which the cat's cones are blind
    unseen = np.linalg.svd(cat.catches[:2])[2][-1]
    pair = encode_srgb(0.3 + np.outer([-0.2, 0.2], unseen / np.abs(unseen).max()))
    assert seen_apart(cat, *pair) == 0
    assert seen_apart(human, *pair) > 90


@pytest.mark.parametrize(("name", "low", "high"), [("cat", 500, 506), ("dog", 475, 490)])
def test_neutral_point(name, low, high):
    """At the neutral point monochromatic light looks white: the cones catch it as they do white.

    Cat: 505 nm (Clark & Clark 2016). Dog: 480 nm (Neitz, Geist & Jacobs 1989).
    """
    from colour import SDS_ILLUMINANTS

    short, long = without_tapetum(name).sensitivities[:2]
    light = SDS_ILLUMINANTS["D65"]
    white = np.interp(WAVELENGTHS, light.wavelengths, light.values) * WAVELENGTHS
    balance = np.log((short / (short @ white)) / (long / (long @ white)))
    between = slice(8, 30)  # 440 to 545 nm, where the ratio falls
    assert (np.diff(balance[between]) < 0).all()
    assert low <= np.interp(0, -balance[between], WAVELENGTHS[between]) <= high


def test_srgb_goes_there_and_back():
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(encode_srgb(decode_srgb(codes)), codes)
    assert decode_srgb(np.array([188], np.uint8))[0] == pytest.approx(0.5029, abs=1e-4)


def test_encoding_is_the_formula():
    """The table gives the formula's code, except within 0.002 of the middle between two codes."""
    linear = np.concatenate(
        [np.random.default_rng(0).random(2_000_000), np.linspace(0, 0.01, 200_000)]
    ).astype(np.float32)
    exact = 255 * np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4, dtype=float) - 0.055
    )
    clear = np.abs(exact - np.floor(exact) - 0.5) > 0.002
    assert clear.mean() > 0.995
    np.testing.assert_array_equal(encode_srgb(linear)[clear], np.rint(exact)[clear])
    np.testing.assert_array_equal(
        encode_srgb(np.array([-1.0, -1e-9, 1.0, 1.0001, 9.0, np.inf])), [0, 0, 255, 255, 255, 255]
    )


def test_unknown_eye_and_part():
    with pytest.raises(
        CatsightError, match="'lion' is unknown; it may be cat, deuteranope, dog, ferret"
    ):
        Eye.load("lion")
    with pytest.raises(
        CatsightError, match="no part 'whiskers'; its parts are pupil, acuity, colour, rods"
    ):
        Eye.load("cat").swap(Eye.load("human"), ["whiskers"])


def test_quanta_of_a_candela():
    # 1 scotopic cd/m² is 1/1700 W/m²/sr of 507 nm: 4.57e5 quanta/s/deg² through 1 mm². To rods,
    # 1 photopic cd/m² of daylight is S/P = 2.5 times that (the ratio of D65)
    rods = Eye.load("human").sensitivities[-1]
    assert quanta(rods, "D65") == pytest.approx(2.48 * 4.57e5, rel=0.04)


def test_quanta_of_a_photopic_candela():
    """3.35e6 quanta/s from 400 to 700 nm reach 1 mm² of pupil from 1 deg² of 1 cd/m² of D65.

    Of 1 cd/m², 555 nm has 102.023 of D65, and 96.4423 of A, whose sums over the photopic curve are
    10 567 and 10 790; a quantum has 3.5792e-19 J, and 1 deg² is 3.0462e-4 sr.
    """
    assert quanta(np.ones(61), "D65") == pytest.approx(3.35e6, rel=0.003)
    five = (WAVELENGTHS == 555).astype(float)  # nm
    for illuminant, share in (("D65", 102.023 / 10567), ("A", 96.4423 / 10790)):
        wanted = share / 683 * 5 / 3.5792e-19 * 1e-6 * 3.0462e-4
        assert quanta(five, illuminant) == pytest.approx(wanted, rel=2e-3)


def test_codes_of_srgb_by_hand():
    """0.04045 is the end of the straight part: code 10 is on it, 11 above."""
    codes = np.array([0, 10, 11, 255], np.uint8)
    wanted = [0, 10 / 255 / 12.92, ((11 / 255 + 0.055) / 1.055) ** 2.4, 1]
    np.testing.assert_allclose(decode_srgb(codes), wanted, rtol=1e-6)
    out = np.empty(4, np.float32)
    assert decode_srgb(codes, out=out) is out
    np.testing.assert_allclose(out, wanted, rtol=1e-6)


def test_the_first_unknown_part_is_named():
    with pytest.raises(CatsightError) as raised:
        Eye.load("cat").swap(Eye.load("human"), ["whiskers", "ears", "pupil"])
    assert str(raised.value) == (
        "an eye has no part 'ears'; its parts are pupil, acuity, colour, rods, temporal"
    )
