"""The columns that identify an estimate (encoder, layer, view, metric) in several tables."""

import pyarrow as pa

OF_A_LAYER = [
    ("encoder", pa.string()),
    ("family", pa.string()),
    ("training", pa.string()),
    ("layer", pa.string()),
    ("layer_index", pa.int32()),
    ("depth", pa.float64()),  # 0 (first block) to 1 (last)
    ("pooling", pa.string()),
    ("reference", pa.string()),
    ("view", pa.string()),
    ("metric", pa.string()),
]
