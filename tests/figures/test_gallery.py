"""The gallery shows the pictures of the tables, each frame from another group."""

import numpy as np
import pandas as pd
import pytest

from catsight import CatsightError, tables
from catsight.figures import choices, command, gallery
from catsight.tables.columns.views import VIEWS
from support import synthetic_study as synthetic


def test_frames_come_from_different_groups_in_any_order():
    frames = pd.DataFrame(
        {"frame_id": [f"{g}{i}" for g in "cab" for i in range(3)], "group": list("cccaaabbb")}
    )
    assert gallery.choose(frames, 3) == ["a0", "b0", "c0"]
    assert gallery.choose(frames, 5) == ["a0", "b0", "c0", "a1", "b1"]
    assert gallery.choose(frames.sample(frac=1, random_state=1), 5) == gallery.choose(frames, 5)
    assert len(gallery.choose(frames, 99)) == 9


def test_columns_pictures_and_scale_bar(spec):
    rng = np.random.default_rng(0)
    columns = ["original", "human", "cat", "catvision"]
    rows = [
        {"title": f"photo {i}", "pictures": {v: rng.integers(0, 256, (40, 60, 3), dtype=np.uint8) for v in columns[::-1]}}
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
        assert axes_row[0].get_ylabel() == row["title"]
        for axes, view in zip(axes_row, columns):
            np.testing.assert_array_equal(axes.images[0].get_array(), row["pictures"][view])
            bars = axes.get_lines()
            assert len(bars) == (view == "human")
            for bar in bars:
                (text,) = axes.texts
                degrees = float(text.get_text().rstrip("°"))
                assert np.diff(bar.get_xdata())[0] / 60 * 16 == pytest.approx(degrees)


def test_a_view_with_its_own_field_of_view_has_its_own_bar(spec):
    spec = synthetic.spec(
        views={
            "human": {"eye": "human"},
            "cat": {"eye": "cat", "field_of_view": 40, "luminance": 0.01},
        }
    )
    picture = np.zeros((30, 30, 3), np.uint8)
    human, cat = gallery.draw(
        [{"title": "", "pictures": {"human": picture, "cat": picture}}], spec
    ).axes
    assert cat.get_title() == "cat\n0.01 cd/m², 40°"
    assert (human.texts[0].get_text(), cat.texts[0].get_text()) == ("2°", "10°")


@pytest.mark.parametrize("field, degrees", [(16, 2), (20, 5), (40, 10), (120, 20), (1, 0.2)])
def test_scale_is_round(field, degrees):
    assert gallery.scale(field) == pytest.approx(degrees)


def test_large_pictures_are_reduced(spec):
    picture = np.zeros((900, 1200, 3), np.uint8)
    figure = gallery.draw(
        [{"title": "x" * 99, "pictures": {"human": picture, "cat": picture}}], spec
    )
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
    with pytest.raises(CatsightError, match="--views dog: not a view"):
        command.main([*call, "--views", "dog", one, *output])
    assert not (tmp_path / "g.png").exists()


def test_order_of_views():
    spec = synthetic.spec(
        views={**synthetic.VIEWS, "a_swap": {"eye": "human", "swap": {"pupil": "cat"}}}
    )
    assert choices.views(spec) == ["original", "human", "cat", "a_swap", "catvision"]
    assert choices.compared(spec) == ["cat", "a_swap", "catvision", "original"]
    with pytest.raises(CatsightError, match="no view beside its reference"):
        choices.focus(synthetic.spec(views={"human": {"eye": "human"}}))


def test_parts_are_drawn_one_by_one_even_where_a_part_changes_nothing(spec):
    """The reference's own picture then stands there twice, under two titles."""
    swapped = {"acuity": "human+acuity", "colour": "human", "pupil": "human+pupil"}
    spec["attribution"] = {"view": "cat", "whole": "cat", "swapped": swapped}
    shades = {"human": 0, "human+pupil": 50, "human+acuity": 100, "cat": 150}
    pictures = {name: np.full((8, 8, 3), shade, np.uint8) for name, shade in shades.items()}
    axes = gallery.parts([{"title": "x", "pictures": pictures}], spec).axes
    assert [int(a.images[0].get_array()[0, 0, 0]) for a in axes] == [0, 50, 100, 0, 150]
    heads = [a.get_title().splitlines()[1] for a in axes]
    assert heads == ["(reference)", "pupil and optics", "acuity", "colour", "all of these"]
