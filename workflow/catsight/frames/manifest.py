"""``catsight manifest``: the user's files that the frames are made from, each with its hash.

What follows depends on this one small table, not on thousands of files; and the frames are made
from what it lists or not at all.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from catsight import tables
from catsight.errors import CatsightError
from catsight.frames.item import File
from catsight.inputs import files, hub, sources
from catsight.run import job
from catsight.run.prefetch import ahead
from catsight.run.progress import Progress
from catsight.tables.columns.manifest import MANIFEST
from catsight.tables.store import Store, address

#: Files hashed at once; hashing runs without Python's lock.
_AT_ONCE = min(4, os.cpu_count() or 1)


def main(arguments: Sequence[str]) -> None:
    parser = job.parser(
        "manifest",
        "Lists the files that the frames are made from, with the SHA-256 of each. The spec says where they are.",
    )
    parser.add_argument("--output", type=Path, required=True, help="the table to write")
    options = parser.parse_args(arguments)
    spec, store = options.spec, Store(options.store)

    sources.check(spec["sources"])
    rows = listing(spec["sources"])
    where = address(spec, {"files": rows})
    if not store.find(where, options.output):
        store.save(where, options.output, MANIFEST, rows, {"stage": "frames", "spec": spec})


def listing(named: Mapping[str, Mapping]) -> list[dict]:
    """Rows of the manifest of some sources (by name, as the spec has them), sorted."""
    places = []
    for name, source in named.items():
        for key, path in _roots(source, hub.fetch).items():
            root, names = files.below(path, source.get("files"))
            if source["source"] == "hub":
                names = _of_dataset(names)
            if not names:
                raise CatsightError(
                    f"'{path}' holds no files{_that_match(source)}; the source needs some"
                )
            places += [(name, key, root, file) for file in names]
    rows = []
    with Progress("manifest", len(places), "files") as progress:
        for (name, key, _, file), (digest, size) in zip(places, ahead(_measure, places, _AT_ONCE)):
            progress.advance()
            rows.append(
                {
                    "source": name,
                    "key": key,
                    "path": files.as_text(file),
                    "sha256": digest,
                    "bytes": size,
                }
            )
    return sorted(rows, key=lambda row: (row["source"], row["key"], row["path"]))


def found(manifest: Path, named: Mapping[str, Mapping]) -> dict[str, dict[str, list[File]]]:
    """The files that a manifest lists, by source and key, in its order."""
    places: dict[str, dict[str, tuple[Path, list[File]]]] = {
        name: {key: (Path(path), []) for key, path in _roots(source, _fetched).items()}
        for name, source in named.items()
    }
    for row in tables.read(manifest).to_pylist():
        try:
            root, listed = places[row["source"]][row["key"]]
            below = files.from_text(row["path"])
        except (KeyError, ValueError) as error:
            raise CatsightError(
                f"{manifest} does not fit this study ({error}); delete it and run again"
            ) from None
        path = root / below if root.is_dir() else root.with_name(below)
        listed.append(File(files.as_id(below), path, row["sha256"]))
    return {
        name: {key: listed for key, (_, listed) in keys.items()} for name, keys in places.items()
    }


def _roots(source: Mapping, snapshot: Callable) -> dict[str, str]:
    """The folders and files that a source reads, by the key of the source that names them; a
    dataset's as ``path``.
    """
    if source["source"] == "hub":
        return {"path": str(snapshot(source["dataset"], source["revision"], source["files"]))}
    return sources.roots(source)


def _fetched(dataset: str, revision: str, patterns: Sequence[str] | None) -> Path:
    if (folder := hub.cached(dataset, revision)) is None:
        raise CatsightError(
            f"the dataset {dataset} at {revision[:12]} is no longer in the hub's cache on this machine; delete "
            "manifest.parquet in the study's frames folder and run again to fetch it"
        )
    return folder


def _of_dataset(names: Sequence[str]) -> list[str]:
    """The files of a dataset that are read: its tables, where it has any; else all but the text
    about it.
    """
    return [name for name in names if name.endswith(".parquet")] or [
        name for name in names if name != "README.md"
    ]


def _measure(place: tuple[str, str, str, str]) -> tuple[str | None, int | None]:
    path = os.path.join(*place[2:])
    digest = files.digest(path)
    if digest is None:
        print(f"manifest: {files.as_id(path)} cannot be read", file=sys.stderr)
        return None, None
    return digest, os.path.getsize(path)


def _that_match(source: Mapping) -> str:
    return f" whose path matches {' or '.join(source['files'])}" if source.get("files") else ""
