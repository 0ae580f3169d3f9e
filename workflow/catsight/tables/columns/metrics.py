"""The table of metrics: one row per estimate."""

import pyarrow as pa

from catsight.tables.columns.layer import OF_A_LAYER
from catsight.tables.columns.replicates import REPLICATES

METRICS = pa.schema(
    [
        *OF_A_LAYER,
        ("value", pa.float64()),
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
        *REPLICATES,
        ("p_value", pa.float64()),
        ("p_corrected", pa.float64()),  # for the number of layers, by the smallest p-value
        ("null_mean", pa.float64()),
        ("null_low", pa.float64()),  # middle 95 % of the null distribution, from permuted groups
        ("null_high", pa.float64()),
        ("calibrated", pa.float64()),  # of similarities: (value - null_mean) / (1 - null_mean)
        ("n_frames", pa.int32()),
        ("n_groups", pa.int32()),
        ("n_features", pa.int32()),
        ("at_once", pa.int32()),  # frames compared at once: fewer than n_frames if in parts
        ("bandwidth", pa.float64()),
        ("seed", pa.int64()),
        ("reason", pa.string()),  # why a value or an interval is null
    ]
)
