import numpy as np
import pytest

from catsight.frames.glances import glances

OPTIONS = {"count": 500, "size": (0.5, 0.9), "seed": 0, "name": "a"}


@pytest.mark.parametrize(
    ("width", "height"), [(300, 200), (200, 300), (100, 100), (7, 500), (1, 1), (2, 3)]
)
@pytest.mark.parametrize("size", [(0.5, 0.9), (1.0, 1.0), (0.001, 1.0)])
def test_glances_lie_inside_and_have_the_size_asked_for(width, height, size):
    for left, top, side in glances(width, height, **OPTIONS | {"size": size}):
        assert 0 <= left <= left + side <= width and 0 <= top <= top + side <= height and side >= 1
        assert (
            size[0] * min(width, height) - 0.5 <= side <= max(1, size[1] * min(width, height) + 0.5)
        )


def test_sides_and_places_are_uniform():
    left, top, side = np.array(glances(3000, 2000, **OPTIONS | {"count": 4000})).T
    # quantiles of a uniform variable; 4000 draws put the standard error of each below 0.008
    for values, room in [(side - 1000, 800), (left, 3000 - side), (top, 2000 - side)]:
        np.testing.assert_allclose(
            np.quantile(values / room, [0, 0.25, 0.5, 0.75, 1]), [0, 0.25, 0.5, 0.75, 1], atol=0.04
        )
    assert (
        np.abs(np.corrcoef([side, left / (3000 - side), top / (2000 - side)]) - np.eye(3)).max()
        < 0.06
    )


def test_glances_depend_on_seed_and_name_alone():
    assert glances(300, 200, **OPTIONS) == glances(300, 200, **OPTIONS)
    assert glances(300, 200, **OPTIONS) != glances(300, 200, **OPTIONS | {"seed": 1})
    assert glances(300, 200, **OPTIONS) != glances(300, 200, **OPTIONS | {"name": "b"})
    assert glances(300, 200, **OPTIONS)[:3] == glances(300, 200, **OPTIONS | {"count": 3})


def test_glances_do_not_change_from_one_version_to_the_next():
    got = glances(451, 300, count=3, size=(0.75, 1.0), seed=0, name="chelsea")
    assert got == [(75, 7, 287), (95, 3, 262), (157, 53, 232)]
