"""The table of near-duplicates: one row per pair of pictures."""

import pyarrow as pa

#: Pictures of different groups that look nearly alike.
NEAR_DUPLICATES = pa.schema(
    [
        ("frame_id", pa.string()),  # of glances at one picture, the first
        ("group", pa.string()),
        ("other_id", pa.string()),
        ("other_group", pa.string()),
        ("distance", pa.int32()),  # bits in which their perceptual hashes differ, of 64
    ]
)
