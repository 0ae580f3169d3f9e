"""The sections ``metrics``, ``attribution``, ``sweeps`` and ``physiology``: what is compared, and
how.
"""

from typing import Annotated, Literal

from pydantic import Field

from catsight.inputs.eyes import PARTS
from catsight.study.config.views import Defocus, FieldOfView, Luminance
from catsight.study.measures import MEASURES
from catsight.study.section import AS_GIVEN, Number, Section, key, one_of

Acuity = Annotated[
    float,
    Field(ge=0.1, le=200, json_schema_extra={"unit": "cycles per degree"}),
    AS_GIVEN,
]


class Stability(Section):
    """How much the values depend on which frames there are, and on how many (stability.parquet)."""

    draws: int = key(
        20,
        "How many subsets of the groups are drawn for each of six sizes, and how many splits into "
        "halves.",
        ge=2,
    )
    frames: int = key(1000, "The most frames that subsets are drawn from.", ge=20)
    controls: list[str] = key(
        [],
        "Views that change what should not matter. The alignment that they leave is the ceiling "
        "for the other views.",
        unique=True,
    )


class Pairs(Section):
    """The similarity of every two frames in each encoder's last layer, for figures
    (pairs.parquet).
    """

    frames: int = key(
        64,
        "The most frames that are taken, in whole groups as far as possible.",
        ge=4,
        le=1000,
    )


class Places(Section):
    """Where in the picture the features of two views differ, for some frames (places.parquet)."""

    frames: int = key(
        12,
        "For how many frames, of different groups as far as possible, the distance between two "
        "views is kept at each place of each layer. 0: no table.",
        ge=0,
        le=1000,
    )
    views: list[str] | None = key(
        None,
        "The views that are compared with the reference there. null: only that which the study is "
        "about (cat, or else another eye's, or else the first filter's).",
        min_length=1,
        unique=True,
    )


class Maps(Section):
    """Every layer compared with every layer, between views and between encoders (maps.parquet)."""

    metrics: list[Annotated[str, one_of(one.name for one in MEASURES.values() if one.mappable)]] = (
        key(
            ["cka_linear_unbiased"],
            "The measures that maps are made of. An empty list, [], makes no maps. rsa needs "
            "rsa_comparison spearman or pearson.",
            unique=True,
        )
    )
    frames: int = key(
        1000,
        "The most frames that a map is made of, in whole groups as far as possible.",
        ge=20,
    )


class Contrasts(Section):
    """Differences between encoders, families, views, layers, doses and parts of the eye, tested
    together (contrasts.parquet), and which may be the best (best.parquet).
    """

    margin: Annotated[float, Field(gt=1), AS_GIVEN] | None = key(
        None,
        "How many times the loss of one may be that of the other if the two are to count as "
        "equivalent, such as 1.25. State it before you see results. null: equivalence is not "
        "tested.",
    )
    metrics: list[Annotated[str, one_of(MEASURES)]] | None = key(
        None,
        "The measures whose differences are tested, of those in metrics.names; null for all of "
        "them.",
        min_length=1,
        unique=True,
    )


