"""The table of drawn eyes' parts: one row per draw, part of the eye, layer and measure."""

import pyarrow as pa

from catsight.tables.columns.attribution import ATTRIBUTION

#: The number of the drawn eye, from 1 (0 is the eye as its file states it), and the columns of
#: attribution for that eye.
DRAWN_PARTS = pa.schema([("draw", pa.int32()), *ATTRIBUTION])
