"""Confusion lines: what lies on them is one colour to the eye, and they fill the gamut of sRGB."""

import numpy as np
import pytest
from colour import RGB_COLOURSPACES
from scipy.linalg import null_space

from catsight.views import Eye
from catsight.views.confusion import confusion_lines

DICHROMATS = ("cat", "dog", "horse", "ferret", "mouse", "protanope", "deuteranope", "tritanope")


@pytest.fixture(params=DICHROMATS)
def catches(request):
    return Eye.load(request.param).catches[:-1]


def test_all_colours_of_a_line_have_equal_catches(catches):
    """Its ends differ along the null direction of the catches, and so do those between them."""
    lines = confusion_lines(catches)
    assert lines.shape[1:] == (2, 3) and len(lines) >= 4
    between = np.linspace(0, 1, 5)[:, None, None, None]
    colours = (1 - between) * lines[:, 0] + between * lines[:, 1]
    caught = colours[:, 0] @ catches.T
    np.testing.assert_allclose(caught, np.broadcast_to(caught[:1], caught.shape), atol=1e-12)
    (null,) = null_space(catches).T
    apart = lines[:, 0] - lines[:, 1]
    np.testing.assert_allclose(np.cross(apart, null), 0, atol=1e-12)
    assert (np.linalg.norm(apart, axis=1) > 0.01).all()


def test_lines_reach_across_the_whole_gamut(catches):
    """Each end lacks one primary, not the same at both, and the brightest colour is just shown."""
    for ends in confusion_lines(catches):
        lacks = [np.flatnonzero(np.abs(end) < 1e-12).tolist() for end in ends]
        assert [len(lack) for lack in lacks] == [1, 1] and lacks[0] != lacks[1]
        assert ends.min() >= 0 and ends.max() == 1


def test_lines_are_at_tenths_of_the_first_cones_share(catches):
    """From the primary with the least share to that with the most, no tenth is missing."""
    caught = confusion_lines(catches)[:, 0] @ catches.T
    shares = caught[:, 0] / caught.sum(axis=1)
    primaries = catches[0] / catches.sum(axis=0)
    tenths = [k / 10 for k in range(1, 10) if primaries.min() < k / 10 < primaries.max()]
    np.testing.assert_allclose(shares, tenths, atol=1e-12)
    assert 0.5 in tenths


def test_the_neutral_line_passes_through_grey(catches):
    """At a share of one half lies a grey, between the ends."""
    caught = confusion_lines(catches) @ catches.T
    neutral = int(np.argmin(np.abs(caught[:, 0, 0] - caught[:, 0, 1])))
    start, end = confusion_lines(catches)[neutral]
    grey = caught[neutral, 0, 0]
    place = (grey - start) @ (end - start) / ((end - start) @ (end - start))
    np.testing.assert_allclose(start + place * (end - start), grey, atol=1e-12)
    assert 0.1 < place < 0.9


@pytest.mark.parametrize(
    ("name", "copunctal"),
    [
        ("protanope", (0.7465, 0.2535)),
        ("deuteranope", (1.4000, -0.4000)),
        ("tritanope", (0.1748, 0.0000)),
    ],
)
def test_neutral_lines_of_human_dichromats_point_where_they_were_measured(name, copunctal):
    """Within a degree of the copunctal points of Smith & Pokorny 1975, Vision Res. 15, 161, in x, y
    (Judd's observer; an sRGB colour is here a smooth reflectance, and not a light of a monitor).
    """
    lines = confusion_lines(Eye.load(name).catches[:-1])
    caught = lines[:, 0] @ Eye.load(name).catches[:-1].T
    (neutral,) = lines[np.isclose(caught[:, 0], caught[:, 1])]
    xyz = neutral @ np.transpose(RGB_COLOURSPACES["sRGB"].matrix_RGB_to_XYZ)
    xy = xyz[:, :2] / xyz.sum(axis=1, keepdims=True)
    along, wanted = xy[1] - xy[0], np.subtract(copunctal, (0.3127, 0.3290))
    turn = np.degrees(np.angle(complex(*along) / complex(*wanted)))
    assert (turn + 90) % 180 - 90 == pytest.approx(0, abs=1)


def test_a_made_up_eye_that_cannot_tell_red_from_green():
    """Its cones catch blue alone, and red and green alike: lines from yellow's edge to blue's."""
    lines = confusion_lines(np.array([[0.0, 0.0, 1.0], [0.5, 0.5, 0.0]]))
    for k, ends in zip(range(1, 10), lines, strict=True):
        # with as much red as its share of blue leaves, or the same of green, each twice as much
        blue, other = k / 10, 2 * (1 - k / 10)
        wanted = {(other, 0.0, blue), (0.0, other, blue)}
        top = max(blue, other)
        found = {tuple(np.round(end * top, 12)) for end in ends}
        assert found == {tuple(np.round(one, 12)) for one in wanted}


@pytest.mark.parametrize("cones", [1, 3])
def test_only_two_kinds_of_cones_have_lines(cones):
    assert confusion_lines(Eye.load("human").catches[:cones]).shape == (0, 2, 3)


def test_cones_that_catch_alike_have_none_but_where_they_differ():
    """Two equal cones: every colour has a share of one half, and no plane cuts the gamut."""
    assert confusion_lines(np.full((2, 3), 1 / 3)).shape == (0, 2, 3)
