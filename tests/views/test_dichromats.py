"""How the colours of two kinds of cones are rendered: in gamut, and as published for humans."""

from itertools import combinations

import numpy as np
import pytest

from catsight.inputs import eyes
from catsight.views import Eye
from catsight.views.colour import encode_srgb
from catsight.views.display import back_projection

#: Human dichromats by the cone that they lack.
MISSING = {"protanope": "L", "deuteranope": "M", "tritanope": "S"}
_LEVELS = np.linspace(0, 1, 33)
#: The cube of linear sRGB, (33³, 3).
CUBE = np.stack(np.meshgrid(_LEVELS, _LEVELS, _LEVELS), axis=-1).reshape(-1, 3)


def catches_of(name: str) -> np.ndarray:
    """Catches (2, 3) of linear sRGB by the two kinds of cones."""
    if name not in MISSING:
        return Eye.load(name).catches[:-1]
    human = Eye.load("human")
    kept = [receptor not in (MISSING[name], "rod") for receptor in human.receptors]
    return human.catches[kept]


def v_of(name: str) -> np.ndarray:
    catches = catches_of(name)
    return back_projection(catches) @ catches


def clipped(colours: np.ndarray) -> float:
    """Share of linear colours (n, 3) outside the gamut."""
    return np.mean(((colours < -1e-9) | (colours > 1 + 1e-9)).any(axis=1))


@pytest.mark.parametrize("name", ["cat", "dog", *MISSING])
def test_colours_are_projected_on_a_plane_with_white(name):
    """V V = V, M V = M, white stays white, and what is confused becomes one colour."""
    catches, v = catches_of(name), v_of(name)
    np.testing.assert_allclose(v @ v, v, atol=1e-12)
    np.testing.assert_allclose(catches @ v, catches, atol=1e-12)
    np.testing.assert_allclose(v @ np.ones(3), 1, atol=1e-12)
    assert np.linalg.matrix_rank(v, tol=1e-9) == 2
    unseen = np.linalg.svd(catches)[2][-1]
    np.testing.assert_allclose(v @ unseen, 0, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "alike", "share"),
    [
        ("cat", (0, 1), 0.03),
        ("dog", (0, 1), 0.03),
        ("protanope", (0, 1), 0.03),
        ("deuteranope", (0, 1), 0.03),
        ("tritanope", (1, 2), 0.065),
    ],
)
def test_few_colours_leave_the_gamut(name, alike, share):
    """The share of the cube that is clipped, on a grid of 33 levels; the other two pairs of
    channels would clip more. Yellow and blue clip 69 % of a tritanope's colours.
    """
    catches, v = catches_of(name), v_of(name)
    np.testing.assert_allclose(v[alike[0]], v[alike[1]], atol=1e-12)
    assert clipped(CUBE @ v.T) <= share
    for pair in combinations(range(3), 2):
        basis = np.zeros((3, 2))
        basis[list(pair), 0], basis[3 - sum(pair), 1] = 1, 1
        other = basis @ np.linalg.inv(catches @ basis) @ catches
        assert pair == alike or clipped(CUBE @ other.T) > 1.9 * share


def test_the_colours_of_a_tritanope_clip_less_than_in_any_other_plane():
    """Planes through white and the greys, in steps of a degree."""
    catches = catches_of("tritanope")
    across = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])
    least = 1.0
    for angle in np.radians(np.arange(180)):
        basis = np.stack([np.ones(3), np.cos(angle) * across[0] + np.sin(angle) * across[1]], 1)
        if abs(np.linalg.det(catches @ basis)) > 1e-6:
            v = basis @ np.linalg.inv(catches @ basis) @ catches
            least = min(least, clipped(CUBE @ v.T))
    assert clipped(CUBE @ v_of("tritanope").T) <= least + 1e-3


