"""What the pages of a Parquet file say that they hold, before any of them is read.

A page of a few kB may be as large as 2 GB when it is decompressed, and the file's footer need not
say so. The pages' own headers do: decoders give a page so many bytes, and no more.

The footer is read here, too: pyarrow's ``RowGroupMetaData.column`` ends the process if a chunk's
statistics contradict each other (26.0).
"""

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

# kinds of values in Thrift's compact protocol, and the kind of page that is a dictionary
_BOOLEANS, _BYTE, _NUMBERS, _DOUBLE, _TEXT = (1, 2), 3, (4, 5, 6), 7, 8
_LISTS, _STRUCT, _DICTIONARY = (9, 10), 12, 2
# fields of a page's header: its kind, and its size in bytes when it is decompressed and in the file
_KIND, _SIZE, _STORED = 1, 2, 3
_HEADER = {_KIND: True, _SIZE: True, _STORED: True}
# fields of the footer: its row groups, their columns, what it says of each: its name, in parts, its
# bytes in the file, and where its pages begin
_GROUPS, _COLUMNS, _ABOUT = 4, 1, 3
_NAME, _LENGTH, _DATA, _WORDS = 3, 7, 9, 11
_FOOTER = {_GROUPS: {_COLUMNS: {_ABOUT: {_NAME: True, _LENGTH: True, _DATA: True, _WORDS: True}}}}
#: Bytes of the longest part of a column's name.
_LONGEST = 65536


class Page(NamedTuple):
    """A page, as its header says."""

    dictionary: bool  #: whether it holds values that other pages refer to
    size: int  #: bytes when it is decompressed


def pages(path: Path, names: Collection[str], group: int | None = None) -> Iterator[Page]:
    """The pages of the columns with these names (``image``, ``image.bytes``), of all row groups or
    of one (Apache Parquet format 2.11).

    Raises OSError, ValueError or RecursionError if there is no header where the footer says so.
    """
    with open(path, "rb") as file:
        groups = _footer(file).get(_GROUPS, [])
        for row_group in groups if group is None else [groups[group]]:
            for column in row_group.get(_COLUMNS, []):
                about = column.get(_ABOUT, {})
                parts = [part.decode() for part in about.get(_NAME, [])]
                if parts and (parts[0] in names or ".".join(parts) in names):
                    yield from _of_column(file, about)


def _footer(file: BinaryIO) -> dict[int, Any]:
    """The footer's fields that are named in :data:`_FOOTER`."""
    file.seek(-8, os.SEEK_END)
    length = int.from_bytes(file.read(4), "little")
    file.seek(-8 - length, os.SEEK_END)
    return _struct(file, _FOOTER)


def _of_column(file: BinaryIO, about: Mapping[int, int]) -> Iterator[Page]:
    first = about.get(_DATA, 0)
    file.seek(min(first, about.get(_WORDS) or first))
    stop = file.tell() + about.get(_LENGTH, 0)
    while file.tell() < stop:
        header = dict.fromkeys(_HEADER, 0) | _struct(file, _HEADER)
        yield Page(header[_KIND] == _DICTIONARY, header[_SIZE])
        if header[_STORED] < 0:
            raise ValueError("a page's size is negative")
        file.seek(header[_STORED], os.SEEK_CUR)


def _struct(file: BinaryIO, wanted: Mapping[int, Any]) -> dict[int, Any]:
    """The fields of a struct in Thrift's compact protocol that are ``wanted``; others are skipped.

    ``wanted`` maps the number of a field to that of its own fields, or those of its elements.
    """
    number, found = 0, {}
    while head := _byte(file):
        number = number + (head >> 4) if head >> 4 else _integer(file)
        value = _value(file, head & 15, wanted.get(number))
        if number in wanted:
            found[number] = value
    return found


def _value(file: BinaryIO, kind: int, wanted: Any, in_list: bool = False) -> Any:
    """Reads a value, or skips one that is not ``wanted``, whose result means nothing."""
    if kind in _NUMBERS:
        return _integer(file)
    if kind in _BOOLEANS or kind == _BYTE:
        file.seek(int(in_list or kind == _BYTE), os.SEEK_CUR)
    elif kind == _DOUBLE:
        file.seek(8, os.SEEK_CUR)
    elif kind == _TEXT:
        return _text(file, wanted)
    elif kind in _LISTS:
        head = _byte(file)
        count = _varint(file) if head >> 4 == 15 else head >> 4
        found = (_value(file, head & 15, wanted, in_list=True) for _ in range(count))
        return list(found) if wanted else sum(0 for _ in found)
    elif kind == _STRUCT:
        return _struct(file, wanted if isinstance(wanted, Mapping) else {})
    else:
        raise ValueError(f"a header has a field of kind {kind}")
    return None


def _text(file: BinaryIO, wanted: Any) -> bytes:
    length = _varint(file)
    if not wanted:
        file.seek(length, os.SEEK_CUR)
        return b""
    if length > _LONGEST:
        raise ValueError(f"a name has {length:,} bytes")
    return file.read(length)


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
    raise ValueError("a number in a header has more than 64 bits")


def _byte(file: BinaryIO) -> int:
    if not (read := file.read(1)):
        raise ValueError("a header is cut short")
    return read[0]
