"""What a figure draws of a measure lies inside its panel, or a note says that it is cut."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from catsight.figures import attribution, changes, doses, profiles, ranking, stability, summary
from catsight.figures.reading import Scene
from support import synthetic_study as synthetic
from support import synthetic_tables

#: What the notes say.
CUT = ("bars that reach the left edge continue below 0", "shading that reaches the lower edge")


def points(axes):
    """The corners (n, 2) of all markers, curves, bars and intervals of a panel, in data units."""
    found = [np.empty((0, 2))]
    for line in axes.get_lines():
        if line.get_transform().contains_branch(axes.transData) and line.get_marker() != "None":
            found.append(np.array(line.get_xydata(), float))
    for one in axes.collections:
        if one.get_label() == "_chance":
            continue
        if isinstance(one, LineCollection | PolyCollection):
            found += [np.array(path.vertices, float) for path in one.get_paths()]
    found += [patch.get_bbox().get_points() for part in axes.containers for patch in part.patches]
    corners = np.concatenate(found)
    return corners[np.isfinite(corners).all(axis=1)]


def cut(figure) -> list:
    """The panels that hold a point outside of their limits."""
    result = []
    for axes in figure.axes:
        corners = points(axes)
        for i, limits in enumerate((axes.get_xlim(), axes.get_ylim())):
            low, high = sorted(limits)
            slack = 1e-9 * (high - low)
            if (corners[:, i] < low - slack).any() or (corners[:, i] > high + slack).any():
                result.append(axes)
                break
    return result


def words(figure) -> str:
    texts = [figure.get_supxlabel()]
    for axes in figure.axes:
        texts += [axes.get_xlabel(), *(text.get_text() for text in axes.texts)]
    return "\n".join(texts)


def check(figure) -> None:
    """Only intervals are cut, only just below 0, and a note says so."""
    if cut(figure):
        assert any(note in words(figure) for note in CUT)
    for axes in cut(figure):
        corners, outside = points(axes), []
        for i, limits in enumerate((axes.get_xlim(), axes.get_ylim())):
            low, high = sorted(limits)
            assert (corners[:, i] <= high).all()
            outside += [low] if (corners[:, i] < low).any() else []
        # logarithmic axes have no 0
        assert outside == [-0.04] or "log" in (axes.get_xscale(), axes.get_yscale())
        for line in axes.get_lines():
            if line.get_marker() != "None":  # the values themselves
                low, high = np.sort(axes.viewLim.get_points(), axis=0)
                values = np.array(line.get_xydata(), float)
                values = values[np.isfinite(values).all(axis=1)]
                assert (values >= low - 1e-9).all() and (values <= high + 1e-9).all()


#: Two encoders with three layers each show what many would.
ENCODERS = ("efficientnet_lite0", "vit_s16_untrained")
LAYERS = ("all", "blocks.0", "blocks.5", "blocks.11")


@pytest.fixture(autouse=True)
def no_layout(monkeypatch):
    """Limits do not depend on where panels stand, which takes most of the time."""
    monkeypatch.setattr(Figure, "draw_without_rendering", lambda figure: None)


@pytest.fixture
def rows(rows):
    return [
        row
        for row in rows
        if row["encoder"] in ENCODERS and row["layer"] in LAYERS and row["pooling"] == "mean"
    ]


def one_encoder():
    name = "efficientnet_lite0"
    return synthetic.choices(encoders={name: synthetic.ENCODERS[name]})


def few(rows):
    """The rows of a study of few photographs: each measure elsewhere, with or without intervals."""
    spread = {
        "cka_linear": (0.96, 1.0, 0.01),
        "cka_linear_unbiased": (-0.6, 1.2, None),
        "rsa": (-0.5, 0.9, 1.2),
    }
    rng = np.random.default_rng(5)
    for row in rows:
        low, high, reach = spread[row["metric"]]
        row |= {"value": rng.uniform(low, high), "n_groups": 4, "ci_low": None, "ci_high": None}
        if reach is not None:
            row |= {"ci_low": row["value"] - reach, "ci_high": min(1, row["value"] + reach)}
    return rows


def below_zero(rows):
    """Values in 0..1 with intervals far below 0."""
    rng = np.random.default_rng(6)
    for row in rows:
        value = rng.uniform(0, 1)
        row |= {"value": value, "ci_low": value - 1.5, "ci_high": min(1, value + 0.2)}
    return rows


def above_one(rows):
    """The same, but unbiased CKA has values above 1 that lack an interval."""
    rows = below_zero(rows)
    for row in rows[::5]:
        if row["metric"] == "cka_linear_unbiased":
            row |= {"value": 1.3, "ci_low": None, "ci_high": None, "reason": "undefined"}
    return rows


def distances(rows):
    """Distances over many orders of magnitude, with intervals below 0."""
    names = {"cka_linear": "energy", "cka_linear_unbiased": "mmd2", "rsa": "cka_linear"}
    for i, row in enumerate(rows):
        row["metric"] = names[row["metric"]]
        if row["metric"] != "cka_linear":
            value = 10.0 ** (i % 7 - 3)
            row |= {"value": value, "ci_low": -value, "ci_high": 3 * value}
    return rows


STUDIES = [few, below_zero, above_one, distances]


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("module", [profiles, ranking, changes, summary])
def test_all_of_a_measure_is_in_its_panel(module, study, rows, table, tmp_path):
    data = table(study(rows), tmp_path)
    black = Scene("x", {view: np.zeros((8, 8, 3), np.uint8) for view in synthetic.VIEWS})
    for choices in (synthetic.choices(), one_encoder()):
        check(module.draw(data, choices, *([black] if module is summary else [])))


def test_panels_that_share_an_axis_show_all_of_each(rows, table, tmp_path):
    """The axis of the ranking was that of its first panel, and the others' dots lay outside."""
    figure = ranking.draw(table(few(rows), tmp_path), synthetic.choices())
    assert not cut(figure)
    assert len({axes.get_xlim() for axes in figure.axes}) == 1


def test_the_summary_says_that_bars_are_cut(rows, table, tmp_path):
    black = Scene("x", {view: np.zeros((8, 8, 3), np.uint8) for view in synthetic.VIEWS})
    figure = summary.draw(table(below_zero(rows), tmp_path), synthetic.choices(), black)
    assert len(cut(figure)) == 2
    for note in CUT:
        assert note in words(figure)


def stretched(table):
    """Values all over the place."""
    table = table[table["encoder"].isin(ENCODERS) & table["layer"].isin(LAYERS)].copy()
    rng = np.random.default_rng(7)
    table["value"] = rng.uniform(-2, 1, len(table))
    low, high = ("low", "high") if "low" in table else ("ci_low", "ci_high")
    table[low], table[high] = table["value"] - 1, table["value"] + 1
    return table


@pytest.mark.parametrize(
    "module, rows",
    [
        (attribution, synthetic_tables.attribution),
        (doses, synthetic_tables.doses),
        (stability, synthetic_tables.stability),
    ],
)
def test_all_of_the_other_tables_is_in_its_panel(module, rows):
    table = stretched(rows())
    if module is stability:  # correlations
        halves = table["kind"] == "split_half"
        table.loc[halves, ["value", "low", "high"]] = [-0.6, -1, 0.2]
    for choices in (synthetic.choices(), one_encoder()):
        assert not cut(module.draw(table, choices))
