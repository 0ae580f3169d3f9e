"""Figures look alike, whatever the user's matplotlib is set to, and are the same bytes everywhere."""

import os
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import imread

from catsight import CatsightError
from catsight.figures import maps, profiles, style, summary
from catsight.figures.reading import Scene
from support import said
from support import small_figures as small

#: Draws the summary of the small study, and writes it to a file.
SCRIPT = "import sys; from test_style import drawn; drawn(sys.argv[1])"


def drawn(path):
    """Writes the summary, which has pictures, lines, dots and words."""
    pictures = {view: np.full((20, 31, 3), 9, np.uint8) for view in small.VIEWS}
    rows, shares = small.metrics("cka_linear_unbiased"), small.attribution("cka_linear_unbiased")
    style.save(summary.draw(rows, small.choices(), Scene("x", pictures), shares), path, 100)


@style.styled
def plain(title="a title", picture=None):
    """A figure with one of everything."""
    figure = Figure(figsize=(3, 2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "o-", label="a line")
    axes.set(title=title, xlabel="across", ylabel="up")
    axes.grid(True)
    axes.legend()
    if picture is not None:
        axes.imshow(picture)
    return figure


def encoders(*kinds):
    """Encoders a, b, c ... of these families; in capitals if they are untrained."""
    return {
        letter: {
            "label": letter,
            "family": kind.lower(),
            "training": "untrained" if kind.isupper() else "supervised",
        }
        for letter, kind in zip("abcdefghijklmnopqrstuvwxyz", kinds)
    }


def test_panels_stand_at_rounded_places():
    """The last digits of the layout's solver differ from process to process."""
    profile = profiles.draw(small.metrics("rsa"), small.choices())
    together = maps.draw(small.maps("rsa"), small.choices())
    places = [axes.get_position(True).get_points() for axes in [*profile.axes, *together.axes]]
    places += [axes.get_position(False).get_points() for axes in profile.axes]
    places += [part.bbox_relative.get_points() for part in together.subfigs]
    for place in places:
        np.testing.assert_array_equal(place, place.round(9))
    assert (places[0] != places[0].round(6)).any()


def test_the_style_is_the_same_whatever_matplotlib_is_set_to():
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.grid": True}):
        theirs = plain()
        assert matplotlib.rcParams["font.size"] == 30  # and what they set is set still
    for figure in (theirs, plain()):
        (axes,) = figure.axes
        (line,) = axes.get_lines()
        assert (line.get_linewidth(), line.get_markersize()) == (1.4, 3.2)
        assert said.letters(figure) == {7.5, 8, 8.5}
        assert axes.title.get_fontsize() == axes.xaxis.label.get_fontsize() == 8.5
        assert axes.yaxis.label.get_fontsize() == 8.5
        assert axes.get_legend().get_texts()[0].get_fontsize() == 8
        assert {
            one.get_fontsize() for one in (*axes.get_xticklabels(), *axes.get_yticklabels())
        } == {7.5}
        assert {one.get_fontfamily()[0] for one in said.texts(figure)} == {"DejaVu Sans"}
        assert {to_hex(one.get_color()) for one in said.texts(figure)} == {"#1f2328"}
        assert to_hex(figure.get_facecolor()) == "#ffffff" and not axes.get_legend().get_frame_on()


def test_lines_around_panels_are_thin_and_grey():
    (axes,) = plain().axes
    seen = {name: spine for name, spine in axes.spines.items() if spine.get_visible()}
    assert set(seen) == {"left", "bottom"}
    assert {(to_hex(one.get_edgecolor()), one.get_linewidth()) for one in seen.values()} == {
        ("#6b7075", 0.7)
    }
    for axis in (axes.xaxis, axes.yaxis):
        ticks = axis.get_ticklines()[::2]
        assert {(to_hex(one.get_color()), one.get_markersize(), one.get_markeredgewidth()) for one in ticks} == {
            ("#6b7075", 2.5, 0.7)
        }  # fmt: skip
        assert {(to_hex(one.get_color()), one.get_linewidth()) for one in axis.get_gridlines()} == {
            ("#e4e4e0", 0.6)
        }
    assert axes.get_axisbelow() is True


def test_a_figure_is_laid_out_once():
    figure = plain()
    assert figure.dpi == 200 and figure.get_layout_engine().execute(figure) is None
    assert type(figure.get_layout_engine()).__name__ == "PlaceHolderLayoutEngine"
    assert not said.misplaced(figure)
    assert plain.__name__ == "plain" and plain.__doc__


def test_words_are_printed_as_they_are(tmp_path):
    """Dollars are no formula."""
    title = plain("$a_1$ of \\alpha").axes[0].title
    assert title.get_parse_math() is False


def test_an_svg_is_xml_whatever_a_name_holds(tmp_path):
    figure = plain("a\x1b[31m\x07\x00\ufffe\uffff\tb \u732b")
    style.save(figure, tmp_path / "a.svg", 50)
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize("suffix", [".png", ".svg", ".PNG", ".Svg"])
def test_files_are_of_the_kind_that_their_name_says(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    style.save(plain(), path, 50)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    if suffix.lower() == ".png":
        picture = imread(path, "png")
        assert picture.shape[:2] == (100, 150) and (picture[0, 0, :3] == 1).all()
    else:
        text = path.read_text()
        assert "<dc:date>" not in text
        assert "<text" not in text  # letters are outlines


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "a.pdf"
    wanted = r"a\.pdf: a figure is a \.png or \.svg file; change the output's suffix"
    with pytest.raises(CatsightError, match=wanted):
        style.save(plain(), path, 50)
    assert not path.exists()


def test_an_svg_holds_pictures_as_they_are_and_a_png_smooths_them(tmp_path):
    figure = plain(picture=np.zeros((9, 9, 3), np.uint8))
    (image,) = figure.axes[0].images
    style.save(figure, tmp_path / "a.svg", 50)
    assert image.get_interpolation() == "none"
    style.save(figure, tmp_path / "a.png", 50)
    assert image.get_interpolation() == "antialiased"


def test_each_of_seven_encoders_has_its_colour_and_its_familys_marker():
    kinds = ["cnn", "vit", "windowed-vit", "hybrid", "mlp", "CNN", "VIT"]
    looks = style.looks(encoders(*kinds))
    colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]
    assert [look.colour for look in looks.values()] == colours
    assert [look.marker for look in looks.values()] == [*"soD^vso"]
    assert [look.face for look in looks.values()] == [*colours[:5], "white", "white"]
    assert [look.line for look in looks.values()] == ["-"] * 5 + [(0, (3, 1.5))] * 2


def test_more_encoders_than_colours_count_within_their_family():
    looks = [*style.looks(encoders(*["cnn"] * 8, "vit", *["CNN"] * 7)).values()]
    first = "#0072B2"
    assert [look.colour for look in looks].count(first) == 4
    assert (looks[0].colour, looks[0].line) == (first, "-")
    assert (looks[7].colour, looks[7].line) == (first, (0, (6, 1, 1, 1)))  # a dash and a dot
    assert (looks[8].colour, looks[8].line, looks[8].marker) == (first, "-", "o")
    assert looks[9].line == (0, (3, 1.5, 1, 1)) and looks[9].colour == "#D55E00"
    assert looks[15].line == (0, (3, 1.5, 1, 1, 1, 1)) and looks[15].colour == first
    assert style.looks(encoders(*["cnn"] * 15))["o"].line == (0, (6, 1, 1, 1, 1, 1))


@pytest.mark.parametrize("families", [["cnn"], [*style.MARKERS]])
def test_many_encoders_stay_distinct(families):
    kinds = [families[i % len(families)] for i in range(26)]
    looks = style.looks(
        encoders(*(kind.upper() if i % 2 else kind for i, kind in enumerate(kinds)))
    )
    assert len(set(looks.values())) == 26


def test_an_encoder_of_an_unknown_family_is_refused():
    wanted = (
        "the encoder 'b' is of the family 'rnn', which has no marker; there are cnn, vit, "
        "windowed-vit, hybrid, mlp"
    )
    with pytest.raises(CatsightError, match=wanted):
        style.looks(encoders("cnn", "rnn"))


def test_a_look_is_drawn():
    assert style.Look("#123456", "s", (0, (3, 1)), "white").drawn == {
        "color": "#123456", "marker": "s", "linestyle": (0, (3, 1)), "markerfacecolor": "white",
        "markeredgewidth": 0.8,
    }  # fmt: skip


def test_parts_of_the_eye_have_colours_by_their_order():
    colours = style.part_colours([*"abcdefgh"])
    assert [*colours] == [*"abcdefgh"]
    assert [*colours.values()] == [
        "#0072B2", "#E69F00", "#CC79A7", "#009E73", "#56B4E9", "#D55E00", "#000000", "#0072B2"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "lines, opacity", [(0, 0.11), (1, 0.11), (4, 0.11), (5, 0.088), (8, 0.055)]
)
def test_shading_is_paler_the_more_there_is(lines, opacity):
    assert style.shade(lines) == pytest.approx(opacity)


def test_families_are_named_in_words():
    kinds = ["mlp", "vit", "hybrid", "cnn", "windowed-vit"]
    entries = [(line.get_label(), said.mark(line)) for line in style.families(encoders(*kinds))]
    words = ["convolutional", "ViT", "windowed ViT", "hybrid", "MLP"]
    marks = [said.Mark(small.GREY, marker, "", small.GREY) for marker in "soD^v"]
    assert entries == list(zip(words, marks))
    assert [line.get_label() for line in style.families(encoders("mlp", "cnn", "MLP"))] == [
        "convolutional", "MLP"
    ]  # fmt: skip
    assert style.families(encoders("vit", "VIT")) == []


@pytest.mark.parametrize("columns, inches", [(1, 5.6), (4, 5.6), (5, 6.5), (10, 13)])
def test_figures_of_many_columns_are_wider(columns, inches):
    assert style.width(columns) == pytest.approx(inches)


@pytest.mark.parametrize("shape, reduced", [
    ((40, 60), (40, 60)), ((40, 61), (39, 60)), ((120, 40), (60, 20)), ((60, 60), (60, 60)),
    ((240, 480), (30, 60)),
])  # fmt: skip
def test_pictures_are_made_as_small_as_needed(shape, reduced):
    columns = np.linspace(0, 200, shape[1]).astype(np.uint8)
    picture = np.broadcast_to(columns[None, :, None], (*shape, 3)).copy()
    small_one = style.reduce(picture, 60)
    assert small_one.shape == (*reduced, 3) and small_one.dtype == np.uint8
    assert abs(small_one.mean() - picture.mean()) < 1
    assert (small_one is picture) == (shape == reduced)


@pytest.mark.parametrize("text, lines", [
    ("one two", "one two"),
    ("  one \n two ", "one two"),
    ("one two three", "one two\nthree"),
    ("one two three four five", "one two\nthree…"),
    ("one two four six", "one two\nfour six"),
    ("", ""),
])  # fmt: skip
def test_words_are_wrapped_into_two_lines(text, lines):
    assert style.wrapped(text, 8) == lines


@pytest.mark.parametrize("text, cut", [
    ("exactly ten", "exactly…"),
    ("just ten c", "just ten c"),
    ("unbreakable words", "unbreakab…"),
    ("one, two, – three", "one, two…"),
    ("one two, three", "one two…"),
    ("one two: three", "one two…"),
    ("one two; three", "one two…"),
    ("one two- three", "one two…"),
])  # fmt: skip
def test_words_are_shortened_after_a_word(text, cut):
    assert style.shortened(text, 10) == cut


def test_an_empty_panel_says_why_in_its_middle():
    figure = Figure()
    axes = figure.subplots()
    style.empty(axes, "nothing here")
    (text,) = axes.texts
    box, panel = text.get_window_extent(), axes.get_window_extent()
    assert text.get_text() == "nothing here"
    assert (box.x0 + box.x1) / 2 == pytest.approx((panel.x0 + panel.x1) / 2, abs=1)
    assert (box.y0 + box.y1) / 2 == pytest.approx((panel.y0 + panel.y1) / 2, abs=1)
    assert (text.get_fontsize(), to_hex(text.get_color())) == (7, small.GREY)
    behind = text.get_bbox_patch()
    assert to_hex(behind.get_facecolor()) == "#ffffff" and behind.get_edgecolor()[3] == 0


def test_a_figure_is_the_same_file_in_every_process(tmp_path):
    here, there = tmp_path / "here.svg", tmp_path / "there.svg"
    with np.printoptions(legacy="1.13"):  # as `import colour` leaves them
        drawn(here)
    paths = os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])
    subprocess.run(
        [sys.executable, "-c", SCRIPT, there], check=True,
        env=os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": paths},
    )  # fmt: skip
    assert here.read_bytes() == there.read_bytes()
