"""The table of pairs: one row per ordered pair of frames."""

import pyarrow as pa

#: Dissimilarities of some frames in an encoder's last layer.
PAIRS = pa.schema(
    [
        ("encoder", pa.string()),
        ("layer", pa.string()),
        ("pooling", pa.string()),
        ("reference", pa.string()),
        ("view", pa.string()),
        ("frame_id", pa.string()),
        ("group", pa.string()),  # of frame_id
        ("other_id", pa.string()),
        ("reference_dissimilarity", pa.float64()),  # as in RSA, both frames in the reference
        ("view_dissimilarity", pa.float64()),  # as in RSA, both frames in the view
        # as in retrieval: of frame_id in the view from other_id in the reference
        ("distance", pa.float64()),
    ]
)
