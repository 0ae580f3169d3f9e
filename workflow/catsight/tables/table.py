"""Reading and writing Parquet tables.

A table is written whole or not at all. It records where it came from (:func:`provenance`) and a
digest of its rows (:func:`content`). The digest is of the values alone: compression, row groups and
metadata do not change it. So a stage that is run again and computes the same rows leaves the
results of later stages valid.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from catsight.errors import CatsightError
from catsight.inputs.files import create, part_of, publish, writing
from catsight.tables.digest import RowsDigest, canonical_json, seal

#: Keys of the Parquet metadata: the provenance, as JSON, and the seal of it and of the columns.
_KEY, _SEAL = b"catsight", b"catsight_seal"

#: Bytes of rows that a writer collects into a row group. Larger groups keep the index small: it has
#: an entry for every column of every group, and every read takes all of it.
ROW_GROUP = 4_000_000

#: What to do about a damaged table.
_MEND = "`catsight check --redo` removes damaged files, and the next run recomputes them"


class Writer:
    """Writes a table batch by batch, in constant memory.

    A context manager. The file is written beside ``path`` and renamed only when the block ends
    without an error, so no reader ever sees half a table. Rows are written when about ``row_group``
    bytes have collected. ``rows`` counts them; ``provenance`` may be added to until the block ends.
    Raises :class:`CatsightError`, naming ``path``, if the file cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        schema: pa.Schema,
        provenance: Mapping[str, Any],
        row_group: int = ROW_GROUP,
    ) -> None:
        self.path = Path(path)
        self.schema = schema
        self.provenance = dict(provenance)
        self.rows = 0
        self._row_group, self._bytes = row_group, 0
        self._waiting: list[pa.RecordBatch] = []
        self._added: list[Mapping[str, Any]] = []
        self._part = part_of(self.path)
        self._digest = RowsDigest(schema)

    def __enter__(self) -> Self:
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            create(self._part)
            try:
                # with checksums every reader notices a damaged byte; vectors and pictures hardly
                # repeat, and a dictionary of them takes longer than all the rest
                self._parquet = pq.ParquetWriter(
                    self._part,
                    self.schema,
                    compression="zstd",
                    write_page_checksum=True,
                    use_dictionary=[
                        field.name for field in self.schema if not pa.types.is_nested(field.type)
                    ],
                )
            except BaseException:
                self._part.unlink(missing_ok=True)
                raise
        return self

    def write(self, rows: pa.RecordBatch | pa.Table | Sequence[Mapping[str, Any]]) -> None:
        """Appends ``rows``: Arrow data of this schema, or one mapping per row."""
        self._convert()
        if not isinstance(rows, pa.RecordBatch | pa.Table):
            rows = pa.Table.from_pylist(list(rows), schema=self.schema)
        batches = rows.to_batches() if isinstance(rows, pa.Table) else [rows]
        for batch in batches:
            self._append(batch)
            self._bytes += batch.nbytes
            if self._bytes >= self._row_group:
                self._flush()

    def add(self, row: Mapping[str, Any]) -> None:
        """Appends one row.

        Added rows are converted to Arrow together: 14 µs for each row of 4 kB, against 300 µs for
        each one that is written alone.
        """
        self._added.append(row)
        self._bytes += _weight(row)
        if self._bytes >= self._row_group:
            self._flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                with writing(self.path):
                    self._finish()
            else:
                with suppress(OSError):  # closing writes an index, which fails on a full disk
                    self._parquet.close()
        finally:
            self._part.unlink(missing_ok=True)

    def _convert(self) -> None:
        """Converts the rows that were added one by one."""
        if self._added:
            for batch in pa.Table.from_pylist(self._added, schema=self.schema).to_batches():
                self._append(batch)
        self._added = []

    def _append(self, batch: pa.RecordBatch) -> None:
        self._digest.update(batch)
        self.rows += batch.num_rows
        self._waiting.append(batch)

    def _flush(self) -> None:
        """Writes the collected rows as one row group."""
        self._convert()
        if self._waiting:
            together = pa.Table.from_batches(self._waiting, self.schema)
            with writing(self.path):
                self._parquet.write_table(together, row_group_size=together.num_rows)
        self._waiting, self._bytes = [], 0

    def _finish(self) -> None:
        self._flush()
        about = {**self.provenance, "content": self._digest.hexdigest(), "rows": self.rows}
        text = canonical_json(about)
        metadata = {_KEY.decode(): text, _SEAL.decode(): seal(text, self.schema)}
        self._parquet.add_key_value_metadata(metadata)
        self._parquet.close()
        publish(self._part, self.path)


def _weight(value: object) -> int:
    """About how many bytes a value, or a row of them, takes."""
    if isinstance(value, Mapping):
        return sum(map(_weight, value.values()))
    return len(value) if isinstance(value, bytes | str) else 8


