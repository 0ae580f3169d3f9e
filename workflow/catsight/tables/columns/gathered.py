"""The list of tables: one row per table."""

import pyarrow as pa

#: The tables of all views, of pictures or of an encoder's features, and those of frames as the view
#: "".
GATHERED = pa.schema([("view", pa.string()), ("shard", pa.int32()), ("content", pa.string())])
