"""Which frames the figure of confusions shows, and what it says of each."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from catsight.figures import retrieval
from catsight.figures.retrieval import Example, Nearest, Pictures
from catsight.study.figures_registry import FIGURES
from support import synthetic_study as synthetic
from support import synthetic_tables

ORANGE, GREY, PALE = "#d55e00", "#6b7075", "#e4e4e0"
LITE, FOCUS, SWIN, VIT = synthetic.ENCODERS


def set_distance(table, encoder, frame, distances):
    """What the cat's view of a frame has for distances to the frames of the reference."""
    for other, value in distances.items():
        here = (
            (table["encoder"] == encoder) & (table["view"] == "cat") & (table["frame_id"] == frame)
        )
        table.loc[here & (table["other_id"] == other), "distance"] = value


def far_apart(table):
    """All frames are their own nearest: 0.5 from themselves, 0.75 from all others."""
    own = table["frame_id"] == table["other_id"]
    return table.assign(distance=np.where(own, 0.5, 0.75))


def test_mistakes_come_first_each_of_another_group(choices):
    encoders = ("efficientnet_lite0", "imgfocus_vit_s14", "vit_s16_untrained")
    table = synthetic_tables.pairs(encoders=encoders)
    ids = sorted(set(table["frame_id"]))
    for encoder in encoders:
        for frame in ids:
            set_distance(table, encoder, frame, {frame: 0.1})  # all are found ...
    for encoder in encoders[:2]:
        set_distance(table, encoder, "b1", {"a2": 0.05})  # ... but b1, by two encoders,
    set_distance(
        table, encoders[2], "b1", {"b0": 0.01}
    )  # which is of its own group, and no other scene
    set_distance(table, encoders[0], "b0", {"a0": 0.05})  # b0, by one,
    set_distance(table, encoders[0], "a1", {"b2": 0.05})  # and a1
    found = retrieval.examples(table, choices)
    assert [one.frame for one in found][:3] == ["b1", "a1", "b0"] and len(found) == 4
    nearest = found[0].nearest
    assert nearest["efficientnet_lite0"].other == "a2" and nearest["efficientnet_lite0"].mistaken
    assert not nearest["vit_s16_untrained"].mistaken
    others = table[
        (table["encoder"] == "vit_s16_untrained")
        & (table["view"] == "cat")
        & (table["frame_id"] == "b1")
    ]
    others = others[others["other_id"].str.startswith("a")].set_index("other_id")["distance"]
    assert nearest["vit_s16_untrained"].other == others.idxmin()


def test_a_tie_is_no_mistake_and_its_margin_is_how_much_nearer_the_other_is(choices):
    table = far_apart(synthetic_tables.pairs(encoders=(LITE, FOCUS, SWIN)))
    for encoder, distance in ((LITE, 0.5), (FOCUS, 0.25), (SWIN, 0.625)):
        set_distance(table, encoder, "a0", {"b1": distance})
    (one,) = (found for found in retrieval.examples(table, choices) if found.frame == "a0")
    assert one.group == "a"
    assert {name: (near.other, near.margin, near.mistaken) for name, near in one.nearest.items()} == {
        LITE: ("b1", 0, False),
        FOCUS: ("b1", 0.25, True),
        SWIN: ("b1", -0.125, False),
    }  # fmt: skip


def test_without_mistakes_those_nearest_to_one_come_first(choices):
    """Then by id; of the same distances the first other frame is named."""
    table = far_apart(synthetic_tables.pairs(8, encoders=(LITE, FOCUS)))
    for frame, distance in (("b3", 0.55), ("a2", 0.6), ("b1", 0.7)):
        set_distance(table, FOCUS, frame, {"a3" if frame[0] == "b" else "b3": distance})
    found = retrieval.examples(table, choices)
    assert [one.frame for one in found] == ["b3", "a2", "b1", "a0"]
    assert found[3].nearest[LITE].other == "b0"


