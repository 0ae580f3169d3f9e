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
        ("p_corrected", pa.float64()),  # for the number of layers, by the maximum statistic
        ("null_mean", pa.float64()),
        ("null_low", pa.float64()),  # middle 95 % of the null distribution, from permuted frames
        ("null_high", pa.float64()),
        ("n_frames", pa.int32()),
        ("n_groups", pa.int32()),
        ("n_features", pa.int32()),
        ("at_once", pa.int32()),  # frames compared at once: fewer than n_frames if in parts
        ("bandwidth", pa.float64()),
        ("seed", pa.int64()),
        ("reason", pa.string()),  # why a value or an interval is null
    ]
)
