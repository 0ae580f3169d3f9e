"""The tables of numbers for other programs, line by line."""

import pandas as pd
import pytest

from catsight import CatsightError, tables
from catsight.figures import tables as numbers
from catsight.tables.columns.metrics import METRICS
from support import synthetic_study as synthetic

ENCODERS = {
    "net": {"label": "Net_1 & co", "family": "cnn", "training": "supervised"},
    "vit": {"label": "ViT", "family": "vit", "training": "supervised"},
    "raw": {"label": "Raw", "family": "cnn", "training": "untrained"},
}
VIEWS = {name: synthetic.VIEWS[name] for name in ("human", "cat", "original")}


def row(encoder, view, metric, value, low=None, high=None, pooling="mean", layer=None):
    return {
        "encoder": encoder, "family": "cnn", "training": "supervised", "layer": layer or "all", "layer_index": None,
        "depth": None, "pooling": pooling, "reference": "human", "view": view, "metric": metric, "value": value,
        "ci_low": low, "ci_high": high, "n_frames": 8, "n_groups": 4, "n_features": 3, "seed": 0, "reason": None,
    }  # fmt: skip


#: All values differ; some are missing.
ROWS = [
    row("vit", "original", "rsa", 0.9996, 0.99, 1.0, "cls"),
    row("vit", "cat", "rsa", 0.5, None, None, "cls"),
    row("vit", "cat", "mmd2", 0.25, 0.125, None, "cls"),
    row("net", "cat", "mmd2", 0.111, 0.1, 0.12),
    row("net", "cat", "rsa", -0.2221, -0.3, -0.0001),
    row("net", "original", "rsa", 0.333, 0.3, 0.35),
    row("net", "original", "mmd2", None),
    row("net", "cat", "rsa", 0.777, 0.7, 0.8, layer="l0"),  # no mean over layers
]


@pytest.fixture
def metrics(tmp_path):
    tables.write(tmp_path / "rows.parquet", ROWS, METRICS, {"stage": "metrics"})
    return tables.read(tmp_path / "rows.parquet").to_pandas()


def choices(**changes):
    return synthetic.choices(encoders=ENCODERS, views=VIEWS, **changes)


def test_latex_word_for_word(metrics):
    """Encoders, views and metrics in the figures' order; an interval below each value."""
    assert numbers.latex(metrics, choices()).splitlines() == [
        "% quickstart: agreement with the view human, mean over layers, interval below",
        r"\begin{tabular}{llrr}",
        r"\toprule",
        r"Encoder & View & RSA & MMD\textsuperscript{2} \\",
        r"\midrule",
        r"Net\_1 \& co & cat & $-$0.222 & 0.111 \\",
        r" &  & \scriptsize [$-$0.300, 0.000] & \scriptsize [0.100, 0.120] \\",
        r" & original & 0.333 & -- \\",
        r" &  & \scriptsize [0.300, 0.350] &  \\",
        r"\addlinespace",
        r"ViT [cls] & cat & 0.500 & 0.250 \\",
        r" &  &  &  \\",
        r" & original & 1.000 & -- \\",
        r" &  & \scriptsize [0.990, 1.000] &  \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_latex_is_written_as_it_is(metrics, tmp_path):
    numbers.write(metrics, choices(), tmp_path / "metrics.tex")
    written = (tmp_path / "metrics.tex").read_bytes().decode()
    assert written == numbers.latex(metrics, choices()) and written.endswith("}\n")


def test_csv_is_the_whole_table(metrics, tmp_path):
    numbers.write(metrics, choices(), tmp_path / "metrics.csv")
    lines = (tmp_path / "metrics.csv").read_bytes().decode().split("\n")
    assert lines[0] == ",".join(METRICS.names) and lines[-1] == "" and len(lines) == len(ROWS) + 2
    back = pd.read_csv(tmp_path / "metrics.csv")
    for name in ("encoder", "layer", "pooling", "view", "metric"):
        assert back[name].tolist() == [one[name] for one in ROWS]
    for name in ("value", "ci_low", "ci_high"):
        assert [None if pd.isna(x) else x for x in back[name]] == [one[name] for one in ROWS]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metrics.csv", "rows.parquet"]


@pytest.mark.parametrize(
    "text, escaped",
    [
        (r"50% of_MMD² & \x{}", r"50\% of\_MMD\textsuperscript{2} \& \textbackslash{}x\{\}"),
        ("a~b^c#d$e", r"a\textasciitilde{}b\textasciicircum{}c\#d\$e"),
    ],
)  # fmt: skip
def test_names_do_no_harm_in_latex(text, escaped):
    assert numbers.escaped(text) == escaped


def test_other_kinds_of_files_are_refused(metrics, tmp_path):
    path = tmp_path / "metrics.xlsx"
    said = rf"^{path}: a table is a \.csv or \.tex file; change the output's suffix$"
    with pytest.raises(CatsightError, match=said):
        numbers.write(metrics, choices(), path)
    assert not path.exists()
