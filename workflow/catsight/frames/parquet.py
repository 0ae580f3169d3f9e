"""The source ``parquet``: tables of pictures in the layout of Hugging Face ``datasets``.

catsight's own frames are such tables.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from catsight import tables
from catsight.frames.decode import decode_bytes, read_depth
from catsight.frames.item import Found, Item, Picture, Rejected, rejected_if_it_fails, rejecting
from catsight.frames.pages import pages
from catsight.inputs import files
from catsight.run.specs import SourceSpec

#: Rows held in memory at once, and their bytes if they are several.
_ROWS, _BYTES = 16, 1 << 28
#: Bytes that the largest page takes, of which a row group may consist; and those of a picture's
#: file. A few of these wait for their turn.
_PAGE, _PICTURE = 1 << 29, 1 << 27
#: Bytes of a file for each of its rows, at least: the smallest picture takes 67.
_ROW = 32
#: Letters of an id or group.
_LONGEST = 4096
#: Columns of catsight's frames that say something of a picture, and go with it.
_ABOUT = ("title", "author", "licence", "link", "note")


@dataclass(frozen=True)
class Columns:
    """The names of a table's columns that are read."""

    image: str
    id: str | None
    group: str | None
    more: tuple[str, ...] = ()  #: in tables of catsight's frames: depth, credits

    @property
    def names(self) -> list[str]:
        """All of them, each once."""
        return [
            name for name in dict.fromkeys([self.image, self.id, self.group, *self.more]) if name
        ]


def items(source: SourceSpec, found: Found, max_pixels: int) -> Iterator[Item]:
    """One item for each row of each table, in the order of the tables.

    Skips catsight's own tables without pictures, which lie beside its frames (rejected.parquet).
    """
    for file in found["path"]:
        try:
            with file.unchanged() as path, rejected_if_it_fails(), opened(path) as parquet:
                if tables.ours(parquet) and source["image"] not in parquet.schema_arrow.names:
                    continue
                columns = columns_of(parquet, source)
                number = 0
                for batch in batches(parquet, path, columns):
                    for row in rows_of(batch, columns):
                        yield _item(row, f"{file.name}#{number:06}", columns, max_pixels)
                        number += 1
        except Rejected as problem:
            yield rejecting(file.name, file.name, problem)


