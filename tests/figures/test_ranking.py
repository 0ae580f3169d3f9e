"""The ranking shows the means over layers of the table, in their order, and says which is which."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from catsight import CatsightError
from catsight.figures import ranking
from support import said
from support import small_figures as small
from support import toy_contrasts as toy

METRICS = {"cka_linear_unbiased": "Linear CKA, unbiased", "energy": "Energy distance"}
#: Of the compared views all but the controls, with their markers.
VIEWS = {"cat": "o", "original": "s"}
BELOW = "mean over layers (1 is the reference itself, of a distance 0)"


@pytest.fixture(scope="module")
def data():
    return small.metrics(*METRICS)


@pytest.fixture(scope="module")
def figure(data):
    return ranking.draw(data, small.choices())


@pytest.fixture
def cka():
    """The same by one measure, to be changed."""
    return small.metrics("cka_linear_unbiased")


def order(axes):
    return [word for _, word in said.ticks(axes.yaxis)]


def mean(data, **where):
    return small.one(data, layer="all", **where)


def set_mean(data, encoder, view, **values):
    here = (data["encoder"] == encoder) & (data["view"] == view) & (data["layer"] == "all")
    data.loc[here, list(values)] = list(values.values())


def in_order(data, metric, lowest=False):
    """The encoders by the cat's mean."""
    value = {
        name: mean(data, encoder=name, view="cat", metric=metric).value for name in small.LOOKS
    }
    return sorted(value, key=lambda name: value[name] * (1 if lowest else -1))


def test_panels_are_metrics_under_their_names(figure):
    assert [axes.get_title("left") for axes in figure.axes] == [*METRICS.values()]
    assert [axes.title.get_text() for axes in figure.axes] == ["", ""]
    above, below = (row[0] for row in said.grid(figure.axes))
    assert [above, below] == figure.axes
    assert (above.get_xlabel(), below.get_xlabel()) == ("", BELOW)
    for axes, agreement in zip(figure.axes, (1, 0)):
        assert said.rules(axes) == [said.Rule("x", agreement, small.GREY, 0.7)]
        assert said.gridlines(axes) == "x"
        assert axes._left_title.get_fontweight() == "bold"
        assert not axes.spines["left"].get_visible()


def test_the_legend_names_views_by_their_markers(figure):
    assert said.legend(figure) == [
        (view, said.Mark(small.INK, marker, "", small.INK)) for view, marker in VIEWS.items()
    ]
    sizes = [handle.get_markersize() for handle in figure.legends[0].legend_handles]
    assert sizes == [5, 4]


def test_the_best_encoder_by_the_cat_is_on_top(figure, data):
    for axes, metric in zip(figure.axes, METRICS):
        best = in_order(data, metric, lowest=metric == "energy")
        assert order(axes) == [small.LABELS[name] for name in best]
        assert [at for at, _ in said.ticks(axes.yaxis)] == [0, 1, 2]
        assert axes.get_ylim() == (2.55, -0.55)  # the first on top
    assert order(figure.axes[0]) != order(figure.axes[1])


def test_dots_bars_and_numbers_are_the_summary_rows(figure, data):
    for axes, metric in zip(figure.axes, METRICS):
        dots, bars, words = iter(said.dots(axes)), iter(said.bars(axes)), iter(axes.texts)
        for place, encoder in enumerate(in_order(data, metric, lowest=metric == "energy")):
            colour, _, _, face = small.LOOKS[encoder]
            for (view, marker), side in zip(VIEWS.items(), (-0.2, 0.2)):
                row = mean(data, encoder=encoder, view=view, metric=metric)
                x, y, mark = next(dots)
                assert (x, y) == (row.value, pytest.approx(place + side))
                assert mark == (colour, marker, "", face)
                bar = next(bars)
                assert (bar.start, bar.end) == ((row.ci_low, y), (row.ci_high, y))
                assert (bar.colour, bar.width) == (colour, 2 if view == "cat" else 1.1)
                word = next(words)
                said_there = f"{row.value:.3f}  [{row.ci_low:.3f}, {row.ci_high:.3f}]"
                assert (word.get_text(), word.xy) == (said_there, (1, y))
                assert word.get_color() == (small.INK if view == "cat" else small.GREY)
        assert not any(True for _ in (*dots, *bars, *words))