def test_more_mistakes_come_before_a_larger_one(choices):
    """Of three frames of one group: two small mistakes, then the larger of single ones."""
    table = far_apart(synthetic_tables.pairs(encoders=(LITE, FOCUS)))
    set_distance(table, LITE, "a0", {"b0": 0.3})
    set_distance(table, LITE, "a1", {"b0": 0.1})
    for encoder in (LITE, FOCUS):
        set_distance(table, encoder, "a2", {"b0": 0.45})
    table = table[table["frame_id"].str.startswith("a") | (table["frame_id"] == "b0")]
    found = [one.frame for one in retrieval.examples(table, choices)]
    assert found == ["a2", "b0", "a1", "a0"]


def test_only_the_first_three_encoders_and_the_view_in_focus_count(choices):
    table = far_apart(synthetic_tables.pairs())
    for encoder in synthetic.ENCODERS:
        set_distance(table, encoder, "a1", {"b1": 0.1})
    (first, *_) = retrieval.examples(table, choices)
    assert first.frame == "a1" and list(first.nearest) == [LITE, FOCUS, VIT]
    elsewhere = table.assign(view=table["view"].replace({"cat": "catvision", "catvision": "cat"}))
    (first, *_) = retrieval.examples(elsewhere, choices)
    assert not any(near.mistaken for near in first.nearest.values())


def test_within_a_single_group_any_other_frame_may_be_nearest(choices):
    table = far_apart(synthetic_tables.pairs(4, encoders=(LITE,)))
    table = table.assign(group="one")
    set_distance(table, LITE, "a0", {"a1": 0.2})
    assert retrieval.examples(table, choices)[0].nearest[LITE].other == "a1"


def test_pictures_are_those_of_the_examples(choices):
    table = synthetic_tables.pairs()
    found = retrieval.examples(table, choices)
    shade = {
        frame: np.full((8, 8, 3), 10 * i, np.uint8)
        for i, frame in enumerate(sorted(set(table["frame_id"])))
    }
    seen = {frame: picture + 100 for frame, picture in shade.items()}
    pictures = retrieval.Pictures(reference=shade, view=seen, titles={"a0": "A title"})
    figure = retrieval.draw(found, choices, pictures)
    grid = np.array(figure.axes).reshape(len(found), -1)
    assert grid.shape[1] == 2 + retrieval.ENCODERS
    for axes_row, one in zip(grid, found):
        shown = [int(axes.images[0].get_array()[0, 0, 0]) for axes in axes_row]
        wanted = [shade[one.frame][0, 0, 0], shade[one.frame][0, 0, 0] + 100]
        assert shown == [*wanted, *(shade[near.other][0, 0, 0] for near in one.nearest.values())]
        words = [axes.get_xlabel() for axes in axes_row[2:]]
        assert words == [
            "mistaken" if near.mistaken else "own frame is nearer" for near in one.nearest.values()
        ]
        assert axes_row[0].get_ylabel() == ("A title" if one.frame == "a0" else one.frame)


@pytest.fixture(scope="module")
def drawn():
    """Two frames: one mistaken by the first of two encoders, one that the second knows not."""
    found = [
        Example("a0", "a", {LITE: Nearest("b0", 0.1), FOCUS: Nearest("b1", 0.0)}),
        Example("b0", "b", {LITE: Nearest("a0", -0.1)}),
    ]
    side = {"a0": 10, "b0": 20, "b1": 30}
    reference = {name: np.full((8, 8, 3), shade, np.uint8) for name, shade in side.items()}
    view = {name: picture + 100 for name, picture in reference.items()}
    titles = {"a0": "The astronaut Eileen Collins", "b0": "Coffee"}
    figure = retrieval.draw(found, synthetic.choices(), Pictures(reference, view, titles))
    return np.array(figure.axes).reshape(2, 4)


