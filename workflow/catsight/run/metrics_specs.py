"""The specs of the jobs of the stage ``metrics`` (see :mod:`catsight.run.specs`)."""

from typing import NotRequired, TypedDict

from catsight.run.specs import Spec


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


class ReadoutSpec(Spec):
    """The answers of a trained head."""

    encoder: str
    reference: str
    seed: int
    confidence: float
    classes: list[str]  #: their names, in the order of the head's outputs


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
