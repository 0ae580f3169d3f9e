"""The figure shows each network's losses of drawn eyes, their spread, and its shares."""

import numpy as np
import pytest

from catsight.figures import physiology
from support import said
from support import small_figures as small

METRICS = {"cka_linear_unbiased": "loss of Linear CKA, unbiased", "energy": "Energy distance"}
#: The numbers whose share is above nothing, the largest of any network first.
NUMBERS = ["acuity.cutoff", "colour.cones.S.quantum_efficiency", "pupil.area_max"]
WRITTEN = ["acuity.cutoff", "colour.cones.S.\nquantum_efficiency", "pupil.area_max"]


@pytest.fixture(scope="module")
def data():
    table = small.physiology(*METRICS)
    return table[table["encoder"] != "stranger"]


@pytest.fixture(scope="module")
def figure(data):
    return physiology.draw(data, small.choices())


@pytest.fixture
def cka():
    table = small.physiology("cka_linear_unbiased")
    return table[table["encoder"] != "stranger"].copy()


def all_of(table, kind, **where):
    return small.of(table, layer="all", kind=kind, **where)


def test_rows_are_metrics_with_losses_and_shares(figure):
    grid = said.grid(figure.axes)
    assert [[axes.get_xlabel() for axes in row] for row in grid] == [
        [name, "share of the variance"] for name in METRICS.values()
    ]
    assert [axes.get_title() for axes in grid[0]] == ["loss of each drawn eye", "share of each number"]  # fmt: skip
    for left, right in grid:
        assert said.gridlines(left) == said.gridlines(right) == "x"
        assert right.get_xlim() == (0, 1)
        assert [place for place, _ in said.ticks(left.yaxis)] == [0, 1, 2]
        assert left.get_ylim()[0] > left.get_ylim()[1]  # the first on top
    assert figure._supxlabel is None


def test_dots_are_the_draws_and_shading_is_their_spread(figure, data):
    for (axes, _), metric in zip(said.grid(figure.axes), METRICS):
        curves = {line.get_label(): line for line in said.curves(axes)}
        assert len(curves) == 6
        shades = [bar for bar in said.bars(axes) if bar.width == 7]
        for place, (encoder, look) in enumerate(small.LOOKS.items()):
            rows = all_of(data, "draw", metric=metric, encoder=encoder).sort_values("draw")
            drawn = rows[rows["draw"] > 0]
            dots = said.points(curves[f"{encoder}/draws"])
            assert [x for x, _ in dots] == pytest.approx(drawn["loss"].tolist())
            assert all(0.08 < y - place < 0.24 for _, y in dots) and len({y for _, y in dots}) == 5
            assert said.mark(curves[f"{encoder}/draws"]) == look._replace(line="")
            low, high = np.quantile(drawn["loss"], [0.05, 0.95])
            assert shades[place].colour == look.colour
            assert shades[place].start == pytest.approx((low, place + 0.16))
            assert shades[place].end == pytest.approx((high, place + 0.16))
            label = said.ticks(axes.yaxis)[place][1]
            assert label == f"{small.LABELS[encoder]}\n{low:.3f} to {high:.3f}"


def test_the_eye_as_stated_has_its_interval_above(figure, data):
    """Of a similarity, a loss is 1 less the value, and so are its ends."""
    for (axes, _), metric in zip(said.grid(figure.axes), METRICS):
        intervals = [bar for bar in said.bars(axes) if bar.width != 7]
        curves = {line.get_label(): line for line in said.curves(axes)}
        for place, (encoder, look) in enumerate(small.LOOKS.items()):
            row = all_of(data, "draw", metric=metric, encoder=encoder, draw=0).iloc[0]
            ends = row["ci_low"], row["ci_high"]
            if metric != "energy":
                ends = 1 - row["ci_high"], 1 - row["ci_low"]
            y = place - 0.2
            assert intervals[place].colour == small.INK
            assert intervals[place].start == pytest.approx((ends[0], y))
            assert intervals[place].end == pytest.approx((ends[1], y))
            (dot,) = said.points(curves[f"{encoder}/own"])
            assert dot == pytest.approx((row["loss"], y))
            face = small.INK if look.face != "#ffffff" else "#ffffff"
            assert said.mark(curves[f"{encoder}/own"]) == (small.INK, look.marker, "", face)


