"""The table of a view: one row per frame."""

import pyarrow as pa

from catsight.tables.columns.image import IMAGE

VIEWS = pa.schema([("frame_id", pa.string()), ("image", IMAGE)])
