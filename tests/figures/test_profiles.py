"""The profiles show the table: every word, line, shading and gap is read back from the figure."""

import numpy as np
import pandas as pd
import pytest

from catsight import CatsightError
from catsight.figures import profiles
from support import said
from support import small_figures as small

METRICS = {"cka_linear_unbiased": "Linear CKA, unbiased", "energy": "Energy distance"}
#: Of the controls only those that are matched to the view in focus are shown.
TITLES = {
    "cat": "cat\n0.5 cd/m², 20°",
    "blur": "blur\ncontrast loss of cat",
    "original": "original\nas photographed",
}
BELOW = "relative depth of the layer (0 is the first, 1 the last)"
CHANCE = ("frames shuffled (95 %)", said.Mark(small.GREY))


@pytest.fixture(scope="module")
def data():
    return small.metrics(*reversed(METRICS))


@pytest.fixture(scope="module")
def figure(data):
    return profiles.draw(data, small.choices())


@pytest.fixture
def cka():
    """The same by one measure, to be changed."""
    return small.metrics("cka_linear_unbiased")


def encoder_curves(axes):
    return {line.get_label(): said.points(line) for line in said.curves(axes)}


def encoder_bands(axes):
    return [band for band in said.bands(axes) if band.label != "_chance"]


def test_rows_are_metrics_and_columns_are_views(figure):
    grid = said.grid(figure.axes)
    assert [[axes.get_title() for axes in row] for row in grid] == [[*TITLES.values()], [""] * 3]
    assert [[axes.get_ylabel() for axes in row] for row in grid] == [
        [name, "", ""] for name in METRICS.values()
    ]
    assert figure.get_supxlabel() == BELOW
    for axes in grid[1]:
        assert said.ticks(axes.xaxis) == [(0, "0"), (0.5, "0.5"), (1, "1")]
    for axes in figure.axes:
        assert axes.get_xlim() == (-0.04, 1.04)
        assert axes.get_yscale() == "linear"
        assert said.gridlines(axes) == "y" and not said.words(axes)


def test_the_legend_names_encoders_and_families(figure):
    assert said.legend(figure) == small.legend_of_encoders()
    assert 2.5 < figure.legends[0].handlelength < 3  # long enough for dashes


def test_lines_and_shading_are_the_table(figure, data):
    for row, metric in zip(said.grid(figure.axes), METRICS):
        for axes, view in zip(row, TITLES):
            curves, shades = said.curves(axes), encoder_bands(axes)
            assert [line.get_label() for line in curves] == [*small.LABELS.values()]
            assert len(shades) == 3
            for line, shade, (encoder, look) in zip(curves, shades, small.LOOKS.items()):
                rows = small.of(data, metric=metric, view=view, encoder=encoder)
                assert said.points(line) == small.pairs(rows, "depth", "value")
                assert said.mark(line) == look
                ends = list(zip(rows["depth"], rows["ci_low"], rows["ci_high"]))
                assert shade[:4] == (look.colour, 0.11, ends, 1)


def test_the_ends_of_intervals_are_drawn_like_the_line_but_paler(figure, data):
    axes = figure.axes[0]
    ends = [line for line in axes.get_lines() if line.get_label() == "_end"]
    wanted = [
        (small.pairs(rows, "depth", column), look.colour, look.line)
        for encoder, look in small.LOOKS.items()
        for rows in [small.of(data, metric="cka_linear_unbiased", view="cat", encoder=encoder)]
        for column in ("ci_low", "ci_high")
    ]
    drawn = [(said.points(end), said.mark(end).colour, end.get_linestyle()) for end in ends]
    assert drawn == wanted
    assert {(end.get_alpha(), end.get_linewidth()) for end in ends} == {(0.44, 0.5)}


def test_rows_share_their_axis_and_hold_full_agreement(figure):
    for row, agreement in zip(said.grid(figure.axes), (1, 0)):
        assert len({axes.get_ylim() for axes in row}) == 1
        low, high = row[0].get_ylim()
        assert low < agreement < high
        for axes in row:
            assert said.rules(axes) == [said.Rule("y", agreement, small.GREY, 0.7)]
    assert figure.axes[0].get_ylim() != figure.axes[3].get_ylim()


