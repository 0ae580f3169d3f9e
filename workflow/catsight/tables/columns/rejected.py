"""The table of files that cannot be used: one row per file."""

import pyarrow as pa

REJECTED = pa.schema([("path", pa.string()), ("reason", pa.string()), ("detail", pa.string())])
