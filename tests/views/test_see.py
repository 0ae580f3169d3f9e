import numpy as np
import pytest
from PIL import Image

from catsight import CatsightError
from catsight.__main__ import main
from catsight.views import FILTERS, Eye
from catsight.views.colour import decode_srgb, encode_srgb

EYES = ["cat", "human"]


def grating(cycles: float, size: int, axis: int, contrast: float = 0.4) -> np.ndarray:
    """A grating in linear light with a whole number of half cycles, so that its mirror image continues it."""
    phase = np.cos(2 * np.pi * cycles * (np.arange(size) + 0.5) / size)
    wave = 0.4 * (1 + contrast * phase)
    plane = np.broadcast_to(wave[None, :] if axis == 0 else wave[:, None], (size, size))
    return encode_srgb(np.repeat(plane[..., None], 3, axis=2))


@pytest.mark.parametrize("name", EYES)
@pytest.mark.parametrize("luminance", [1e-3, 1, 30, 1000])
def test_uniform_grey_stays(name, luminance):
    grey = np.full((40, 50, 3), 118, np.uint8)
    np.testing.assert_array_equal(Eye.load(name).see(grey, field_of_view=5, luminance=luminance, defocus=0.7), grey)


@pytest.mark.parametrize("name", EYES)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("defocus", [0.0, 0.3])
def test_gratings_pass_with_the_gain_that_mtf_states(name, axis, defocus):
    eye, size, degrees = Eye.load(name), 256, 8.0
    for cycles in (8, 24):
        seen = eye.see(grating(cycles, size, axis), field_of_view=degrees, luminance=100, defocus=defocus)
        profile = decode_srgb(seen)[..., 1].mean(axis=1 if axis else 0)
        basis = np.cos(2 * np.pi * cycles * (np.arange(size) + 0.5) / size)
        gain = 2 * (profile * basis).mean() / (0.4 * 0.4)
        expected = eye.mtf(cycles / degrees, 90 * axis, luminance=100, defocus=defocus)
        assert gain == pytest.approx(expected, abs=0.012)


def test_nothing_wraps_around():
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, :4] = 255
    for name in EYES:
        seen = Eye.load(name).see(picture, field_of_view=8, luminance=100)
        assert seen[:, -8:].max() <= 3  # the human eye's own veil, far from the edge; a wrap would be near 255


def test_scale_covariance():
    """Twice the pixels over the same angle, then halved, is the picture filtered at its own size."""
    rng = np.random.default_rng(0)
    coarse = np.kron(rng.integers(0, 256, (16, 16, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    fine = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)
    for name in EYES:
        eye = Eye.load(name)
        small = decode_srgb(eye.see(coarse, field_of_view=6, luminance=100))
        large = decode_srgb(eye.see(fine, field_of_view=6, luminance=100))
        halved = large.reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
        # what is left is the coarse pixels' own squareness, of which a human sees more
        assert np.abs(halved - small).max() < (0.02 if name == "cat" else 0.06)


def test_dim_light_takes_colour_then_detail():
    rng = np.random.default_rng(1)
    rgb = rng.integers(0, 256, (48, 48, 3), dtype=np.uint8)
    cat = Eye.load("cat")
    saturation = []
    for luminance in (1000, 30, 10, 3, 0.1):
        seen = cat.see(rgb, field_of_view=6, luminance=luminance).astype(float)
        saturation.append(np.ptp(seen, axis=2).mean())
    assert all(a > b for a, b in zip(saturation, saturation[1:]))
    assert saturation[-1] < 0.5  # by moonlight the cat sees grey only
    detail = [cat.mtf(3, 90, luminance=luminance) for luminance in (30, 1, 0.01)]
    assert all(a > b for a, b in zip(detail, detail[1:]))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 200)])
def test_small_pictures(shape):
    rgb = np.full((*shape, 3), 200, np.uint8)
    for name in EYES:
        np.testing.assert_array_equal(Eye.load(name).see(rgb, field_of_view=1, luminance=10), rgb)


def test_a_large_picture():
    rgb = np.random.default_rng(2).integers(0, 256, (1500, 2000, 3), dtype=np.uint8)
    seen = Eye.load("cat").see(rgb, field_of_view=40, luminance=100)
    assert seen.shape == rgb.shape
    assert seen.std() < rgb.std() / 3


def test_swaps():
    cat, human = Eye.load("cat"), Eye.load("human")
    rgb = np.random.default_rng(3).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    conditions = {"field_of_view": 3, "luminance": 100}
    np.testing.assert_array_equal(human.swap(cat, []).see(rgb, **conditions), human.see(rgb, **conditions))
    whole = human.swap(cat, ["pupil", "acuity", "colour", "rods"])
    np.testing.assert_array_equal(whole.see(rgb, **conditions), cat.see(rgb, **conditions))
    colour_only = human.swap(cat, ["colour"]).see(rgb, **conditions)
    assert np.abs(colour_only[..., 0].astype(int) - colour_only[..., 1]).max() <= 40  # red and green nearly merge
    assert colour_only.std() > 2 * cat.see(rgb, **conditions).std()  # but the human's detail stays


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
    ],
)
def test_absurd_conditions_are_named(conditions, words):
    with pytest.raises(CatsightError, match=words):
        Eye.load("cat").see(np.zeros((4, 4, 3), np.uint8), **conditions)


@pytest.mark.parametrize("rgb", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_not_a_picture(rgb):
    with pytest.raises(CatsightError, match="picture"):
        Eye.load("cat").see(rgb, field_of_view=10, luminance=1)


def test_filters():
    rgb = np.random.default_rng(4).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    untouched = rgb.copy()
    np.testing.assert_array_equal(FILTERS["original"](rgb), rgb)
    # the published filter crushes red to nearly nothing, and leaves teal and pink apart: it is not dichromacy
    red = np.full((64, 64, 3), [255, 0, 0], np.uint8)
    assert FILTERS["catvision"](red).mean() < 12
    teal, pink = (np.full((64, 64, 3), c, np.uint8) for c in ([63, 164, 147], [196, 131, 151]))
    centre = [FILTERS["catvision"](c)[32, 32] for c in (teal, pink)]
    np.testing.assert_allclose(centre, [[83, 118, 117], [79, 106, 113]], atol=1)
    FILTERS["catvision"](rgb)
    np.testing.assert_array_equal(rgb, untouched)


def test_see_command(tmp_path, capfd):
    rgb = np.random.default_rng(5).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    (tmp_path / "photos").mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(rgb).save(tmp_path / "photos" / name)
    expected = Eye.load("cat").see(rgb, field_of_view=10, luminance=50)

    assert (
        main(
            [
                "see",
                str(tmp_path / "photos" / "a.png"),
                "-o",
                str(tmp_path / "cat.png"),
                "--fov",
                "10",
                "--luminance",
                "50",
            ]
        )
        == 0
    )
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "cat.png")), expected)

    assert (
        main(
            [
                "see",
                str(tmp_path / "photos"),
                "-o",
                str(tmp_path / "out"),
                "--fov",
                "10",
                "--luminance",
                "50",
                "--beside",
            ]
        )
        == 0
    )
    both = np.asarray(Image.open(tmp_path / "out" / "b.png"))
    np.testing.assert_array_equal(both, np.concatenate([rgb, expected], axis=1))

    assert main(["see", str(tmp_path / "none.png"), "-o", "x.png", "--fov", "10"]) == 1
    assert "none.png is missing" in capfd.readouterr().err
