"""The list of tables that ``catsight gather`` writes: one row per table."""

import pyarrow as pa

GATHERED = pa.schema(
    [
        ("view", pa.string()),  # "" for tables of frames
        ("shard", pa.int32()),
        ("content", pa.string()),  # digest of the table's rows
    ]
)
