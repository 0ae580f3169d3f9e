"""``catsight figures``: pictures of the results, and the report."""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING

from catsight import tables
from catsight.run import job
from catsight.tables.lists import shards

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from catsight.figures.choices import Choices


def main(arguments: Sequence[str]) -> None:
    """Runs the command that is named first: a figure, ``tables`` or ``report``."""
    commands: dict[str, tuple[Callable[[Sequence[str]], None], str]] = {
        "ranking": (_ranking, "encoders in the order of their mean alignment"),
        "summary": (_summary, "one figure with the question and the answer"),
        "gallery": (partial(_scenes, "gallery"), "some frames in each view"),
        "parts": (
            partial(_scenes, "parts"),
            "some frames with one part of the eye swapped, then with all",
        ),
        "retrieval": (_retrieval, "which frame is taken for which"),
        "extremes": (_extremes, "the scenes that lose most and least"),
        "places": (_places, "where in some frames the features differ between two views"),
        "answers": (_answers, "what networks answer to frames, and to their views"),
        "tables": (_tables, "the numbers as CSV and LaTeX"),
        "report": (_report, "one HTML file with the whole study"),
    }
    name = arguments[0] if arguments else ""
    if name not in commands:
        if module := _module(name):
            return _of_table(module, name, arguments[1:])
        # for the help and the error, which list all commands
        for one in iter_modules([str(Path(__file__).parent)]):
            if one.name not in commands and (module := _module(one.name)):
                commands[one.name] = partial(_of_table, module, one.name), _about(module)
    job.choose("figures", commands, arguments)


def _module(name: str) -> ModuleType | None:
    """The module that draws the figure ``name``: that of this name in this package, if it has a
    function ``draw``.
    """
    full = f"{__package__}.{name}"
    if not name.isidentifier() or find_spec(full) is None:
        return None
    module = import_module(full)
    return module if hasattr(module, "draw") else None


def _about(module: ModuleType) -> str:
    """The first line of a module's docstring, as a line of help."""
    line = (module.__doc__ or module.__name__).splitlines()[0].rstrip(".")
    return line[0].lower() + line[1:]


def _of_table(module: ModuleType, name: str, arguments: Sequence[str]) -> None:
    """Draws a figure of one table."""
    parser = _parser(name, f"Draws {_about(module)}.")
    parser.add_argument(
        "--table", type=Path, required=True, help="the study's table that it is drawn from"
    )
    options = parser.parse_args(arguments)
    _save(module.draw(_read(options.table), _choices(options)), options)


def _scenes(name: str, arguments: Sequence[str]) -> None:
    about = "Draws some frames in each view, side by side."
    options = _with_views(_parser(name, about)).parse_args(arguments)
    module, choices = import_module(f"catsight.figures.{name}"), _choices(options)
    scenes = module.read(_frames(options), _views(options), choices)
    _save(module.draw(scenes, choices), options)


def _summary(arguments: Sequence[str]) -> None:
    parser = _with_views(_parser("summary", "Draws one figure with the question and the answer."))
    parser.add_argument("--metrics", type=Path, required=True, help="the study's table of metrics")
    _add_optional(parser, "attribution")
    options = parser.parse_args(arguments)

    from catsight.figures import summary

    choices = _choices(options)
    scene = summary.read(_frames(options), _views(options), choices)
    attribution = _read(options.attribution) if options.attribution else None
    _save(summary.draw(_read(options.metrics), choices, scene, attribution), options)


def _ranking(arguments: Sequence[str]) -> None:
    parser = _parser("ranking", "Draws encoders in the order of their mean alignment.")
    parser.add_argument("--metrics", type=Path, required=True, help="the study's table of metrics")
    _add_contrasts(parser)
    options = parser.parse_args(arguments)

    from catsight.figures import ranking

    _save(
        ranking.draw(_read(options.metrics), _choices(options), _read(options.contrasts)), options
    )


def _retrieval(arguments: Sequence[str]) -> None:
    parser = _parser(
        "retrieval", "Draws frames, their views, and the frames that these are taken for."
    )
    options, table = _with_pictures(parser, "--pairs", "pairs of frames", arguments)

    from catsight.figures import retrieval

    choices = _choices(options)
    found = retrieval.examples(table, choices)
    pictures = retrieval.read(found, _frames(options), _views(options), choices)
    _save(retrieval.draw(found, choices, pictures), options)


def _extremes(arguments: Sequence[str]) -> None:
    parser = _parser(
        "extremes", "Draws the scenes that lose most and least, and what they have in common."
    )
    options, table = _with_pictures(parser, "--per-frame", "single frames", arguments)

    from catsight.figures import extremes

    choices = _choices(options)
    scenes = extremes.read(table, _frames(options), _views(options), choices)
    _save(extremes.draw(scenes, choices), options)


