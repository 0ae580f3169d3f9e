"""The table of stability: one row per value."""

import pyarrow as pa

#: How a value depends on the frames and on their number.
STABILITY = pa.schema(
    [
        ("encoder", pa.string()),
        ("layer", pa.string()),
        ("layer_index", pa.int32()),
        ("depth", pa.float64()),  # 0 (first block) to 1 (last)
        ("pooling", pa.string()),
        ("reference", pa.string()),
        ("view", pa.string()),
        ("metric", pa.string()),
        ("kind", pa.string()),  # size, split_half, ceiling, of_ceiling
        ("n_frames", pa.int32()),
        ("n_groups", pa.int32()),
        ("draws", pa.int32()),  # over which the value is a mean
        ("value", pa.float64()),
        ("low", pa.float64()),  # of the middle 95 % of the draws; for ceilings, of the interval
        ("high", pa.float64()),
        ("reason", pa.string()),  # why a value or a limit is null
    ]
)
