"""``catsight power``: how many groups it takes to tell a difference, from a study's spread."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from catsight import tables
from catsight.errors import CatsightError, tell
from catsight.inputs import yaml_files
from catsight.look.needed import Question, headline, question, questions
from catsight.metrics import power
from catsight.study.measures import measure

#: Rows that are listed of each question; the others are counted.
_LISTED = 12

_ABOUT = """\
Says how many groups (photographs or clips) it takes to tell a difference between two encoders, and
between the view in focus and another, from the spread of a study that has been made. A standard
error falls with the root of the number of groups; more frames of the same groups buy little.

The difference is in the metric's own units, down from where the study's two values lie: at .99 a
difference of .02 takes 26 groups where it takes 840 at .90. The range is how uncertain the spread
of few groups is. A pilot is as likely to foretell too few as too many, so plan for half as many
again. The level is that of one test; for any of n differences that are corrected together, ask for
--level 0.05/n, or see the column groups_needed of contrasts.parquet.
"""
_EXAMPLES = """examples:
  catsight power quickstart                       differences of 0.02
  catsight power quickstart --difference 0.01 --encoder efficientnet_lite0 imgfocus_vit_s14
  catsight power results/quickstart --metric rsa --figure power.png
"""


def main(arguments: Sequence[str]) -> None:
    options = _parser().parse_args(arguments)
    _check(options)
    path = study_folder(options.study) / "contrasts.parquet"
    table, spec = tables.read(path).to_pandas(), tables.provenance(path)["spec"]
    metric = options.metric or headline(list(spec["measures"]))
    table = _chosen(table, options, metric, spec)
    view = options.view or spec["focus"]
    found = [
        question(title, rows, options.difference, options.level, options.power)
        for title, rows in questions(table, view, spec["focus"], bool(options.encoder))
    ]
    if not found:
        raise CatsightError(
            f"{path} has no difference with a standard error for this; its column reason says why"
        )
    if not any(np.isfinite(one.shifts).any() for one in found):
        raise CatsightError(
            f"--difference is {options.difference:g}, but no value of this study can be that much "
            "smaller; ask for less"
        )
    tell(text(found, path.parent, metric, options, 1 - spec["confidence"]))
    if options.figure:
        from catsight.figures import style
        from catsight.look.power_figure import draw

        style.save(
            draw(found, options.difference, options.level, options.power), options.figure, 200
        )
        tell(f"written: {options.figure}")


def study_folder(study: str) -> Path:
    """The folder of results of a study: given itself, by its name, or by its YAML file.

    Raises :class:`CatsightError`, saying what to run, if the study has not been run.
    """
    path = Path(study)
    if path.suffix in (".yaml", ".yml"):
        path = Path("results") / str(yaml_files.load_yaml(path).get("study", path.stem))
    elif not path.is_dir():
        path = Path("results") / study
    if (path / "contrasts.parquet").is_file():
        return path
    has = sorted(one.parent.name for one in path.parent.glob("*/contrasts.parquet"))
    beside = f"; studies with results: {', '.join(has)}" if has else ""
    if (path / "metrics.parquet").is_file():
        raise CatsightError(
            f"{path} has no contrasts.parquet: an earlier version made it; run the study again"
        )
    raise CatsightError(
        f"{path} holds no results yet: run the study first (make run, or snakemake --configfile "
        f"STUDY.yaml), perhaps with few groups, as a pilot{beside}"
    )


def text(
    found: Sequence[Question],
    folder: Path,
    metric: str,
    options: argparse.Namespace,
    alpha: float,
) -> str:
    """What the command prints. ``alpha``: at which the study itself tells values apart."""
    groups = int(found[0].spread.groups[0])
    lines = [
        f"{folder}: {groups} groups, {measure(metric).label}",
        f"Groups that it takes to tell a difference of {options.difference:g} with power "
        f"{options.power:g} at level {options.level:g}",
        "(after the two values; in brackets, the 95 % range of that number):",
    ]
    for one in found:
        lines += ["", one.title, *_lines(one, alpha)]
        middle = np.nanmedian(one.needed.groups) if np.isfinite(one.shifts).any() else math.inf
        if np.isfinite(middle):
            half, plan = math.ceil(middle), math.ceil(1.5 * math.ceil(middle))
            lines.append(
                f"  half of them take {half} or fewer; plan for {plan}, half as many again"
            )
    return "\n".join(lines)


def _lines(one: Question, alpha: float) -> list[str]:
    """A line for each contrast."""
    rows = one.rows.to_dict("records")
    names = [_name(row) for row in rows[:_LISTED]]
    width = max(map(len, names))
    lines = []
    for name, row, *counts in zip(names, rows, *one.needed):
        values = f"{row['value_a']:.3f} {row['value_b']:.3f}"
        told = "" if row["p_holm"] > alpha else "told apart already"
        n, low, high = (f"{count:.0f}" if np.isfinite(count) else "–" for count in counts)
        lines.append(f"  {name:{width}}  {values}  {n:>7} ({low} to {high})  {told}".rstrip())
    if len(rows) > _LISTED:
        lines.append(f"  and {len(rows) - _LISTED} more; --encoder chooses")
    return lines


def _name(row: dict[str, Any]) -> str:
    of_one = row["kind"] == "view" and pd.notna(row["encoder_a"])
    where = f"{row['encoder_a']}: " if of_one else ""
    return f"{where}{row['member_a']} – {row['member_b']}"


def _chosen(
    table: pd.DataFrame, options: argparse.Namespace, metric: str, spec: dict[str, Any]
) -> pd.DataFrame:
    """The rows that have a standard error, of the metric and encoders that are asked for."""
    encoders = sorted({*table["encoder_a"].dropna(), *table["encoder_b"].dropna()})
    asked = [("metric", [metric], list(spec["measures"])), ("encoder", options.encoder, encoders)]
    asked.append(("view", [options.view] if options.view else [], spec["views"]))
    for what, names, known in asked:
        for name in names:
            if name not in known:
                raise CatsightError(
                    f"--{what} is '{name}', which has no contrasts in this study; there are "
                    f"{', '.join(known)}"
                )
    table = table[(table["metric"] == metric) & table["se_z"].notna()]
    if not options.encoder:
        return table
    sides = [table[f"encoder_{side}"].isin(options.encoder) for side in "ab"]
    of_encoders = sides[0] | sides[1] if len(options.encoder) == 1 else sides[0] & sides[1]
    return table[of_encoders | table["encoder_a"].isna()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="catsight power",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("study", help="results/<study>, its name, or its YAML file")
    parser.add_argument(
        "--difference",
        type=float,
        default=0.02,
        help="the difference to tell, in the metric's units (default: %(default)s)",
    )
    parser.add_argument(
        "--metric", help="a metric of the study (default: the one that its findings are about)"
    )
    parser.add_argument(
        "--encoder",
        nargs="+",
        default=[],
        help="compare one encoder with all others, or several with each other; then views are "
        "compared in each of them, too (default: all)",
    )
    parser.add_argument(
        "--view", help="the view on which encoders are compared (default: the view in focus)"
    )
    parser.add_argument(
        "--power",
        type=float,
        default=power.POWER,
        help="how often the difference is to be told (default: %(default)s)",
    )
    parser.add_argument(
        "--level", type=float, default=0.05, help="level of the test (default: %(default)s)"
    )
    parser.add_argument(
        "--figure", type=Path, metavar="PATH", help="draw the power against the number of groups, "
        "as .png or .svg"
    )  # fmt: skip
    return parser


def _check(options: argparse.Namespace) -> None:
    """Raises :class:`CatsightError` for numbers that mean nothing and files that cannot be."""
    if not options.difference > 0:
        raise CatsightError(f"--difference is {options.difference:g}; it must be above 0")
    for name, value in (("power", options.power), ("level", options.level)):
        if not 0 < value < 1:
            raise CatsightError(f"--{name} is {value:g}; it must lie between 0 and 1")
    if options.figure and options.figure.suffix.lower() not in (".png", ".svg"):
        raise CatsightError(
            f"{options.figure}: figures are .png or .svg files; change the figure's suffix"
        )
