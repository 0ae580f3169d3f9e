import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from scipy import fft

from catsight import CatsightError
from catsight.inputs import eyes
from catsight.views import Eye, kernels
from catsight.views.acuity import neural_mtf
from catsight.views.colour import decode_srgb, encode_srgb
from catsight.views.rods import rod_weight

EYES = ["cat", "dog", "human"]


@cache
def known(name: str) -> Eye:
    """One eye for all tests here, with the kernels that it has computed."""
    return Eye.load(name)


def grating(cycles: float, size: int, axis: int, contrast: float = 0.4) -> np.ndarray:
    """A grating in linear light; if it has whole half cycles, its mirror image continues it."""
    phase = np.cos(2 * np.pi * cycles * (np.arange(size) + 0.5) / size)
    wave = 0.4 * (1 + contrast * phase)
    plane = np.broadcast_to(wave[None, :] if axis == 0 else wave[:, None], (size, size))
    return encode_srgb(np.repeat(plane[..., None], 3, axis=2))


@pytest.mark.parametrize("name", EYES)
@pytest.mark.parametrize("luminance", [1e-6, 0.1, 10, 300, 1e6])
def test_uniform_grey_stays(name, luminance):
    grey = np.full((40, 50, 3), 118, np.uint8)
    np.testing.assert_array_equal(
        known(name).see(grey, field_of_view=5, luminance=luminance, defocus=0.7), grey
    )


def gain_of_grating(eye: Eye, cycles: float, axis: int, **conditions) -> np.ndarray:
    """Contrast of the seen grating in each kind of cone, relative to that of the grating itself."""
    size = 256
    seen = (
        decode_srgb(eye.see(grating(cycles, size, axis), field_of_view=8.0, **conditions))
        @ eye.catches[:-1].T
    )
    basis = np.cos(2 * np.pi * cycles * (np.arange(size) + 0.5) / size)
    return (
        2 * np.tensordot(basis, seen.mean(axis=1 if axis else 0), ((0,), (0,))) / size / (0.4 * 0.4)
    )


@pytest.mark.parametrize("name", EYES)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("defocus", [0.0, 0.3])
@pytest.mark.parametrize("luminance", [0.01, 3, 1000])
def test_gratings_pass_with_the_gain_that_mtf_states(name, axis, defocus, luminance):
    eye = known(name)
    conditions = {"luminance": luminance, "defocus": defocus}
    rods = rod_weight(eye.parts["rods"], luminance)
    detail, colour = (eye._neural_sigma(luminance, 0, sense) for sense in ("cones", "colour"))
    for cycles in (8, 24):
        f = cycles / 8
        cones, *each, rod = (
            float(eye.mtf(f, 90 * axis, receptor=receptor, **conditions))
            for receptor in (None, *eye.receptors)
        )
        # where cones differ in what their optics pass, a grey grating has colours
        pooled = neural_mtf(f, colour) / neural_mtf(f, detail)
        expected = (1 - rods) * (cones + pooled * (np.array(each) - cones)) + rods * rod
        # half a code of 8 bits is 0.016 of this grating's contrast
        np.testing.assert_allclose(
            gain_of_grating(eye, cycles, axis, **conditions), expected, atol=0.016
        )


def test_colours_are_blurred_by_what_they_are_out_of_focus():
    """Blue light is nearer to focus in an eye that is too weak."""
    human = Eye.load("human")
    sharp = human.mtf(4, luminance=1, receptor="L")
    assert human.mtf(4, luminance=1, receptor="S") < sharp * 0.7
    # S cones catch light of 449 nm on average, which lies 1 D from 555 nm (Thibos et al. 1992)
    assert human.mtf(4, luminance=1, defocus=0.9, receptor="S") > sharp * 0.9
    with pytest.raises(CatsightError, match="no receptor 'UV'; it has S, M, L, rod"):
        human.mtf(1, luminance=1, receptor="UV")


def tilted(name: str, degrees: float) -> Eye:
    parts = eyes.load(name)
    return Eye(parts | {"pupil": parts["pupil"] | {"tilt": degrees}})