def test_the_view_in_focus_is_drawn_larger_and_darker(figure):
    lines = said.curves(figure.axes[0])
    assert [line.get_markersize() for line in lines] == [5, 4] * 3
    assert [one.get_alpha() for one in figure.axes[0].collections] == [1, 0.7] * 3


def test_every_second_row_is_shaded(figure):
    (shade,) = figure.axes[0].patches
    assert (shade.get_y(), shade.get_y() + shade.get_height()) == (0.5, 1.5)
    assert shade.get_zorder() < min(line.get_zorder() for line in figure.axes[0].get_lines())
    assert said.mark(shade).colour == "#f5f5f2" and shade.get_linewidth() == 0


def test_the_layout_is_in_order(figure):
    assert not said.misplaced(figure)
    assert said.letters(figure) == {7, 7.5, 8, 8.5}
    assert figure.get_figwidth() == 5.6
    for axes in figure.axes:
        edge = axes.get_window_extent().x1
        for word in axes.texts:  # numbers stand beside the panel, at the height of their dot
            box, middle = word.get_window_extent(), axes.transData.transform((0, word.xy[1]))[1]
            assert 0 < box.x0 - edge < 0.1 * figure.dpi
            assert abs((box.y0 + box.y1) / 2 - middle) < 0.03 * figure.dpi
        assert not any(tick.tick1line.get_markersize() for tick in axes.yaxis.get_major_ticks())
    top = figure.axes[0]._left_title.get_window_extent()
    legend = figure.legends[0].get_window_extent()
    assert legend.y0 > top.y1
    assert len({text.get_window_extent().y0 for text in figure.legends[0].get_texts()}) == 1


def test_rows_keep_their_height_beside_notes_and_many_panels(figure, cka):
    one = ranking.draw(cka, small.choices())
    cka["ci_low"], cka["reason"] = np.nan, "word " * 60
    noted = ranking.draw(cka, small.choices())
    assert max(map(len, noted.axes[0].get_xlabel().splitlines())) <= 68
    two = {name: small.ENCODERS[name] for name in ("net", "vit")}
    fewer = ranking.draw(cka, small.choices(encoders=two))
    for drawn, count in ((figure, 3), (one, 3), (noted, 3), (fewer, 2)):
        for axes in drawn.axes:
            assert 0.38 < said.inches(axes)[1] / count < 0.56  # two views each


def test_means_of_similarities_alone_need_no_word_on_distances(cka):
    (axes,) = ranking.draw(cka, small.choices()).axes
    assert axes.get_xlabel() == "mean over layers (1 is the reference itself)"


def test_panels_of_similarities_share_their_axis_and_distances_have_their_own():
    data = small.metrics("cka_linear", "energy", "rsa")
    data.loc[data["metric"] == "energy", ["value", "ci_low", "ci_high"]] *= 40
    figure = ranking.draw(data, small.choices())
    names = [axes.get_title("left") for axes in figure.axes]
    assert names == ["Linear CKA", "RSA", "Energy distance"]
    linear, rsa, energy = figure.axes
    assert linear.get_xlim() == rsa.get_xlim()
    assert linear.get_xlim()[0] < min(
        bar.start[0] for axes in (linear, rsa) for bar in said.bars(axes)
    )
    assert 1 < linear.get_xlim()[1] < 1.2 and energy.get_xlim()[1] > 20


def test_null_value_is_last_and_said(cka):
    best = in_order(cka, "cka_linear_unbiased")[0]
    none = {"value": np.nan, "ci_low": np.nan, "ci_high": np.nan, "reason": "features do not vary"}
    set_mean(cka, best, "cat", **none)
    (axes,) = ranking.draw(cka, small.choices()).axes
    assert order(axes)[-1] == small.LABELS[best]
    assert len(said.dots(axes)) == len(said.bars(axes)) == 5
    word = axes.texts[4]
    assert (word.get_text(), word.get_color()) == ("no value", small.GREY)
    assert word.xy[1] == pytest.approx(1.8)
    assert axes.get_xlabel().splitlines()[1:] == ["no value: features do not vary (1 of 6 points)"]


def test_an_encoder_without_the_view_in_focus_is_last_and_has_no_dot_for_it(cka):
    best = in_order(cka, "cka_linear_unbiased")[0]
    cka = cka[(cka["encoder"] != best) | (cka["view"] != "cat")]
    (axes,) = ranking.draw(cka, small.choices()).axes
    assert order(axes)[-1] == small.LABELS[best]
    assert len(said.dots(axes)) == len(axes.texts) == 5


