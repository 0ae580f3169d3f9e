"""Places from distances, and room for names: against configurations that are known."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from catsight.figures import plane


def test_distances_in_a_plane_are_kept():
    points = np.random.default_rng(0).normal(size=(7, 2))
    found, share = plane.scaled(cdist(points, points))
    assert cdist(found, found) == pytest.approx(cdist(points, points), abs=1e-9)
    assert share == pytest.approx(1)
    assert found.mean(axis=0) == pytest.approx([0, 0], abs=1e-9)
    assert np.ptp(found[:, 0]) > np.ptp(found[:, 1])  # the first axis is the longer


def test_the_share_is_that_of_the_two_longest_axes():
    """Corners of a box of sides 6, 4 and 2 have variances in the ratio 36 : 16 : 4."""
    corners = np.array(np.meshgrid([0, 6], [0, 4], [0, 2])).reshape(3, -1).T
    found, share = plane.scaled(cdist(corners, corners))
    assert share == pytest.approx(52 / 56)
    assert cdist(found, found) == pytest.approx(cdist(corners[:, :2], corners[:, :2]), abs=1e-9)


def test_negative_eigenvalues_count_against_the_share():
    """Four points on a circle by their arcs: the eigenvalues are 2, 2, 0 and -1, so the two axes make a square
    of radius 1.
    """
    arcs = np.array([[0, 1, 2, 1], [1, 0, 1, 2], [2, 1, 0, 1], [1, 2, 1, 0]], dtype=float)
    points, share = plane.scaled(arcs)
    assert share == pytest.approx(4 / 5)
    assert cdist(points, points)[0] == pytest.approx([0, 2**0.5, 2, 2**0.5])


@pytest.mark.parametrize(
    ("distances", "wanted"), [([[0]], [[0]]), ([[0, 3], [3, 0]], [[0, 3], [3, 0]])]
)
def test_one_or_two_points(distances, wanted):
    found, share = plane.scaled(np.array(distances, dtype=float))
    assert cdist(found, found) == pytest.approx(np.array(wanted, dtype=float)) and share == 1


def test_distances_below_nothing_count_as_nothing():
    """An unbiased CKA may exceed 1."""
    found, _ = plane.scaled(np.array([[0, -0.01, 1], [-0.01, 0, 1], [1, 1, 0]]))
    wanted = np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0]])
    assert cdist(found, found) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_axes_are_turned_the_same_way_whatever_their_signs(signs):
    points = np.array([[-1.0, 0.2], [0.4, 0.9], [0.6, -1.1]])
    wanted = np.array([[-1.0, -0.2], [0.4, -0.9], [0.6, 1.1]])
    assert plane.turned(points * signs, first=0) == pytest.approx(wanted)


ROOM = (2.4, 2.2)
#: Seeds of points so close that a line must cross a name or a point.
FULL = (0, 4)


@pytest.mark.parametrize("seed", [seed for seed in range(20) if seed not in FULL])
def test_names_are_clear_of_each_other_of_points_and_of_the_edge(seed):
    rng = np.random.default_rng(seed)
    points = rng.uniform(0.5, 1.7, size=(9, 2))
    points[:4] = points[0] + rng.normal(scale=0.01, size=(4, 2))  # nearly in one place
    sizes = [(wide, 0.12) for wide in rng.uniform(0.2, 0.6, size=9)]
    boxes = plane.named(points, sizes, ROOM)
    for box, size in zip(boxes, sizes):
        assert (box.wide, box.tall) >= size
        assert box.x >= 0 and box.y >= 0
        assert box.x + box.wide <= ROOM[0] and box.y + box.tall <= ROOM[1]
        for x, y in points:
            assert not (box.x < x < box.x + box.wide and box.y < y < box.y + box.tall)
    for (point, one), other in product(zip(points, boxes), boxes):
        way = np.linspace(point, one.middle, 200)
        inside = (way > [other.x, other.y]) & (way < [other.x + other.wide, other.y + other.tall])
        assert one is other or not inside.all(axis=1).any()
        far = np.hypot(*(points - point).T) > 0.06
        near = np.hypot(*(points[far, None] - way).T) < 0.02
        assert not near.any()
    for one, other in combinations(boxes, 2):
        apart = (
            one.x + one.wide <= other.x or other.x + other.wide <= one.x
            or one.y + one.tall <= other.y or other.y + other.tall <= one.y
        )  # fmt: skip
        assert apart


@pytest.mark.parametrize(
    ("end", "wanted"), [((3, 3), True), ((0.9, 3), False), ((3, 1.5), True), ((2.5, 0), False), ((1.2, 1.2), True)]
)  # fmt: skip
def test_a_line_crosses_a_box_or_not(end, wanted):
    """The box from (1, 1) to (2, 2); lines from the origin, or level, or upright."""
    box = plane.Box(1, 1, 1, 1)
    start = {(3, 1.5): (0, 1.5), (0.9, 3): (0.9, 0)}.get(end, (0, 0))
    assert plane.crosses((start, end), box) == plane.crosses((end, start), box) == wanted


def test_a_name_stays_inside_the_panel():
    """Though its point lies in a corner."""
    for corner in ((0.04, 0.04), (2.36, 0.04), (0.04, 2.16), (2.36, 2.16)):
        (box,) = plane.named(np.array([corner]), [(0.5, 0.1)], ROOM)
        assert 0 <= box.x <= 2.4 - box.wide and 0 <= box.y <= 2.2 - box.tall


def test_a_name_with_room_stands_beside_its_point():
    (box,) = plane.named(np.array([[1.0, 1.0]]), [(0.5, 0.1)], ROOM)
    assert box.middle[1] == pytest.approx(1) and 0 < box.x - 1 < 0.1


def test_names_without_room_have_a_place_all_the_same():
    points = np.full((3, 2), 0.2)
    boxes = plane.named(points, [(0.4, 0.1)] * 3, (0.4, 0.3))
    assert len(boxes) == 3
