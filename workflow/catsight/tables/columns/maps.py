"""The table of maps: one row per pair of layers."""

import pyarrow as pa

#: Every layer of an encoder and view with every layer of another view, or of another encoder.
MAPS = pa.schema(
    [
        ("encoder", pa.string()),
        ("view", pa.string()),
        ("layer", pa.string()),
        ("layer_index", pa.int32()),
        ("other_encoder", pa.string()),
        ("other_view", pa.string()),
        ("other_layer", pa.string()),
        ("other_index", pa.int32()),
        ("pooling", pa.string()),
        ("metric", pa.string()),
        ("value", pa.float64()),
        ("n_frames", pa.int32()),
        ("reason", pa.string()),  # why a value is null
    ]
)