def test_a_tilted_slit():
    rgb = np.random.default_rng(6).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    conditions = {"field_of_view": 8, "luminance": 300, "defocus": 0.5}
    upright = Eye.load("cat").see(rgb, **conditions)
    # the Fourier transform of tilted eyes gives the same picture as the cosine transform
    np.testing.assert_allclose(
        tilted("cat", 1e-9).see(rgb, **conditions).astype(int), upright, atol=1
    )
    # turning the eye turns what it sees
    square = {**conditions, "field_of_view": 6}
    turned = tilted("cat", 90).see(rgb[:, :60], **square)
    back = np.rot90(Eye.load("cat").see(np.ascontiguousarray(np.rot90(rgb[:, :60])), **square), -1)
    np.testing.assert_allclose(turned.astype(int), back, atol=1)
    # a slit that leans right mirrors one that leans left
    left = tilted("cat", -30).see(np.ascontiguousarray(rgb[:, ::-1]), **conditions)[:, ::-1]
    np.testing.assert_allclose(tilted("cat", 30).see(rgb, **conditions).astype(int), left, atol=1)


def test_a_point_is_smeared_along_the_slit():
    """A point out of focus takes the shape of the pupil: here from lower left to upper right."""
    point = np.zeros((81, 81, 3), np.uint8)
    point[39:42, 39:42] = 255
    seen = (
        tilted("cat", 30)
        .see(point, field_of_view=4, luminance=1000, defocus=1.5)[..., 1]
        .astype(float)
    )
    y, x = np.mgrid[:81, :81] - 40.0
    xy = -(seen * x * y).sum()  # y is upwards where the row is small
    assert xy > 0.3 * (seen * (x**2 + y**2)).sum() / 2
    angle = 0.5 * np.arctan2(2 * xy, (seen * (x**2 - y**2)).sum())
    assert np.degrees(angle) == pytest.approx(60, abs=3)  # the slit leans 30 degrees from upright


def test_nothing_wraps_around():
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, :4] = 255
    for name in EYES:
        seen = known(name).see(picture, field_of_view=8, luminance=100)
        assert (
            seen[:, -8:].max() <= 3
        )  # the human eye's own veil, far from the edge; a wrap would be near 255


@pytest.mark.parametrize("name", EYES)
@pytest.mark.parametrize("defocus", [0.0, 0.5])
def test_scale_covariance(name, defocus):
    """A picture of twice the pixels, seen and then halved, is the small one as seen.

    Within 2 of 255. The picture has no detail near the limit of its pixels, so halving loses only
    two roundings to 8 bits.
    """
    rng = np.random.default_rng(0)
    spectrum = np.zeros((128, 128, 3))
    spectrum[:16, :16] = rng.normal(size=(16, 16, 3))
    smooth = fft.idctn(spectrum, axes=(0, 1))
    fine = encode_srgb(0.5 + 0.4 * smooth / np.abs(smooth).max())
    linear = decode_srgb(fine)
    coarse = encode_srgb(linear.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3)))
    eye, conditions = known(name), {"field_of_view": 2, "luminance": 100, "defocus": defocus}
    small = eye.see(coarse, **conditions)
    large = decode_srgb(eye.see(fine, **conditions))
    halved = encode_srgb(large.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3)))
    assert np.abs(halved.astype(int) - small).max() <= 2
    assert np.abs(coarse.astype(int) - small).max() >= 5  # the eye did change it


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 40)])
def test_small_pictures(shape):
    rgb = np.full((*shape, 3), 200, np.uint8)
    for name in EYES:
        np.testing.assert_array_equal(known(name).see(rgb, field_of_view=1, luminance=10), rgb)


@pytest.mark.slow
def test_a_picture_of_twenty_megapixels():
    rgb = np.random.default_rng(2).integers(
        0, 256, (3651, 5477, 3), dtype=np.uint8
    )  # sizes that no FFT likes
    seen = Eye.load("cat").see(rgb, field_of_view=40, luminance=100)
    assert seen.shape == rgb.shape
    assert seen.std() < rgb.std() / 3


