"""The figure of the eyes draws what the table of eyes says, and names what it draws."""

import io

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

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#6b7075"


def row(name: str, seed: int, levels=(1000.0, 10.0, 0.01), **changes) -> dict:
    rng = np.random.default_rng(seed)

    def image():
        return {"bytes": encode_png(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)), "path": "x"}

    return {
        "eye": name, "adapted_to": 100.0,
        "luminance": [0.01, 1, 100], "pupil_width": rng.uniform(1, 5, 3), "pupil_height": rng.uniform(5, 9, 3),
        "rod_weight": [1, 0.5, 0], "acuity": [1, 3, 9.0], "frequency": [1, 3, 9, 27],
        "mtf_across": rng.random(4), "mtf_along": rng.random(4), "mtf_along_defocused": rng.random(4),
        "contrast_sensitivity": [50, 90, 1.0, 0.2],
        "spread_degrees": 1.5, "spread": rng.random(25), "spread_defocus": 0.5, "spread_defocused": rng.random(25),
        "wavelength": [400, 500, 600],
        "receptors": [{"name": n, "sensitivity": rng.uniform(0.5, 2, 3), "transfer": rng.random(4)} for n in ("S", "L", "rod")],
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
    """Pupils, acuities, rods, transfer, sensitivity and receptors, in their order."""
    return figure.axes[1:7]


def panels(figure):
    """The rows of the eyes."""
    return np.array(figure.axes[8:]).reshape(-1, 6)


def looks(axes):
    """The colour and line of each curve of a panel."""
    return [(to_hex(line.get_color()), line.get_linestyle()) for line in axes.get_lines()]


def ticks(axis):
    return dict(zip(axis.get_ticklocs(), (label.get_text() for label in axis.get_ticklabels())))


def test_the_curves_are_those_of_the_table(table, figure):
    pupils, acuities, rods, transfer, sensitivity, receptors = curves(figure)
    for i, one in enumerate(table.to_dict("records")):
        for axes, x, names in (
            (pupils, "luminance", ("pupil_width", "pupil_height")),
            (acuities, "luminance", ("acuity",)),
            (rods, "luminance", ("rod_weight",)),
            (transfer, "frequency", ("mtf_across", "mtf_along", "mtf_along_defocused")),
        ):
            drawn = axes.get_lines()[len(names) * i : len(names) * (i + 1)]
            for line, name in zip(drawn, names, strict=True):
                np.testing.assert_array_equal(line.get_xydata().T, [one[x], one[name]])
        # below 1 nothing is seen
        np.testing.assert_array_equal(
            sensitivity.get_lines()[i].get_xydata(), [[1, 50], [3, 90], [9, 1]]
        )
        for j, receptor in enumerate(one["receptors"]):
            values = np.array(receptor["sensitivity"])
            drawn = receptors.get_lines()[3 * i + j].get_xydata().T
            np.testing.assert_array_equal(drawn, [one["wavelength"], values / values.max()])
            own = panels(figure)[i, 0].get_lines()[j]
            np.testing.assert_array_equal(
                own.get_xydata().T, [one["frequency"], receptor["transfer"]]
            )
            assert own.get_label() == receptor["name"]


def test_the_legend_names_each_colour_and_line_and_so_does_the_caption(figure):
    """What is across and what along the slit is in the columns' names: mtf_across and the others."""
    legend = figure.axes[7].get_legend()
    words = [text.get_text() for text in legend.get_texts()]
    handles = [(to_hex(one.get_color()), one.get_linestyle()) for one in legend.legend_handles]
    assert dict(zip(words, handles, strict=True)) == {
        "cat": (BLUE, "-"),
        "my dog": (ORANGE, "-"),
        "contrast across the slit": (GREY, "-"),
        "along it": (GREY, "--"),
        "along it, 0.5 D out of focus": (GREY, ":"),
    }
    assert legend._ncols == 1 and not figure.axes[7].axison
    pupils, acuities, rods, transfer, sensitivity, receptors = curves(figure)
    # across, along, along and out of focus, as the table's columns are drawn
    styles = [style for _, style in handles[2:]]
    assert looks(transfer)[:6] == [(colour, s) for colour in (BLUE, ORANGE) for s in styles]
    assert looks(pupils) == [(colour, s) for colour in (BLUE, ORANGE) for s in ("-", "--")]
    for axes in (sensitivity, acuities, rods):
        assert looks(axes) == [(BLUE, "-"), (ORANGE, "-")]
    # of each eye S, L and rods
    assert looks(receptors) == [(colour, s) for colour in (BLUE, ORANGE) for s in ("-", "-", ":")]


def test_what_matters_less_is_drawn_thinner(figure):
    """The pupil's height, what is out of focus, the rods, and the line at 0."""
    pupils, _, _, transfer, sensitivity, receptors = (
        [line.get_linewidth() for line in axes.get_lines()] for axes in curves(figure)
    )
    assert pupils == [1.4, 1.0] * 2 and transfer == [1.4, 1.4, 1.0] * 2 + [0.6]
    assert sensitivity == [1.4] * 2 and receptors == [1.4, 1.4, 0.9] * 2


def test_an_eye_with_many_charts_widens_the_figure(tmp_path):
    table = read_back([row("cat", 0, levels=(1000.0, 100.0, 10.0, 1.0))], tmp_path)
    figure = eyes.draw(table)
    assert [axes.get_visible() for axes in figure.axes] == [True] * (8 + 7)
    assert list(figure.get_size_inches()) == pytest.approx([7 * 1.75, 2 * 2.05 + 1.85])


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
    assert [axes.get_title() for axes in figure.axes[:8]] == [
        "test chart, 8° across",
        "pupil, mm (dashed: height)",
        "acuity, c/deg",
        "weight of the rods",
        "contrast, 2.5, 100 cd/m²",
        "contrast sensitivity, 2.5, 100 cd/m²",
        "receptors (dotted: rods)",
        "",
    ]
    light, frequency = "luminance, cd/m²", "cycles per degree"
    names = [axes.get_xlabel() for axes in curves(figure)]
    assert names == [light, light, light, frequency, frequency, "wavelength, nm"]
    points = [
        "a point in focus\n(optics, 1.5° across)",
        "0.5 D out of focus\n(optics, 1.5° across)",
    ]
    heads = [[axes.get_title() for axes in row] for row in grid]
    assert heads[0] == [
        "by receptor,\n100 cd/m², c/deg", *points,
        "8° at 1000 cd/m²", "8° at 10 cd/m²", "8° at 0.01 cd/m²",
    ]  # fmt: skip
    assert heads[1][0] == "by receptor,\n2.5 cd/m², c/deg"
    assert heads[1][1:] == [*points, "8° at 500 cd/m²", "8° at 0.2 cd/m²", ""]
    assert [axes.get_visible() for axes in grid.ravel()] == [True] * 11 + [False]
    for axes, name, colour in zip(grid[:, 0], ("cat", "my dog"), (BLUE, ORANGE)):
        label = axes.yaxis.label
        assert (label.get_text(), to_hex(label.get_color())) == (name, colour)
        assert (label.get_fontweight(), label.get_fontsize()) == ("bold", 9)


def test_the_scales_have_round_numbers(figure):
    pupils, acuities, rods, transfer, sensitivity, receptors = curves(figure)
    assert [axes.get_xscale() for axes in (pupils, transfer, sensitivity)] == ["log"] * 3
    assert (transfer.get_yscale(), sensitivity.get_yscale()) == ("linear", "log")
    for axes in (pupils, acuities, rods):
        assert ticks(axes.xaxis) == {0.01: "0.01", 1: "1", 100: "100", 10000: "10⁴"}
        assert axes.get_xscale() == "log"
    assert (acuities.get_yscale(), rods.get_ylim()) == ("log", (0, 1.02))
    assert acuities.get_ylim() == pytest.approx((0.8, 70))
    for axes in (transfer, sensitivity):
        assert ticks(axes.xaxis) == {0.1: "0.1", 1: "1", 10: "10", 50: "50"}
        assert axes.get_xlim() == (0.1, 60)
    assert ticks(sensitivity.yaxis) == {1: "1", 10: "10", 100: "100"}
    assert list(receptors.get_xticks()) == [400, 500, 600, 700]
    limits = [axes.get_ylim() for axes in (transfer, sensitivity, receptors)]
    assert limits == [(-0.15, 1), (1, 400), (0, 1.04)]
    assert pupils.get_ylim()[0] == 0 and pupils.get_ylim()[1] > 9 * 0.9
    zero = transfer.get_lines()[-1]
    assert list(zero.get_ydata()) == [0, 0] and to_hex(zero.get_color()) == GREY
    assert not any(axes.xaxis.get_minorticklocs().size for axes in (pupils, transfer, sensitivity))
    assert all(
        axes.xaxis.get_gridlines()[0].get_visible() for axes in (pupils, transfer, receptors)
    )


def test_the_pictures_are_those_of_the_table(table, figure):
    grid, rows = panels(figure), table.to_dict("records")

    def picture(image):
        return np.asarray(Image.open(io.BytesIO(image["bytes"])))

    shown = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(shown, picture(rows[0]["chart"]))
    for axes_row, one in zip(grid, rows):
        for axes, name in zip(axes_row[1:], ("spread", "spread_defocused")):
            (shown,) = axes.images
            np.testing.assert_allclose(shown.get_array(), np.sqrt(one[name]).reshape(5, 5))
            assert shown.get_cmap().name == "gray" and shown.get_clim()[0] == 0
        for axes, image in zip(axes_row[3:], one["charts"]):
            np.testing.assert_array_equal(axes.images[0].get_array(), picture(image))
        assert not any(axes.get_xticks().size + axes.get_yticks().size for axes in axes_row[1:5])


def test_many_eyes_have_colours_and_a_legend_of_their_own(tmp_path):
    """Eleven colours, then they begin again; the legend stays within its panel's width."""
    names = [f"an eye of my own, number {i}" for i in range(12)]
    figure = eyes.draw(read_back([row(name, 0, levels=(1.0,)) for name in names], tmp_path))
    legend = figure.axes[7].get_legend()
    colours = [to_hex(handle.get_color()) for handle in legend.legend_handles[:12]]
    assert colours[11] == colours[0] and len(set(colours)) == 11
    assert legend._ncols == 2 and len(legend.get_texts()) == 15
    figure.draw_without_rendering()
    box, whole = legend.get_window_extent(), figure.bbox
    assert whole.x0 <= box.x0 and box.x1 <= whole.x1 and box.y1 <= whole.y1


def test_an_eye_that_resolves_little_is_drawn_to_its_scale(tmp_path):
    """Its frequencies begin at 0.01 c/deg, and the width of its chart is named."""
    mouse = row("mouse", 1, acuity=[0.1, 0.3, 0.5], chart_degrees=64.0)
    figure = eyes.draw(read_back([row("cat", 0), mouse], tmp_path))
    assert figure.axes[0].get_title() == "test chart, 8° or 64° across"
    *_, transfer, sensitivity, _ = curves(figure)
    for axes in (transfer, sensitivity, panels(figure)[1, 0]):
        assert axes.get_xlim() == (0.01, 60) and 0.01 in ticks(axes.xaxis)
    assert panels(figure)[0, 0].get_xlim() == (0.1, 60)
    assert panels(figure)[1, 3].get_title() == "64° at 1000 cd/m²"


def test_no_eye_is_an_error(table):
    with pytest.raises(CatsightError, match=r"^the table of eyes holds no eye to draw$"):
        eyes.draw(table[:0])
