"""Rows of the table of a view, their digest, and a way to damage a file of them."""

from pathlib import Path

import pyarrow as pa

from catsight.tables.columns.views import VIEWS
from catsight.tables.digest import RowsDigest

ROWS = [
    {"frame_id": f"f{i}", "image": {"bytes": bytes([i]) * i, "path": None if i % 3 else f"p{i}"}}
    for i in range(10)
]


def digest(rows: list[dict], schema: pa.Schema = VIEWS, cuts: tuple[int, ...] = (10,)) -> str:
    """The digest of ``rows`` in batches that end at ``cuts``."""
    result, start = RowsDigest(schema), 0
    for stop in cuts:
        result.update(pa.RecordBatch.from_pylist(rows[start:stop], schema=schema))
        start = stop
    return result.hexdigest()


def damage(path: Path) -> None:
    """Flips a byte in the middle of the first column's data."""
    data = bytearray(path.read_bytes())
    data[40] ^= 0xFF
    path.write_bytes(data)
