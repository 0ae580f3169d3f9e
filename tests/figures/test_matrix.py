"""The matrix shows every two views' loss both ways, and the map keeps their distances."""

from itertools import combinations

import numpy as np
import pytest

from catsight.figures import matrix
from support import said, synthetic_study
from support import small_figures as small

#: In the order of the figures.
VIEWS = ["original", "human", "cat", "blur", "jpeg"]
CKA = "cka_linear_unbiased"


@pytest.fixture(scope="module")
def data():
    return small.matrix("cka_linear", CKA, "energy")


@pytest.fixture(scope="module")
def figure(data):
    return matrix.draw(data, small.choices())


def value(data, one, other, **where):
    """The value of a pair, whichever comes first."""
    rows = data[(data["layer"] == "all") & (data["pooling"] == "mean")]
    for key, wanted in where.items():
        rows = rows[rows[key] == wanted]
    pair = rows[["reference", "view"]].apply(set, axis=1) == {one, other}
    (found,) = rows.loc[pair, "value"]
    return found


def numbers(axes):
    return {
        (round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in axes.texts
    }


def places(axes):
    """The point of each view on a map."""
    return {
        line.get_label(): said.points(line)[0]
        for line in axes.get_lines()
        if not line.get_label().startswith("_")
    }


def apart(points, one, other):
    return np.hypot(*np.subtract(points[one], points[other]))


def in_plane(points, metric=CKA):
    """A table of one network: losses of CKA are the squared distances of these points, other values
    the distances themselves.
    """
    rows = [
        small.about("net") | {"layer": "all", "pooling": "mean", "metric": metric, "reference": a, "view": b, "n_groups": 20,
                              "value": (v := 1 - apart(points, a, b) ** 2 if metric == CKA else apart(points, a, b)),
                              "ci_low": v - 0.01, "ci_high": v + 0.01}
        for a, b in combinations(points, 2)
    ]  # fmt: skip
    return small.frame(rows, small.MATRIX)


def test_each_network_has_a_matrix_and_a_map(figure):
    assert len(figure.axes) == 6
    words = [text.get_text() for text in figure.texts]
    assert words == [f"{label}: loss of Linear CKA, unbiased" for label in small.LABELS.values()]
    for axes in figure.axes[::2]:
        assert [word for _, word in said.ticks(axes.yaxis)] == VIEWS
        assert [word for _, word in said.ticks(axes.xaxis)] == VIEWS
    tops = [axes.get_position().y1 for axes in figure.axes[::2]]
    assert tops == sorted(tops, reverse=True)


def test_losses_stand_both_ways_and_nothing_on_the_diagonal(figure, data):
    for axes, encoder in zip(figure.axes[::2], small.LOOKS):
        wanted = {}
        for (i, one), (j, other) in combinations(enumerate(VIEWS), 2):
            loss = 1 - value(data, one, other, encoder=encoder, metric=CKA)
            wanted[i, j] = wanted[j, i] = f"{loss:.3f}"[1:]
        assert numbers(axes) == wanted
        (image,) = axes.images
        shown = np.ma.filled(image.get_array(), np.nan)
        assert np.isnan(np.diag(shown)).all() and np.isfinite(shown).sum() == 20


def test_all_networks_share_their_colours(figure):
    images = [axes.images[0] for axes in figure.axes[::2]]
    highest = max(np.nanmax(np.ma.filled(image.get_array(), np.nan)) for image in images)
    assert {image.get_clim() for image in images} == {(0, highest)}


def test_of_a_distance_the_value_itself_is_shown(data):
    energy = data[data["metric"] == "energy"]
    figure = matrix.draw(energy, small.choices())
    assert figure.texts[0].get_text() == "ConvNet: Energy distance"
    found = value(energy, "human", "cat", encoder="net")
    assert numbers(figure.axes[0])[1, 2] == f"{found:.3f}"[1:]


@pytest.mark.parametrize(("metric", "words", "length"), [(CKA, "0.01", 0.1), ("energy", "0.1", 0.1)])  # fmt: skip
def test_the_map_keeps_distances_in_the_unit_of_its_scale(metric, words, length):
    """CKA is a cosine: distances are the square roots of its losses."""
    points = {"human": (0, 0), "cat": (0.06, 0), "blur": (0.03, 0.04), "jpeg": (0.05, 0.01), "original": (0.01, -0.005)}  # fmt: skip
    points = {name: (3 * x, 3 * y) for name, (x, y) in points.items()}
    figure = matrix.draw(in_plane(points, metric), small.choices())
    axes = figure.axes[1]
    found = places(axes)
    for pair in combinations(points, 2):
        assert apart(found, *pair) == pytest.approx(apart(points, *pair))
    wide, tall = said.inches(axes)
    assert np.ptp(axes.get_xlim()) / wide == pytest.approx(np.ptp(axes.get_ylim()) / tall)
    (bar,) = said.bars(axes)
    assert bar.end[0] - bar.start[0] == pytest.approx(length)
    assert length < np.ptp(axes.get_xlim()) / 3
    assert words in said.words(axes) and "100 % of the variance" in said.words(axes)
    assert found["human"][0] < found["cat"][0]
    assert [word for word in said.words(axes) if word in points] == VIEWS


def test_dots_are_filled_for_eyes_and_black_for_the_reference(figure):
    looks = {}
    for line in figure.axes[1].get_lines():
        looks[line.get_label()] = said.mark(line)
    assert looks["human"].colour == looks["human"].face == small.INK
    assert looks["cat"].colour == looks["cat"].face != small.INK
    for name in ("original", "blur", "jpeg"):
        assert looks[name].face == "#ffffff" and looks[name].colour == looks["cat"].colour


def test_views_without_an_interval_are_left_out():
    points = {name: (0.01 * i, 0.02 * (i % 2)) for i, name in enumerate(VIEWS)}
    table = in_plane(points)
    pair = (table["reference"] == "human") & (table["view"] == "jpeg")
    table.loc[pair, "ci_low"], table["reason"] = np.nan, "3 groups are too few"
    figure = matrix.draw(table, small.choices())
    assert len(numbers(figure.axes[0])) == 18 and (1, 4) not in numbers(figure.axes[0])
    assert said.words(figure.axes[1]) == ["no map: some pairs have\nno value with an interval"]
    note = "no interval, so not drawn: 3 groups are too few (1 of 10 points)"
    assert figure.texts[-1].get_text() == note
    assert not said.misplaced(figure)


@pytest.mark.parametrize(
    ("loss", "words"),
    [(0.0334, ".033"), (0.9996, "1.00"), (1.204, "1.20"), (13.46, "13.5"), (240.4, "240"), (-0.0012, "−.001"),
     (-0.0001, ".000"), (0, ".000")],
)  # fmt: skip
def test_numbers_are_short(loss, words):
    assert matrix.number(loss) == words


def test_four_networks_are_shown_at_most(data):
    many = {f"n{i}": small.ENCODERS["net"] for i in range(6)}
    net = data[(data["encoder"] == "net") & (data["metric"] == CKA)]
    table = small.pd.concat([net.assign(encoder=name) for name in many])
    assert len(matrix.draw(table, small.choices(encoders=many)).axes) == 8


@pytest.mark.parametrize("count", [2, 3, 8, 14])
def test_the_layout_is_in_order(count):
    """Names do not overlap, however many views there are and however near they lie."""
    names = ["human", "cat", "protanope", "deuteranope", "tritanope", "mouse", "dog", "horse"]
    names = (names + [f"cat at {i} cd/m²" for i in range(9)])[:count]
    points = np.random.default_rng(count).normal(size=(count, 2)) * 0.02
    points[2:5] = points[2:3]  # in one place
    views = {name: synthetic_study.eye_view(name) for name in names}
    figure = matrix.draw(in_plane(dict(zip(names, points))), small.choices(views=views))
    assert not said.misplaced(figure)
    assert said.letters(figure) >= {7} and max(said.letters(figure)) == 7
    for axes in figure.axes:
        wide, tall = said.inches(axes)
        assert wide > 0.7 and tall > 0.7


def test_the_pooling_is_named_where_it_is_another(data):
    figure = matrix.draw(data, small.choices(pooling="cls"))
    words = [text.get_text().split(":")[0] for text in figure.texts]
    assert words == ["ConvNet [mean]", "ViT-S", "Swin (untrained) [mean]"]