@pytest.mark.parametrize("lost", ["ci_low", "ci_high"])
def test_null_interval_keeps_its_dot_and_is_said(cka, lost):
    set_mean(cka, "vit", "cat", **{lost: np.nan, "reason": "one group only"})
    (axes,) = ranking.draw(cka, small.choices()).axes
    value = mean(cka, encoder="vit", view="cat").value
    assert value in [x for x, _, _ in said.dots(axes)] and len(said.bars(axes)) == 5
    place = in_order(cka, "cka_linear_unbiased").index("vit")
    assert said.words(axes)[2 * place] == f"{value:.3f}  no interval"
    assert "no interval: one group only (1 of 6 points)" in axes.get_xlabel()


def test_a_value_that_is_nearly_one_does_not_read_as_one(cka):
    set_mean(cka, "net", "cat", value=0.99996, ci_low=0.9, ci_high=1)
    (axes,) = ranking.draw(cka, small.choices()).axes
    assert said.words(axes)[0] == ">0.999  [0.900, 1.000]"


def test_the_pooling_is_named_where_it_is_another(cka):
    (axes,) = ranking.draw(cka, small.choices(pooling="cls")).axes
    assert set(order(axes)) == {"ConvNet [mean]", "ViT-S", "Swin (untrained) [mean]"}


def test_a_study_of_controls_alone_ranks_by_them(cka):
    """A study of a JPEG has no other view, and is ranked by it."""
    views = {name: small.VIEWS[name] for name in ("human", "jpeg", "blur")}
    figure = ranking.draw(cka, small.choices(views=views))
    assert [label for label, _ in said.legend(figure)] == ["blur", "jpeg"]


def test_single_encoder_and_view(cka):
    choices = small.choices(
        encoders={"vit": small.ENCODERS["vit"]},
        views={name: small.VIEWS[name] for name in ("human", "cat")},
    )
    (axes,) = ranking.draw(cka, choices).axes
    assert [(x, y) for x, y, _ in said.dots(axes)] == [
        (mean(cka, encoder="vit", view="cat").value, 0)
    ]
    assert np.isfinite(axes.get_xlim()).all()


def test_markers_differ_until_they_start_again(cka):
    views = {f"view{i}": small.VIEWS["cat"] for i in range(8)}
    figure = ranking.draw(
        cka.replace({"cat": "view3"}), small.choices(views={"human": small.VIEWS["human"], **views})
    )
    assert [mark.marker for _, mark in said.legend(figure)] == [*"osD^vPX", "o"]
    boxes = [text.get_window_extent() for text in figure.legends[0].get_texts()]
    assert len({round(box.x0) for box in boxes}) == 6  # columns


def test_table_without_means_is_refused(cka):
    with pytest.raises(CatsightError, match="layer 'all'"):
        ranking.draw(cka[cka["layer"] != "all"], small.choices())


def test_intervals_far_below_zero_leave_the_panel_and_that_is_said():
    data = small.metrics("cka_linear", "energy", "rsa")
    set_mean(data, "vit", "cat", ci_low=-0.8)
    figure = ranking.draw(data, small.choices())
    assert [axes.get_xlim() == (-0.04, 1.03) for axes in figure.axes] == [True, True, False]
    note = "bars that reach the left edge continue below 0"
    assert figure.axes[-1].get_xlabel() == f"{BELOW}\n{note}"
    assert any("[−0.800, " in word for word in said.words(figure.axes[0]))


def test_ranks_of_equals_are_those_of_their_names():
    rows = pd.DataFrame(
        {"encoder": ["vit", "swin", "stranger", "net"], "view": "cat", "value": 0.5}
    )
    assert ranking.rank(rows, "cat") == ["net", "stranger", "swin", "vit"]


# -- bars that join encoders -----------------------------------------------------------------------


def pair(a, b, p, **more):
    return toy.row("encoder", a, b, p=p, **more)


EVERY = [{"swin", "vit"}, {"swin", "net"}, {"vit", "net"}]


def by_cka(*apart, **more):
    """Contrasts by CKA, of which the pairs ``apart`` are told apart."""
    pairs = [("net", "vit"), ("swin", "net"), ("swin", "vit")]
    return [pair(a, b, 0.01 if {a, b} in apart else 0.3, **more) for a, b in pairs]


