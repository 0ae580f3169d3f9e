"""The summary shows pictures and numbers under the right names."""

import numpy as np
import pytest

from catsight import CatsightError
from catsight.figures import summary
from catsight.figures.reading import Scene
from catsight.inputs.pictures import decode_png
from support import said
from support import small_figures as small
from support import synthetic_study as synthetic

METRIC = "cka_linear_unbiased"
#: The views whose pictures are shown, each a grey of its own, and their titles.
PICTURES = {
    "human": (40, "human (reference)\n100 cd/m², 16°"),
    "cat": (80, "cat\n0.5 cd/m², 20°"),
    "blur": (120, "blur\ncontrast loss of cat"),
    "original": (160, "original\nas photographed"),
}
COMPARED = ["cat", "blur", "jpeg", "original"]


def scene(shape=(20, 20, 3)):
    greys = {view: grey for view, (grey, _) in PICTURES.items()} | {"jpeg": 200, "lynx": 220}
    return Scene("x", {view: np.full(shape, grey, np.uint8) for view, grey in greys.items()})


def draw(data, shares=None, choices=None, of=None):
    return summary.draw(data, choices or small.choices(), of or scene(), shares)


def parted(figure):
    """The panels: pictures, legend, left, right, and what is below them."""
    count = sum(bool(axes.images) for axes in figure.axes)
    key, left, right, *below = figure.axes[count:]
    return figure.axes[:count], key, left, right, below


@pytest.fixture(scope="module")
def data():
    return small.metrics("cka_linear", METRIC, "energy")


@pytest.fixture(scope="module")
def shares():
    return small.attribution("cka_linear", METRIC)


@pytest.fixture(scope="module")
def figure(data, shares):
    return draw(data, shares)


@pytest.fixture
def cka():
    """A table of the headline alone, to be changed."""
    return small.metrics(METRIC)


def test_pictures_are_of_the_views_above_them(figure):
    pictures, *_ = parted(figure)
    found = [(axes.images[0].get_array().max(), axes.get_title()) for axes in pictures]
    assert found == [*PICTURES.values()]
    for axes in pictures:
        assert axes.images[0].get_array().shape == (20, 20, 3)
        assert not said.ticks(axes.xaxis) and not said.ticks(axes.yaxis)
        assert not any(spine.get_visible() for spine in axes.spines.values())


def test_of_many_views_four_are_pictured_and_of_those_that_have_a_picture(cka):
    views = small.VIEWS | {"lynx": synthetic.eye_view("lynx")}
    pictures, *_ = parted(draw(cka, choices=small.choices(views=views)))
    assert [axes.get_title().split()[0] for axes in pictures] == ["human", "cat", "lynx", "blur"]
    known = {view: scene().pictures[view] for view in ("cat", "human", "original")}
    pictures, *_ = parted(draw(cka, of=Scene("x", known)))
    assert [axes.get_title().split()[0] for axes in pictures] == ["human", "cat", "original"]


def test_a_large_picture_is_made_smaller(cka):
    pictures, *_ = parted(draw(cka, of=scene((500, 840, 3))))
    assert pictures[0].images[0].get_array().shape == (250, 420, 3)


def test_the_legend_names_encoders_and_families(figure):
    _, key, *_ = parted(figure)
    assert said.legend(key) == small.legend_of_encoders() and not key.axison
    assert 2.5 < key.get_legend().handlelength < 3  # long enough for dashes
    assert len({round(text.get_window_extent().x0) for text in key.get_legend().get_texts()}) == 2


def test_the_left_panel_is_the_view_in_focus_by_depth(figure, data):
    _, _, left, _, _ = parted(figure)
    assert left.get_xlabel() == "relative depth of the layer, “cat”"
    assert left.get_ylabel() == "Linear CKA, unbiased"
    assert said.ticks(left.xaxis) == [(0, "0"), (0.5, "0.5"), (1, "1")]
    assert left.get_xlim() == (-0.04, 1.04) and said.gridlines(left) == "y"
    assert said.rules(left) == [said.Rule("y", 1, small.GREY, 0.7)]
    curves, bands = said.curves(left), said.bands(left)
    assert len(curves) == len(bands) == 3
    for line, band, (encoder, look) in zip(curves, bands, small.LOOKS.items()):
        rows = small.of(data, metric=METRIC, view="cat", encoder=encoder)
        assert (line.get_label(), said.mark(line)) == (encoder, look)
        assert said.points(line) == small.pairs(rows, "depth", "value")
        ends = list(zip(rows["depth"], rows["ci_low"], rows["ci_high"]))
        assert band[:4] == (look.colour, 0.11, ends, 1)


