"""Which frames the figure of answers shows, and what stands below each."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from catsight.figures import answers
from catsight.figures.answers import Answer, Example, Pictures
from support import synthetic_study as synthetic
from support import synthetic_tables

LITE, FOCUS, SWIN, VIT = synthetic.ENCODERS
ORANGE, GREY = "#d55e00", "#6b7075"


def test_changed_frames_come_first_the_most_divergent_ahead_and_each_of_another_group(choices):
    table = synthetic_tables.readout()
    for frame, value in (("dahlia/1", 5), ("dahlia/0", 4), ("rocket/0", 3), ("coffee/0", 2)):  # fmt: skip
        here = (table["frame_id"] == frame) & (table["view"] == "cat")
        table.loc[here, "divergence"] = value
    table.loc[here | (table["frame_id"] == "dahlia/1"), "same_first"] = 0.0
    elsewhere = table["view"] != "cat"
    table.loc[elsewhere, "divergence"] = table.loc[elsewhere, "divergence"].to_numpy()[::-1]
    found = answers.examples(table, choices)
    assert [one.frame for one in found][:3] == ["dahlia/1", "rocket/0", "coffee/0"]
    assert len(found) == answers.FRAMES == 12
    assert [one.changed for one in found] == [True] * 8 + [False] * 4
    assert len({one.group for one in found[:7]}) == 7 and found[7].frame == "dahlia/0"
    cat = table[(table["view"] == "cat") & (table["kind"] == "frame")].set_index("frame_id")
    for one in found:
        row, answer = cat.loc[one.frame], one.answers[LITE]
        assert (answer.reference, answer.view) == (row["reference_name"], row["view_name"])
        assert (answer.reference_p, answer.view_p) == (row["reference_p"], row["view_p"])
        assert one.group == row["group"]


def test_the_mean_over_encoders_counts_of_at_most_three(choices):
    table = synthetic_tables.readout(tuple(synthetic.ENCODERS))
    frames = table["kind"] == "frame"
    table.loc[frames, ["same_first", "divergence"]] = [1.0, 0.5]
    for encoder, frame, same, apart in (
        (LITE, "coffee/0", 0.0, 0.1), (FOCUS, "coffee/0", 0.0, 0.1), (LITE, "rocket/1", 0.0, 0.9),
        (SWIN, "dahlia/0", 0.0, 1.0),  # the fourth is not shown
    ):  # fmt: skip
        here = frames & (table["encoder"] == encoder) & (table["frame_id"] == frame)
        table.loc[here, ["same_first", "divergence"]] = [same, apart]
    found = answers.examples(table, choices)
    assert [one.frame for one in found[:2]] == ["coffee/0", "rocket/1"]
    assert list(found[0].answers) == [LITE, FOCUS, VIT]
    assert [one.changed for one in found[0].answers.values()] == [True, True, False]
    assert not any(one.changed for one in found[2:])


@pytest.fixture(scope="module")
def drawn():
    """Four frames and two encoders, of which the second does not answer to the last frame."""
    kept, other = Answer("hare", 0.5, "hare", 0.25, False), Answer("tiger cat", 0.9951, "a name that is far too long", 0.041, True)  # fmt: skip
    found = [
        Example("a", "a", {LITE: other, FOCUS: kept}),
        Example("b", "b", {LITE: kept, FOCUS: kept}),
        Example("c", "c", {LITE: kept, FOCUS: other}),
        Example("d", "d", {LITE: kept}),
    ]
    shade = {name: np.full((8, 8, 3), 10 * i, np.uint8) for i, name in enumerate("abcd")}
    seen = {name: picture + 100 for name, picture in shade.items()}
    return answers.draw(found, synthetic.choices(), Pictures(shade, seen))


def test_each_pair_is_the_frame_in_the_reference_and_in_the_view(drawn):
    grid = np.array(drawn.axes).reshape(2, 6)
    shown = [int(axes.images[0].get_array()[0, 0, 0]) for axes in drawn.axes if axes.images]
    assert shown == [0, 100, 10, 110, 20, 120, 30, 130]
    assert [axes.get_title() for axes in grid[0]] == ["human", "cat"] * 3
    assert not any(axes.get_title() or axes.get_visible() for axes in grid[1, 2:])


def test_answers_stand_below_in_bold_if_they_change(drawn):
    def below(axes):
        return [(text.get_text(), text.get_fontweight()) for text in axes.texts]

    first, second, *_ = drawn.axes
    assert below(first) == [("tiger cat over 0.99", "normal"), ("hare 0.50", "normal")]
    assert below(second) == [("a name that is far… 0.04", "bold"), ("hare 0.25", "normal")]
    assert below(drawn.axes[7]) == [("hare 0.25", "normal")]
    looks = synthetic.choices().looks
    colours = [to_hex(text.get_color()) for text in first.texts]
    assert colours == [looks[LITE].colour.lower(), looks[FOCUS].colour.lower()]


def test_a_change_has_an_orange_border(drawn):
    borders = [to_hex(axes.spines["left"].get_edgecolor()) for axes in drawn.axes[1:8:2]]
    assert borders == [ORANGE, GREY, ORANGE, GREY]
    (legend,) = drawn.legends
    labels = [synthetic.ENCODERS[name]["label"] for name in (LITE, FOCUS)]
    assert [text.get_text() for text in legend.get_texts()] == labels


def test_without_frames_the_figure_says_so(choices):
    table = synthetic_tables.readout()
    found = answers.examples(table[table["kind"] == "mean"], choices)
    assert found == []
    figure = answers.draw(found, choices, Pictures({}, {}))
    assert [text.get_text() for text in figure.texts] == ["no frames to show"]
