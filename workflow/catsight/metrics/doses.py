"""The table of doses: alignment as one viewing condition, or the acuity of an eye, varies.

At every dose both eyes look under the same conditions. Acuity varies in one eye alone.
"""

from collections.abc import Mapping
from typing import Any

from catsight.metrics.compare import estimates
from catsight.metrics.reading import Features
from catsight.run.metrics_specs import DosesSpec, MetricsSpec


def doses(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: DosesSpec
) -> list[dict[str, Any]]:
    """The rows of the table of metrics, for every dose.

    ``spec["doses"]`` lists the doses, each with the names of the two views among the ``features``
    that are compared at it.
    """
    settings: MetricsSpec = spec
    names = {"reference": spec["reference"], "view": spec["view"]}
    rows = []
    for dose in spec["doses"]:
        both = {view: features[view] for view in (dose["reference"], dose["view"])}
        at_dose: MetricsSpec = {**settings, "reference": dose["reference"]}
        for row in estimates(both, groups, at_dose):
            rows.append(row | names | {"swept": dose["swept"], "dose": dose["dose"]})
    return rows
