"""Frames: from the section ``frames`` of the configuration to the specs of manifest and frames."""

import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from catsight.errors import CatsightError
from catsight.run.specs import FramesSpec, ManifestSpec, SourceSpec
from catsight.study.section import Fraction, Name, key, one_of, optional
from catsight.study.sources import (
    ABOUT_GROUPS,
    ABOUT_KINDS,
    LISTED,
    REQUIRED,
    SOURCES,
    Source,
    SourceKind,
)
from catsight.study.spec import ROOTS, made_of


class NamedSource(Source):
    """A source of pictures: its kind, and the keys of that kind."""

    source: Annotated[str, one_of(SOURCES)] = key(..., f"The kind of source. {ABOUT_KINDS}")


class Frames(Source):
    """Where the frames come from, and how pictures become frames."""

    sources: dict[Name, NamedSource] | None = optional(
        "Several sources by name, in place of source and its keys. The name of a source precedes "
        "the ids and groups of its frames (garden/cat.jpg) and is the value of their column "
        "source.",
        min_length=1,
    )
    glances: int = key(
        0,
        "Square crops to take from each picture, at seeded places. With 0, the whole picture is "
        "one frame.",
        ge=0,
        le=1000,
    )
    glance_size: list[Fraction] = key(
        [0.75, 1.0],
        "The smallest and the largest side of a glance, as fractions of the picture's shorter "
        "side.",
        min_length=2,
        max_length=2,
    )
    group_by: Literal["file", "folder"] = key("file", ABOUT_GROUPS)
    on_reject: Literal["report", "stop"] = key(
        "report",
        "What happens if a picture cannot be used. report: it is listed in rejected.parquet with "
        "the reason. stop: the run stops.",
    )
    max_pixels: int = key(
        100_000_000,
        "A picture with more pixels is rejected before it is decoded (decompression bombs).",
        unit="px",
        ge=1,
    )
    shards: int = key(
        1,
        "How many tables the frames are spread over; jobs run shard by shard. Does not change the "
        "results.",
        ge=1,
        le=100_000,
    )


def resolve(frames: Frames, seed: int) -> dict[str, SourceSpec]:
    """The sources by name, sorted, each with all of its keys.

    A single source, whose keys are in ``frames`` itself, has the name "". Raises
    :class:`CatsightError`, naming the key, if a key is missing or has no meaning.
    """
    own = {name: value for name, value in frames.given.items() if name in Source.model_fields}
    own.pop("group_by", None)  # of all sources together
    if frames.sources is None:
        given = {"": {"source": "photos", **own}}
    else:
        if strange := sorted(name for name, value in own.items() if value is not None):
            raise CatsightError(
                f"config: frames has sources and {strange[0]}; give either several sources, each "
                "with its own keys, under frames.sources, or one source in frames itself"
            )
        given = {name: source.given for name, source in sorted(frames.sources.items())}
    found = {name: _resolve(name, source, frames.group_by, seed) for name, source in given.items()}
    if frames.group_by == "folder" and not any("group_by" in one for one in found.values()):
        tables = any("group" in one for one in found.values())
        raise CatsightError(
            "config: frames.group_by is 'folder', but no source of this study has folders; remove "
            "it" + (", or name the column of groups with frames.group" if tables else "")
        )
    return found


def _resolve(name: str, given: Mapping[str, Any], group_by: str, seed: int) -> SourceSpec:
    where = f"frames.sources.{name}" if name else "frames"
    kind = SOURCES[given["source"]]
    used = {one: value for one, value in given.items() if one != "source" and value is not None}
    if "folder" in used and "path" in kind.keys:
        if "path" in used:
            raise CatsightError(
                f"config: {where} has path and folder, which mean the same; keep one of them"
            )
        used["path"] = used.pop("folder")
    if strange := sorted(set(used) - set(kind.keys)):
        raise CatsightError(
            f"config: {where}.{strange[0]} has no meaning for {kind.name}; remove it, or set "
            f"{where}.source to one of: {', '.join(Source.takers(strange[0]))}"
        )
    _check_given(where, kind, used)
    resolved = {"source": kind.name, **kind.keys, **used, **kind.adds(seed)}
    if resolved.get("scenes") is not None:  # the first frame of a scene has no past
        if used.get("past"):
            raise CatsightError(
                f"config: {where} has scenes and past, but the first frame of a scene has no past; "
                "remove one of them"
            )
        resolved["past"] = 0
    if "group_by" in kind.keys:
        resolved["group_by"] = used.get("group_by", group_by)
    return cast(SourceSpec, resolved)


def _check_given(where: str, kind: SourceKind, used: Mapping[str, Any]) -> None:
    for name, default in kind.keys.items():
        if default is REQUIRED and name not in used:
            named = "folder" if kind.name == "folder" else name
            about = Source.model_fields[named].description
            raise CatsightError(
                f"config: {where}.source is '{kind.name}', so {where}.{named} must be given "
                f"({about})"
            )
    chosen = [name for name in kind.exactly_one if name in used]
    if kind.exactly_one and len(chosen) != 1:
        *first, last = kind.exactly_one
        raise CatsightError(
            f"config: {where}.source is '{kind.name}', so it takes exactly one of "
            f"{', '.join(first)} and {last}; it has {' and '.join(chosen) or 'none'}"
        )


def manifest_spec(sources: Mapping[str, SourceSpec]) -> ManifestSpec:
    """The spec of the job that lists the files that the frames are made from."""
    listed = {
        name: cast(SourceSpec, {one: value for one, value in source.items() if one in LISTED})
        for name, source in sources.items()
    }
    return {"sources": listed, **made_of(ROOTS["manifest"], [])}


def frames_spec(frames: Frames, seed: int, sources: dict[str, SourceSpec]) -> FramesSpec:
    """The spec of the job that makes the frames."""
    used = kinds(sources)
    roots = (*ROOTS["frames"], *(f"frames.{name.replace('-', '_')}" for name in used))
    packages = [package for name in used for package in SOURCES[name].packages]
    made = made_of(roots, ["numpy", "pillow", *packages])
    spec: FramesSpec = {
        "sources": sources,
        "glances": frames.glances,
        "on_reject": frames.on_reject,
        "max_pixels": frames.max_pixels,
        "shards": frames.shards,
        "code": made["code"],
        "versions": made["versions"],
    }
    if frames.glances:
        spec["seed"] = seed
        spec["glance_size"] = list(frames.glance_size)
    return spec


def kinds(sources: Mapping[str, SourceSpec]) -> list[str]:
    """The kinds of source that are used, each once, sorted."""
    return sorted({source["source"] for source in sources.values()})


def fetches(sources: Mapping[str, SourceSpec]) -> bool:
    """Whether pictures are fetched from a network."""
    return any(SOURCES[name].network for name in kinds(sources))


def moves(sources: Mapping[str, SourceSpec]) -> bool:
    """Whether frames of some source come with the moments before them (``past``)."""
    return any(one.get("past") for one in sources.values())


def volume(sources: Mapping[str, SourceSpec], files: list[str]) -> float:
    """MB that frames are made from: the user's ``files``, and the pixels of synthetic scenes."""
    pixels = sum(SOURCES[one["source"]].pixels(one) for one in sources.values())
    return (sum(map(os.path.getsize, files)) + 3 * pixels) / 1e6