def test_the_right_panel_is_the_mean_of_every_view(figure, data):
    _, _, _, right, _ = parted(figure)
    assert right.get_xlabel() == "mean over layers" and right.get_ylabel() == ""
    assert said.ticks(right.yaxis) == list(enumerate(COMPARED))
    assert right.get_ylim() == (3.5, -0.5) and said.gridlines(right) == "x"
    assert said.rules(right) == [said.Rule("x", 1, small.GREY, 0.7)]
    wanted = []
    for place, view in enumerate(COMPARED):
        for (encoder, look), side in zip(small.LOOKS.items(), (-0.25, 0, 0.25)):
            row = small.one(data, layer="all", metric=METRIC, view=view, encoder=encoder)
            wanted.append((row, place + side, look))
    assert said.dots(right) == [
        (row.value, y, (look.colour, look.marker, "", look.face)) for row, y, look in wanted
    ]
    assert said.bars(right) == [
        (look.colour, (row.ci_low, y), (row.ci_high, y), 1.1) for row, y, look in wanted
    ]
    assert {line.get_markersize() for line in said.curves(right)} == {3}


def test_shares_below_are_those_of_the_parts(figure, shares):
    *_, (axes,) = parted(figure)
    assert axes.get_xlabel() == "loss due to each part of the eye of “cat”, mean over layers"
    assert said.ticks(axes.yaxis) == list(enumerate(small.LABELS.values()))
    assert axes.get_ylim() == (2.5, -0.5) and said.gridlines(axes) == "x"
    assert said.rules(axes) == [said.Rule("x", 0, small.GREY, 0.7)]
    wanted = []
    for place, encoder in enumerate(small.LOOKS):
        for (part, colour), side in zip(small.PART_COLOURS.items(), (-0.7 / 3, 0, 0.7 / 3)):
            row = small.one(shares, layer="all", metric=METRIC, encoder=encoder, part=part)
            wanted.append((row, pytest.approx(place + side), colour))
    assert said.dots(axes) == [
        (row.value, y, (colour, "o", "", colour)) for row, y, colour in wanted
    ]
    assert said.bars(axes) == [
        (colour, (row.ci_low, y), (row.ci_high, y), 1.4) for row, y, colour in wanted
    ]
    assert said.legend(axes) == [
        (one["label"], said.Mark(colour, "o", "", colour))
        for one, colour in zip(small.PARTS, small.PART_COLOURS.values())
    ]


def test_the_layout_is_in_order(figure):
    pictures, key, left, right, (parts,) = parted(figure)
    assert not said.misplaced(figure)
    assert said.letters(figure) == {7.5, 8, 8.5}
    assert said.grid(figure.axes) == [pictures, [key], [left, right], [parts]]
    assert figure.get_figwidth() == 5.6
    wide = said.inches(left)[0] / said.inches(right)[0]
    assert 1.2 < wide < 1.3
    for axes in (right, parts):  # names need no tick
        assert not any(tick.tick1line.get_markersize() for tick in axes.yaxis.get_major_ticks())
    beside = parts.get_legend().get_window_extent().x0 - parts.get_window_extent().x1
    assert 0 < beside < 0.2 * figure.dpi


def test_panels_keep_their_size(figure, cka):
    """Whatever stands below them; with many dots they grow."""
    alone = draw(cka)
    views = small.VIEWS | {f"lynx{i}": synthetic.eye_view("lynx") for i in range(8)}
    more = draw(cka, choices=small.choices(views=views))
    cka["ci_low"], cka["reason"] = cka["ci_low"].mask(cka["encoder"] == "vit"), "word " * 60
    noted = draw(cka)
    for drawn in (figure, alone, noted):
        assert 1.5 < said.inches(parted(drawn)[2])[1] < 2
    assert 3.4 < said.inches(parted(more)[2])[1] < 3.9  # 0.1 for each of 36 dots
    assert 0.3 < said.inches(parted(figure)[-1][0])[1] / 3 < 0.5  # a row of the parts
    assert not said.misplaced(noted) and said.letters(noted) == {7.5, 8, 8.5}


@pytest.mark.parametrize("shape", [(20, 20, 3), (20, 60, 3), (60, 20, 3)])
def test_photographs_of_any_shape_leave_no_gap_above_the_legend(cka, shape):
    figure = draw(cka, of=scene(shape))
    pictures, key, *_ = parted(figure)
    gap = pictures[0].get_window_extent().y0 - key.get_legend().get_window_extent().y1
    assert 0 < gap < 0.35 * figure.dpi  # less than a third of an inch
    wide, tall = said.inches(pictures[0])
    assert tall < 1.7 * 5.6 / 4 and wide < 5.6 / 4


