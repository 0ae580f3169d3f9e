"""The spec of the job that compares the answers of an encoder's trained head."""

from catsight.inputs import classes
from catsight.run.metrics_specs import ReadoutSpec
from catsight.study.resolved import Resolved
from catsight.study.spec import made_of


def readout_spec(study: Resolved, encoder: str) -> ReadoutSpec:
    """The spec of the job that compares the answers of an encoder's head."""
    return {
        "encoder": encoder,
        "reference": study.reference,
        "seed": study.config.seed,
        "confidence": study.config.metrics.confidence,
        "classes": list(classes.names(study.encoders[encoder]["classes"])),
        **made_of(("metrics.readout", "tables.columns.readout"), ("numpy", "scipy", "numba")),
    }
