"""``catsight metrics doses``: alignment as one condition of viewing, or one number of the eye, is
varied.

Both eyes look under the same conditions at every dose, as everywhere; what is no condition is
varied in one eye alone.
"""

from collections.abc import Mapping, Sequence

from catsight.metrics.compare import estimates
from catsight.metrics.reading import Features, run
from catsight.tables.columns.doses import DOSES


def main(arguments: Sequence[str]) -> None:
    """Compares one encoder's features of the swept view with the reference's at every dose, layer
    by layer.
    """
    run("doses", main.__doc__, arguments, doses, DOSES, of="dose")


def doses(features: Mapping[str, Features], groups: Mapping[str, str], spec: Mapping) -> list[dict]:
    """The rows of the table of doses: those of the table of metrics, for every dose.

    ``spec["doses"]`` lists what is ``swept``, its value (``dose``), and the names of the
    ``reference`` and the ``view`` among the ``features`` that are compared there.
    """
    names = {"reference": spec["reference"], "view": spec["view"]}
    rows = []
    for dose in spec["doses"]:
        both = {dose[role]: features[dose[role]] for role in names}
        for row in estimates(both, groups, {**spec, "reference": dose["reference"]}):
            rows.append(row | names | {"swept": dose["swept"], "dose": dose["dose"]})
    return rows
