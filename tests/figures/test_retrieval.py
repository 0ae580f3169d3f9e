import numpy as np

from catsight.figures import retrieval
from support import synthetic_study as synthetic
from support import synthetic_tables


def set_distance(table, encoder, frame, distances):
    """What the cat's view of a frame has for distances to the frames of the reference."""
    for other, value in distances.items():
        here = (
            (table["encoder"] == encoder) & (table["view"] == "cat") & (table["frame_id"] == frame)
        )
        table.loc[here & (table["other_id"] == other), "distance"] = value


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


def test_frames_without_direction_are_left_out(choices):
    table = synthetic_tables.pairs(encoders=tuple(synthetic.ENCODERS)[:1])
    table.loc[table["frame_id"] == "a0", "distance"] = np.nan
    assert "a0" not in [one.frame for one in retrieval.examples(table, choices)]


def test_where_nothing_can_be_found_the_figure_says_so(choices):
    table = synthetic_tables.pairs()
    table["distance"] = np.nan
    assert retrieval.examples(table, choices) == []
    (text,) = retrieval.draw([], choices, retrieval.Pictures({}, {}, {})).texts
    assert "no frames to set against one another" in text.get_text()
