"""The spec of every job: all that a study passes to it.

A spec is written by :mod:`catsight.study` and travels as canonical JSON (``--spec``). These types
are the contract between the two, checked by mypy; they hold no code, so no digest follows them.
"""

from typing import Any, NotRequired, Required, TypedDict


class Spec(TypedDict):
    """What every spec holds: the digest of the job's code, and versions of the packages it uses."""

    code: str
    versions: dict[str, str]


# -- frames ------------------------------------------------------------------------------------


class SourceSpec(TypedDict, total=False):
    """One source of pictures: its kind, and the keys of that kind (``catsight.study.frames``)."""

    source: Required[str]  #: the kind: photos, folder, video, ...
    path: str
    partner: str
    files: list[str] | None  #: patterns
    group_by: str  #: file or folder
    every: int | None
    seconds: float | None
    scenes: float | None
    past: float  #: s
    depth_unit: str | None  #: m or mm
    image: str  #: column
    id: str | None  #: column
    group: str | None  #: column
    dataset: str
    revision: str
    count: int
    size: int  #: px
    depth: bool
    seed: int
    photos: list[dict[str, Any]]  #: entries of resources/photos.yaml


class ManifestSpec(Spec):
    """The list of the user's files."""

    sources: dict[str, SourceSpec]  #: by name; "" for a single source, which has none


class FramesSpec(Spec):
    """Pictures to frames."""

    sources: dict[str, SourceSpec]
    glances: int  #: crops of each picture; 0 for the whole picture
    seed: NotRequired[int]  #: of the glances
    glance_size: NotRequired[list[float]]  #: smallest and largest, of the shorter side
    on_reject: str  #: report or stop
    max_pixels: int
    shards: int


# -- views -------------------------------------------------------------------------------------

#: The numbers of an eye, by part (``catsight.inputs.eyes``).
EyeParts = dict[str, dict[str, Any]]


class View(TypedDict, total=False):
    """One view with all numbers in it: an eye under viewing conditions, or a filter."""

    eye: EyeParts
    field_of_view: float  #: degrees
    luminance: float  #: cd/m²
    defocus: float  #: dioptres
    focus: float | None  #: metres
    photon_noise: float | None  #: seed
    eccentricity: bool
    gaze: int | None  #: seed
    perspective: bool
    display: str  #: the rendering of what two kinds of cones see
    filter: str
    of: "View"  #: what a control changes
    match: "View"  #: whose loss a control takes on
    quality: int  #: of a JPEG


class ViewSpec(Spec):
    """One view of a shard of frames."""

    view: View


class EyeAtWork(TypedDict):
    """An eye and the luminance (cd/m²) that it is adapted to."""

    eye: EyeParts
    luminance: float


class PortraitsSpec(Spec):
    """The portraits of a study's eyes."""

    views: dict[str, EyeAtWork]


# -- features ----------------------------------------------------------------------------------


class WeightsSource(TypedDict, total=False):
    """Where weights come from (``catsight.study.features``)."""

    source: Required[str]  #: package, random, hub or file
    package: str
    path: str
    sha256: str
    convert: str
    seed: int


class EncoderSpec(TypedDict, total=False):
    """An encoder's architecture, layers and preprocessing."""

    timm: str
    factory: str
    factory_code: str
    args: dict[str, Any]
    layers: str | list[str]
    output: int
    prefix_tokens: int
    preprocessing: dict[str, Any]
    classes: int  #: of its head's answers, which are kept; absent if they are not


class WeightsSpec(Spec):
    """An encoder's weights in one file."""

    timm: NotRequired[str]
    factory: NotRequired[str]
    factory_code: NotRequired[str]
    args: NotRequired[dict[str, Any]]
    weights: WeightsSource


class FeaturesSpec(Spec):
    """An encoder's features of one shard of several views."""

    encoder: EncoderSpec
    pooling: list[str]
    map_size: int
    precision: str  #: fp32, bf16 or fp16
    device: str
    batch: int
    channels_last: bool


class Run(TypedDict):
    """How an encoder is run, whatever is kept of its layers; keys as in :class:`FeaturesSpec`."""

    encoder: EncoderSpec
    precision: str
    device: str
    channels_last: bool


class PlacesSpec(Spec):
    """Where in a few frames an encoder's features differ between views."""

    encoder: str
    run: Run
    reference: str
    frames: int
    #: degrees across a picture; None if the views are no eye's, or of several fields or gazes
    field_of_view: float | None
    perspective: bool  #: whether the picture is a camera's projection onto a plane
