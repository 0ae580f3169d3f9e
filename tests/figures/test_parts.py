"""The eye part by part: which picture stands under which title."""

import numpy as np

from catsight.figures import parts
from catsight.figures.reading import Scene
from support import synthetic_study as synthetic

SWAPS = {"acuity": "human+acuity", "colour": "human", "pupil": "human+pupil"}
SHADES = {"human": 0, "human+pupil": 50, "human+acuity": 100, "cat": 150}


def choices(**changes):
    attribution = {"view": "cat", "whole": "cat", "swaps": SWAPS} | changes
    return synthetic.choices(attribution=attribution)


def scene():
    pictures = {name: np.full((8, 8, 3), shade, np.uint8) for name, shade in SHADES.items()}
    return Scene("A frame", pictures)


def drawn(figure):
    """The title and shade of each picture."""
    return [(a.get_title(), int(a.images[0].get_array()[0, 0, 0])) for a in figure.axes]


def test_parts_are_drawn_one_by_one_even_if_a_part_changes_nothing():
    """The reference's own picture then stands there twice, under two titles."""
    figure = parts.draw([scene()], choices())
    assert drawn(figure) == [
        ("human\n(reference)", 0),
        ("cat’s\npupil and optics", 50),
        ("cat’s\nacuity", 100),
        ("cat’s\ncolour", 0),
        ("cat’s\nall of these", 150),
    ]
    assert [axes.get_ylabel() for axes in figure.axes] == ["A frame", "", "", "", ""]


def test_the_reference_has_the_scale_bar():
    """And the part that changes nothing, whose picture is the reference's."""
    bars = [bool(axes.get_lines()) for axes in parts.draw([scene()], choices()).axes]
    assert bars == [True, False, False, True, False]


def test_without_a_view_of_all_parts_the_last_column_is_a_part():
    found = drawn(parts.draw([scene()], choices(view="dog", whole=None)))
    assert [title for title, _ in found] == [
        "human\n(reference)",
        "dog’s\npupil and optics",
        "dog’s\nacuity",
        "dog’s\ncolour",
    ]


def test_the_views_of_the_columns_are_read(study):
    """From the shards of the frames; as many frames as the gallery shows."""
    views = {
        view: [study / f"views/{view}/{i}.parquet" for i in (0, 1)] for view in ("human", "cat")
    }
    frames = [study / f"frames/{i}.parquet" for i in (0, 1)]
    spec = synthetic.choices(attribution={"view": "cat", "whole": "cat", "swaps": {}}, gallery=2)
    found = parts.read(frames, views, spec)
    assert [(one.title, sorted(one.pictures)) for one in found] == [
        ("Astronaut", ["cat", "human"]),
        ("Chelsea the cat", ["cat", "human"]),
    ]
