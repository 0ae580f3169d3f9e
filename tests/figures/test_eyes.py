"""The figure of the eyes draws what the table of eyes says, and names what it draws."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from catsight import CatsightError, tables
from catsight.figures import eyes
from catsight.figures.choices import Choices
from catsight.inputs.pictures import encode_png
from catsight.study.figures_registry import FIGURES
from catsight.tables.columns.portraits import PORTRAITS
from catsight.views import Eye

CURVES = (
    "pupils", "acuities", "rods", "quanta", "flicker", "transfer", "turned", "sensitivity", "receptors",
)  # fmt: skip
CONFUSION = "confusion lines,\nCIE 1976 u′, v′"
BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#6b7075"


def row(name: str, seed: int, levels=(1000.0, 10.0, 0.01), **changes) -> dict:
    rng = np.random.default_rng(seed)

    def image():
        return {"bytes": encode_png(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)), "path": "x"}

    return {
        "eye": name, "adapted_to": 100.0,
        "luminance": [0.01, 1, 100], "pupil_width": rng.uniform(1, 5, 3), "pupil_height": rng.uniform(5, 9, 3),
        "rod_weight": [1, 0.5, 0], "acuity": [1, 3, 9.0], "quanta_cones": [3e3, 4e5, 6e7],
        "quanta_rods": [2e4, 3e6, 5e8], "flicker_fusion": [20, 30, 60.0], "frequency": [1, 3, 9, 27],
        "mtf_across": rng.random(4), "mtf_along": rng.random(4), "mtf_along_defocused": rng.random(4),
        "contrast_sensitivity": [50, 90, 1.0, 0.2],
        "orientation": [0, 60, 120, 180], "orientation_frequency": 4.5,
        "mtf_turned": rng.random(4), "mtf_turned_defocused": rng.random(4),
        "spread_degrees": 1.5, "spread": rng.random(25), "spread_defocus": 0.5, "spread_defocused": rng.random(25),
        "wavelength": [400, 500, 600],
        "receptors": [{"name": n, "sensitivity": rng.uniform(0.5, 2, 3), "transfer": rng.random(4)} for n in ("S", "L", "rod")],
        "confusion_lines": [{"start": [1, 0, 0.5], "end": [0, 0.4, 0.5]}, {"start": [1, 0, 0], "end": [0, 1, 0]}],
        "chart_degrees": 8.0, "chart": image(), "levels": list(levels), "charts": [image() for _ in levels],
    } | changes  # fmt: skip


def read_back(rows, folder):
    """The rows as pandas reads them back from Parquet."""
    tables.write(folder / "eyes.parquet", rows, PORTRAITS, {"stage": "views"})
    return tables.read(folder / "eyes.parquet").to_pandas()


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A cat, and a dog that is adapted to other light and has one chart less."""
    dog = row("my dog", 1, levels=(500.0, 0.2), adapted_to=2.5)
    return read_back([row("cat", 0), dog], tmp_path_factory.mktemp("eyes"))


@pytest.fixture(scope="module")
def figure(table):
    assert FIGURES["eyes"].reads == ()
    return eyes.draw(table, Choices({}))


def curves(figure):
    """The panels with a curve of each eye, by name, in their order."""
    return SimpleNamespace(**dict(zip(CURVES, figure.axes[1:10], strict=True)))


def panels(figure):
    """The rows of the eyes."""
    return np.array(figure.axes[11:]).reshape(-1, 7)


def looks(axes):
    """The colour and line of each curve of a panel."""
    return [(to_hex(line.get_color()), line.get_linestyle()) for line in axes.get_lines()]


def both(*lines):
    """These lines in the colour of either eye."""
    return [(colour, line) for colour in (BLUE, ORANGE) for line in lines]


def ticks(axis):
    return dict(zip(axis.get_ticklocs(), (label.get_text() for label in axis.get_ticklabels())))


