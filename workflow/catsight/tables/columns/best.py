"""The table of the best: one row per member of those that are compared with each other."""

import pyarrow as pa

#: Which members may be the best of those that are compared with each other.
BEST = pa.schema(
    [
        ("study", pa.string()),
        ("kind", pa.string()),
        ("hypotheses", pa.string()),  # as in the table of contrasts
        ("reference", pa.string()),
        ("metric", pa.string()),
        ("pooling", pa.string()),
        ("swept", pa.string()),
        ("member", pa.string()),
        ("encoder", pa.string()),
        ("view", pa.string()),
        ("layer", pa.string()),
        ("dose", pa.float64()),
        ("part", pa.string()),
        ("members", pa.list_(pa.string())),
        ("value", pa.float64()),
        ("in_set", pa.bool_()),  # whether it may be the best; the set is for all members together
        ("p_leaves", pa.float64()),  # that it is the best: out of the set if this is too small
        ("n_renderings", pa.int32()),  # in any of which it may be the best, if there are several
        ("n_members", pa.int32()),  # how many have a test
        ("n_groups", pa.int32()),
        ("n_frames", pa.int32()),
        ("reason", pa.string()),  # why there is no test
    ]
)
