"""The table of renderings: alignment as the colours vary in which a dichromat's view is shown."""

from collections.abc import Mapping
from typing import Any

from catsight.metrics.compare import estimates
from catsight.metrics.reading import Features
from catsight.run.metrics_specs import MetricsSpec, RenderingsSpec


def renderings(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: RenderingsSpec
) -> list[dict[str, Any]]:
    """The rows of the table of metrics, without tests, for every rendering of each view.

    ``spec["renderings"]`` lists them, each with the names of the two views among the ``features``
    that are compared in it.
    """
    settings: MetricsSpec = spec
    rows = []
    for one in spec["renderings"]:
        both = {view: features[view] for view in (one["reference"], one["shown"])}
        shown: MetricsSpec = {**settings, "reference": one["reference"]}
        about = {
            "reference": spec["reference"], "view": one["view"], "display": one["display"],
            "own": one["own"],
        }  # fmt: skip
        rows += [row | about for row in estimates(both, groups, shown)]
    return rows
