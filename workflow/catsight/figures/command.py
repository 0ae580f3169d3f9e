"""``catsight figures``: pictures of the results, and the report."""

import argparse
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from catsight import tables
from catsight.errors import CatsightError
from catsight.run import job

#: Figures that are drawn from one table of the study.
OF_TABLES = {
    "profiles": "alignment against depth",
    "ranking": "the encoders by their mean alignment",
    "changes": "the eye beside controls and other views",
    "attribution": "which part of the eye a loss is due to, layer by layer",
    "doses": "alignment as light, focus, field of view or acuity varies",
    "maps": "each layer against each",
    "rdms": "dissimilarity matrices of reference and view",
    "stability": "what the values would be with fewer frames",
}


def main(arguments: Sequence[str]) -> None:
    commands: dict[str, tuple[Callable[[Sequence[str]], None], str]] = {
        "summary": (_summary, "one figure with the question and the answer"),
        "gallery": (_gallery, "some frames as each view delivers them"),
        "parts": (_parts, "some frames with one part of the eye after the other swapped"),
        "eyes": (_eyes, "pupil, optics and receptors of the eyes, and a test chart"),
        **{name: (partial(_of_table, name), about) for name, about in OF_TABLES.items()},
        "retrieval": (_retrieval, "which frame is taken for which"),
        "tables": (_tables, "the numbers as CSV and LaTeX"),
        "report": (_report, "one HTML file with the whole study"),
    }
    job.choose("figures", commands, arguments)


def _of_table(name: str, arguments: Sequence[str]) -> None:
    parser = _parser(name, f"Draws {OF_TABLES[name]}.")
    parser.add_argument(
        "--table", type=Path, required=True, help="the study's table that it is drawn from"
    )
    options = parser.parse_args(arguments)
    # imported by name, so that the digest of this module covers them
    from catsight.figures import attribution, doses, maps, profiles, ranking, rdms, stability

    drawn_by = {"profiles": profiles, "ranking": ranking, "attribution": attribution, "doses": doses, "maps": maps,
                "rdms": rdms, "stability": stability}  # fmt: skip
    draw = ranking.changes if name == "changes" else drawn_by[name].draw
    _save(draw(tables.read(options.table).to_pandas(), options.spec), options)


def _gallery(arguments: Sequence[str]) -> None:
    options = _with_views(
        _parser("gallery", "Draws some frames as each view delivers them, side by side.")
    ).parse_args(arguments)
    from catsight.figures import gallery

    _save(gallery.draw(_rows(options, options.spec["views"]), options.spec), options)


def _parts(arguments: Sequence[str]) -> None:
    about = "Draws some frames with one part of the reference's eye after the other swapped, and with all."
    options = _with_views(_parser("parts", about)).parse_args(arguments)
    from catsight.figures import gallery

    settings = options.spec["attribution"]
    wanted = [options.spec["reference"], *settings["swapped"].values(), settings["whole"]]
    _save(gallery.parts(_rows(options, wanted), options.spec), options)


def _summary(arguments: Sequence[str]) -> None:
    parser = _with_views(_parser("summary", "Draws one figure with the question and the answer."))
    parser.add_argument("--metrics", type=Path, required=True, help="the study's metrics table")
    parser.add_argument(
        "--attribution", type=Path, help="the study's table of attribution, where it has one"
    )
    options = parser.parse_args(arguments)
    from catsight.figures import summary

    attribution = tables.read(options.attribution).to_pandas() if options.attribution else None
    metrics = tables.read(options.metrics).to_pandas()
    row = _rows(options, options.spec["views"], count=1)[0]
    _save(summary.draw(metrics, options.spec, row, attribution), options)


def _retrieval(arguments: Sequence[str]) -> None:
    parser = _with_views(
        _parser("retrieval", "Draws frames, their views, and the frames that these are taken for.")
    )
    parser.add_argument(
        "--pairs", type=Path, required=True, help="the study's table of pairs of frames"
    )
    options = parser.parse_args(arguments)
    from catsight.figures import choices, reading, retrieval

    spec, paths = options.spec, _paths(options)
    rows = retrieval.examples(tables.read(options.pairs).to_pandas(), spec)
    own = {row["frame"] for row in rows}
    others = {near["other"] for row in rows for near in row["nearest"].values()}
    as_reference = reading.pictures(paths[spec["reference"]], own | others)
    as_view = reading.pictures(paths[choices.focus(spec)], own)
    for row in rows:
        found = {near["other"]: as_reference[near["other"]] for near in row["nearest"].values()}
        row["pictures"] = {
            "reference": as_reference[row["frame"]],
            "view": as_view[row["frame"]],
            "others": found,
        }
    titles = _frames(options).set_index("frame_id")["title"].fillna("").to_dict()
    _save(retrieval.draw(rows, spec, titles), options)