def test_the_layout_is_in_order(figure):
    assert not said.misplaced(figure)
    assert said.letters(figure) == {7.5, 8, 8.5}
    legend = figure.legends[0].get_window_extent()
    first, last = said.grid(figure.axes)[0][0], said.grid(figure.axes)[-1][0]
    assert legend.y0 > first.title.get_window_extent().y1
    assert figure._supxlabel.get_window_extent().y1 < last.get_window_extent().y0
    assert len({text.get_window_extent().x0 for text in figure.legends[0].get_texts()}) == 2


def test_panels_keep_their_size_beside_notes_and_many_rows(figure, cka):
    one = profiles.draw(cka, small.choices())
    cka.loc[cka["encoder"] == "vit", ["ci_low", "ci_high", "reason"]] = [
        np.nan,
        np.nan,
        "word " * 60,
    ]
    noted = profiles.draw(cka, small.choices())
    assert noted.get_supxlabel().count("\n") == 4
    for drawn in (figure, one, noted):
        for axes in drawn.axes:
            wide, tall = said.inches(axes)
            assert 1.5 < wide < 1.8 and 1.2 < tall < 1.55
    assert figure.get_figwidth() == 5.6


def test_cls_falls_back_on_mean_and_says_so(cka):
    drawn = encoder_curves(profiles.draw(cka, small.choices(pooling="cls")).axes[0])
    assert [*drawn] == ["ConvNet [mean]", "ViT-S", "Swin (untrained) [mean]"]
    for label, encoder, pooling in (("ViT-S", "vit", "cls"), ("ConvNet [mean]", "net", "mean")):
        rows = small.of(cka, view="cat", encoder=encoder, pooling=pooling)
        assert drawn[label] == small.pairs(rows, "depth", "value")


def test_null_intervals_are_named(cka):
    cka = cka.assign(ci_low=np.nan, ci_high=np.nan, n_groups=1, reason="one group only")
    figure = profiles.draw(cka, small.choices())
    reason = "no interval, so not drawn: one group only (27 of 27 points)"
    assert figure.get_supxlabel() == f"{BELOW}\n{reason}"
    for axes in figure.axes:
        assert said.words(axes) == ["no value with an interval:\nadd photographs"]
        assert encoder_curves(axes) == {label: [] for label in small.LABELS.values()}
        assert not any(shade.points for shade in encoder_bands(axes)) and not said.bars(axes)


def test_null_values_leave_a_gap_and_are_named(cka):
    gone = (cka["layer"] == "blocks.1") & (cka["encoder"] == "swin")
    cka.loc[gone, ["value", "ci_low", "ci_high"]] = np.nan
    cka.loc[gone, "reason"] = "features do not vary"
    figure = profiles.draw(cka, small.choices())
    rows = small.of(cka, view="cat", encoder="swin")
    kept = rows[rows["layer_index"] != 1]
    swin = said.curves(figure.axes[0])[2]
    assert said.points(swin) == small.pairs(kept, "depth", "value")
    assert np.isnan(swin.get_ydata()[1])
    assert "no value: features do not vary (3 of 27 points)" in figure.get_supxlabel()
    # the first layer alone has no neighbour: a bar stands for its shading
    (bar,) = said.bars(figure.axes[0])
    low, high = kept.iloc[0]["ci_low"], kept.iloc[0]["ci_high"]
    assert bar == ("#009e73", (0, low), (0, high), 1)
    assert figure.axes[0].collections[-1].get_alpha() == 0.5
    assert encoder_bands(figure.axes[0])[2].points[-2:] == [
        (row["depth"], row["ci_low"], row["ci_high"]) for _, row in kept.iloc[1:].iterrows()
    ]
    assert not said.words(figure.axes[0])


@pytest.mark.parametrize("missing, alone", [([], []), ([2], [3]), ([0, 2], [1, 3]), ([1], [0])])
def test_the_interval_of_a_lonely_layer_is_a_bar(cka, missing, alone):
    gone = cka["layer_index"].isin(missing) & (cka["encoder"] == "swin")
    cka.loc[gone, "ci_low"] = np.nan
    axes = profiles.draw(cka, small.choices()).axes[0]
    rows = small.of(cka, view="cat", encoder="swin")
    bars = [(bar.start, bar.end) for bar in said.bars(axes)]
    assert bars == [
        ((row["depth"], row["ci_low"]), (row["depth"], row["ci_high"]))
        for _, row in rows[rows["layer_index"].isin(alone)].iterrows()
    ]


def test_order_of_rows_in_the_table_does_not_matter(figure, data):
    other = profiles.draw(data[::-1], small.choices())
    for a, b in zip(figure.axes, other.axes):
        assert encoder_curves(a) == encoder_curves(b)