def test_bars_are_the_shares_the_largest_number_first(figure):
    for _, axes in said.grid(figure.axes):
        assert said.ticks(axes.yaxis) == list(enumerate(WRITTEN))
        assert axes.get_ylim() == (2.5, -0.5)  # the first on top
        for container, (encoder, look) in zip(axes.containers, small.LOOKS.items(), strict=True):
            assert container.get_label() == encoder
            wanted = [small.SHARES[number][encoder] for number in NUMBERS]
            assert [bar.get_width() for bar in container.patches] == wanted
            for place, bar in enumerate(container.patches):
                assert abs(bar.get_y() + bar.get_height() / 2 - place) < 0.4
                assert said.mark(bar).colour == look.face
                assert said.to_hex(bar.get_edgecolor()) == look.colour
        middles = [
            bar.get_y() + bar.get_height() / 2
            for bar in (container.patches[0] for container in axes.containers)
        ]
        assert middles == sorted(middles) and np.diff(middles) == pytest.approx([0.8 / 3] * 2)


def test_the_legend_names_networks_and_what_is_drawn(figure):
    entries = said.legend(figure)
    assert entries[:3] == [
        (small.LABELS[name], look._replace(line="")) for name, look in small.LOOKS.items()
    ]
    assert [words for words, _ in entries[3:]] == ["the eye as stated", "5 to 95 % of the draws"]


def test_the_layout_is_in_order(figure, cka):
    one = physiology.draw(cka[cka["encoder"] == "net"], small.choices())
    many = cka.copy()
    many.loc[many["kind"] == "share", "share"] = 0.2
    noted = cka.copy()
    noted["ci_low"] = noted["ci_low"].mask(noted["encoder"] == "vit")
    noted["reason"] = "word " * 60
    drawn = [figure, one, physiology.draw(many, small.choices()), physiology.draw(noted, small.choices())]  # fmt: skip
    assert drawn[-1]._supxlabel.get_text().count("\n") >= 3
    for each in drawn:
        assert not said.misplaced(each)
        assert said.letters(each) <= {7, 7.5, 8, 8.5}
        for axes in each.axes:
            wide, tall = said.inches(axes)
            assert wide > 1.3 and 0.4 < tall < 3


def test_at_most_six_numbers_are_shown(cka):
    shares = cka[cka["kind"] == "share"].drop_duplicates("encoder")
    rows = shares.loc[shares.index.repeat(9)]
    rank = rows.groupby("encoder").cumcount()
    rows = rows.assign(number=[f"pupil.n{i}" for i in rank], share=0.01 * rank)
    table = cka[cka["kind"] != "share"]
    table = small.pd.concat([table, rows], ignore_index=True)
    axes = physiology.draw(table, small.choices()).axes[1]
    shown = [word for _, word in said.ticks(axes.yaxis)]
    assert shown == [f"pupil.n{i}" for i in (8, 7, 6, 5, 4, 3)]


def test_values_without_an_interval_are_no_dots(cka):
    cka.loc[cka["kind"] == "draw", ["ci_low", "n_groups"]] = [np.nan, 3]
    cka["reason"] = "3 groups are too few"
    left, _ = physiology.draw(cka, small.choices()).axes
    assert [said.points(line) for line in said.curves(left)] == []
    assert not said.bars(left)
    assert said.words(left) == ["no value with an interval:\nadd photographs"]
    assert [word for _, word in said.ticks(left.yaxis)] == list(small.LABELS.values())
    notes = left.figure.get_supxlabel()
    assert "no interval, so not drawn: 3 groups are too few (18 of 18 points)" in notes


@pytest.mark.parametrize(
    "share, words", [(0.004, "no number stands out"), (np.nan, "no value in some draws")]
)
def test_without_a_share_that_stands_out_the_panel_says_so(cka, share, words):
    cka.loc[cka["kind"] == "share", "share"] = share
    axes = physiology.draw(cka, small.choices()).axes[1]
    assert said.words(axes) == [words] and not axes.containers
    assert not said.ticks(axes.yaxis) and not said.misplaced(axes.figure)


def test_the_pooling_is_named_where_it_is_another(cka):
    left, _ = physiology.draw(cka, small.choices(pooling="cls")).axes
    names = [word.split("\n")[0] for _, word in said.ticks(left.yaxis)]
    assert names == ["ConvNet [mean]", "ViT-S", "Swin (untrained) [mean]"]