def write(
    path: str | os.PathLike,
    rows: pa.Table | Sequence[Mapping[str, Any]],
    schema: pa.Schema,
    provenance: Mapping[str, Any],
) -> None:
    """Writes a small table at once; see :class:`Writer`."""
    with Writer(path, schema, provenance) as writer:
        writer.write(rows)


def read(path: str | os.PathLike, columns: Sequence[str] | None = None) -> pa.Table:
    """Reads a table, or some ``columns`` of it.

    Raises :class:`CatsightError`, naming the file, if it is missing, damaged, or not one of
    catsight's tables.
    """
    wanted = provenance(path)["rows"]
    with _naming(path):
        table = pq.read_table(
            path, columns=columns, page_checksum_verification=True, partitioning=None
        )
        _check_count(table.num_rows, wanted)
    return table


def schema(path: str | os.PathLike) -> pa.Schema:
    """A table's columns and their types. Errors as :func:`read`."""
    return _footer(path)[1]


def batches(
    path: str | os.PathLike, rows: int, columns: Sequence[str] | None = None
) -> Iterable[pa.RecordBatch]:
    """Reads a table ``rows`` rows at a time, in constant memory. Errors as :func:`read`."""
    wanted, found = provenance(path)["rows"], 0
    with _opened(path) as parquet:
        for batch in parquet.iter_batches(batch_size=rows, columns=columns):
            found += batch.num_rows
            yield batch
        _check_count(found, wanted)


def rows(
    path: str | os.PathLike, wanted: Sequence[int], columns: Sequence[str] | None = None
) -> Iterator[dict[str, Any]]:
    """The rows with the ``wanted`` numbers, which must ascend.

    Only their row groups are read. Errors as :func:`read`.
    """
    if not wanted:
        return
    provenance(path)
    with _opened(path) as parquet:
        first = 0
        for group in range(parquet.num_row_groups):
            end = first + parquet.metadata.row_group(group).num_rows
            if here := [row - first for row in wanted if first <= row < end]:
                yield from parquet.read_row_group(group, columns=columns).take(here).to_pylist()
            first = end


def provenance(path: str | os.PathLike) -> dict[str, Any]:
    """Where a table came from: what its writer recorded (spec, inputs, address and so on), its
    number of ``rows``, and the digest of them (``content``).
    """
    return _footer(path)[0]


def ours(parquet: pq.ParquetFile) -> bool:
    """Whether this is one of catsight's own tables."""
    return _KEY in (parquet.metadata.metadata or {})


def content(path: str | os.PathLike) -> str:
    """The digest of the table's rows, as recorded when they were written."""
    return provenance(path)["content"]


def measure_content(path: str | os.PathLike) -> str:
    """The digest of the table's rows, recomputed by reading all of them."""
    with _opened(path) as parquet:
        digest = RowsDigest(parquet.schema_arrow)
        for batch in parquet.iter_batches(batch_size=64):
            digest.update(batch)
    return digest.hexdigest()


def _footer(path: str | os.PathLike) -> tuple[dict[str, Any], pa.Schema]:
    """A table's provenance and columns, after checking them and the number of rows."""
    with _naming(path):
        footer = pq.read_metadata(path)
        metadata, columns = footer.metadata or {}, footer.schema.to_arrow_schema()
        groups = sum(footer.row_group(group).num_rows for group in range(footer.num_row_groups))
    if _KEY not in metadata:
        raise CatsightError(
            f"{path} is a Parquet file, but not a catsight table: it does not record where it came "
            "from"
        )
    text, written = (metadata.get(key, b"").decode(errors="replace") for key in (_KEY, _SEAL))
    if written == seal(text, columns):
        about = json.loads(text)
        if about["rows"] == footer.num_rows == groups:
            return about, columns
    raise CatsightError(
        f"{path} cannot be read as a table (its index is not what was written); {_MEND}"
    )


def _check_count(found: int, wanted: int) -> None:
    if found != wanted:
        raise ValueError(f"it holds {found} of {wanted} rows")


@contextmanager
def _opened(path: str | os.PathLike) -> Iterator[pq.ParquetFile]:
    """The Parquet file, checked page by page; without pre_buffer, which reads all row groups."""
    with (
        _naming(path),
        pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False) as parquet,
    ):
        yield parquet


@contextmanager
def _naming(path: str | os.PathLike) -> Iterator[None]:
    """Turns every error of Arrow about a damaged file into one line that names it.

    A named pipe, which nobody writes to, is not opened: that would wait for ever.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise ValueError("it is not a file")
        yield
    except FileNotFoundError:
        raise CatsightError(f"{path} is missing") from None
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: a name not in UTF-8
        raise CatsightError(
            f"{path} cannot be read as a table ({str(error).splitlines()[0]}); {_MEND}"
        ) from None
