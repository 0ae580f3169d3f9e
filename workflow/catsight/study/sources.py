"""Every kind of source that frames may come from: one record each, and the keys that they take.

A new kind needs its record in :data:`SOURCES`, its new keys, if any, in :class:`Source`, and the
module ``catsight.frames.<kind>`` (with _ for -) that reads it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from catsight.inputs import yaml_files
from catsight.inputs.sources import PATHS
from catsight.study.section import AS_GIVEN, Fraction, Section, one_of, optional

#: Stands for the default of a key that a source of that kind must have.
REQUIRED: Any = object()


@dataclass(frozen=True)
class SourceKind:
    """One kind of source.

    ``about`` says what it reads. ``keys`` are those that it takes, with their defaults
    (:data:`REQUIRED` if there is none); of those in ``exactly_one``, one must be given. ``adds``
    gives further facts for the spec, from the study's seed. ``packages`` are those whose version
    can change the pictures. ``network``: pictures are fetched. ``pixels``: how many it synthesises.
    """

    name: str
    about: str
    keys: Mapping[str, Any] = field(default_factory=dict)
    exactly_one: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    network: bool = False
    adds: Callable[[int], dict[str, Any]] = lambda seed: {}
    pixels: Callable[[Mapping[str, Any]], int] = lambda source: 0


#: Defaults that the descriptions of keys repeat.
_IMAGE, _SIZE, _PAST = "image", 256, 0.25
_TABLE = {"image": _IMAGE, "id": None, "group": None}
_ON_DISK = {"path": REQUIRED, "files": None}
_TABLE_PACKAGES = ("pyarrow", "tifffile", "av")
_ALL = (
    SourceKind(
        "photos",
        "the seven openly licensed colour photographs inside scikit-image, scikit-learn and "
        "matplotlib",
        packages=("scikit-image", "scikit-learn", "matplotlib"),
        adds=lambda seed: {"photos": yaml_files.load_yaml(yaml_files.find("photos.yaml"))},
    ),
    SourceKind(
        "folder",
        "every JPEG, PNG, WebP and TIFF file below a folder",
        {**_ON_DISK, "depth_unit": None, "group_by": None},
        packages=("tifffile", "av"),
    ),
    SourceKind(
        "video",
        "stills of video clips",
        {
            **_ON_DISK,
            "every": None,
            "seconds": None,
            "scenes": None,
            "past": _PAST,
            "group_by": None,
        },
        exactly_one=("every", "seconds", "scenes"),
        packages=("av",),
    ),
    SourceKind(
        "parquet",
        "tables of pictures, as `datasets` and catsight write them",
        {**_ON_DISK, **_TABLE},
        packages=_TABLE_PACKAGES,
    ),
    SourceKind(
        "hub",
        "a dataset of pictures from the Hugging Face hub",
        {
            "dataset": REQUIRED,
            "revision": REQUIRED,
            "files": None,
            "depth_unit": None,
            **_TABLE,
            "group_by": None,
        },
        packages=_TABLE_PACKAGES,
        network=True,
    ),
    SourceKind(
        "pairs",
        "pictures that were recorded in pairs, for example by a camera for a human and one for a "
        "cat",
        {"path": REQUIRED, "partner": REQUIRED, "depth_unit": None, **_TABLE, "group_by": None},
        packages=_TABLE_PACKAGES,
    ),
    SourceKind(
        "dead-leaves",
        "synthetic scenes of overlapping discs, drawn with the study's seed",
        {"count": REQUIRED, "size": _SIZE, "depth": False},
        packages=("numba",),
        adds=lambda seed: {"seed": seed},
        pixels=lambda source: source["count"] * source["size"] ** 2,
    ),
)
SOURCES: dict[str, SourceKind] = {kind.name: kind for kind in _ALL}

#: Of a source's keys, those that decide which files it reads.
LISTED = ("source", *PATHS, "dataset", "revision", "files")
ABOUT_KINDS = " ".join(f"{kind.name}: {kind.about}." for kind in _ALL)
ABOUT_GROUPS = (
    "Which frames form a group, the unit of inference. file: each photo or clip is a group of its "
    "own, with its glances or stills. folder: all photos or clips in one folder are a group, for "
    "example clips that were cut into frames."
)


class Source(Section):
    """A source of pictures: its kind, and the keys of that kind."""

    source: Annotated[str, one_of(SOURCES)] | None = optional(
        f"The kind of source; photos by default. {ABOUT_KINDS}"
    )
    folder: str | None = optional(
        "The folder to read, with all folders below it. Relative paths start where snakemake is "
        "called.",
        nullable=True,
    )
    path: str | None = optional("The folder or single file to read.")
    files: list[str] | None = optional(
        "Reads only files whose path below the folder matches one of these patterns, such as "
        "`*.jpg` or `train/*` (`*` also matches a slash).",
        min_length=1,
    )
    partner: str | None = optional("The folder or table of the other picture of each pair.")
    every: int | None = optional("Takes every n-th frame of a clip, starting with the first.", ge=1)
    seconds: Annotated[float, Field(gt=0), AS_GIVEN] | None = optional(
        "Takes one frame per this many seconds, by time stamps.", unit="s"
    )
    scenes: Fraction | None = optional(
        "Takes the first frame of each scene. A change of this size, from 0 to 1, starts a new "
        "scene; 0.12 finds nearly every cut and ignores pans and fades."
    )
    past: Annotated[float, Field(ge=0, le=2), AS_GIVEN] | None = optional(
        "Keeps the frames of this many seconds before each still, which an eye's response over "
        f"time adds up; {_PAST} by default. 0: stills stand still. The first frame of a scene has "
        "none.",
        unit="s",
    )
    image: str | None = optional(f"The column that holds the pictures; {_IMAGE} by default.")
    id: str | None = optional(
        "The column that names each picture; no two rows may have the same value. By default "
        "frame_id if the table has it, otherwise the file and the number of the row."
    )
    group: str | None = optional(
        "The column that says which pictures belong together. By default group in a table of "
        "catsight's frames; in other tables each picture is a group of its own."
    )
    dataset: str | None = optional(
        "The name of the dataset on the hub, as organisation/name.",
        pattern="^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$",
    )
    revision: str | None = optional(
        "The commit of the dataset, 40 hex digits (its page on the hub shows it under Files, "
        "History). The pictures behind a branch or a tag may change.",
        pattern="^[0-9a-f]{40}$",
    )
    count: int | None = optional("How many scenes to draw.", ge=1, le=10_000_000)
    size: int | None = optional(
        f"The side of each scene; {_SIZE} by default.", unit="px", ge=16, le=4096
    )
    depth: bool | None = optional("Whether each scene has a depth map; false by default.")
    depth_unit: Literal["m", "mm"] | None = optional(
        "The unit of depth maps (photo.depth.npy beside photo.jpg). By default numbers with a "
        "point are metres, and whole numbers, which most sensors give in millimetres, are rejected."
    )
    group_by: Literal["file", "folder"] | None = optional(ABOUT_GROUPS)

    @classmethod
    def takers(cls, key: str) -> list[str]:
        """The kinds of source that take a key."""
        key = "path" if key == "folder" else key
        return [kind.name for kind in SOURCES.values() if key in kind.keys]
