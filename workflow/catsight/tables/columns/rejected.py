"""The table of rejected files: one row per file."""

import pyarrow as pa

REJECTED = pa.schema([("path", pa.string()), ("reason", pa.string()), ("detail", pa.string())])
