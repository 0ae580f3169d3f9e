"""``catsight frames``: list the user's files, and make frames from them."""

import resource
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from catsight import tables
from catsight.errors import CatsightError, say
from catsight.frames.make import rows
from catsight.frames.manifest import listing, places
from catsight.inputs import sources, stamps
from catsight.run import job
from catsight.run.specs import FramesSpec, ManifestSpec
from catsight.tables.columns.frames import FRAMES
from catsight.tables.columns.manifest import MANIFEST
from catsight.tables.columns.near_duplicates import NEAR_DUPLICATES
from catsight.tables.columns.rejected import REJECTED
from catsight.tables.store import Store, address

#: Bytes of rows that wait to be written, in all tables together: the more shards, the fewer each.
_WAITING = 200_000_000
#: Open files besides the tables: libraries, logs, the pictures being read.
_OTHER_FILES = 64


def main(arguments: Sequence[str]) -> None:
    """Runs a sub-command. Options without one run ``make``, as in earlier versions."""
    job.choose("frames", COMMANDS, arguments, default="make")


def manifest(arguments: Sequence[str]) -> None:
    """``catsight frames manifest``: writes the table of the user's files."""
    parser = job.parser(
        "frames manifest",
        "Lists the files that frames are made from, with the SHA-256 of each. The spec says where "
        "they are.",
    )
    parser.add_argument("--output", type=Path, required=True, help="the table to write")
    options = parser.parse_args(arguments)
    spec: ManifestSpec = options.spec
    store = Store(options.store)

    sources.check(spec["sources"])
    found = places(spec["sources"])
    before = [stamps.of(place.path) for place in found]
    files = listing(found)
    where = address(spec, {"files": files})
    if not store.find(where, options.output):
        store.save(where, options.output, MANIFEST, files, {"stage": "frames", "spec": spec})
    stamps.write(
        options.output.with_name(stamps.RECORD),
        {place.path: (was, row["sha256"]) for place, was, row in zip(found, before, files)},
    )


def make(arguments: Sequence[str]) -> None:
    """``catsight frames make``: writes the shards of frames and the two lists beside them."""
    parser = job.parser(
        "frames make",
        "Turns pictures into frames: upright sRGB pictures with an id and a group, in several "
        "tables (shards). A picture that cannot be used or is the same as another is listed in the "
        "table of rejected files with the reason. Pictures of different groups that look nearly "
        "alike are listed, too. The spec says where the pictures come from and how many glances "
        "(square crops) to take of each.",
    )
    parser.add_argument(
        "--manifest",
        type=Path,
        required=True,
        help="the table of files that `catsight frames manifest` wrote",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="folder for the tables: 0.parquet, 1.parquet, ... (one for each of the spec's "
        "shards), rejected.parquet and near_duplicates.parquet",
    )
    options = parser.parse_args(arguments)
    spec: FramesSpec = options.spec
    store = Store(options.store)

    schemas = {
        **dict.fromkeys(map(str, range(spec["shards"])), FRAMES),
        "rejected": REJECTED,
        "near_duplicates": NEAR_DUPLICATES,
    }
    inputs = {"manifest": tables.content(options.manifest)}
    where = {name: address(spec, inputs | {"output": name}) for name in schemas}
    outputs = {name: options.output / f"{name}.parquet" for name in schemas}
    if all(store.path(where[name]).exists() for name in schemas) and all(
        store.find(where[name], outputs[name]) for name in schemas
    ):
        return
    allow_files(spec["shards"])
    provenance = {"stage": "frames", "spec": spec, "inputs": inputs}
    waiting = min(tables.ROW_GROUP, _WAITING // len(schemas))
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(
                store.writer(where[name], schema, provenance, row_group=waiting)
            )
            for name, schema in schemas.items()
        }
        for name, row in rows(spec, options.manifest):
            writers[name].add(row)
    for name, output in outputs.items():
        store.link(store.path(where[name]), output)
        say(f"store: computed {output}")


COMMANDS: job.Commands = {
    "manifest": (manifest, "list the files that frames are made from, with their hashes"),
    "make": (make, "turn pictures into frames in Parquet shards"),
}


def allow_files(shards: int) -> None:
    """Raises this process's limit on open files if ``shards`` tables need more.

    Raises :class:`CatsightError` if the system does not allow that many.
    """
    needed = shards + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise CatsightError(
            f"frames.shards is {shards}, and all these tables are written at once, but the system "
            f"lets a process open {hard} files: set frames.shards to at most "
            f"{max(1, hard - _OTHER_FILES)}, or raise the limit (ulimit -Hn)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
