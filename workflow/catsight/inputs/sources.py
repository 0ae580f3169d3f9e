"""Where frames may come from: the kinds of source, the keys that each takes, and the user's files
that it reads.

Shared by the study, which tells Snakemake of the files, and the stage that reads them; so nothing
here is heavy.
"""

import hashlib
import os
from collections.abc import Mapping

from catsight.errors import CatsightError
from catsight.inputs import files, yaml_files

#: Stands for a key without which a source of that kind is none.
_NEEDED = object()
_TABLE = {"image": "image", "id": None, "group": None}
_ON_DISK = {"path": _NEEDED, "files": None}
#: Kind of source -> the keys that it takes, with their defaults.
KINDS: dict[str, dict] = {
    "photos": {},
    "folder": {**_ON_DISK, "group_by": None},
    "video": {**_ON_DISK, "every": None, "seconds": None, "scenes": None, "group_by": None},
    "parquet": {**_ON_DISK, **_TABLE},
    "hub": {"dataset": _NEEDED, "revision": _NEEDED, "files": None, **_TABLE, "group_by": None},
    "pairs": {"path": _NEEDED, "partner": _NEEDED, **_TABLE, "group_by": None},
    "dead-leaves": {"count": _NEEDED, "size": 256, "depth": False},
}
#: Keys of ``frames`` that are of all sources together.
COMMON = (
    "source",
    "sources",
    "glances",
    "glance_size",
    "group_by",
    "on_reject",
    "max_pixels",
    "shards",
)
#: Keys under which a source names files of the user's.
_PATHS = ("path", "partner")
#: Which stills a video gives: exactly one of them.
_CHOICES = ("every", "seconds", "scenes")
#: Packages whose version can change what a source of that kind gives.
PACKAGES = {
    "photos": ["scikit-image", "scikit-learn", "matplotlib"],
    "folder": ["tifffile"],
    "video": ["av"],
    "parquet": ["pyarrow", "tifffile"],
    "hub": ["pyarrow", "tifffile"],
    "pairs": ["pyarrow", "tifffile"],
    "dead-leaves": ["numba"],
}


def resolve(frames: Mapping, seed: int) -> dict[str, dict]:
    """The sources by name that the ``frames`` section of a study asks for, each with all of its
    keys.

    A single source, whose keys stand in ``frames`` itself, has the name "". Raises
    :class:`CatsightError`, naming the key, where one is missing or has no meaning.
    """
    own = {key: value for key, value in frames.items() if key not in COMMON and value is not None}
    if "sources" in frames:
        if strange := sorted({*own, *(["source"] if "source" in frames else [])}):
            raise CatsightError(
                f"config: frames has sources and {strange[0]}; a study names several sources under frames.sources, "
                "each with its own keys, or one source in frames itself"
            )
        found = {
            name: _resolve(f"frames.sources.{name}", given, frames, seed)
            for name, given in sorted(frames["sources"].items())
        }
    else:
        found = {
            "": _resolve("frames", {"source": frames.get("source", "photos"), **own}, frames, seed)
        }
    if frames["group_by"] == "folder" and not any(
        "group_by" in source for source in found.values()
    ):
        raise CatsightError(
            "config: frames.group_by is 'folder', but no source of this study has folders; leave it out"
            + (
                ", or name the column of groups with frames.group"
                if "parquet" in _kinds(found)
                else ""
            )
        )
    return found


def _resolve(key: str, given: Mapping, frames: Mapping, seed: int) -> dict:
    kind = given["source"]
    takes = KINDS[kind]
    used = {name: value for name, value in given.items() if name != "source" and value is not None}
    if "folder" in used and "path" in takes:
        if "path" in used:
            raise CatsightError(
                f"config: {key} has path and folder, which mean the same; keep one of them"
            )
        used["path"] = used.pop("folder")
    if strange := sorted(set(used) - set(takes)):
        kinds = ", ".join(
            name
            for name, keys in KINDS.items()
            if {"folder": "path"}.get(strange[0], strange[0]) in keys
        )
        raise CatsightError(
            f"config: {key}.{strange[0]} has no meaning for {kind}; leave it out, or set {key}.source to one of: "
            f"{kinds}"
        )
    if missing := [name for name, value in takes.items() if value is _NEEDED and name not in used]:
        named = "folder" if kind == "folder" else missing[0]
        raise CatsightError(
            f"config: {key}.source is '{kind}', so {key}.{named} must be given ({_MEANING[missing[0]]})"
        )
    if kind == "video" and sum(choice in used for choice in _CHOICES) != 1:
        raise CatsightError(
            f"config: {key}.source is 'video', so it takes exactly one of every (each k-th frame), seconds (one each "
            "so many seconds) and scenes (one at each change of scene)"
        )
    resolved = {"source": kind, **takes, **used}
    if "group_by" in takes:
        resolved["group_by"] = used.get("group_by", frames["group_by"])
    if kind == "photos":
        resolved["photos"] = yaml_files.load_yaml(yaml_files.find("photos.yaml"))
    if kind == "dead-leaves":
        resolved["seed"] = seed
    return resolved


_MEANING = {
    "path": "the folder or file to read",
    "partner": "the folder or table of the other picture of each pair",
    "dataset": "its name on the hub, as organisation/name",
    "revision": "the commit, 40 hex digits, so that the same pictures come every time",
    "count": "how many scenes to make",
}


def _kinds(sources: Mapping[str, Mapping]) -> set[str]:
    return {source["source"] for source in sources.values()}


def check(sources: Mapping[str, Mapping]) -> None:
    """Raises :class:`CatsightError` where what a source names is not there."""
    for name, source in sources.items():
        for key in (key for key in _PATHS if key in source):
            path = source[key]
            called = f"frames.{f'sources.{name}.' if name else ''}{'folder' if source['source'] == 'folder' else key}"
            # os.path, unlike Path, also takes a name that no file can have
            if source["source"] == "folder" and not os.path.isdir(path):
                raise CatsightError(f"config: {called} is '{path}', which is not a folder")
            if not os.path.exists(path):
                raise CatsightError(f"config: {called} is '{path}', which is not there")


def roots(source: Mapping) -> dict[str, str]:
    """What a source reads, by the key that names it; nothing for one that has no files of the
    user's.
    """
    return {key: source[key] for key in _PATHS if key in source}


def inputs(sources: Mapping[str, Mapping]) -> tuple[list[str], str]:
    """The user's files that the sources are made from, as far as Snakemake can watch them, and a
    digest of the rest.

    Not files for Snakemake are dangling links and folders (which have no age or bytes), those that
    it may not read, and those whose names it would misread; the digest changes with their names,
    sizes and times.
    """
    watched, others = set(), hashlib.sha256()
    for source in sources.values():
        for path in roots(source).values():
            root, names = files.below(path, source.get("files"))
            for file in (os.path.join(root, name) for name in names):
                regular = os.path.isfile(file)
                if regular and files.nameable(file) and os.access(file, os.R_OK):
                    watched.add(file)
                else:  # a link to a folder counts by its name alone: folders change whenever something is written there
                    others.update(
                        f"{os.fsencode(file)!r} {files.stamp(file) if regular else None}\n".encode()
                    )
    return sorted(watched), others.hexdigest()[:16]
