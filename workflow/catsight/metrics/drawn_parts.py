"""The table of drawn eyes' parts: what attribution says of each drawn eye."""

from collections.abc import Mapping
from typing import Any, cast

from catsight.metrics.attribution import attribution
from catsight.metrics.reading import Features
from catsight.run.metrics_specs import AttributionSpec, DrawnPartsSpec


def drawn_parts(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: DrawnPartsSpec
) -> list[dict[str, Any]]:
    """The rows of attribution for the eye as stated (draw 0), then for each drawn eye.

    ``features`` by view; ``groups`` maps each frame to its group, in the order of the frames.
    """
    rows = []
    for draw, subsets in enumerate(spec["divided"]):
        settings = cast(AttributionSpec, {**spec, "subsets": subsets})
        rows += [row | {"draw": draw} for row in attribution(features, groups, settings)]
    return rows