def batches(
    parquet: pq.ParquetFile,
    path: Path,
    columns: Columns,
    group: int | None = None,
    only: str | None = None,
) -> Iterator[pa.RecordBatch]:
    """A few rows at a time of a table, or of one row ``group``, or ``only`` one column of them.

    Raises :class:`Rejected` before it reads any if pages or rows take more memory than they may.
    """
    size, rows = path.stat().st_size, parquet.metadata.num_rows
    if rows * _ROW > size:
        raise Rejected("too large", f"it says that it holds {rows:,} rows in {size:,} bytes")
    leaves = _leaves(parquet.schema_arrow, columns)
    try:
        said = list(pages(path, leaves, group))
    except (ValueError, OSError, RecursionError, AttributeError, LookupError, TypeError) as error:
        # the last three if a field is of another kind than it should be
        raise Rejected("truncated", f"its pages are not where it says ({error})") from None
    # a dictionary is copied; and each row may be as long as it, however few bytes refer to it
    most = max((page.size << page.dictionary for page in said), default=1)
    if most > _PAGE:
        raise Rejected(
            "too large",
            f"a page of it takes {most:,} bytes, more than {_PAGE:,}; write it with smaller row "
            "groups",
        )
    return parquet.iter_batches(
        min(_ROWS, max(1, _BYTES // max(1, most))),
        row_groups=None if group is None else [group],
        columns=[only] if only else leaves,
    )


def _leaves(schema: pa.Schema, columns: Columns) -> list[str]:
    """The columns to read: of a picture in several parts its bytes and its path alone."""
    kind, parts = schema.field(columns.image).type, ("bytes", "path")
    if not pa.types.is_struct(kind):
        return columns.names
    own = [f"{columns.image}.{f.name}" for f in kind if f.name in parts and _plain(f.type)]
    return [*own, *(name for name in columns.names if name != columns.image)]


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file to read in the block; raises :class:`Rejected` if it cannot be read."""
    try:
        # pre_buffer would read all row groups at once
        with pq.ParquetFile(path, pre_buffer=False, page_checksum_verification=True) as parquet:
            yield parquet
    except OSError as error:
        said = error.strerror or str(error).splitlines()[0]
        raise Rejected(
            "truncated" if error.errno is None else "unreadable",
            f"reading the table failed: {said}",
        ) from None
    except pa.ArrowException as error:
        raise Rejected(
            "truncated", f"it is not a Parquet table, or damaged ({str(error).splitlines()[0]})"
        ) from None


def columns_of(parquet: pq.ParquetFile, source: SourceSpec) -> Columns:
    """The columns to read, named by ``source`` or, in catsight's own tables, known.

    Raises :class:`Rejected` if the table lacks one, or its pictures are of another type.
    """
    schema = parquet.schema_arrow
    named = {"image": source["image"], "id": source["id"], "group": source["group"]}
    for key, column in named.items():
        if column is not None and column not in schema.names:
            raise Rejected(
                "no pictures",
                f"it has no column '{column}' ({key}); it has {', '.join(schema.names[:20])}",
            )
        if schema.names.count(str(column)) > 1:
            raise Rejected("no pictures", f"it has several columns '{column}' ({key}); keep one")
    kind = schema.field(source["image"]).type
    if not (
        _binary(kind)
        or (pa.types.is_struct(kind) and any(f.name == "bytes" and _binary(f.type) for f in kind))
    ):
        raise Rejected(
            "no pictures", f"its column '{source['image']}' is {kind}, not a picture's bytes"
        )
    for key, column in named.items():
        if key != "image" and column is not None and not _plain(schema.field(column).type):
            kind = schema.field(column).type
            raise Rejected("no pictures", f"its column '{column}' ({key}) is {kind}, not text")
    if not tables.ours(parquet):
        return Columns(source["image"], source["id"], source["group"])
    own = {name: name if name in schema.names else None for name in ("frame_id", "group")}
    more = tuple(
        name
        for name in ("depth", *_ABOUT)
        if name in schema.names and _plain(schema.field(name).type)
    )
    return Columns(
        source["image"], source["id"] or own["frame_id"], source["group"] or own["group"], more
    )


def rows_of(table: pa.RecordBatch | pa.Table, columns: Columns) -> list[dict[str, Any]]:
    """Rows of a table. Text comes as bytes, since it may not be UTF-8 (:func:`text`)."""
    for at, field in enumerate(table.schema):
        texts = pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view
        if field.name != columns.image and any(one(field.type) for one in texts):
            as_bytes = table.column(at).cast(pa.large_binary())
            table = table.set_column(at, field.name, as_bytes)
    return table.to_pylist()


def _binary(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _binary(kind.value_type)
    kinds = pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view
    return any(one(kind) for one in kinds)


def _plain(kind: pa.DataType) -> bool:
    """Whether values of a type are single, and take no more memory than they are long."""
    wide = pa.types.is_fixed_size_binary(kind) and kind.byte_width > _LONGEST
    return not (pa.types.is_nested(kind) or wide)


def _item(row: Mapping[str, Any], place: str, columns: Columns, max_pixels: int) -> Item:
    name = text_of(row, columns.id) or place
    group = text_of(row, columns.group) or name
    if (size := len(_bytes_of(row, columns) or b"")) > _PICTURE:
        problem = f"its file takes {size:,} bytes, more than {_PICTURE:,}"
        return rejecting(name, group, Rejected("too large", problem))
    return Item(
        name,
        group,
        lambda: picture(row, columns, max_pixels, name),
        credits_of(row),
    )


def text_of(row: Mapping[str, Any], column: str | None) -> str | None:
    """The value in a column as text; None if there is no such column or value (:func:`text`).

    Raises :class:`Rejected` for texts that no id or group is as long as.
    """
    said = None if column is None else text(row[column])
    if said is not None and len(said) > _LONGEST:
        raise Rejected(
            "too large",
            f"its column '{column}' holds a text of {len(said):,} letters, more than {_LONGEST:,}",
        )
    return said


def text(value: Any) -> str | None:
    """A value of a table as text, the same for all types in which it may be written.

    Bytes are UTF-8, accents composed (NFC); a whole number is the same with and without a point
    (``1``, ``1.0`` and a decimal ``1.00``); null and NaN, which pandas writes for a missing value,
    are None.
    """
    if value is None or value != value:
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    elif isinstance(value, Decimal):
        value = f"{value.normalize():f}"
    return files.composed(str(value))


def credits_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The credits in a row of catsight's own tables."""
    given = {key: text(row.get(key)) for key in _ABOUT}
    return {key: value for key, value in given.items() if value is not None}


def picture(row: Mapping[str, Any], columns: Columns, max_pixels: int, name: str) -> Picture:
    """The picture of a row, in any format that is read. Raises :class:`Rejected`.

    If a row holds a path instead of bytes, as ``datasets`` allows, that path is not followed: it
    may lead anywhere.
    """
    image, data = row[columns.image], _bytes_of(row, columns)
    if data is None:
        path = image.get("path") if isinstance(image, Mapping) else None
        raise Rejected("no bytes", f"the table holds no picture for it{_path_of(path)}")
    rgb = decode_bytes(data, max_pixels, name)
    depth = row["depth"] if "depth" in columns.more else None
    return Picture(rgb, None if depth is None else read_depth(io.BytesIO(depth), rgb.shape[:2]))


def _bytes_of(row: Mapping[str, Any], columns: Columns) -> bytes | None:
    image = row[columns.image]
    return image["bytes"] if isinstance(image, Mapping) else image


def _path_of(path: str | None) -> str:
    return f", only a path, which is not followed ({path})" if path else ""
