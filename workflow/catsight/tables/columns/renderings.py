"""The table of renderings: one row per rendering of a view, layer and measure."""

import pyarrow as pa

from catsight.tables.columns.metrics import METRICS

#: The columns of metrics for each rendering of those views that have several.
RENDERINGS = pa.schema(
    [
        ("display", pa.string()),  # the colours in which an eye of two kinds of cones is shown
        ("own", pa.bool_()),  # whether this is the rendering of the study's own view
        *METRICS,
    ]
)
