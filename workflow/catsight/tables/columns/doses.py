"""The table of doses: one row per estimate and dose."""

import pyarrow as pa

from catsight.tables.columns.metrics import METRICS

#: Metrics as something is swept.
DOSES = pa.schema([("swept", pa.string()), ("dose", pa.float64()), *METRICS])
