"""The Parquet tables in which the stages meet.

Reading and writing: :mod:`catsight.tables.table`. Columns, one module a table:
:mod:`catsight.tables.columns`, of which nothing is imported here. Compute once:
:mod:`catsight.tables.store`.
"""

from catsight.tables.digest import canonical_json
from catsight.tables.lists import shards
from catsight.tables.table import (
    ROW_GROUP,
    Writer,
    batches,
    content,
    measure_content,
    ours,
    provenance,
    read,
    rows,
    schema,
    write,
)

__all__ = [
    "ROW_GROUP",
    "Writer",
    "batches",
    "canonical_json",
    "content",
    "measure_content",
    "ours",
    "provenance",
    "read",
    "rows",
    "schema",
    "shards",
    "write",
]
