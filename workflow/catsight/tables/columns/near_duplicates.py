"""The table of near-duplicates: one row per pair of pictures."""

import pyarrow as pa

#: Pictures of different groups that look nearly alike.
NEAR_DUPLICATES = pa.schema(
    [
        ("frame_id", pa.string()),  # the first of a picture's glances
        ("group", pa.string()),
        ("other_id", pa.string()),
        ("other_group", pa.string()),
        ("distance", pa.int32()),  # differing bits of their perceptual hashes, 0 to 64
    ]
)
