"""The table of frames by themselves: one row per frame, view, and layer or mean over layers."""

import pyarrow as pa

#: How well single frames are aligned with the reference.
PER_FRAME = pa.schema(
    [
        ("encoder", pa.string()),
        ("layer", pa.string()),  # "all": the mean over layers
        ("layer_index", pa.int32()),  # null for the mean over layers
        ("depth", pa.float64()),
        ("pooling", pa.string()),
        ("reference", pa.string()),
        ("view", pa.string()),
        ("frame_id", pa.string()),
        ("group", pa.string()),
        ("pnka", pa.float64()),  # pointwise normalised kernel alignment, -1 to 1
        ("overlap", pa.float64()),  # share of nearest neighbours, as in mutual_knn
        ("reciprocal_rank", pa.float64()),  # as in retrieval_mrr_between
        ("at_once", pa.int32()),  # how many frames this one was compared with, itself included
        ("reason", pa.string()),  # why a value is null
    ]
)
