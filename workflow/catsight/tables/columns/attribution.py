"""The table of attribution: one row per part of the eye, layer and measure."""

import pyarrow as pa

from catsight.tables.columns.layer import OF_A_LAYER
from catsight.tables.columns.replicates import REPLICATES

#: How much of a measure's loss is due to each part of the eye.
ATTRIBUTION = pa.schema(
    [
        *OF_A_LAYER,
        ("part", pa.string()),  # or "whole": the loss with all parts swapped, the sum of the others
        ("value", pa.float64()),  # fall of a similarity, or rise of a distance
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
        *REPLICATES,
        ("alone", pa.float64()),  # with this part alone swapped
        ("last", pa.float64()),  # with this part swapped after all others
        ("n_frames", pa.int32()),
        ("n_groups", pa.int32()),
        ("reason", pa.string()),  # why a value or an interval is null
    ]
)
