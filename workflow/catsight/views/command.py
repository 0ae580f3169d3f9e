"""``catsight views``: views of a shard of frames, and the portraits of a study's eyes."""

from collections.abc import Sequence
from pathlib import Path

from catsight import tables
from catsight.run import job
from catsight.run.progress import Progress
from catsight.tables.columns.portraits import PORTRAITS
from catsight.tables.columns.views import VIEWS
from catsight.tables.store import Store, address
from catsight.views.portraits import portraits_of_study
from catsight.views.rows import row
from catsight.views.viewer import MatchedViewer, columns, viewer

#: Frames held in memory at once.
_ROWS = 8


def main(arguments: Sequence[str]) -> None:
    """Runs the sub-command that ``arguments`` name; without one, options are those of ``make``."""
    job.choose("views", COMMANDS, arguments, default="make")


def make(arguments: Sequence[str]) -> None:
    """``catsight views make``: one view of a shard of frames."""
    parser = job.parser(
        "views make",
        "Makes one view of a shard of frames: each frame as an eye or a filter delivers it.",
    )
    parser.add_argument("--frames", type=Path, required=True, help="the table of frames to read")
    parser.add_argument("--output", type=Path, required=True, help="the table of views to write")
    options = parser.parse_args(arguments)

    store = Store(options.store)
    inputs = {"frames": tables.content(options.frames)}
    where = address(options.spec, inputs)
    if store.find(where, options.output):
        return
    view = options.spec["view"]
    see = viewer(view)
    provenance = {"stage": "views", "spec": options.spec, "inputs": inputs}
    total = tables.provenance(options.frames)["rows"]
    what = f"views {options.output.parent.name}"
    with Progress(what, total) as progress, store.writer(where, VIEWS, provenance) as writer:
        for batch in tables.batches(options.frames, _ROWS, columns(view)):
            writer.write([row(frame, see) for frame in batch.to_pylist()])
            progress.advance(batch.num_rows)
        if isinstance(see, MatchedViewer):
            writer.provenance["matched"] = see.summary()
    store.link(store.path(where), options.output)


def portraits(arguments: Sequence[str]) -> None:
    """``catsight views portraits``: one row for each eye of a study, for the figure of eyes."""
    parser = job.parser(
        "views portraits",
        "Tabulates each eye of a study: pupil, optics, receptors, and a test chart as it sees it.",
    )
    parser.add_argument(
        "--output", type=Path, required=True, help="the table of portraits to write"
    )
    options = parser.parse_args(arguments)

    store = Store(options.store)
    where = address(options.spec, {})
    if store.find(where, options.output):
        return
    provenance = {"stage": "views", "spec": options.spec, "inputs": {}}
    store.save(where, options.output, PORTRAITS, portraits_of_study(options.spec), provenance)


#: Sub-command -> its function and one line of help.
COMMANDS: job.Commands = {
    "make": (make, "one view of a shard of frames, as an eye or a filter delivers it"),
    "portraits": (portraits, "each eye of a study, tabulated for the figure of eyes"),
}
