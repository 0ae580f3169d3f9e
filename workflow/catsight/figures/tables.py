"""The numbers of a study for other programs: CSV of every row, LaTeX of the means over layers."""

from pathlib import Path

import pandas as pd

from catsight.errors import CatsightError
from catsight.figures import labels, select
from catsight.figures.choices import Choices
from catsight.inputs.files import appearing


def write(table: pd.DataFrame, choices: Choices, path: Path) -> None:
    """Writes the study's table of metrics as ``path``, whole or not at all.

    As ``.csv`` all of it, as ``.tex`` what :func:`latex` returns. Raises :class:`CatsightError` for
    any other suffix.
    """
    if path.suffix == ".csv":
        text = table.to_csv(index=False, lineterminator="\n")
    elif path.suffix == ".tex":
        text = latex(table, choices)
    else:
        raise CatsightError(f"{path}: a table is a .csv or .tex file; change the output's suffix")
    with appearing(path) as part:
        part.write_text(text, encoding="utf-8")


def latex(table: pd.DataFrame, choices: Choices) -> str:
    """A LaTeX table (booktabs) of the means over layers: a line for each encoder and view, a column
    for each metric.

    Below each value stands its interval, if it has one.
    """
    rows = select.summaries(select.of_study(table, choices))
    names, pooled = choices.metrics(rows), select.poolings(rows, choices.pooling)
    heads = ["Encoder", "View", *(escaped(choices.label(name)) for name in names)]
    lines = [
        f"% {choices.study}: agreement with the view {choices.reference}, mean over layers, "
        "interval below",
        r"\begin{tabular}{ll" + "r" * len(names) + "}",
        r"\toprule",
        _line(heads),
        r"\midrule",
    ]
    for encoder in choices.present(rows):
        label = escaped(labels.encoder(choices, encoder, pooled[encoder]))
        for view in choices.compared:
            here = rows[(rows["encoder"] == encoder) & (rows["view"] == view)].set_index("metric")
            lines.append(_line([label, escaped(view), *(_value(here, name) for name in names)]))
            lines.append(_line(["", "", *(_interval(here, name) for name in names)]))
            label = ""
        lines.append(r"\addlinespace")
    return "\n".join([*lines[:-1], r"\bottomrule", r"\end{tabular}", ""])


def escaped(text: str) -> str:
    """The text with characters escaped that LaTeX takes for commands."""
    special = {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "²": r"\textsuperscript{2}",
    }
    return "".join(special.get(c, f"\\{c}" if c in "&%$#_{}" else c) for c in text)


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _number(value: float) -> str:
    text = f"{value:.3f}"
    return text.replace("-", "$-$") if float(text) else text.lstrip("-")


def _value(rows: pd.DataFrame, metric: str) -> str:
    known = metric in rows.index and pd.notna(rows.loc[metric, "value"])
    return _number(rows.loc[metric, "value"]) if known else "--"


def _interval(rows: pd.DataFrame, metric: str) -> str:
    if metric not in rows.index or rows.loc[metric, ["ci_low", "ci_high"]].isna().any():
        return ""
    low, high = _number(rows.loc[metric, "ci_low"]), _number(rows.loc[metric, "ci_high"])
    return rf"\scriptsize [{low}, {high}]"