def test_vienot_1999_exactly():
    """With the cones of Viénot, Brettel & Mollon 1999, Color Res. Appl. 24, 243.

    LMS of linear RGB, and their equations for the missing cone; five digits as printed.
    """
    lms = np.array([
        [17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709],
    ])  # fmt: skip
    catches = lms / lms.sum(axis=1, keepdims=True)
    for row, equation, kept in (
        (0, [0, 2.02344, -2.52581], [2, 1]),  # protanope
        (1, [0.494207, 0, 1.24827], [2, 0]),  # deuteranope
    ):
        replaced = np.eye(3)
        replaced[row] = equation
        published = np.linalg.inv(lms) @ replaced @ lms
        ours = back_projection(catches[kept]) @ catches[kept]
        np.testing.assert_allclose(ours, published, atol=3e-5)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("protanope", [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
        ("deuteranope", [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
    ],
)
def test_human_cones_give_the_maps_of_vienot_1999_for_srgb(name, published):
    """The matrices of DaltonLens, with the cones of Smith & Pokorny 1975 and the light of sRGB's
    primaries; ours has those of Stockman & Sharpe 2000 and reflectances.
    """
    np.testing.assert_allclose(v_of(name), published, atol=0.007)


def test_a_tritanope_sees_what_brettel_1997_shows():
    """Two half planes through 485 and 660 nm, by DaltonLens for sRGB, against our one plane.

    Both keep what the L and M cones catch. Blue differs most: there one plane is another choice
    than two, and clips fewer colours.
    """
    red = np.array([
        [1.01277, 0.13548, -0.14826], [-0.01243, 0.86812, 0.14431], [0.07589, 0.805, 0.11911],
    ])  # fmt: skip
    cyan = np.array([
        [0.93678, 0.18979, -0.12657], [0.06154, 0.81526, 0.1232], [-0.37562, 1.12767, 0.24796],
    ])  # fmt: skip
    side = CUBE @ [0.03901, -0.02788, -0.01113] >= 0
    brettel = np.where(side[:, None], CUBE @ red.T, CUBE @ cyan.T)
    ours = CUBE @ v_of("tritanope").T
    catches = catches_of("tritanope")
    assert np.abs((brettel - ours) @ catches.T).max() < 0.02
    assert np.abs(np.clip(brettel, 0, 1) - np.clip(ours, 0, 1)).mean(axis=0).max() < 0.065
    assert clipped(brettel) > 2 * clipped(ours)


def test_a_tritanope_confuses_blue_and_green_and_tells_red_from_cyan():
    """A pair along the tritan line, as 8-bit sRGB, is one colour to it and two to a human."""
    tritanope = Eye.load("tritanope")
    unseen = np.linalg.svd(catches_of("tritanope"))[2][-1]
    pair = encode_srgb(0.4 + np.outer([-0.3, 0.3], unseen / np.abs(unseen).max()))
    pictures = [np.full((8, 8, 3), colour, np.uint8) for colour in pair]
    seen = [tritanope.see(p, field_of_view=2, luminance=300).astype(int) for p in pictures]
    assert np.abs(seen[0] - seen[1]).max() <= 1
    assert np.abs(pictures[0].astype(int) - pictures[1]).max() > 100


@pytest.mark.parametrize(("name", "gone"), MISSING.items())
def test_the_files_of_human_dichromats_are_the_humans_without_a_cone(name, gone):
    """Where a pigment is replaced, the other cone has its places, and so its quanta; S cones are
    lost.
    """
    human, eye = eyes.load("human"), eyes.load(name)
    np.testing.assert_allclose(Eye(eye).catches[:-1], catches_of(name), atol=1e-12)
    counted = {
        key: cone.pop("quantum_efficiency") for key, cone in human["colour"]["cones"].items()
    }
    ours = {key: cone.pop("quantum_efficiency") for key, cone in eye["colour"]["cones"].items()}
    del human["colour"]["cones"][gone]
    assert eye == human
    both = counted["L"] + counted["M"]
    assert ours == pytest.approx({
        "protanope": {"S": counted["S"], "M": both},
        "deuteranope": {"S": counted["S"], "L": both},
        "tritanope": {"M": counted["M"], "L": counted["L"]},
    }[name])  # fmt: skip