def _places(arguments: Sequence[str]) -> None:
    parser = _parser("places", "Draws where in some frames the features differ between two views.")
    options, table = _with_pictures(parser, "--table", "places", arguments)

    from catsight.figures import places

    choices = _choices(options)
    rows = places.of_focus(table, choices)
    pictures = places.read(rows, _frames(options), _views(options), choices)
    _save(places.draw(rows, choices, pictures), options)


def _answers(arguments: Sequence[str]) -> None:
    parser = _parser("answers", "Draws frames, their views, and what networks answer to both.")
    options, table = _with_pictures(parser, "--readout", "readouts", arguments)

    from catsight.figures import answers

    choices = _choices(options)
    found = answers.examples(table, choices)
    _save(answers.draw(found, choices, answers.read(found, _views(options), choices)), options)


def _tables(arguments: Sequence[str]) -> None:
    about = "Writes the numbers of a study as CSV, and their means over layers as LaTeX."
    parser = _parser("tables", about, output=".csv and .tex files to write")
    parser.add_argument("--table", type=Path, required=True, help="the study's table of metrics")
    options = parser.parse_args(arguments)

    from catsight.figures.tables import write

    rows, choices = _read(options.table), _choices(options)
    for path in options.output:
        write(rows, choices, path)


def _report(arguments: Sequence[str]) -> None:
    about = "Writes one HTML file that holds the whole study and needs no network."
    parser = job.parser("figures report", about)
    parser.add_argument("--output", type=Path, required=True, help="the .html file to write")
    job.add_frames(parser)
    parser.add_argument(
        "--rejected", type=Path, required=True, help="the table of files that could not be used"
    )
    parser.add_argument(
        "--near", type=Path, help="the table of pictures of different groups that look nearly alike"
    )
    parser.add_argument("--metrics", type=Path, required=True, help="the study's table of metrics")
    _add_optional(parser, "attribution", "physiology", "renderings", "readout")
    _add_contrasts(parser)
    parser.add_argument(
        "--best", type=Path, required=True, help="the study's table of those that may be the best"
    )
    parser.add_argument(
        "--features",
        type=Path,
        nargs="+",
        required=True,
        help="a table of features of each encoder; the report shows their provenance",
    )
    parser.add_argument(
        "--matched",
        type=Path,
        nargs="*",
        default=[],
        help="views that are controls matched to another view (tables, or folders of shards); the "
        "report says how well",
    )
    parser.add_argument(
        "--figures", type=Path, nargs="+", required=True, help="the figures to show, .svg or .png"
    )
    options = parser.parse_args(arguments)

    from catsight.figures import report

    html = report.render(
        options.spec,
        frames=_frames(options),
        rejected=options.rejected,
        near=options.near,
        metrics=options.metrics,
        attribution=options.attribution,
        physiology=options.physiology,
        renderings=options.renderings,
        readout=options.readout,
        contrasts=options.contrasts,
        best=options.best,
        features=options.features,
        matched=[path for folder in options.matched for path in shards(folder, options.shards)],
        figures=options.figures,
    )
    report.write(html, options.output)


# -- what several commands share -------------------------------------------------------------------


def _parser(
    name: str, about: str, output: str = "one or more .png or .svg files to write"
) -> argparse.ArgumentParser:
    parser = job.parser(f"figures {name}", about)
    parser.add_argument("--output", type=Path, nargs="+", required=True, help=output)
    return parser


def _with_views(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    job.add_tables(parser, "--views", "view")
    return parser


def _with_pictures(
    parser: argparse.ArgumentParser, option: str, of: str, arguments: Sequence[str]
) -> "tuple[argparse.Namespace, pd.DataFrame]":
    """The options of a figure of pictures and of one table, which ``option`` names, and the table.

    ``of``: what its rows are, for the help.
    """
    given = _with_views(parser).add_argument(
        option, type=Path, required=True, help=f"the study's table of {of}"
    )
    options = parser.parse_args(arguments)
    return options, _read(getattr(options, given.dest))


def _add_optional(parser: argparse.ArgumentParser, *tables: str) -> None:
    for table in tables:
        parser.add_argument(
            f"--{table}",
            type=Path,
            nargs="?",
            help=f"the study's table of {table}, or nothing if it has none",
        )


def _add_contrasts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--contrasts", type=Path, required=True, help="the study's table of contrasts"
    )


def _frames(options: argparse.Namespace) -> list[Path]:
    return shards(options.frames, options.shards)


def _views(options: argparse.Namespace) -> dict[str, list[Path]]:
    return {view: shards(path, options.shards) for view, path in options.views}


def _read(path: Path) -> "pd.DataFrame":
    return tables.read(path).to_pandas()


def _choices(options: argparse.Namespace) -> "Choices":
    from catsight.figures.choices import Choices

    return Choices(options.spec)


def _save(figure: "Figure", options: argparse.Namespace) -> None:
    from catsight.figures import style

    for path in options.output:
        style.save(figure, path, options.spec["dpi"])
