"""The ranking shows the means over layers of the table, in their order."""

import numpy as np
import pytest

from catsight import CatsightError
from catsight.figures import changes, ranking
from support import synthetic_study as synthetic


def dots(axes):
    return {line.get_label(): line for line in axes.get_lines() if "/" in str(line.get_label())}


def chosen(rows, **where):
    (row,) = (
        r
        for r in rows
        if r["layer"] == "all" and all(r[key] == value for key, value in where.items())
    )
    return row


def test_dots_and_bars_are_the_summary_rows(choices, rows, table, tmp_path):
    figure = ranking.draw(table(rows, tmp_path), choices)
    for axes, metric in zip(figure.axes, synthetic.METRICS):
        drawn = dots(axes)
        assert len(drawn) == 12
        bars = {
            tuple(s[:, 0])
            for c in axes.collections
            if hasattr(c, "get_segments")
            for s in c.get_segments()
        }
        for encoder in synthetic.ENCODERS:
            for view in ("cat", "catvision", "original"):
                row = chosen(rows, encoder=encoder, view=view, metric=metric, pooling="mean")
                assert list(drawn[f"{encoder}/{view}"].get_xdata()) == [row["value"]]
                assert (row["ci_low"], row["ci_high"]) in bars


def test_best_on_top_by_the_cat(choices, rows, table, tmp_path):
    data = table(rows, tmp_path)
    axes = ranking.draw(data, choices).axes[0]
    values = {
        e: chosen(rows, encoder=e, view="cat", metric="cka_linear", pooling="mean")["value"]
        for e in choices.encoders
    }
    best = sorted(values, key=values.get, reverse=True)
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        synthetic.ENCODERS[e]["label"] for e in best
    ]
    heights = [dots(axes)[f"{e}/cat"].get_ydata()[0] for e in best]
    assert heights == sorted(heights) and axes.yaxis_inverted()


def test_null_value_is_last_and_said(choices, rows, table, tmp_path):
    row = chosen(rows, encoder="vit_s16_untrained", view="cat", metric="rsa", pooling="mean")
    row |= {"value": None, "ci_low": None, "ci_high": None, "reason": "features do not vary"}
    figure = ranking.draw(table(rows, tmp_path), choices)
    axes = figure.axes[2]
    assert axes.get_yticklabels()[-1].get_text() == "ViT-S/16 (untrained)"
    assert "vit_s16_untrained/cat" not in dots(axes)
    assert "no value" in [text.get_text() for text in axes.texts]
    assert "no value: features do not vary (1 of 36 points)" in axes.get_xlabel()


def test_null_interval_keeps_its_dot_and_is_said(choices, table, tmp_path):
    rows = [
        row | {"ci_low": None, "ci_high": None, "reason": "one group only"}
        for row in synthetic.metric_rows(1)
    ]
    figure = ranking.draw(table(rows, tmp_path), choices)
    assert all(len(dots(axes)) == 12 for axes in figure.axes)
    assert "no interval: one group only (36 of 36 points)" in figure.axes[-1].get_xlabel()
    assert all(text.get_text().endswith("no interval") for text in figure.axes[0].texts)


def test_controls_are_among_the_changes_alone(rows, table, tmp_path):
    views = synthetic.VIEWS | {"jpeg": synthetic.filter_view("jpeg")}
    choices = synthetic.choices(views=views)
    data = table(
        [*rows, *(row | {"view": "jpeg"} for row in rows if row["view"] == "cat")], tmp_path
    )
    (axes,) = changes.draw(data, choices).axes
    assert axes.get_title("left") == "Linear CKA, unbiased"
    shown = {label.split("/")[1] for label in dots(axes)}
    assert shown == {"cat", "catvision", "original", "jpeg"}
    assert not any(
        "jpeg" in label for axes in ranking.draw(data, choices).axes for label in dots(axes)
    )


def test_single_encoder_and_view(rows, table, tmp_path):
    choices = synthetic.choices(
        encoders={"imgfocus_vit_s14": synthetic.ENCODERS["imgfocus_vit_s14"]},
        views={name: synthetic.VIEWS[name] for name in ("human", "cat")},
    )
    figure = ranking.draw(table(rows, tmp_path), choices)
    assert [list(dots(axes)) for axes in figure.axes] == [["imgfocus_vit_s14/cat"]] * 3
    assert np.isfinite(figure.axes[0].get_xlim()).all()


def test_table_without_means_is_refused(choices, rows, table, tmp_path):
    with pytest.raises(CatsightError, match="layer 'all'"):
        ranking.draw(table([row for row in rows if row["layer"] != "all"], tmp_path), choices)


def test_intervals_far_below_zero_leave_the_panel_and_that_is_said(choices, rows, table, tmp_path):
    chosen(rows, encoder="vit_s16_untrained", view="cat", metric="rsa", pooling="mean")[
        "ci_low"
    ] = -0.8
    figure = ranking.draw(table(rows, tmp_path), choices)
    assert {axes.get_xlim()[0] for axes in figure.axes} == {-0.04}
    assert "bars that reach the left edge continue below 0" in figure.axes[-1].get_xlabel()
    assert any("[−0.800, " in text.get_text() for text in figure.axes[2].texts)
