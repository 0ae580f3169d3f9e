"""The table of the matrix: every view against every other, layer by layer."""

from collections.abc import Mapping
from typing import Any

from catsight.metrics.compare import estimates
from catsight.metrics.reading import Features
from catsight.run.metrics_specs import MetricsSpec


def matrix(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: MetricsSpec
) -> list[dict[str, Any]]:
    """The rows of every pair of views, each once, as the table of metrics has them for one.

    ``features`` by view; ``groups`` maps each frame to its group, in the order of the frames. The
    study's reference comes first, the others follow in the order of ``features``; the first of a
    pair is its reference, which matters to measures that are not symmetric. One layer of two views
    is held at a time.
    """
    views = [spec["reference"], *(view for view in features if view != spec["reference"])]
    rows = []
    for place, view in enumerate(views[:-1]):
        here = {one: features[one] for one in views[place:]}
        rows += estimates(here, groups, {**spec, "reference": view})
    return rows
