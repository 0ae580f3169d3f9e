"""The table of doses: one row per dose, layer and measure."""

import pyarrow as pa

from catsight.tables.columns.metrics import METRICS

#: The condition that a sweep varies, its value, and the columns of metrics at that value.
DOSES = pa.schema([("swept", pa.string()), ("dose", pa.float64()), *METRICS])
