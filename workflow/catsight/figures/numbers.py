"""The numbers of a study for other programs: CSV of every row, LaTeX of the means over layers."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from catsight.errors import CatsightError
from catsight.figures import choices
from catsight.inputs.files import appearing


def write(metrics: pd.DataFrame, spec: Mapping, path: Path) -> None:
    """Writes ``path``, whole or not at all: a ``.csv`` of the metrics table, or a ``.tex`` of its
    :func:`latex`.
    """
    if path.suffix not in (".csv", ".tex"):
        raise CatsightError(f"{path}: tables are written as .csv or .tex; name the output so")
    text = (
        metrics.to_csv(index=False, lineterminator="\n")
        if path.suffix == ".csv"
        else latex(metrics, spec)
    )
    with appearing(path) as part:
        part.write_text(text, encoding="utf-8")


def latex(metrics: pd.DataFrame, spec: Mapping) -> str:
    """A LaTeX table (booktabs) of the means over layers: a line to each encoder and view, a column
    to each metric.

    Below each value stands its interval, or nothing where there is none.
    """
    rows = choices.summaries(choices.shown(metrics, spec))
    names, pooled = choices.metrics(rows), choices.poolings(rows, spec["pooling"])
    lines = [
        f"% {spec['study']}: agreement with the view {spec['reference']}, mean over layers, interval below",
        r"\begin{tabular}{ll" + "r" * len(names) + "}",
        r"\toprule",
        " & ".join(["Encoder", "View", *(escaped(choices.metric_label(name)) for name in names)])
        + r" \\",
        r"\midrule",
    ]
    for encoder, about in choices.encoders(spec).items():
        if encoder not in pooled:
            continue
        for place, view in enumerate(choices.compared(spec)):
            here = rows[(rows["encoder"] == encoder) & (rows["view"] == view)].set_index("metric")
            label = about["label"] + choices.pooling_note(pooled[encoder], spec)
            first = [escaped(label) if place == 0 else "", escaped(view)]
            lines.append(" & ".join([*first, *(_value(here, name) for name in names)]) + r" \\")
            lines.append(" & ".join(["", "", *(_interval(here, name) for name in names)]) + r" \\")
        lines.append(r"\addlinespace")
    return "\n".join([*lines[:-1], r"\bottomrule", r"\end{tabular}", ""])


def escaped(text: str) -> str:
    """The text with what LaTeX takes for commands made harmless."""
    special = {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "²": r"\textsuperscript{2}",
    }
    return "".join(special.get(c, f"\\{c}" if c in "&%$#_{}" else c) for c in text)


def _value(rows: pd.DataFrame, metric: str) -> str:
    known = metric in rows.index and pd.notna(rows.loc[metric, "value"])
    return f"{rows.loc[metric, 'value']:.3f}".replace("-", "$-$") if known else "--"


def _interval(rows: pd.DataFrame, metric: str) -> str:
    if metric not in rows.index or rows.loc[metric, ["ci_low", "ci_high"]].isna().any():
        return ""
    low, high = (
        f"{rows.loc[metric, end]:.3f}".replace("-", "$-$") for end in ("ci_low", "ci_high")
    )
    return rf"\scriptsize [{low}, {high}]"
