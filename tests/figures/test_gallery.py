"""The gallery shows the pictures of the tables, each frame from another group."""

import re

import numpy as np
import pandas as pd
import pytest

from catsight import CatsightError, tables
from catsight.figures import command, gallery, reading, style
from catsight.figures.reading import Scene
from catsight.inputs.pictures import decode_png
from catsight.tables.columns.frames import FRAMES
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


def scenes(columns, shape=(40, 60, 3)):
    """Two scenes of noise, whose pictures are in another order than the columns."""
    rng = np.random.default_rng(0)
    return [
        Scene(f"photo {i}", {v: rng.integers(0, 256, shape, dtype=np.uint8) for v in columns[::-1]})
        for i in range(2)
    ]


def test_columns_pictures_and_scale_bar(choices):
    columns = ["original", "human", "cat", "catvision"]
    rows = scenes(columns)
    figure = gallery.draw(rows, choices)
    grid = np.array(figure.axes).reshape(2, 4)
    assert [axes.get_title() for axes in grid[0]] == [
        "original\nas photographed",
        "human (reference)\n100 cd/m², 16°",
        "cat\n100 cd/m², 16°",
        "catvision\npublished filter",
    ]
    assert not any(axes.get_title() for axes in grid[1])
    for axes_row, row in zip(grid, rows):
        assert [axes.get_ylabel() for axes in axes_row] == [row.title, "", "", ""]
        for axes, view in zip(axes_row, columns):
            np.testing.assert_array_equal(axes.images[0].get_array(), row.pictures[view])
            assert len(axes.get_lines()) == len(axes.texts) == (view == "human")
            assert not axes.get_xticks().size and not axes.get_yticks().size
            assert not any(spine.get_visible() for spine in axes.spines.values())
            assert axes.get_xlim() == (-0.5, 59.5) and axes.get_ylim() == (39.5, -0.5)


def test_the_bar_is_as_long_as_its_label_says(choices):
    """2° of 16° are an eighth of the picture's 60 px; it starts 5 % from the left, 6 % from below."""
    axes = gallery.draw(scenes(["human", "cat"]), choices).axes[0]
    (bar,), (text,) = axes.get_lines(), axes.texts
    np.testing.assert_allclose(bar.get_xydata(), [[3, 37.6], [3 + 60 / 8, 37.6]])
    assert (text.get_text(), text.xy, text.get_verticalalignment()) == ("2°", (3, 37.6), "bottom")
    assert (bar.get_color(), text.get_color()) == ("white", "white")
    assert bar.get_path_effects() and text.get_path_effects()  # a dark outline, on bright pictures
    assert bar.get_solid_capstyle() == "butt"


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


def test_the_bars_of_other_fields_of_view_are_in_every_such_view():
    eyes = {"bee": 40, "cat": 40, "dog": 16, "human": 16}
    views = {name: synthetic.eye_view(name, field_of_view=field) for name, field in eyes.items()}
    views["jpeg"] = synthetic.filter_view("jpeg")
    choices = synthetic.choices(views=views)
    assert gallery.scale_bars(list(choices.views), choices) == {"human": 16, "bee": 40, "cat": 40}
    assert gallery.scale_bars(["cat", "bee", "jpeg"], choices) == {"cat": 40}
    assert gallery.scale_bars(["jpeg"], choices) == {}


@pytest.mark.parametrize(
    "field, degrees",
    [(16, 2), (19.9, 2), (20, 5), (40, 10), (79, 10), (120, 20), (1, 0.2), (0.001, 0.0002)],
)
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


def test_many_pictures_are_reduced_further(choices):
    """So that all have 2.4 megapixels: of 18, each is at most 365 px long."""
    picture = np.zeros((800, 800, 3), np.uint8)
    scene = Scene("x", {"human": picture, "cat": picture})
    columns, rows = [("human", "a"), ("cat", "b"), ("cat", "c")], [scene] * 6
    shown = gallery.side_by_side(rows, columns, {}).axes[0].images[0].get_array()
    assert shown.shape == (365, 365, 3) and 18 * 365**2 < 2_400_000 < 18 * 366**2


@pytest.mark.parametrize(
    "shapes, ratio",
    [(((30, 60),), 0.5), (((30, 60), (60, 60)), 1), (((10, 60),), 0.4), (((600, 60),), 1.6)],
)
def test_a_row_is_as_tall_as_its_tallest_picture_within_limits(choices, shapes, ratio):
    pictures = [np.zeros((*shape, 3), np.uint8) for shape in shapes]
    scene = Scene("x", {"human": pictures[0], "cat": pictures[-1]})
    figure = gallery.side_by_side([scene] * 2, [("human", ""), ("cat", "")], {})
    # of 5.6 inches, 0.2 are for titles of frames; the rest is for two columns
    assert list(figure.get_size_inches()) == pytest.approx([5.6, 0.5 + 2 * ratio * (2.7 + 0.03)])