class Metrics(Section):
    """How the features of two views are compared."""

    names: list[Annotated[str, one_of(MEASURES)]] = key(
        ["cka_linear", "cka_linear_unbiased", "rsa"],
        "The measures of alignment (docs/metrics.md). _unbiased: the U-statistic, near 0 for "
        "unrelated features. _scaled: divided by the reference view's pooled standard deviation, "
        "so that layers and encoders can be compared (measures without this variant have no unit). "
        "_between: the search is among frames of other groups only.",
        min_length=1,
        unique=True,
    )
    rsa_distance: Literal["correlation", "cosine", "euclidean"] = key(
        "correlation", "The dissimilarity of two frames, for RSA."
    )
    rsa_comparison: Literal["spearman", "pearson", "kendall"] = key(
        "spearman",
        "How two dissimilarity matrices are compared, for RSA. kendall is slow: 1,000 frames take "
        "minutes.",
    )
    bandwidth: Number = key(
        1,
        "A factor. The bandwidth is this factor times a median: of the squared distances of one "
        "view for cka_rbf, of the pooled distances for mmd2.",
        gt=0,
    )
    projections: int = key(
        500,
        "How many directions the sliced Wasserstein distance uses, drawn with the study's seed.",
        ge=1,
    )
    retrieval_distance: Literal["cosine", "euclidean"] = key(
        "cosine", "The distance between two frames, for retrieval."
    )
    neighbours: int = key(
        10,
        "How many nearest neighbours are compared, for mutual_knn, cknna and per_frame. They are "
        "counted in groups: a frame of a group of six counts a sixth. There must be at least two "
        "groups more; with fewer, these values are undefined.",
        ge=2,
    )
    permutations: int = key(
        999,
        "How many rearrangements a p-value is computed from; all of them if there are fewer. "
        "Groups are kept together.",
        ge=19,
    )
    null: Literal["paired", "unpaired"] = key(
        "paired",
        "The null hypothesis for mmd2, energy and wasserstein. paired: the two views of a frame "
        "are exchangeable. unpaired: all frames are, which misses small shifts of paired frames.",
    )
    at_once: int = key(
        2000,
        "How many frames are compared with one another at once. More frames are divided into "
        "parts of at most this size, by whole groups, and the parts' values are averaged. So "
        "memory does not grow with the square of the number of frames. Linear CKA always uses all "
        "frames.",
        ge=100,
    )
    confidence: Number = key(0.95, "The coverage of the confidence intervals.", gt=0, lt=1)
    stability: Stability = Field(default_factory=Stability)
    per_frame: bool = key(
        True, "Whether each frame's own alignment is tabulated (per_frame.parquet)."
    )
    pairs: Pairs = Field(default_factory=Pairs)
    places: Places = Field(default_factory=Places)
    maps: Maps = Field(default_factory=Maps)
    matrix: bool = key(
        False,
        "Whether every view is compared with every other, too, and not with the reference alone "
        "(matrix.parquet, with a figure that maps the views).",
    )
    contrasts: Contrasts = Field(default_factory=Contrasts)


class Attribution(Section):
    """Which part of the eye a loss of alignment is due to (attribution.parquet). All subsets of the
    parts are swapped from the reference's eye to another view's, and Shapley values divide the loss
    among the parts.
    """

    view: str | None = key(
        None,
        "The view whose loss is divided. It and the reference must be eyes' views under the same "
        "conditions. null: no attribution.",
    )
    parts: list[Annotated[str, one_of(PARTS)]] | None = key(
        None,
        "The parts; each one doubles the number of views. Parts that are left out stay the "
        "reference's, and only the loss due to the others is divided. null: all; temporal only if "
        "frames have a past or there is photon noise, since it changes nothing otherwise.",
        min_length=1,
        unique=True,
    )
    encoders: list[str] | None = key(
        None,
        "The encoders whose loss is divided; null for all of them. Each is given the views of all "
        "subsets, up to 14 more for four parts.",
        min_length=1,
        unique=True,
    )


class Sweeps(Section):
    """Dose curves: one viewing condition, or the acuity of the eye, takes several values
    (doses.parquet). Both eyes look under the same conditions at every value; acuity changes
    only in the view that is compared.
    """

    view: str = key("cat", "The view that is compared with the reference at every value.")
    luminance: list[Luminance] = key([], "Values of viewing.luminance.", unique=True)
    defocus: list[Defocus] = key([], "Values of viewing.defocus.", unique=True)
    field_of_view: list[FieldOfView] = key([], "Values of viewing.field_of_view.", unique=True)
    acuity: list[Acuity] = key(
        [], "Values of the grating acuity of the compared view's eye, in good light.", unique=True
    )


class Physiology(Section):
    """How far the losses depend on numbers of the eye that are not known exactly
    (physiology.parquet). Whole eyes are drawn within the ranges, low to high, that the eye's file
    states, and each is compared with the reference.
    """

    view: str | None = key(
        None,
        "The view whose eye is drawn; the reference stays as it is. null: no eyes are drawn.",
    )
    draws: int = key(
        24,
        "How many eyes are drawn, each a view more. With 24, only the largest shares mean "
        "something.",
        ge=10,
    )
    seed: int = key(0, "The seed of the draws.", ge=0)
    attributed: int = key(
        0,
        "For how many of the drawn eyes the loss is also divided among the parts of the eye "
        "(drawn_parts.parquet). It needs attribution of the same view. Each is 14 views more for "
        "four parts.",
        ge=0,
    )
    shards: int | None = key(
        None,
        "How many of the study's frames.shards the drawn eyes see, which saves time; the spread "
        "over draws needs few frames. null: all of them.",
        ge=1,
    )
