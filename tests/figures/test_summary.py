import numpy as np

from catsight.figures import captions, summary
from catsight.study import Study
from support import synthetic_study as synthetic
from support import synthetic_tables


def drawn(spec, rows, table, tmp_path, attribution=None):
    pictures = {view: np.full((20, 20, 3), 9, np.uint8) for view in synthetic.VIEWS}
    spec["attribution"]["view"] = "cat"
    figure = summary.draw(
        table(rows, tmp_path), spec, {"title": "x", "pictures": pictures}, attribution
    )
    count = next(i for i, axes in enumerate(figure.axes) if not axes.images)
    pictures, _key, left, right, *parts = figure.axes[:count], *figure.axes[count:]
    return pictures, (left, right), parts


def test_lines_and_dots_are_the_table(spec, rows, table, tmp_path):
    pictures, (left, right), _ = drawn(spec, rows, table, tmp_path)
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


def test_shares_of_parts(spec, rows, table, tmp_path):
    attribution = synthetic_tables.attribution()
    *_, (axes,) = drawn(spec, rows, table, tmp_path, attribution)
    here = attribution[(attribution["layer"] == "all") & (attribution["pooling"] == "mean")]
    here = here[(here["metric"] == "cka_linear_unbiased") & (here["part"] != "whole")]
    dots = sorted(line.get_xdata()[0] for line in axes.get_lines() if len(line.get_xdata()) == 1)
    np.testing.assert_array_equal(dots, sorted(here["value"]))


def test_every_figure_of_a_study_has_its_caption():
    config = {
        "study": "s", "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}, "original": {"filter": "original"}},
        "encoders": {"vit_b16": None}, "attribution": {"view": "cat"}, "sweeps": {"luminance": [1, 10]},
    }  # fmt: skip
    assert list(captions.CAPTIONS) == list(Study(config).figures)
