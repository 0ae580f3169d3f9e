"""The figure of readouts against its table: every dot, interval and word."""

import numpy as np
import pytest

from catsight.figures import readout
from catsight.tables.columns.readout import READOUT
from support import said
from support import small_figures as small
from support.synthetic_tables import frame

METRICS = ("same_first", "shared_five", "divergence")
#: In the figure's order of views: that in focus, controls, the untouched frames.
VIEWS = ["cat", "blur", "jpeg", "original"]
#: The encoders with a trained head.
NAMES = ("net", "vit")


@pytest.fixture(scope="module")
def data():
    """Rows in no order; one value without an interval, one missing, and rows that no figure shows."""
    rng, rows = np.random.default_rng(0), []
    for encoder in (*NAMES, "stranger"):
        for view in (*VIEWS, "other"):
            for metric in METRICS:
                value = rng.uniform(0.2, 0.8)
                rows.append({"kind": "mean", "encoder": encoder, "reference": "human", "view": view, "metric": metric,
                             "value": value, "ci_low": value - rng.uniform(0, 0.2), "ci_high": value + rng.uniform(0, 0.2), "n_groups": 20})  # fmt: skip
            rows.append({"kind": "frame", "encoder": encoder, "reference": "human", "view": view, "frame_id": "f",
                         "same_first": 0.123, "shared_five": 0.123, "divergence": 0.123})  # fmt: skip
    rows += [row | {"reference": "dog", "value": 0.99} for row in rows]
    table = frame(rows, READOUT).sample(frac=1, random_state=1)
    net = (table["encoder"] == "net") & (table["view"] == "jpeg")
    table.loc[net & (table["metric"] == "same_first"), ["ci_low", "ci_high"]] = np.nan
    table.loc[net & (table["metric"] == "same_first"), "reason"] = "too much the same"
    vit = (
        (table["encoder"] == "vit") & (table["view"] == "blur") & (table["metric"] == "shared_five")
    )
    table.loc[vit, ["value", "ci_low", "ci_high"]] = np.nan
    table.loc[vit, "reason"] = "too few classes"
    return table


@pytest.fixture(scope="module")
def figure(data):
    return readout.draw(data, small.choices())


def test_a_panel_for_each_number_and_a_row_for_each_view(figure):
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Same first answer", "First five in common", "Divergence of answers",
    ]  # fmt: skip
    units = ["share of frames", "mean share", "bits, of at most 1"]
    assert [axes.get_xlabel() for axes in figure.axes] == units
    left = figure.axes[0]
    assert [label for _, label in said.ticks(left.yaxis)] == VIEWS
    assert left.get_ylim()[0] > left.get_ylim()[1]  # the first on top
    assert [[rule.at for rule in said.rules(axes) if rule.axis == "x"] for axes in figure.axes] == [[1], [1], [0]]  # fmt: skip


def test_every_dot_and_interval_is_that_of_the_table(figure, data):
    for axes, metric in zip(figure.axes, METRICS):
        curves = {line.get_label(): line for line in said.curves(axes)}
        bars = said.bars(axes)
        wanted = {f"{name}/{view}" for name in NAMES for view in VIEWS}
        if metric == "shared_five":
            wanted -= {"vit/blur"}
        assert {name for name in curves if "/" in name} == wanted
        for label in wanted:
            encoder, view = label.split("/")
            own = (
                (data["reference"] == "human")
                & (data["encoder"] == encoder)
                & (data["view"] == view)
                & (data["metric"] == metric)
            )
            (row,) = data[own].to_dict("records")
            ((x, y),) = said.points(curves[label])
            assert x == pytest.approx(row["value"]) and round(y) == VIEWS.index(view)
            look = small.LOOKS[encoder]
            assert said.mark(curves[label])[:2] == (look.colour, look.marker)
            own = [bar for bar in bars if bar.start[1] == pytest.approx(y)]
            if np.isnan(row["ci_low"]):
                assert own == []
            else:
                (bar,) = own
                assert [bar.start[0], bar.end[0]] == pytest.approx([row["ci_low"], row["ci_high"]])
                assert bar.colour == look.colour
        assert len(bars) == len(wanted) - (metric == "same_first")


def test_what_is_missing_is_counted_and_encoders_are_named(figure):
    assert figure.get_supxlabel().splitlines() == [
        "no value: too few classes (1 of 24 points)",
        "no interval: too much the same (1 of 24 points)",
    ]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["ConvNet", "ViT-S"]


def test_a_study_without_any_value_says_so(data):
    empty = data.assign(value=np.nan, ci_low=np.nan, ci_high=np.nan, reason="no frames")
    figure = readout.draw(empty, small.choices())
    assert all("no value" in said.words(axes) for axes in figure.axes)


def test_nothing_lies_on_anything_else(figure):
    assert said.misplaced(figure) == []
