"""The table of features: one row per frame."""

from collections.abc import Mapping

import pyarrow as pa


def features_schema(columns: Mapping[str, int]) -> pa.Schema:
    """The schema of a features table: ``frame_id``, and a fixed-size list of float32 per column.

    ``columns`` maps each column's name, ``<layer>/<pooling>``, to its number of features, in
    network order; :data:`~catsight.tables.names.LOGITS`, if there are any, last.
    """
    vectors = [(name, pa.list_(pa.float32(), size)) for name, size in columns.items()]
    return pa.schema([("frame_id", pa.string()), *vectors])