def test_values_without_an_interval_are_no_curve(cka, shares):
    """They are noise: with four photographs unbiased CKA may be anything."""
    none = {"ci_low": np.nan, "ci_high": np.nan, "reason": "too few frames", "n_groups": 4}
    figure = draw(cka.assign(**none), shares.assign(ci_low=np.nan))
    _, _, left, right, (notes,) = parted(figure)
    for axes in (left, right):
        assert not any(map(said.points, said.curves(axes)))
        assert said.words(axes) == ["no value with an interval:\nadd photographs"]
    assert not said.ticks(left.yaxis) and not said.bars(right)
    assert said.words(notes) == ["no interval, so not drawn: too few frames (21 of 21 points)"]
    assert not notes.axison


def test_what_is_missing_in_either_panel_is_said(cka):
    layer = (cka["layer"] == "blocks.1") & (cka["encoder"] == "net") & (cka["view"] == "cat")
    mean = (cka["layer"] == "all") & (cka["encoder"] == "net") & (cka["view"] == "jpeg")
    cka.loc[layer | mean, ["value", "reason"]] = [np.nan, "features do not vary"]
    _, _, left, right, (notes,) = parted(draw(cka))
    assert said.words(notes) == ["no value: features do not vary (2 of 21 points)"]
    assert not said.words(left) and not said.words(right)
    assert [x for x, _ in said.points(said.curves(left)[0])] == [0, 1]
    assert len(said.dots(right)) == 11


def test_encoders_and_views_without_rows_are_left_out(cka, shares):
    cka = cka[(cka["encoder"] != "vit") | (cka["view"] == "cat")]
    shares = shares[(shares["encoder"] != "vit") & (shares["part"] != "acuity")]
    _, _, _, right, (parts,) = parted(draw(cka, shares))
    assert len(said.dots(right)) == 9
    assert [word for _, word in said.ticks(parts.yaxis)] == ["ConvNet", "Swin (untrained)"]
    assert [word for word, _ in said.legend(parts)] == ["pupil and optics", "rods in the dark"]


def test_a_part_without_an_interval_leaves_the_others(cka, shares):
    gone = (shares["part"] == "acuity") & (shares["encoder"] == "net")
    shares = shares.assign(ci_low=shares["ci_low"].mask(gone))
    *_, (axes,) = parted(draw(cka, shares))
    assert len(said.dots(axes)) == 8
    assert len(said.legend(axes)) == 3


@pytest.mark.parametrize("where, note", [
    ("left", "left: shading that reaches the lower edge continues below 0"),
    ("right", "right: bars that reach the left edge continue below 0"),
])  # fmt: skip
def test_it_says_which_panel_is_cut(cka, where, note):
    means = (cka["layer"] == "all") if where == "right" else cka["layer"].eq("blocks.1")
    cka.loc[means, "ci_low"] = -0.5
    _, _, left, right, (notes,) = parted(draw(cka))
    assert said.words(notes) == [note]
    assert (left.get_ylim() == (-0.04, 1.05)) == (where == "left")
    assert (right.get_xlim() == (-0.04, 1.05)) == (where == "right")


def test_a_distance_is_read_against_zero(data):
    _, _, left, right, _ = parted(draw(small.metrics("energy")))
    assert [rule.at for axes in (left, right) for rule in said.rules(axes)] == [0, 0]
    assert left.get_ylabel() == "Energy distance"


def test_the_scene_is_the_first_frame_in_every_view(study):
    frames = [study / f"frames/{shard}.parquet" for shard in (0, 1)]
    views = {
        view: [study / f"views/{view}/{shard}.parquet" for shard in (0, 1)]
        for view in synthetic.VIEWS
    }
    found = summary.read(frames, views, synthetic.choices())
    (first,) = (row for row in synthetic.pictures() if row["frame_id"] == "astronaut/0")
    assert found.title == "Astronaut" and [*found.pictures] == [*synthetic.VIEWS]
    for view, picture in found.pictures.items():
        (row,) = synthetic.view_rows([first], view)
        np.testing.assert_array_equal(picture, decode_png(row["image"]["bytes"]))
    with pytest.raises(
        CatsightError, match="'moon' is not a view of this figure; it may be original"
    ):
        summary.read(frames, {"moon": views["cat"]}, synthetic.choices())
