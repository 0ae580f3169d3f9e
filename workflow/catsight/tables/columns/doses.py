"""The table of doses: one row per dose, layer and measure."""

import pyarrow as pa

from catsight.tables.columns.metrics import METRICS

#: The columns of metrics, at each dose of a sweep: what is varied, and its value.
DOSES = pa.schema([("swept", pa.string()), ("dose", pa.float64()), *METRICS])
