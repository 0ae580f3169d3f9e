import numpy as np

from catsight.figures import summary
from catsight.figures.reading import Scene
from support import synthetic_study as synthetic
from support import synthetic_tables


def figure_of(rows, table, tmp_path, attribution=None, shape=(20, 20, 3)):
    pictures = {view: np.full(shape, 9, np.uint8) for view in synthetic.VIEWS}
    choices = synthetic.choices(attribution={"view": "cat", "whole": None, "swaps": {}})
    return summary.draw(table(rows, tmp_path), choices, Scene("x", pictures), attribution)


def drawn(rows, table, tmp_path, attribution=None):
    figure = figure_of(rows, table, tmp_path, attribution)
    count = next(i for i, axes in enumerate(figure.axes) if not axes.images)
    pictures, _key, left, right, *parts = figure.axes[:count], *figure.axes[count:]
    return pictures, (left, right), parts


def test_lines_and_dots_are_the_table(rows, table, tmp_path):
    pictures, (left, right), _ = drawn(rows, table, tmp_path)
    assert [axes.get_title().splitlines()[0] for axes in pictures][:2] == [
        "human (reference)",
        "cat",
    ]
    of = [r for r in rows if r["metric"] == "cka_linear_unbiased" and r["pooling"] == "mean"]
    for encoder in synthetic.ENCODERS:
        (line,) = (line for line in left.get_lines() if line.get_label() == encoder)
        wanted = [
            r["value"]
            for r in of
            if r["encoder"] == encoder and r["view"] == "cat" and r["layer"] != "all"
        ]
        np.testing.assert_array_equal(line.get_ydata(), wanted)
        for view in ("cat", "catvision", "original"):
            (dot,) = (line for line in right.get_lines() if line.get_label() == f"{encoder}/{view}")
            (mean,) = (
                r for r in of if (r["encoder"], r["view"], r["layer"]) == (encoder, view, "all")
            )
            assert list(dot.get_xdata()) == [mean["value"]]


def test_shares_of_parts(rows, table, tmp_path):
    attribution = synthetic_tables.attribution()
    *_, (axes,) = drawn(rows, table, tmp_path, attribution)
    here = attribution[(attribution["layer"] == "all") & (attribution["pooling"] == "mean")]
    here = here[(here["metric"] == "cka_linear_unbiased") & (here["part"] != "whole")]
    dots = sorted(line.get_xdata()[0] for line in axes.get_lines() if len(line.get_xdata()) == 1)
    np.testing.assert_array_equal(dots, sorted(here["value"]))


def test_values_without_an_interval_are_no_curve(rows, table, tmp_path):
    """They are noise: with four photographs unbiased CKA may be anything."""
    none = {"ci_low": None, "ci_high": None, "reason": "too few frames", "n_groups": 4}
    for row in rows:
        row |= none if row["metric"] == "cka_linear_unbiased" else {}
    attribution = synthetic_tables.attribution()
    attribution[["ci_low", "ci_high"]] = np.nan
    _, panels, (notes,) = drawn(rows, table, tmp_path, attribution)
    for axes in panels:
        curves = [line for line in axes.get_lines() if line.get_marker() not in (None, "None")]
        assert all(np.isnan(line.get_ydata()).all() for line in curves)
        (said,) = (text.get_text() for text in axes.texts)
        assert said == "no value with an interval:\nadd photographs, or glances"
    assert (
        "no interval, so not drawn: too few frames (64 of 64 points)" in notes.texts[0].get_text()
    )


def test_a_part_without_an_interval_leaves_the_others(rows, table, tmp_path):
    attribution = synthetic_tables.attribution()
    gone = (attribution["part"] == "acuity") & (attribution["encoder"] == "efficientnet_lite0")
    attribution.loc[gone, "ci_low"] = np.nan
    *_, (axes,) = drawn(rows, table, tmp_path, attribution)
    assert len([line for line in axes.get_lines() if len(line.get_xdata()) == 1]) == 7
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["pupil and optics", "acuity", "colour", "rods"]


def test_wide_photographs_leave_no_gap_above_the_legend(rows, table, tmp_path):
    for shape in ((20, 20, 3), (20, 60, 3)):
        figure = figure_of(rows, table, tmp_path, shape=shape)
        pictures = [axes for axes in figure.axes if axes.images]
        key = figure.axes[len(pictures)].get_legend().get_window_extent()
        gap = pictures[0].get_window_extent().y0 - key.y1
        assert 0 < gap < 0.35 * figure.dpi  # less than a third of an inch
