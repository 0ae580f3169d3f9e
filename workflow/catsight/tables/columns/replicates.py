"""The columns that hold the values of an estimate without each block of groups."""

import pyarrow as pa

#: From these, differences of any two estimates of a study are tested: all leave out the same groups
#: in the same order (docs/metrics.md). Null where there is no interval.
REPLICATES = [
    ("replicates", pa.list_(pa.float64())),  # without each block of groups, sorted by name
    ("parts", pa.list_(pa.int32())),  # blocks of each part, if the frames were compared in parts
]