def test_the_heads_name_views_and_encoders(drawn):
    assert [axes.get_title() for axes in drawn[0]] == [
        "frame as\nhuman",
        "frame as\ncat",
        "nearest other,\nEfficientNet-Lite0",
        "nearest other,\nimg-focus ViT-S/14",
    ]
    assert not any(axes.get_title() for axes in drawn[1])
    assert [axes.get_ylabel() for axes in drawn[:, 0]] == [
        "The astronaut\nEileen Collins",
        "Coffee",
    ]
    assert not any(axes.get_ylabel() for axes in drawn[:, 1:].ravel())


def test_only_a_mistake_has_an_orange_border_as_the_caption_says(drawn):
    def border(axes):
        (colour,) = {to_hex(spine.get_edgecolor()) for spine in axes.spines.values()}
        (width,) = {spine.get_linewidth() for spine in axes.spines.values()}
        assert all(spine.get_visible() for spine in axes.spines.values())
        return colour, width, axes.get_xlabel(), to_hex(axes.xaxis.label.get_color())

    plain = (PALE, 0.8, "")
    assert [border(axes)[:3] for axes in drawn[:, :2].ravel()] == [plain] * 4
    right = (GREY, 0.8, "own frame is nearer", GREY)
    assert border(drawn[0, 2]) == (ORANGE, 2.2, "mistaken", ORANGE)
    assert border(drawn[0, 3]) == border(drawn[1, 2]) == right
    assert [axes.get_visible() for axes in drawn.ravel()] == [True] * 7 + [False]
    assert (
        "An orange border marks a mistake: another scene is nearer than the frame itself. A grey "
        "one marks none."
    ) in FIGURES["retrieval"].caption


def test_the_pictures_stand_in_their_columns(drawn):
    shades = [[int(a.images[0].get_array()[0, 0, 0]) for a in row if a.images] for row in drawn]
    assert shades == [[10, 110, 20, 30], [20, 120, 10]]


def test_the_pictures_of_examples_are_read_from_the_shards(study, choices):
    """Of the view in focus the frames' own, of the reference those mistaken for them, too."""
    frames = [study / f"frames/{i}.parquet" for i in (0, 1)]
    views = {v: [study / f"views/{v}/{i}.parquet" for i in (0, 1)] for v in ("human", "cat")}
    found = [Example("coffee/0", "coffee", {LITE: Nearest("rocket/1", 0.1)})]
    pictures = retrieval.read(found, frames, views, choices)
    assert sorted(pictures.reference) == ["coffee/0", "rocket/1"]
    assert list(pictures.view) == ["coffee/0"]
    assert (pictures.view["coffee/0"] != pictures.reference["coffee/0"]).any()
    assert pictures.titles["rocket/1"] == "Rocket" and len(pictures.titles) == 14


def test_frames_without_direction_are_left_out(choices):
    table = synthetic_tables.pairs(encoders=tuple(synthetic.ENCODERS)[:1])
    table.loc[table["frame_id"] == "a0", "distance"] = np.nan
    assert "a0" not in [one.frame for one in retrieval.examples(table, choices)]


@pytest.mark.parametrize("others", [False, True])
def test_a_frame_whose_own_or_whose_other_distances_are_unknown_is_left_out(others, choices):
    table = far_apart(synthetic_tables.pairs(encoders=(LITE,)))
    own = table["frame_id"] == table["other_id"]
    unknown = (table["frame_id"] == "a0") & (~own if others else own)
    table.loc[unknown, "distance"] = np.nan
    found = [one.frame for one in retrieval.examples(table, choices)]
    assert "a0" not in found and len(found) == 4


def test_where_nothing_can_be_found_the_figure_says_so(choices):
    table = synthetic_tables.pairs()
    table["distance"] = np.nan
    assert retrieval.examples(table, choices) == []
    (text,) = retrieval.draw([], choices, retrieval.Pictures({}, {}, {})).texts
    assert text.get_text() == (
        "no frames to set against one another: too few, or their features do not vary"
    )
