"""The table of features: one row per frame."""

from collections.abc import Mapping

import pyarrow as pa


def features_schema(columns: Mapping[str, int]) -> pa.Schema:
    """Schema of a features table: ``frame_id`` and one fixed-size list of float32 per
    ``<layer>/<pooling>``.

    ``columns`` maps the column's name to its number of features, in network order.
    """
    vectors = [(name, pa.list_(pa.float32(), dims)) for name, dims in columns.items()]
    return pa.schema([("frame_id", pa.string()), *vectors])