def test_threads_may_share_an_eye(monkeypatch):
    """Many threads ask for the kernels that an eye caches, and the cache holds few of them."""
    monkeypatch.setattr(kernels, "KEPT", 1_000)
    eye, interval = Eye.load("cat"), sys.getswitchinterval()
    cache = eye._kernels
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            kept = list(
                pool.map(lambda i: cache.get((i % 7,), lambda: np.full(50, i % 7)), range(20_000))
            )
    finally:
        sys.setswitchinterval(interval)
    assert all((made == i % 7).all() for i, made in enumerate(kept))
    # threads that ask for one kernel at once compute it once
    calls = []
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda _: cache.get(
                    ("slow",), lambda: calls.append(time.sleep(0.05)) or np.ones(1)
                ),
                range(8),
            )
        )
    assert len(calls) == 1
    assert pickle.loads(pickle.dumps(eye)).parts == eye.parts  # so may processes


def test_swaps():
    """Each subset of swapped parts makes another eye; no part is the eye itself, all the other."""
    cat, human = Eye.load("cat"), Eye.load("human")
    rgb = np.random.default_rng(3).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    before = np.random.default_rng(4).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    conditions = {"field_of_view": 3, "luminance": 3, "past": [(0.04, before)]}
    seen = {}
    for count in range(6):
        for parts in combinations(eyes.PARTS, count):
            seen[parts] = human.swap(cat, parts).see(rgb, **conditions)
    assert len(seen) == 32
    np.testing.assert_array_equal(seen[()], human.see(rgb, **conditions))
    np.testing.assert_array_equal(seen[eyes.PARTS], cat.see(rgb, **conditions))
    assert len({picture.tobytes() for picture in seen.values()}) == 32
    # a swap and its converse add up
    np.testing.assert_array_equal(
        cat.swap(human, ["pupil"]).see(rgb, **conditions),
        seen["acuity", "colour", "rods", "temporal"],
    )


def test_one_part_is_swapped_by_its_name():
    cat, human = Eye.load("cat"), Eye.load("human")
    assert human.swap(cat, "pupil").parts == human.swap(cat, ["pupil"]).parts
    for wrong in ("pupils", ["pupils"]):
        with pytest.raises(CatsightError, match="an eye has no part 'pupils'; its parts are pupil"):
            human.swap(cat, wrong)


def test_an_eye_says_what_it_is():
    cat, human = Eye.load("cat"), Eye.load("human")
    assert repr(cat) == "<Eye: pupil vesica, acuity 6 c/deg, cones S L, tapetum 0.4>"
    assert repr(human.swap(cat, "pupil")) == (
        "<Eye: pupil vesica, acuity 50 c/deg, cones S M L, tapetum 0>"
    )


def test_colour_alone_leaves_the_detail():
    rgb = np.random.default_rng(3).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    cat, human, conditions = (
        Eye.load("cat"),
        Eye.load("human"),
        {"field_of_view": 3, "luminance": 100},
    )
    colour_only = human.swap(cat, ["colour"]).see(rgb, **conditions)
    assert (
        np.abs(colour_only[..., 0].astype(int) - colour_only[..., 1]).max() <= 1
    )  # red and green merge
    assert colour_only.std() > 2 * cat.see(rgb, **conditions).std()