def test_titles_are_smaller_above_more_than_four_columns():
    scene = Scene("x", {"human": np.zeros((9, 9, 3), np.uint8)})
    for count, size in ((4, 8), (5, 7)):
        figure = gallery.side_by_side([scene], [("human", "a title")] * count, {})
        assert {axes.title.get_fontsize() for axes in figure.axes} == {size}
        assert figure.axes[0].yaxis.label.get_fontsize() == 7


def test_only_views_of_the_scene_have_a_column(choices):
    scene = Scene("x", {"catvision": np.zeros((9, 9, 3), np.uint8)})
    assert [a.get_title()[:9] for a in gallery.draw([scene], choices).axes] == ["catvision"]


def test_scenes_have_titles_and_pictures_of_the_chosen_frames(study, spec):
    """From two shards; the gallery of the synthetic study shows four frames."""
    paths = {v: [study / f"views/{v}/{i}.parquet" for i in (0, 1)] for v in ("cat", "human")}
    frames = [study / f"frames/{i}.parquet" for i in (0, 1)]
    found = gallery.read(frames, paths, synthetic.choices())
    assert [one.title for one in found] == ["Astronaut", "Chelsea the cat", "Coffee", "Dahlia"]
    rows = {row["frame_id"]: row for row in synthetic.pictures()}
    for one, frame in zip(found, ("astronaut/0", "chelsea-the-cat/0", "coffee/0", "dahlia/0")):
        assert set(one.pictures) == {"cat", "human"}
        for view, picture in one.pictures.items():
            (wanted,) = synthetic.view_rows([rows[frame]], view)
            np.testing.assert_array_equal(picture, decode_png(wanted["image"]["bytes"]))


def test_a_frame_without_a_title_is_called_by_its_id():
    rows = pd.DataFrame({"frame_id": ["a/0", "b/0", "c/0"], "title": ["", None, "C"]})
    assert reading.titles(rows) == {"a/0": "a/0", "b/0": "b/0", "c/0": "C"}


def test_frames_that_are_none_or_twice_are_named(tmp_path):
    path = tmp_path / "frames.parquet"
    tables.write(path, [], FRAMES, {"stage": "frames"})
    said = f"{path}: there is no frame to show; rejected.parquet says why files were left out"
    with pytest.raises(CatsightError, match=f"^{re.escape(said)}$"):
        reading.listed([path])
    tables.write(path, synthetic.pictures(8, 1), FRAMES, {"stage": "frames"})
    said = f"{path}: the frame 'astronaut/0' is in the tables of frames more than once"
    with pytest.raises(CatsightError, match=f"^{re.escape(said)}$"):
        reading.listed([path, path])


def test_missing_and_double_frames_are_named(spec, tmp_path):
    frames = synthetic.pictures(16, 1)
    synthetic.write_study(tmp_path, frames)
    call = ["gallery", "--spec", tables.canonical_json(spec), "--frames", str(tmp_path / "frames")]
    output = ["--output", str(tmp_path / "g.png")]
    one = str(tmp_path / "views/cat/0.parquet")
    missing = f"^{re.escape(one)}: the frame 'chelsea-the-cat/0' is missing, here and in the other"
    with pytest.raises(CatsightError, match=f"{missing} shards$"):
        command.main([*call, "--views", "cat", one, *output])
    with pytest.raises(
        CatsightError, match=r"/views/cat/1\.parquet: the frame 'astronaut/0' comes twice$"
    ):
        tables.write(
            tmp_path / "views/cat/1.parquet",
            tables.read(one).to_pylist(),
            VIEWS,
            {"stage": "views"},
        )
        command.main([*call, "--views", "cat", str(tmp_path / "views/cat"), *output])
    with pytest.raises(
        CatsightError,
        match=r"^'dog' is not a view of this figure; it may be original, human, cat, catvision$",
    ):
        command.main([*call, "--views", "dog", one, *output])
    assert not (tmp_path / "g.png").exists()


def test_order_of_views():
    views = {**synthetic.VIEWS, "a_swap": synthetic.eye_view("human")}
    choices = synthetic.choices(views=views)
    assert list(choices.views) == ["original", "human", "cat", "a_swap", "catvision"]
    assert choices.compared == ("cat", "a_swap", "catvision", "original")
    said = "^the study has no view beside its reference 'human'; add one under views:$"
    with pytest.raises(CatsightError, match=said):
        synthetic.choices(views={"human": synthetic.eye_view("human")}).focus  # noqa: B018
