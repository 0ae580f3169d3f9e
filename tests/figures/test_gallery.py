"""The gallery shows the pictures of the tables, each frame from another group."""

import numpy as np
import pandas as pd
import pytest

from catsight import CatsightError, tables
from catsight.figures import command, gallery, parts, reading, style
from catsight.figures.reading import Scene
from catsight.tables.columns.views import VIEWS
from support import synthetic_study as synthetic


def test_frames_come_from_different_groups_in_any_order():
    frames = pd.DataFrame(
        {"frame_id": [f"{g}{i}" for g in "cab" for i in range(3)], "group": list("cccaaabbb")}
    )
    assert reading.choose(frames, 3) == ["a0", "b0", "c0"]
    assert reading.choose(frames, 5) == ["a0", "b0", "c0", "a1", "b1"]
    assert reading.choose(frames.sample(frac=1, random_state=1), 5) == reading.choose(frames, 5)
    assert len(reading.choose(frames, 99)) == 9


def test_columns_pictures_and_scale_bar(choices):
    rng = np.random.default_rng(0)
    columns = ["original", "human", "cat", "catvision"]
    rows = [
        Scene(f"photo {i}", {v: rng.integers(0, 256, (40, 60, 3), dtype=np.uint8) for v in columns[::-1]})
        for i in range(2)
    ]  # fmt: skip
    figure = gallery.draw(rows, choices)
    grid = np.array(figure.axes).reshape(2, 4)
    assert [axes.get_title().split("\n")[0] for axes in grid[0]] == [
        "original",
        "human (reference)",
        "cat",
        "catvision",
    ]
    assert grid[0, 2].get_title() == "cat\n100 cd/m², 16°"
    for axes_row, row in zip(grid, rows):
        assert axes_row[0].get_ylabel() == row.title
        for axes, view in zip(axes_row, columns):
            np.testing.assert_array_equal(axes.images[0].get_array(), row.pictures[view])
            bars = axes.get_lines()
            assert len(bars) == (view == "human")
            for bar in bars:
                (text,) = axes.texts
                degrees = float(text.get_text().rstrip("°"))
                assert np.diff(bar.get_xdata())[0] / 60 * 16 == pytest.approx(degrees)


def test_a_view_with_its_own_field_of_view_has_its_own_bar():
    views = {
        "human": synthetic.eye_view("human"),
        "cat": synthetic.eye_view("cat", field_of_view=40, luminance=0.01),
    }
    picture = np.zeros((30, 30, 3), np.uint8)
    scene = Scene("", {"human": picture, "cat": picture})
    human, cat = gallery.draw([scene], synthetic.choices(views=views)).axes
    assert cat.get_title() == "cat\n0.01 cd/m², 40°"
    assert (human.texts[0].get_text(), cat.texts[0].get_text()) == ("2°", "10°")


@pytest.mark.parametrize("field, degrees", [(16, 2), (20, 5), (40, 10), (120, 20), (1, 0.2)])
def test_scale_is_round(field, degrees):
    assert gallery.scale(field) == pytest.approx(degrees)


def test_long_titles_are_wrapped_and_cut_after_a_word(choices):
    picture = np.zeros((40, 40, 3), np.uint8)

    def shown(title):
        scene = Scene(title, dict.fromkeys(["original", "human", "cat", "catvision"], picture))
        return gallery.draw([scene], choices).axes[0].get_ylabel()

    assert shown("The astronaut Eileen Collins") == "The astronaut Eileen\nCollins"
    long = "The astronaut Eileen Collins, commander of a space shuttle"
    assert shown(long) == "The astronaut Eileen\nCollins, commander…"


@pytest.mark.parametrize(
    "text, length, short",
    [
        ("coffee cup", 10, "coffee cup"),
        ("coffee cup, empty", 12, "coffee cup…"),
        ("IMG_20240101_120000.jpg", 12, "IMG_2024010…"),
        ("one two three", 8, "one two…"),
        ("one two three", 7, "one…"),
    ],
)
def test_a_text_is_cut_after_a_word(text, length, short):
    assert style.shortened(text, length) == short and len(short) <= length


def test_large_pictures_are_reduced(choices):
    picture = np.zeros((900, 1200, 3), np.uint8)
    scene = Scene("x" * 99, {"human": picture, "cat": picture})
    figure = gallery.draw([scene], choices)
    assert figure.axes[0].images[0].get_array().shape == (315, 420, 3)


def test_missing_and_double_frames_are_named(spec, tmp_path):
    frames = synthetic.pictures(16, 1)
    synthetic.write_study(tmp_path, frames)
    call = ["gallery", "--spec", tables.canonical_json(spec), "--frames", str(tmp_path / "frames")]
    output = ["--output", str(tmp_path / "g.png")]
    one = str(tmp_path / "views/cat/0.parquet")
    with pytest.raises(CatsightError, match="frame 'chelsea-the-cat/0' is missing"):
        command.main([*call, "--views", "cat", one, *output])
    with pytest.raises(CatsightError, match="comes twice"):
        tables.write(
            tmp_path / "views/cat/1.parquet",
            tables.read(one).to_pylist(),
            VIEWS,
            {"stage": "views"},
        )
        command.main([*call, "--views", "cat", str(tmp_path / "views/cat"), *output])
    with pytest.raises(
        CatsightError,
        match="'dog' is not a view of this figure; it may be original, human, cat, catvision",
    ):
        command.main([*call, "--views", "dog", one, *output])
    assert not (tmp_path / "g.png").exists()


def test_order_of_views():
    views = {**synthetic.VIEWS, "a_swap": synthetic.eye_view("human")}
    choices = synthetic.choices(views=views)
    assert list(choices.views) == ["original", "human", "cat", "a_swap", "catvision"]
    assert choices.compared == ("cat", "a_swap", "catvision", "original")
    with pytest.raises(CatsightError, match="no view beside its reference"):
        synthetic.choices(views={"human": synthetic.eye_view("human")}).focus  # noqa: B018


def test_parts_are_drawn_one_by_one_even_if_a_part_changes_nothing():
    """The reference's own picture then stands there twice, under two titles."""
    swaps = {"acuity": "human+acuity", "colour": "human", "pupil": "human+pupil"}
    choices = synthetic.choices(attribution={"view": "cat", "whole": "cat", "swaps": swaps})
    shades = {"human": 0, "human+pupil": 50, "human+acuity": 100, "cat": 150}
    pictures = {name: np.full((8, 8, 3), shade, np.uint8) for name, shade in shades.items()}
    axes = parts.draw([Scene("x", pictures)], choices).axes
    assert [int(a.images[0].get_array()[0, 0, 0]) for a in axes] == [0, 50, 100, 0, 150]
    heads = [a.get_title().splitlines()[1] for a in axes]
    assert heads == ["(reference)", "pupil and optics", "acuity", "colour", "all of these"]