def test_a_sweep_of_luminance():
    """From moonlight to a sunny day, pupil, rods, quanta and saturation change monotonically."""
    rng = np.random.default_rng(1)
    rgb = rng.integers(0, 256, (48, 48, 3), dtype=np.uint8)
    levels = np.geomspace(0.01, 1000, 26)
    for name in EYES:
        eye = known(name)
        assert (np.diff([eye.pupil(x).area for x in levels]) < 0).all()
        assert (np.diff([rod_weight(eye.parts["rods"], x) for x in levels]) < 0).all()
        assert (
            np.diff([eye.quanta(x) for x in levels], axis=0) > 0
        ).all()  # light grows faster than pupils shrink
        saturation = [np.ptp(eye.colour_map(x) @ [0, 0, 1]) for x in levels]
        assert (np.diff(saturation) > 0).all()
        assert saturation[0] < 0.1 * saturation[-1]
        for x in levels[::25]:
            seen = decode_srgb(eye.see(rgb, field_of_view=6, luminance=x))
            assert seen.mean() == pytest.approx(decode_srgb(rgb).mean(), abs=0.03)
    # resolution along the slit never falls with light; across it, diffraction reduces it in the end
    for frequency in (1, 3):
        along = [known("cat").mtf(frequency, 90, luminance=x) for x in levels]
        assert (np.diff(along) > -1e-3).all()
    across = [known("cat").mtf(9, 0, luminance=x) for x in (30, 1000, 1e5)]
    assert across[1] > across[2]


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        (
            {"field_of_view": 400, "luminance": 100},
            "field_of_view is 400; it must be a number from 0.001 to 120 degrees",
        ),
        ({"field_of_view": 0, "luminance": 100}, "field_of_view is 0"),
        ({"field_of_view": 10, "luminance": 0}, "luminance is 0"),
        ({"field_of_view": 10, "luminance": 1, "defocus": float("nan")}, "defocus is nan"),
        (
            {"field_of_view": -5, "luminance": 1},
            "field_of_view is -5; it must be a number from 0.001 to 120 degrees",
        ),
        (
            {"field_of_view": 10, "luminance": 1, "defocus": 50},
            "defocus is 50; it must be a number from -20 to 20",
        ),
        ({"field_of_view": 10, "luminance": float("inf")}, "luminance is inf"),
        ({"field_of_view": 10, "luminance": True}, "luminance is True"),
        ({"field_of_view": 10, "luminance": 1j}, "luminance is 1j"),
        (
            {"field_of_view": 10, "luminance": 1, "noise": -1},
            "noise is -1; a seed is a whole number from 0",
        ),
        (
            {"field_of_view": 10, "luminance": 1, "noise": 1.5},
            "noise is 1.5; a seed is a whole number from 0",
        ),
        ({"field_of_view": 10, "luminance": 1, "noise": float("nan")}, "noise is nan; a seed"),
        ({"field_of_view": 10, "luminance": 1, "noise": [3, "x"]}, r"noise is \[3, 'x'\]; a seed"),
        (
            {"field_of_view": 10, "luminance": 1, "focus": float("nan")},
            "focus is nan; it must be a number from 0.05",
        ),
    ],
)
def test_absurd_conditions_are_named(conditions, words):
    with pytest.raises(CatsightError, match=words):
        Eye.load("cat").see(np.zeros((4, 4, 3), np.uint8), **conditions)


def test_absurd_gratings_are_named():
    cat = Eye.load("cat")
    for orientation in (float("nan"), float("inf"), "up"):
        with pytest.raises(
            CatsightError, match=r"orientation is .*; it must be a number from -360 to 360 degrees"
        ):
            cat.mtf(3, orientation, luminance=1)
    for frequency in (float("nan"), [1, -1]):
        with pytest.raises(
            CatsightError, match="frequency must be finite and at least 0, in c/deg"
        ):
            cat.contrast_sensitivity(frequency)


@pytest.mark.parametrize(
    "rgb", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)]
)
def test_not_a_picture(rgb):
    with pytest.raises(CatsightError, match="picture"):
        Eye.load("cat").see(rgb, field_of_view=10, luminance=1)


def test_the_stage_needs_no_deep_learning():
    """Neither an eye's view nor the published filter imports torch or timm."""
    code = """if True:
        import sys
        import numpy as np
        import catsight.views.command
        from catsight.views import Eye, FILTERS
        rgb = np.zeros((16, 16, 3), np.uint8)
        Eye.load("cat").see(rgb, field_of_view=10, luminance=1, noise=1)
        FILTERS["catvision"](rgb)
        print([m for m in ("torch", "torchvision", "timm") if m in sys.modules])
    """
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]"