def _eyes(arguments: Sequence[str]) -> None:
    parser = _parser(
        "eyes", "Draws the eyes of a study: pupil, optics, receptors, and a test chart."
    )
    parser.add_argument("--table", type=Path, required=True, help="the table of eyes")
    options = parser.parse_args(arguments)

    from catsight.figures import eyes

    _save(eyes.draw(eyes.read(options.table)), options)


def _tables(arguments: Sequence[str]) -> None:
    parser = _parser("tables", "Writes the numbers of a study as CSV, and their means over layers as LaTeX.",
                     ".csv and .tex to write")  # fmt: skip
    parser.add_argument("--table", type=Path, required=True, help="the study's metrics table")
    options = parser.parse_args(arguments)

    from catsight.figures import numbers

    rows = tables.read(options.table).to_pandas()
    for path in options.output:
        numbers.write(rows, options.spec, path)


def _report(arguments: Sequence[str]) -> None:
    parser = job.parser(
        "figures report", "Writes one HTML file that holds the whole study and needs no network."
    )
    parser.add_argument(
        "--frames", type=Path, required=True, help="the frames: a table, or a folder of shards"
    )
    parser.add_argument(
        "--rejected", type=Path, required=True, help="the table of files that could not be used"
    )
    parser.add_argument(
        "--near", type=Path, help="the table of pictures of different groups that look nearly alike"
    )
    parser.add_argument("--metrics", type=Path, required=True, help="the study's metrics table")
    parser.add_argument(
        "--attribution", type=Path, help="the study's table of attribution, where it has one"
    )
    parser.add_argument("--features", type=Path, nargs="+", required=True,
                        help="a table of features of each encoder; their provenance is shown")  # fmt: skip
    parser.add_argument("--matched", type=Path, nargs="*", default=[],
                        help="views that are blurs matched to another (tables or folders); how well")  # fmt: skip
    parser.add_argument(
        "--figures", type=Path, nargs="+", required=True, help="the figures to show, .svg or .png"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .html to write")
    job.add_shards(parser)
    options = parser.parse_args(arguments)

    from catsight.figures import report

    html = report.render(
        options.spec,
        frames=tables.shards(options.frames, options.shards),
        rejected=options.rejected,
        near=options.near,
        metrics=options.metrics,
        attribution=options.attribution,
        features=options.features,
        matched=[
            path for folder in options.matched for path in tables.shards(folder, options.shards)
        ],
        figures=options.figures,
    )
    report.write(html, options.output)


# -- options and pictures that several figures share -----------------------------------------------


def _parser(
    name: str, about: str, output: str = "one or more .png or .svg to write"
) -> argparse.ArgumentParser:
    parser = job.parser(f"figures {name}", about)
    parser.add_argument("--output", type=Path, nargs="+", required=True, help=output)
    return parser


def _with_views(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--frames", type=Path, required=True, help="the frames: a table, or a folder of shards"
    )
    parser.add_argument("--views", nargs=2, action="append", required=True, metavar=("VIEW", "PATH"),
                        help="a view's name and its table, or folder of shards; once for each view")  # fmt: skip
    job.add_shards(parser)
    return parser


def _frames(options) -> pd.DataFrame:
    """The frames without their pictures."""
    shards = tables.shards(options.frames, options.shards)
    parts = [tables.read(path, ["frame_id", "group", "title"]).to_pandas() for path in shards]
    frames = pd.concat(parts, ignore_index=True)
    if frames.empty:
        raise CatsightError(
            f"{options.frames} holds no frame to show; see rejected.parquet for why"
        )
    if (twice := frames["frame_id"].duplicated()).any():
        raise CatsightError(
            f"the frame {frames['frame_id'][twice].iloc[0]} is in the tables of frames more than once"
        )
    return frames


def _paths(options) -> dict[str, list[Path]]:
    """The tables of each view."""
    return {view: tables.shards(path, options.shards) for view, path in options.views}


def _rows(options, wanted: Collection[str], count: int | None = None) -> list[Mapping]:
    """Some frames, ``count`` or as many as the spec says, with their title and their pictures in
    each view.
    """
    from catsight.figures import gallery, reading

    frames = _frames(options)
    chosen = gallery.choose(frames, count or options.spec["gallery"])
    titles = frames.set_index("frame_id")["title"].fillna("").to_dict()
    seen = {}
    for view, paths in _paths(options).items():
        if view not in wanted:
            raise CatsightError(
                f"--views {view}: not a view of this figure; it may be {', '.join(wanted)}"
            )
        seen[view] = reading.pictures(paths, chosen)
    return [
        {
            "title": titles[frame] or frame,
            "pictures": {view: pictures[frame] for view, pictures in seen.items()},
        }
        for frame in chosen
    ]


def _save(figure, options) -> None:
    from catsight.figures import style

    for path in options.output:
        style.save(figure, path, options.spec["dpi"])
