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
    preprocessing: dict[str, Any]


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


# -- metrics -----------------------------------------------------------------------------------


class MeasureFacts(TypedDict):
    """The facts about a measure that intervals, ceilings and attribution need."""

    similarity: bool  #: full agreement is 1; otherwise the measure is a distance, and it is 0
    cosine: bool  #: its interval is computed on the scale of Fisher's z
    share: bool  #: a share of frames, in 0..1


class ComparingSpec(Spec):
    """What the comparison of two views' features depends on."""

    encoder: str
    reference: str
    seed: int
    measures: dict[str, MeasureFacts]  #: by name
    rsa_distance: str
    rsa_comparison: str
    bandwidth: float
    projections: int
    retrieval_distance: str
    neighbours: int  #: nearest neighbours, counted in groups
    null: str  #: paired or unpaired
    at_once: int
    confidence: float


class DescribedSpec(ComparingSpec):
    """And what the rows say of the encoder."""

    family: str
    training: str


class MetricsSpec(DescribedSpec):
    """Every view against the reference, with tests."""

    permutations: int


class StabilitySpec(ComparingSpec):
    """How values depend on the frames."""

    draws: int
    frames: int
    controls: list[str]


class AttributionSpec(DescribedSpec):
    """The loss of a view, divided among the parts of the eye."""

    view: str
    parts: list[str]
    subsets: dict[str, str]  #: parts joined by + -> the view in which they are swapped


class Dose(TypedDict):
    """One dose of one sweep, and the two views that are compared at it."""

    swept: str
    dose: float
    reference: str
    view: str


class DosesSpec(MetricsSpec):
    """Dose curves."""

    view: str
    doses: list[Dose]


class Range(TypedDict):
    """The least and the largest plausible value of a number of the eye."""

    low: float
    high: float
    logarithmic: bool  #: whether its logarithm is uniform between them, and not the value


class DrawnEye(TypedDict):
    """One drawn eye: the view that it is seen in, and its values of the numbers."""

    view: str
    values: dict[str, float]


class PhysiologySpec(MetricsSpec):
    """The losses of drawn eyes, without tests."""

    view: str
    own: dict[str, float]  #: the values of the view's own eye
    ranges: dict[str, Range]  #: by number, a dotted key of the eye's file
    draws: list[DrawnEye]


class DrawnPartsSpec(DescribedSpec):
    """The losses of drawn eyes, divided among the parts of the eye."""

    view: str
    parts: list[str]
    #: of the eye as stated, then of each draw: parts joined by + -> the view with these swapped
    divided: list[dict[str, str]]


class Rendering(TypedDict):
    """One view of the study in one rendering, and the two views that are compared in it."""

    display: str
    view: str
    reference: str
    shown: str
    own: bool  #: whether it is the rendering of the study's own view


class RenderingsSpec(MetricsSpec):
    """Every rendering of the views that have several, without tests."""

    renderings: list[Rendering]


class MapsSpec(Spec):
    """Each layer against each, between views; without ``encoder``, between encoders."""

    encoder: NotRequired[str]
    reference: str
    seed: int
    bandwidth: float
    rsa_distance: str
    rsa_comparison: str
    metrics: list[str]
    frames: int


class PerFrameSpec(Spec):
    """Each frame's own alignment."""

    encoder: str
    reference: str
    seed: int
    retrieval_distance: str
    neighbours: int
    at_once: int


class PairsSpec(Spec):
    """Frames pair by pair in the last layer."""

    encoder: str
    reference: str
    seed: int
    frames: int
    rsa_distance: str
    retrieval_distance: str


class ContrastsSpec(Spec):
    """The differences between a study's values, tested from its tables."""

    study: str
    reference: str
    focus: str | None  #: the view that the study is about; None if there is no other view
    views: list[str]  #: those that are compared with the reference, in order
    pooling: str  #: the pooling to compare, of encoders that have it
    measures: dict[str, MeasureFacts]  #: by name
    margin: float | None  #: a loss ratio above 1
    confidence: float
    seed: int