@pytest.fixture
def ranked(cka):
    """The cat's means: swin on top, then vit, then net."""
    for name, value in {"swin": 0.9, "vit": 0.8, "net": 0.7}.items():
        set_mean(cka, name, "cat", value=value)
    return cka


@pytest.mark.parametrize(
    "apart, bars",
    [
        ([], [[0, 1, 2]]),
        ([{"swin", "net"}], [[0, 1], [1, 2]]),
        ([{"swin", "net"}, {"vit", "net"}], [[0, 1]]),
        ([{"swin", "vit"}], [[0, 2], [1, 2]]),  # a bar has no knot at vit
        (EVERY, []),
    ],
)
def test_bars_join_those_that_no_test_tells_apart(ranked, apart, bars):
    elsewhere = [one | {"view_a": "jpeg", "view_b": "jpeg"} for one in by_cka(*EVERY)]
    rows = [*by_cka(*apart), *elsewhere, pair("net", "vit", 0.3, metric="energy")]
    figure = ranking.draw(ranked, small.choices(), toy.table(rows))
    (axes,) = figure.axes
    assert said.joined(axes) == bars
    assert not said.misplaced(figure)
    lines = [line for line in axes.get_lines() if line.get_label() == "_joined"]
    panel = axes.get_window_extent().x0
    names = [text.get_window_extent().x1 for text in axes.get_yticklabels()]
    for line in lines:  # between the names and the panel
        extent = line.get_window_extent()
        assert max(names) < extent.x0 and extent.x1 < panel


def test_without_contrasts_there_are_no_bars(ranked):
    assert said.joined(ranking.draw(ranked, small.choices()).axes[0]) == []
    others = toy.table(by_cka(metric="rsa"))
    assert said.joined(ranking.draw(ranked, small.choices(), others).axes[0]) == []


def test_encoders_that_were_not_tested_are_joined(ranked):
    untested = toy.table([pair("net", "vit", None), pair("swin", "net", 0.01)])
    axes = ranking.draw(ranked, small.choices(), untested).axes[0]
    assert said.joined(axes) == [[0, 1], [1, 2]]


def test_the_confidence_is_that_of_the_study(ranked):
    rows = toy.table([one | {"p_holm": 0.08} for one in by_cka()])
    loose = ranking.draw(ranked, small.choices(confidence=0.9), rows)
    assert said.joined(loose.axes[0]) == []


def test_groups_are_the_largest_of_which_no_two_are_apart():
    """Against a search of all subsets."""
    rng, names = np.random.default_rng(0), [f"e{i}" for i in range(7)]
    for _ in range(20):
        apart = {frozenset(two) for two in combinations(names, 2) if rng.uniform() < 0.4}
        together = [
            set(some)
            for size in range(2, 8)
            for some in combinations(names, size)
            if not any(frozenset(two) in apart for two in combinations(some, 2))
        ]
        largest = [one for one in together if not any(one < other for other in together)]
        found = ranking.groups(names, apart)
        assert sorted(map(sorted, found)) == sorted(map(sorted, largest))
        assert found == sorted(found) and all(group == sorted(group) for group in found)


def test_too_many_bars_are_not_drawn():
    """Nine encoders in three threes: of each three all are apart, so there are 27 bars."""
    names = [f"e{i}" for i in range(9)]
    about = {"family": "cnn", "training": "supervised"}
    encoders = {name: {"label": name, **about} for name in names}
    rows = [
        {"encoder": name, "layer": "all", "pooling": "mean", "reference": "human", "view": "cat", "n_groups": 20,
         "metric": "cka_linear_unbiased", "value": 0.9 - i / 100, "ci_low": 0.6, "ci_high": 0.95, "reason": None}
        for i, name in enumerate(names)
    ]  # fmt: skip
    tested = [
        pair(a, b, 0.01 if int(a[1]) // 3 == int(b[1]) // 3 else 0.3)
        for a, b in combinations(names, 2)
    ]
    choices = small.choices(encoders=encoders)
    (axes,) = ranking.draw(pd.DataFrame(rows), choices, toy.table(tested)).axes
    assert said.joined(axes) == []
    assert "too many bars to draw: Linear CKA, unbiased" in axes.get_xlabel()
