"""The matrix shows each ratio of the table both ways, filled and hatched by the tests."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, to_hex

from catsight.figures import contrasts
from support import said
from support import small_figures as small
from support import toy_contrasts as toy
from support.toy_contrasts import row

METRIC = "Linear CKA, unbiased"
VALUES = {"net": 0.9, "vit": 0.97, "swin": 0.95}


def of(a, b, **more):
    return row("encoder", a, b, value_a=VALUES[a], value_b=VALUES[b], **more)


#: net and vit are told apart, swin and vit equivalent, net and swin neither.
ROWS = [
    of("net", "vit", ratio=4.0, ends=(2.0, 8.0), p=0.01),
    of("swin", "vit", ratio=1.1, ends=(0.9, 1.2), p=0.6, equivalent=True, margin=1.25),
    of("net", "swin", ratio=2.5, ends=(0.8, 8.0), p=0.2, equivalent=False, margin=1.25),
]


def draw(rows=ROWS, **changes):
    return contrasts.draw(toy.table(rows), small.choices(**changes))


@pytest.fixture(scope="module")
def figure():
    return draw()


def cells(axes):
    """The look of each cell that has one, by row and column: its colour and its hatching."""
    found = {}
    for one in axes.patches:
        x, y = one.get_xy()
        colour = to_hex(one.get_facecolor()) if one.get_facecolor()[3] else ""
        found[round(y + 0.5), round(x + 0.5)] = (colour, one.get_hatch() or "")
    return found


def numbers(axes):
    return {
        (round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in axes.texts
    }


def test_rows_and_columns_are_encoders_the_one_that_loses_least_first(figure):
    axes = figure.axes[0]
    names = [small.LABELS[name] for name in ("vit", "swin", "net")]
    assert [word for _, word in said.ticks(axes.yaxis)] == names
    columns = [" ".join(word.split()) for _, word in said.ticks(axes.xaxis)]
    assert columns == names
    assert axes.get_ylim() == (2.5, -0.5) and axes.get_xlim() == (-0.5, 2.5)
    assert axes.get_title("left") == f"{METRIC}, “cat”"
    assert axes.get_xlabel() == "how many times the row’s encoder loses what the column’s does"


def test_each_ratio_is_there_both_ways(figure):
    assert numbers(figure.axes[0]) == {
        (2, 0): "4.0", (0, 2): "0.25", (1, 0): "1.1", (0, 1): "0.91", (2, 1): "2.5", (1, 2): "0.40",
    }  # fmt: skip


def test_what_is_told_apart_is_filled_and_what_is_equivalent_hatched(figure):
    found = cells(figure.axes[0])
    colours = ScalarMappable(LogNorm(1 / 4, 4), "RdBu_r")
    assert found == {
        **{(i, i): ("#e4e4e0", "") for i in range(3)},
        (2, 0): (to_hex(colours.to_rgba(4)), ""),
        (0, 2): (to_hex(colours.to_rgba(1 / 4)), ""),
        (1, 0): ("", "////"),
        (0, 1): ("", "////"),
    }


def test_told_and_equivalent_is_both():
    rows = [of("net", "vit", ratio=1.1, ends=(1.05, 1.2), p=0.01, equivalent=True, margin=1.25)]
    found = cells(draw(rows).axes[0])
    assert found[1, 0][0] not in ("", "#ffffff") and found[1, 0][1] == "////"


def test_numbers_can_be_read_on_any_ground(figure):
    for text in figure.axes[0].texts:
        place = (round(text.get_position()[1]), round(text.get_position()[0]))
        ground, hatch = cells(figure.axes[0]).get(place, ("", ""))
        red, green, blue = (int((ground or "#ffffff")[i : i + 2], 16) for i in (1, 3, 5))
        dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5 * 255
        assert text.get_color() == ("white" if dark else small.INK)
        assert (text.get_bbox_patch() is not None) == bool(hatch)


def test_the_legend_and_the_scale(figure):
    assert [word for word, _ in said.legend(figure)] == [
        "told apart",
        "not told apart",
        "equivalent within ×1.25",
    ]
    assert [word for word, _ in said.legend(draw(ROWS[:1]))] == ["told apart", "not told apart"]
    bar = figure.axes[1]
    ticks = [word for at, word in said.ticks(bar.yaxis) if 1 / 4.01 < at < 4.01]
    assert sorted(ticks) == ["1", "1/2", "1/4", "2", "4"]
    assert bar.get_ylabel() == "loss ratio"


@pytest.mark.parametrize("ratio, limit", [(1.3, 2), (4, 4), (200, 16), (1 / 200, 16)])
def test_colours_end_at_the_largest_ratio_that_is_told_within_reason(ratio, limit):
    bar = draw([of("net", "vit", ratio=ratio, ends=(ratio, ratio), p=0.01)]).axes[1]
    assert bar.get_ylim() == pytest.approx((1 / limit, limit))
    assert draw([of("net", "vit", ratio=9, p=0.2)]).axes[1].get_ylim() == pytest.approx((0.5, 2))


@pytest.mark.parametrize(
    "ratio, text, inverse",
    [(200, ">99", "<.01"), (99.4, "99", "0.01"), (11.4, "11", "0.09"), (9.94, "9.9", "0.10"), (1, "1.0", "1.0")],
)  # fmt: skip
def test_a_number_has_four_letters_at_most(ratio, text, inverse):
    found = numbers(draw([of("net", "vit", ratio=ratio, p=0.3)]).axes[0])
    assert found == {(1, 0): text, (0, 1): inverse}


def test_of_a_distance_the_smallest_is_first():
    rows = [one | {"metric": "energy"} for one in ROWS]
    names = [word for _, word in said.ticks(draw(rows).axes[0].yaxis)]
    assert names == [small.LABELS[name] for name in ("net", "swin", "vit")]


def test_other_views_metrics_kinds_and_strangers_are_left_out():
    more = [
        row("encoder", "net", "vit", 9.0, view_a="jpeg", view_b="jpeg"),
        row("encoder", "net", "vit", 9.0, metric="rsa"),
        row("family", "cnn", "vit", 9.0),
        row("encoder", "net", "stranger", 9.0),
    ]
    axes, alone = draw([*ROWS, *more]).axes[0], draw().axes[0]
    assert numbers(axes) == numbers(alone) and cells(axes) == cells(alone)


def test_what_has_no_test_is_empty():
    rows = [of("net", "vit", ratio=None, ends=(None, None), p=None), *ROWS[1:]]
    rows[0]["value_a"] = None
    axes = draw(rows).axes[0]
    assert (2, 0) not in numbers(axes) and (2, 0) not in cells(axes)


def test_without_tests_it_says_so():
    (axes,) = draw([row("family", "cnn", "vit")]).axes
    assert said.words(axes) == ["no encoders were tested against each other"]


@pytest.mark.parametrize("count", [2, 4, 5, 10, 17])
def test_any_number_of_encoders_has_room(count):
    rng = np.random.default_rng(count)
    names = [f"e{i}" for i in range(count)]
    encoders = {
        name: {"label": f"EfficientNetV2-S {i}", "family": "cnn", "training": "supervised"}
        for i, name in enumerate(names)
    }
    rows = [
        row("encoder", a, b, float(np.exp(rng.normal())), (0.01, 99.0), float(rng.uniform(0, 0.1)))
        for a, b in combinations(names, 2)
    ]
    figure = draw(rows, encoders=encoders)
    assert not said.misplaced(figure) and figure.get_figwidth() == 5.6
    assert min(said.letters(figure)) >= 4.5
    axes = figure.axes[0]
    wide, tall = (side / count for side in said.inches(axes))
    assert wide > 0.18 and 0.17 < tall < 0.75
    for text in axes.texts:
        assert text.get_window_extent().width < wide * figure.dpi
