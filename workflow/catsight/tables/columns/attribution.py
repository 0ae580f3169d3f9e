"""The table of attribution: one row per part of the eye."""

import pyarrow as pa

from catsight.tables.columns.layer import OF_A_LAYER

#: What of the loss of a metric is due to which part of the eye.
ATTRIBUTION = pa.schema(
    [
        *OF_A_LAYER,
        (
            "part",
            pa.string(),
        ),  # or whole: the loss by all parts together, which is the sum of theirs
        ("value", pa.float64()),  # a fall of a similarity, or a rise of a distance
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
        ("alone", pa.float64()),  # by this part swapped alone
        ("last", pa.float64()),  # by this part when all others are swapped already
        ("n_frames", pa.int32()),
        ("n_groups", pa.int32()),
        ("reason", pa.string()),
    ]
)
