"""The Parquet tables in which the stages meet.

This package reads and writes them (:mod:`catsight.tables.table`). The columns of each table are in
:mod:`catsight.tables.columns`, one module a table; none of them is imported here. The store, which
avoids computing a table twice, is :mod:`catsight.tables.store`.
"""

from catsight.tables.digest import canonical_json
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
    "write",
]
