"""The table of metrics: one row per estimate."""

import pyarrow as pa

from catsight.tables.columns.layer import OF_A_LAYER

METRICS = pa.schema(
    [
        *OF_A_LAYER,
        ("value", pa.float64()),
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
        ("p_value", pa.float64()),
        ("p_corrected", pa.float64()),  # for the number of layers, by the largest statistic
        ("null_mean", pa.float64()),
        ("null_low", pa.float64()),  # the middle 95 % of what rearranged frames give
        ("null_high", pa.float64()),
        ("n_frames", pa.int32()),
        ("n_groups", pa.int32()),
        ("n_features", pa.int32()),
        (
            "at_once",
            pa.int32(),
        ),  # frames that were set against each other: fewer than n_frames where in parts
        ("bandwidth", pa.float64()),
        ("seed", pa.int64()),
        ("reason", pa.string()),  # why a value or an interval is null
    ]
)
