"""What the pages of a Parquet file say that they hold, before any of them is read.

A page of a few kB may be as large as 2 GB when it is decompressed, and the file's footer need not
say so. The pages' own headers do: decoders give a page so many bytes, and no more.
"""

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyarrow.parquet as pq

# kinds of fields in Thrift's compact protocol, and the kind of page that is a dictionary
_BOOLEANS, _BYTE, _NUMBERS, _DOUBLE, _TEXT = (1, 2), 3, (4, 5, 6), 7, 8
_LISTS, _STRUCT, _DICTIONARY = (9, 10), 12, 2
# fields of a page's header: its kind, and its size in bytes when it is decompressed and in the file
_KIND, _SIZE, _STORED = 1, 2, 3


class Page(NamedTuple):
    """A page, as its header says."""

    dictionary: bool  #: whether it holds values that other pages refer to
    size: int  #: bytes when it is decompressed


def pages(
    path: Path, metadata: pq.FileMetaData, names: Collection[str], group: int | None = None
) -> Iterator[Page]:
    """The pages of the columns with these names (``image``, ``image.bytes``), of all row groups or
    of one (Apache Parquet format 2.11).

    Raises OSError, ValueError or RecursionError if there is no header where the footer says so.
    """
    with open(path, "rb") as file:
        for number in range(metadata.num_row_groups) if group is None else [group]:
            row_group = metadata.row_group(number)
            for at in range(row_group.num_columns):
                column = row_group.column(at)
                if column.path_in_schema.split(".")[0] in names or column.path_in_schema in names:
                    yield from _of_column(file, column)


def _of_column(file: BinaryIO, column: pq.ColumnChunkMetaData) -> Iterator[Page]:
    first = column.dictionary_page_offset or column.data_page_offset
    file.seek(min(first, column.data_page_offset))
    stop = file.tell() + column.total_compressed_size
    while file.tell() < stop:
        header = _struct(file)
        yield Page(header[_KIND] == _DICTIONARY, header[_SIZE])
        if header[_STORED] < 0:
            raise ValueError("a page's size is negative")
        file.seek(header[_STORED], os.SEEK_CUR)


def _struct(file: BinaryIO) -> dict[int, int]:
    """The numbers of a struct in Thrift's compact protocol, by field; other fields are skipped."""
    number, found = 0, dict.fromkeys((_KIND, _SIZE, _STORED), 0)
    while head := _byte(file):
        number = number + (head >> 4) if head >> 4 else _integer(file)
        value = _value(file, head & 15)
        if value is not None:
            found[number] = value
    return found


def _value(file: BinaryIO, kind: int, in_list: bool = False) -> int | None:
    """Reads a value: an integer, or None for one that is skipped."""
    if kind in _NUMBERS:
        return _integer(file)
    if kind in _BOOLEANS or kind == _BYTE:
        file.seek(int(in_list or kind == _BYTE), os.SEEK_CUR)
    elif kind == _DOUBLE:
        file.seek(8, os.SEEK_CUR)
    elif kind == _TEXT:
        file.seek(_varint(file), os.SEEK_CUR)
    elif kind in _LISTS:
        head = _byte(file)
        for _ in range(_varint(file) if head >> 4 == 15 else head >> 4):
            _value(file, head & 15, in_list=True)
    elif kind == _STRUCT:
        _struct(file)
    else:
        raise ValueError(f"a page's header has a field of kind {kind}")
    return None


def _integer(file: BinaryIO) -> int:
    """A signed number, in zigzag coding."""
    coded = _varint(file)
    return (coded >> 1) ^ -(coded & 1)


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 64, 7):
        byte = _byte(file)
        value |= (byte & 127) << shift
        if byte < 128:
            return value
    raise ValueError("a number in a page's header has more than 64 bits")


def _byte(file: BinaryIO) -> int:
    if not (read := file.read(1)):
        raise ValueError("a page's header is cut short")
    return read[0]