def test_the_curves_are_those_of_the_table(table, figure):
    drawn_in = curves(figure)
    for i, one in enumerate(table.to_dict("records")):
        for axes, x, names in (
            (drawn_in.pupils, "luminance", ("pupil_width", "pupil_height")),
            (drawn_in.acuities, "luminance", ("acuity",)),
            (drawn_in.rods, "luminance", ("rod_weight",)),
            (drawn_in.flicker, "luminance", ("flicker_fusion",)),
            (drawn_in.transfer, "frequency", ("mtf_across", "mtf_along", "mtf_along_defocused")),
            (drawn_in.turned, "orientation", ("mtf_turned", "mtf_turned_defocused")),
        ):
            drawn = axes.get_lines()[len(names) * i : len(names) * (i + 1)]
            for line, name in zip(drawn, names, strict=True):
                np.testing.assert_array_equal(line.get_xydata().T, [one[x], one[name]])
        # below 1 nothing is seen
        np.testing.assert_array_equal(
            drawn_in.sensitivity.get_lines()[i].get_xydata(), [[1, 50], [3, 90], [9, 1]]
        )
        # where they have a hundredth of the picture: cones not in the dark, rods not in daylight
        cones, rods = drawn_in.quanta.get_lines()[2 * i : 2 * i + 2]
        np.testing.assert_array_equal(cones.get_xydata(), [[1, 4e5], [100, 6e7]])
        np.testing.assert_array_equal(rods.get_xydata(), [[0.01, 2e4], [1, 3e6]])
        for j, receptor in enumerate(one["receptors"]):
            values = np.array(receptor["sensitivity"])
            drawn = drawn_in.receptors.get_lines()[3 * i + j].get_xydata().T
            np.testing.assert_array_equal(drawn, [one["wavelength"], values / values.max()])
            own = panels(figure)[i, 0].get_lines()[j]
            np.testing.assert_array_equal(
                own.get_xydata().T, [one["frequency"], receptor["transfer"]]
            )
            assert own.get_label() == receptor["name"]


def test_the_legend_names_each_colour_and_line_and_so_does_the_caption(figure):
    """What is across and what along the slit is in the columns' names: mtf_across and the others."""
    legend = figure.axes[10].get_legend()
    words = [text.get_text() for text in legend.get_texts()]
    handles = [(to_hex(one.get_color()), one.get_linestyle()) for one in legend.legend_handles]
    assert dict(zip(words, handles, strict=True)) == {
        "cat": (BLUE, "-"),
        "my dog": (ORANGE, "-"),
        "contrast across the slit": (GREY, "-"),
        "along it": (GREY, "--"),
        "along it, 0.5 D out of focus": (GREY, ":"),
    }
    assert legend._ncols == 1 and not figure.axes[10].axison
    drawn_in = curves(figure)
    # across, along, along and out of focus, as the table's columns are drawn
    styles = [style for _, style in handles[2:]]
    assert looks(drawn_in.transfer)[:6] == both(*styles)
    assert looks(drawn_in.turned)[:4] == both(styles[0], styles[2])
    assert looks(drawn_in.pupils) == looks(drawn_in.quanta) == both("-", "--")
    for axes in (drawn_in.sensitivity, drawn_in.acuities, drawn_in.rods, drawn_in.flicker):
        assert looks(axes) == both("-")
    # of each eye S, L and rods
    assert looks(drawn_in.receptors) == both("-", "-", ":")


def test_what_matters_less_is_drawn_thinner(figure):
    """The pupil's height, what is out of focus, the rods, and the line at 0."""
    widths = {
        name: [line.get_linewidth() for line in axes.get_lines()]
        for name, axes in vars(curves(figure)).items()
    }
    assert widths["pupils"] == [1.4, 1.0] * 2
    assert widths["transfer"] == [1.4, 1.4, 1.0] * 2 + [0.6]
    assert widths["turned"] == [1.4, 1.0] * 2 + [0.6]
    assert widths["sensitivity"] == [1.4] * 2 and widths["receptors"] == [1.4, 1.4, 0.9] * 2


