"""The manifest: the user's files that frames are made from, with the SHA-256 of each.

Later jobs depend on this one small table, not on thousands of files. A file that has changed
since it was listed is an error.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from catsight import tables
from catsight.errors import CatsightError, say
from catsight.frames.item import File
from catsight.inputs import files, hub, sources
from catsight.run.prefetch import ahead
from catsight.run.progress import Progress
from catsight.run.specs import SourceSpec

#: Files that are hashed at once; hashing releases the GIL.
_AT_ONCE = min(4, os.cpu_count() or 1)


class Place(NamedTuple):
    """A file of a source, below the folder ``root`` that the source names by ``key``."""

    source: str
    key: str
    root: str
    file: str

    @property
    def path(self) -> str:
        """Where the file lies."""
        return os.path.join(self.root, self.file)


def places(named: Mapping[str, SourceSpec]) -> list[Place]:
    """The files of some sources (by name, as in the spec), in the manifest's order.

    Downloads datasets from the hub. Raises :class:`CatsightError` if a source has no files.
    """
    places = []
    for name, source in named.items():
        for key, path in _roots(source, hub.fetch).items():
            root, names = files.below(path, source.get("files"))
            if source["source"] == "hub":
                names = _of_dataset(names)
            if not names:
                raise CatsightError(
                    f"'{path}' holds no files{_that_match(source)}; the source needs at least one"
                )
            places += [Place(name, key, root, file) for file in names]
    return sorted(places, key=_order)


def listing(places: Sequence[Place]) -> list[dict[str, Any]]:
    """Rows of the manifest of these files."""
    rows = []
    with Progress("manifest", len(places), "files") as progress:
        for place, (digest, size) in zip(places, ahead(_measure, places, _AT_ONCE)):
            progress.advance()
            rows.append(
                {
                    "source": place.source,
                    "key": place.key,
                    "path": files.as_text(place.file),
                    "sha256": digest,
                    "bytes": size,
                }
            )
    return rows


def found(manifest: Path, named: Mapping[str, SourceSpec]) -> dict[str, dict[str, list[File]]]:
    """The files in the table ``manifest``, by source and key, in its order.

    Raises :class:`CatsightError` if the table lists files of other sources than the ``named``.
    """
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


def _order(place: Place) -> tuple[str, ...]:
    """What files are sorted by: the same order however a file system writes accents."""
    name = files.as_text(place.file)
    return place.source, place.key, files.composed(name), name


def _roots(
    source: SourceSpec, snapshot: Callable[[str, str, list[str] | None], Path]
) -> dict[str, str]:
    """The folders and files that a source reads, by the key of the source that names them.

    The folder of a dataset has the key "path".
    """
    if source["source"] == "hub":
        return {"path": str(snapshot(source["dataset"], source["revision"], source["files"]))}
    return sources.roots(source)


def _fetched(dataset: str, revision: str, patterns: list[str] | None) -> Path:
    if (folder := hub.cached(dataset, revision)) is None:
        raise CatsightError(
            f"the dataset {dataset} at {revision[:12]} is no longer in the hub's cache on this "
            "machine; delete manifest.parquet in the study's frames folder and run again to fetch "
            "it"
        )
    return folder


def _of_dataset(names: Sequence[str]) -> list[str]:
    """The files of a dataset to read: its tables if it has any, else all but README.md."""
    return [name for name in names if name.endswith(".parquet")] or [
        name for name in names if name != "README.md"
    ]


def _measure(place: Place) -> tuple[str | None, int | None]:
    """SHA-256 and size (bytes) of a file, None if it cannot be read or is too large."""
    path = place.path
    digest = sources.digest(path)
    if digest is None:
        say(f"manifest: {files.as_id(path)} cannot be read")
        return None, None
    return digest, os.path.getsize(path)


def _that_match(source: SourceSpec) -> str:
    patterns = source.get("files")
    return f" whose path matches {' or '.join(patterns)}" if patterns else ""
