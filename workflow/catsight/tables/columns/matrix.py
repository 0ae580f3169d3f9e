"""The table of the matrix: one row per pair of views, layer and measure."""

import pyarrow as pa

from catsight.tables.columns.metrics import METRICS

#: Every view against every other, each pair once (``reference`` and ``view``): the columns of
#: metrics. There are no tests, so those of p-values and of chance are null.
MATRIX = pa.schema([*METRICS])