def test_an_eye_with_many_charts_widens_the_figure(tmp_path):
    table = read_back([row("cat", 0, levels=(1000.0, 100.0, 10.0, 1.0))], tmp_path)
    figure = eyes.draw(table)
    assert [axes.get_visible() for axes in figure.axes] == [True] * (11 + 8)
    assert list(figure.get_size_inches()) == pytest.approx([8 * 1.5, 3 * 2.05 + 1.85])


def test_the_caption_says_what_across_and_along_the_slit_mean():
    """Bars along a cat's slit stay visible out of focus, for it is narrow across them."""
    assert (
        "solid: bars along the pupil’s longer axis, vertical for a cat; dashed: bars across it; "
        "dotted: bars across it, out of focus" in FIGURES["eyes"].caption
    )
    cat = Eye.load("cat")
    vertical, horizontal = (cat.mtf([3.0], angle, luminance=100, defocus=1)[0] for angle in (0, 90))
    assert vertical > 2 * abs(horizontal)


def test_every_panel_is_named(figure):
    grid = panels(figure)
    assert [axes.get_title() for axes in figure.axes[:11]] == [
        "test chart, 8° across",
        "pupil, mm (dashed: height)",
        "acuity, c/deg",
        "weight of the rods",
        "quanta of 1 deg² (dashed: rods)",
        "flicker fusion, Hz",
        "contrast, 2.5, 100 cd/m²",
        "contrast at half of the acuity\n(dotted: 0.5 D out of focus)",
        "contrast sensitivity, 2.5, 100 cd/m²",
        "receptors (dotted: rods)",
        "",
    ]
    light, frequency = "luminance, cd/m²", "cycles per degree"
    names = [axes.get_xlabel() for axes in vars(curves(figure)).values()]
    assert names == [light] * 5 + [
        frequency, "orientation, ° (0: vertical bars)", frequency, "wavelength, nm",
    ]  # fmt: skip
    points = [
        "a point in focus\n(optics, 1.5° across)",
        "0.5 D out of focus\n(optics, 1.5° across)",
    ]
    heads = [[axes.get_title() for axes in row] for row in grid]
    assert heads[0] == [
        "by receptor,\n100 cd/m², c/deg", CONFUSION, *points,
        "8° at 1000 cd/m²", "8° at 10 cd/m²", "8° at 0.01 cd/m²",
    ]  # fmt: skip
    assert heads[1][0] == "by receptor,\n2.5 cd/m², c/deg"
    assert heads[1][1:] == [CONFUSION, *points, "8° at 500 cd/m²", "8° at 0.2 cd/m²", ""]
    assert [axes.get_visible() for axes in grid.ravel()] == [True] * 13 + [False]
    for axes, name, colour in zip(grid[:, 0], ("cat", "my dog"), (BLUE, ORANGE)):
        label = axes.yaxis.label
        assert (label.get_text(), to_hex(label.get_color())) == (name, colour)
        assert (label.get_fontweight(), label.get_fontsize()) == ("bold", 9)


