"""``catsight figures``: pictures of the results, and the report."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from catsight import job, tables
from catsight.errors import CatsightError


def main(arguments: Sequence[str]) -> None:
    commands = {
        "gallery": (_gallery, "some frames as each view delivers them"),
        "eyes": (_eyes, "pupil, optics and receptors of the eyes, and a test chart"),
        "profiles": (_profiles, "alignment against depth"),
        "ranking": (_ranking, "the encoders by their mean alignment"),
        "report": (_report, "one HTML file with the whole study"),
    }
    job.choose("figures", commands, arguments)


def _gallery(arguments: Sequence[str]) -> None:
    parser = job.parser("figures gallery", "Draws some frames as each view delivers them, side by side.")
    parser.add_argument("--frames", type=Path, nargs="+", required=True, help="the frames, all shards")
    parser.add_argument("--views", nargs="+", action="append", required=True, metavar="VIEW TABLE",
                        help="a view's name and its tables, all shards; once for each view")  # fmt: skip
    _output(parser, "one or more .png or .svg to write")
    options = parser.parse_args(arguments)

    from catsight.figures import gallery, reading

    parts = [tables.read(path, ["frame_id", "group", "title"]).to_pandas() for path in options.frames]
    frames = pd.concat(parts, ignore_index=True)
    if frames.empty:
        raise CatsightError(f"{options.frames[0]} holds no frame to show; see rejected.parquet for why")
    if (twice := frames["frame_id"].duplicated()).any():
        raise CatsightError(f"the frame {frames['frame_id'][twice].iloc[0]} is in the tables of frames more than once")
    chosen = gallery.choose(frames, options.spec["gallery"])
    titles = frames.set_index("frame_id")["title"].fillna("").to_dict()
    seen = {}
    for view, *paths in options.views:
        if view not in options.spec["views"]:
            raise CatsightError(f"--views {view}: not a view of this study; it has {', '.join(options.spec['views'])}")
        seen[view] = reading.pictures([Path(path) for path in paths], chosen)
    rows = [
        {"title": titles[frame] or frame, "pictures": {view: pictures[frame] for view, pictures in seen.items()}}
        for frame in chosen
    ]
    _save(gallery.draw(rows, options.spec), options)


def _eyes(arguments: Sequence[str]) -> None:
    parser = job.parser("figures eyes", "Draws the eyes of a study: pupil, optics, receptors, and a test chart.")
    parser.add_argument("--eyes", type=Path, required=True, help="the table of eyes")
    _output(parser, "one or more .png or .svg to write")
    options = parser.parse_args(arguments)

    from catsight.figures import eyes

    _save(eyes.draw(eyes.read(options.eyes)), options)


def _profiles(arguments: Sequence[str]) -> None:
    from catsight.figures import profiles

    _of_metrics("profiles", "Draws alignment against depth, one line per encoder.", profiles.draw, arguments)


def _ranking(arguments: Sequence[str]) -> None:
    from catsight.figures import ranking

    _of_metrics("ranking", "Ranks the encoders by their mean alignment over layers.", ranking.draw, arguments)


def _of_metrics(name: str, about: str, draw: Callable, arguments: Sequence[str]) -> None:
    parser = job.parser(f"figures {name}", about)
    parser.add_argument("--metrics", type=Path, required=True, help="the study's metrics table")
    _output(parser, "one or more .png or .svg to write")
    options = parser.parse_args(arguments)
    _save(draw(tables.read(options.metrics).to_pandas(), options.spec), options)


def _report(arguments: Sequence[str]) -> None:
    parser = job.parser("figures report", "Writes one HTML file that holds the whole study and needs no network.")
    parser.add_argument("--frames", type=Path, nargs="+", required=True, help="the frames, all shards")
    parser.add_argument("--rejected", type=Path, required=True, help="the table of files that could not be used")
    parser.add_argument("--metrics", type=Path, required=True, help="the study's metrics table")
    parser.add_argument("--features", type=Path, nargs="+", required=True,
                        help="tables of features; their provenance is shown")  # fmt: skip
    parser.add_argument("--figures", type=Path, nargs="+", required=True, help="the figures to show, .svg or .png")
    parser.add_argument("--output", type=Path, required=True, help="the .html to write")
    options = parser.parse_args(arguments)

    from catsight.figures import report

    html = report.render(
        options.spec,
        frames=options.frames,
        rejected=options.rejected,
        metrics=options.metrics,
        features=options.features,
        figures=options.figures,
    )
    report.write(html, options.output)


def _output(parser, about: str) -> None:
    parser.add_argument("--output", type=Path, nargs="+", required=True, help=about)


def _save(figure, options) -> None:
    from catsight.figures import style

    for path in options.output:
        style.save(figure, path, options.spec["dpi"])
