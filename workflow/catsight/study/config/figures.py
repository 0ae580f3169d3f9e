"""The section ``figures``: how the results are shown."""

from typing import Literal

from catsight.study.section import Number, Section, key, optional


class PublishedValue(Section):
    """A published value."""

    encoder: str = key(..., "An encoder of the study.")
    metric: str = key(..., "One of metrics.names.")
    layer: str | None = optional(
        "A layer as the study's tables name it; by default the mean over layers."
    )
    view: str | None = optional("A view; by default the one that the study is about.")
    value: Number = key(..., "The published value.")


class PublishedGroup(Section):
    """A group of encoders."""

    name: str = key(..., "The name of the group.")
    encoders: list[str] = key(..., "Encoders of the study.", min_length=1)


class Published(Section):
    """Published values that the report sets beside the study's own."""

    source: str = key(..., "Where they were published.")
    values: list[PublishedValue] = key(..., "The published values.", min_length=1)
    order: list[PublishedGroup] = key(
        [], "Groups of encoders, starting with the group that has the highest published mean."
    )
    order_metric: str = key("rsa", "The metric by whose mean the groups are ordered.")


class Figures(Section):
    """How the results are shown. A change here recomputes figures only."""

    title: str = key("Through a cat's eye", "The headline of the report.")
    gallery: int = key(
        4,
        "How many frames the gallery of views shows, each from another group as far as possible.",
        ge=1,
        le=24,
    )
    pooling: Literal["cls", "mean", "map"] = key(
        "mean",
        "The pooling that layer profiles and ranking show. For encoders without a class token, "
        "mean stands in for cls.",
    )
    published: Published | None = key(None, Published.__doc__)
    dpi: int = key(200, "The resolution of PNG files.", unit="dots per inch", ge=50, le=600)