def test_the_scales_have_round_numbers(figure):
    drawn = curves(figure)
    pupils, transfer, sensitivity = drawn.pupils, drawn.transfer, drawn.sensitivity
    assert [axes.get_xscale() for axes in (pupils, transfer, sensitivity)] == ["log"] * 3
    assert (transfer.get_yscale(), sensitivity.get_yscale()) == ("linear", "log")
    for axes in (pupils, drawn.acuities, drawn.rods, drawn.quanta, drawn.flicker):
        assert ticks(axes.xaxis) == {0.01: "0.01", 1: "1", 100: "100", 10000: "10⁴"}
        assert axes.get_xscale() == "log"
    assert (drawn.acuities.get_yscale(), drawn.rods.get_ylim()) == ("log", (0, 1.02))
    assert (drawn.quanta.get_yscale(), drawn.flicker.get_ylim()[0]) == ("log", 0)
    assert ticks(drawn.quanta.yaxis) == {1e2: "100", 1e5: "10⁵", 1e8: "10⁸"}
    assert list(drawn.turned.get_xticks()) == [0, 45, 90, 135, 180]
    assert drawn.turned.get_xlim() == (0, 180)
    assert drawn.acuities.get_ylim() == pytest.approx((0.8, 70))
    for axes in (transfer, sensitivity):
        assert ticks(axes.xaxis) == {0.1: "0.1", 1: "1", 10: "10", 50: "50"}
        assert axes.get_xlim() == (0.1, 60)
    assert ticks(sensitivity.yaxis) == {1: "1", 10: "10", 100: "100"}
    assert list(drawn.receptors.get_xticks()) == [400, 500, 600, 700]
    limits = [axes.get_ylim() for axes in (transfer, sensitivity, drawn.receptors)]
    assert limits == [(-0.15, 1), (1, 400), (0, 1.04)]
    assert pupils.get_ylim()[0] == 0 and pupils.get_ylim()[1] > 9 * 0.9
    for axes in (transfer, drawn.turned):
        zero = axes.get_lines()[-1]
        assert list(zero.get_ydata()) == [0, 0] and to_hex(zero.get_color()) == GREY
    assert not any(axes.xaxis.get_minorticklocs().size for axes in (pupils, transfer, sensitivity))
    assert all(axes.xaxis.get_gridlines()[0].get_visible() for axes in vars(drawn).values())


def test_the_pictures_are_those_of_the_table(table, figure):
    grid, rows = panels(figure), table.to_dict("records")

    def picture(image):
        return np.asarray(Image.open(io.BytesIO(image["bytes"])))

    shown = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(shown, picture(rows[0]["chart"]))
    for axes_row, one in zip(grid, rows):
        for axes, name in zip(axes_row[2:], ("spread", "spread_defocused")):
            (shown,) = axes.images
            np.testing.assert_allclose(shown.get_array(), np.sqrt(one[name]).reshape(5, 5))
            assert shown.get_cmap().name == "gray" and shown.get_clim()[0] == 0
        for axes, image in zip(axes_row[4:], one["charts"]):
            np.testing.assert_array_equal(axes.images[0].get_array(), picture(image))
        assert not any(axes.get_xticks().size + axes.get_yticks().size for axes in axes_row[2:6])


def test_confusion_lines_are_drawn_between_the_chromaticities_of_their_ends(figure):
    """Red (0.4507, 0.5229), green (0.1250, 0.5625) and blue (0.1754, 0.1579) of sRGB in u', v'."""
    primaries = [[0.4507, 0.5229], [0.1250, 0.5625], [0.1754, 0.1579]]
    for axes in panels(figure)[:, 1]:
        gamut, white, *lines = axes.get_lines()
        red, green, blue, again = gamut.get_xydata()
        np.testing.assert_allclose([red, green, blue], primaries, atol=2e-4)
        np.testing.assert_array_equal(again, red)
        # CIE 1976 of D65
        np.testing.assert_allclose(white.get_xydata(), [[0.1978, 0.4683]], atol=2e-4)
        assert len(lines) == 2
        np.testing.assert_allclose(lines[1].get_xydata(), [red, green], atol=1e-9)
        # a mixture of two lights lies between them, nearer to that with the larger X + 15 Y + 3 Z
        magenta, cyan = lines[0].get_xydata()
        for mixed, one, other in ((magenta, red, blue), (cyan, green, blue)):
            (ux, uy), (vx, vy) = mixed - one, other - one
            assert ux * vy == pytest.approx(uy * vx, abs=1e-9) and 0 < uy / vy < 1
        assert axes.get_aspect() == 1 and not axes.texts[0].get_text()
        left, right = axes.get_xlim()
        low, high = axes.get_ylim()
        for u, v in primaries:
            assert left < u < right and low < v < high