def test_an_encoder_without_rows_has_no_line(cka):
    figure = profiles.draw(cka[cka["encoder"] != "vit"], small.choices())
    labels = [label for label, _ in said.legend(figure)]
    assert labels == ["ConvNet", "Swin (untrained)", "convolutional", "ViT", "windowed ViT"]
    assert [*encoder_curves(figure.axes[0])] == labels[:2]


def test_a_table_of_another_study_is_refused(cka):
    with pytest.raises(CatsightError, match="no row of this study"):
        profiles.draw(cka, small.choices(reference="cat"))


def test_an_estimate_that_comes_twice_is_refused(cka):
    twice = cka[(cka["encoder"] == "vit") & (cka["layer"] == "blocks.1") & (cka["view"] == "blur")]
    with pytest.raises(CatsightError, match=r"vit, blocks\.1, blur, cka_linear_unbiased more than"):
        profiles.draw(pd.concat([cka, twice], ignore_index=True), small.choices())


def test_intervals_far_below_zero_leave_the_panel_and_that_is_said():
    data = small.metrics("cka_linear_unbiased", "rsa")
    low = (data["metric"] == "rsa") & (data["view"] == "cat")
    data.loc[low, "ci_low"] = -0.8
    figure = profiles.draw(data, small.choices())
    above, below = said.grid(figure.axes)
    assert {axes.get_ylim() for axes in below} == {(-0.04, 1.05)}
    assert above[0].get_ylim()[0] > 0
    note = "shading that reaches the lower edge continues below 0"
    assert figure.get_supxlabel() == f"{BELOW}\n{note}"
    data.loc[low & (data["layer"] == "blocks.1"), "value"] = -0.3
    figure = profiles.draw(data, small.choices())
    assert figure.axes[3].get_ylim()[0] < -0.8
    assert figure.get_supxlabel() == BELOW


@pytest.mark.parametrize("lowest, said_so", [(0.001, False), (0, True), (-2, True)])
def test_distances_over_many_orders_are_logarithmic(lowest, said_so):
    data = small.metrics("energy", "cka_linear_unbiased")
    energy = data["metric"] == "energy"
    data.loc[energy & (data["layer"] == "blocks.3"), "value"] *= 1e6
    data.loc[energy & (data["encoder"] == "net"), "ci_low"] = lowest
    figure = profiles.draw(data, small.choices())
    left = [row[0] for row in said.grid(figure.axes)]
    assert [axes.get_yscale() for axes in left] == ["linear", "log"]
    # names stand under one another, however long the numbers are
    assert np.ptp([axes.yaxis.label.get_window_extent().x0 for axes in left]) < 1
    note = "shading that reaches the lower edge continues to 0"
    assert (note in figure.get_supxlabel()) == said_so


def test_chance_lies_over_what_shuffled_frames_give_in_any_encoder(cka):
    """Each end is that of another encoder at either side; between layers it runs straight."""
    ends = {
        "net": [(0.10, 0.30), (0.12, 0.30), (0.14, 0.30)],
        "vit": [(0.14, 0.20), (0.10, 0.40)],
        "swin": [(0.20, 0.25)] * 4,
    }
    for encoder, of_layers in ends.items():
        for layer, (low, high) in enumerate(of_layers):
            here = (cka["encoder"] == encoder) & (cka["layer_index"] == layer)
            cka.loc[here, ["null_low", "null_high"]] = [low, high]
    figure = profiles.draw(cka, small.choices())
    (band,) = (band for band in said.bands(figure.axes[0]) if band.label == "_chance")
    assert (band.colour, band.alpha) == (small.GREY, 0.25)
    at = {round(x, 2): (low, high) for x, low, high in band.points}
    assert len(at) == 101
    for depth, low, high in [(0, 0.1, 0.3), (0.25, 0.11, 0.3), (0.75, 0.11, 0.35), (1, 0.1, 0.4)]:
        assert at[depth] == pytest.approx((low, high))
    assert said.legend(figure) == [*small.legend_of_encoders(), CHANCE]
    assert figure.legends[0].legend_handles[-1].get_alpha() == 0.25
    (drawn,) = (one for one in figure.axes[0].collections if one.get_label() == "_chance")
    assert all(drawn.get_zorder() < line.get_zorder() for line in said.curves(figure.axes[0]))
