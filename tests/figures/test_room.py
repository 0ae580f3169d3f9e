"""Figures of frames of any shape, of few, and of many encoders with long names: all has its place."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from catsight.figures import answers, extremes, gallery, places, readout
from support import said, synthetic_tables
from support import synthetic_study as synthetic

LONG = "A network that somebody has described in its name at such length that no legend has room"
FAMILIES = ("cnn", "vit", "windowed-vit", "hybrid", "mlp")
DUSK = "cat-at-dusk-with-glasses-of-two-dioptres-and-a-hat"
#: More than there are colours, so encoders of two families may share one; of each family one first.
MANY = {
    f"e{i}": {"label": f"{LONG} {i}", "family": FAMILIES[i % 5], "training": "supervised", "licence": ""}
    for i in range(12)
}  # fmt: skip


class Grey(dict):
    """A grey picture of a shape (h, w) for each frame."""

    def __init__(self, *shape):
        self.picture = np.full((*shape, 3), 90, np.uint8)

    def __missing__(self, frame):
        return self.picture


def of_places(choices, shape):
    table = synthetic_tables.places(encoders=tuple(choices.encoders))
    table = table[table["view"] == "cat"].replace({"view": {"cat": choices.focus}})
    rows = places.of_focus(table, choices)
    pictures = places.Pictures(Grey(*shape), Grey(*shape), {"a0": LONG})
    return places.draw(rows, choices, pictures)


def of_answers(choices, shape):
    table = synthetic_tables.readout(tuple(choices.encoders), ("human", choices.focus))
    found = answers.examples(table, choices)
    return answers.draw(found, choices, answers.Pictures(Grey(*shape), Grey(*shape)))


def of_extremes(choices, shape, count=7):
    groups = [f"g{i}" for i in range(count)]
    values = pd.DataFrame(
        {name: np.linspace(0.5, 0.9, count) for name in choices.encoders}, index=groups
    )
    about = pd.DataFrame({name: np.arange(count) for name in extremes.ABOUT}, index=groups)
    same, titles = dict(zip(groups, groups)), dict.fromkeys(groups, "A scene in the rain")
    scenes = extremes.Scenes(
        values, values.mean(axis=1), about, same, titles, Grey(*shape), Grey(*shape)
    )
    return extremes.draw(scenes, choices)


DRAWN = pytest.mark.parametrize("draw", [of_places, of_answers, of_extremes])


@DRAWN
@pytest.mark.parametrize("shape", [(40, 40), (40, 100), (90, 60)])
def test_frames_of_any_shape_fill_their_row(draw, shape):
    figure = draw(synthetic.choices(), shape)
    assert said.misplaced(figure) == []
    pictured = [axes for axes in figure.axes if axes.images and axes.get_visible()]
    tops = sorted({round(axes.get_window_extent().y0) for axes in pictured}, reverse=True)
    high = max(axes.get_window_extent().height for axes in pictured)
    # below each row but words: at most four lines of 0.17 inches
    assert -np.diff(tops).max() < high + 0.68 * figure.dpi


@DRAWN
def test_long_labels_are_cut_before_they_leave_the_page(draw):
    encoders = dict(list(MANY.items())[:3])
    assert said.misplaced(draw(synthetic.choices(encoders=encoders), (40, 40))) == []


def test_a_few_scenes_do_not_fill_a_page():
    for count in (1, 2, 4):
        figure = of_extremes(synthetic.choices(), (40, 40), count)
        assert said.misplaced(figure) == [] and figure.get_size_inches()[1] < 7.5


def test_many_encoders_leave_the_lines_of_places_their_room():
    choices = synthetic.choices(encoders=MANY)
    figure = of_places(choices, (40, 40))
    assert said.misplaced(figure) == []
    left, _ = figure.subfigs[1].axes
    assert left.get_window_extent().height > 0.9 * figure.dpi


def test_the_answers_of_encoders_have_a_colour_each():
    choices = synthetic.choices(encoders=MANY)
    shown = list(choices.encoders)[: answers.ENCODERS]
    # by their own looks two of them are alike
    chosen = {name: MANY[name] for name in (*shown[:1], "e1", "e2")}
    assert len({choices.looks[name].colour for name in chosen}) < 3
    table = synthetic_tables.readout(tuple(chosen))
    found = answers.examples(table, choices)
    figure = answers.draw(found, choices, answers.Pictures(Grey(9, 9), Grey(9, 9)))
    below = [to_hex(text.get_color()) for text in figure.axes[0].texts]
    (legend,) = figure.legends
    assert len(set(below)) == 3
    assert below == [to_hex(one.get_facecolor()) for one in legend.get_patches()]


@DRAWN
def test_views_with_long_names_are_cut_above_pictures(draw):
    """The one in focus, and the reference."""
    views = {name: synthetic.VIEWS[eye] for name, eye in ((DUSK, "cat"), (f"no-{DUSK}", "human"))}
    choices = synthetic.choices(views=views, reference=f"no-{DUSK}")
    assert said.misplaced(draw(choices, (40, 40))) == []


def test_views_with_long_names_leave_the_numbers_their_room():
    name = DUSK
    views = {view: synthetic.VIEWS[view] for view in ("human", "cat")}
    choices = synthetic.choices(views=views | {name: synthetic.VIEWS["catvision"]}, encoders=MANY)
    table = synthetic_tables.readout(tuple(MANY), ("human", "cat", name))
    assert said.misplaced(readout.draw(table, choices)) == []


def test_the_tallest_picture_within_limits():
    shapes = [(10, 60), (30, 60), (60, 60), (600, 60)]
    ratios = [gallery.tallest([np.zeros((*shape, 3))]) for shape in shapes]
    assert ratios == [0.4, 0.5, 1, 1.6]
    assert gallery.tallest([np.zeros((30, 60, 3)), np.zeros((60, 60, 3))]) == 1