def test_the_gamut_is_painted_in_its_own_colours(figure):
    """Nothing outside it; inside, pale: near each primary it is brightest, and white at white."""
    axes = panels(figure)[0, 1]
    (image,) = axes.images
    picture, (left, right, low, high) = image.get_array(), image.get_extent()
    rows, columns = picture.shape[:2]

    def at(u, v):
        row, column = (v - low) / (high - low) * rows, (u - left) / (right - left) * columns
        return [int(x) for x in picture[int(row), int(column)]]

    white = at(0.1978, 0.4683)
    assert min(white) > 240
    for i, (u, v) in enumerate([(0.43, 0.521), (0.13, 0.555), (0.178, 0.18)]):
        *colour, opaque = at(u, v)
        assert colour[i] == 255 and opaque == 255
        assert max(colour[:i] + colour[i + 1 :]) < 215
    assert [at(u, v)[3] for u, v in [(0.4, 0.2), (0.11, 0.2), (0.45, 0.58)]] == [0, 0, 0]


@pytest.mark.parametrize(
    ("cones", "words"),
    [("L", "one kind of cone: all is one"), ("SML", "none: three kinds of cones")],
)
def test_why_there_are_no_confusion_lines(tmp_path, cones, words):
    receptors = [
        {"name": name, "sensitivity": [1.0, 0.5, 0.1], "transfer": [1.0, 0.5, 0.1, 0]}
        for name in (*cones, "rod")
    ]
    other = row("other", 0, receptors=receptors, confusion_lines=[])
    figure = eyes.draw(read_back([other], tmp_path))
    axes = panels(figure)[0, 1]
    (note,) = axes.texts
    assert note.get_text().replace("\n", " ") == words and len(axes.get_lines()) == 2
    # beside the triangle, whose right edge is at 0.28 of u' at a v' of 0.3
    box = axes.transData.inverted().transform(note.get_window_extent())
    (left, _), (right, top) = box
    assert top < 0.31 and left > 0.27 and right <= axes.get_xlim()[1]


def test_many_eyes_have_colours_and_a_legend_of_their_own(tmp_path):
    """Eleven colours, then they begin again; the legend stays in its place."""
    names = [f"an eye of my own, number {i}" for i in range(12)]
    figure = eyes.draw(read_back([row(name, 0, levels=(1.0,)) for name in names], tmp_path))
    legend = figure.axes[10].get_legend()
    colours = [to_hex(handle.get_color()) for handle in legend.legend_handles[:12]]
    assert colours[11] == colours[0] and len(set(colours)) == 11
    assert legend._ncols == 2 and len(legend.get_texts()) == 15
    figure.draw_without_rendering()
    box, drawn = legend.get_window_extent(), curves(figure)
    beside, above = drawn.receptors.get_tightbbox(), drawn.turned.get_tightbbox()
    assert beside.x1 < box.x0 and box.x1 <= figure.bbox.x1
    assert beside.y0 <= box.y0 and box.y1 < above.y0


def test_an_eye_that_resolves_little_is_drawn_to_its_scale(tmp_path):
    """Its frequencies begin at 0.01 c/deg, and the width of its chart is named."""
    mouse = row("mouse", 1, acuity=[0.1, 0.3, 0.5], chart_degrees=64.0)
    figure = eyes.draw(read_back([row("cat", 0), mouse], tmp_path))
    assert figure.axes[0].get_title() == "test chart, 8° or 64° across"
    drawn = curves(figure)
    for axes in (drawn.transfer, drawn.sensitivity, panels(figure)[1, 0]):
        assert axes.get_xlim() == (0.01, 60) and 0.01 in ticks(axes.xaxis)
    assert panels(figure)[0, 0].get_xlim() == (0.1, 60)
    assert panels(figure)[1, 4].get_title() == "64° at 1000 cd/m²"


def test_no_eye_is_an_error(table):
    with pytest.raises(CatsightError, match=r"^the table of eyes holds no eye to draw$"):
        eyes.draw(table[:0])
