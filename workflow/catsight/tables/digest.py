"""Digests of tables: of their rows, and of their provenance and columns. Canonical JSON."""

import hashlib
import json
from typing import Any

import numpy as np
import pyarrow as pa


def canonical_json(value: Any) -> str:
    """JSON that is the same string for the same value, whatever the order of its keys."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def seal(provenance: str, columns: pa.Schema) -> str:
    """SHA-256 of a table's provenance (its JSON) and of its columns' names and types.

    Parquet's own checksums cover neither.
    """
    nullable = [field.nullable for field in columns]
    return _sha256([provenance, _names(columns), nullable])


class RowsDigest:
    """SHA-256 of a table's rows, independent of how they are divided into batches.

    Every leaf array (a column, or a field of a struct) is hashed by itself, as three streams that
    do not depend on where batches end: which values are null, how long those of variable length
    are, and the values.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._columns = canonical_json(_names(schema))
        self._streams: dict[str, hashlib._Hash] = {}

    def update(self, batch: pa.RecordBatch) -> None:
        """Adds the rows of ``batch``."""
        for field, column in zip(batch.schema, batch.columns):
            self._add(field.name, column)

    def hexdigest(self) -> str:
        """The digest of all rows so far, 64 hex digits."""
        streams = sorted((name, stream.hexdigest()) for name, stream in self._streams.items())
        return _sha256([self._columns, streams])

    def _add(self, name: str, column: pa.Array) -> None:
        if len(column) == 0:
            return  # an empty batch changes no digest
        self._feed(f"{name}?", _bytes(column.is_null(), np.uint8))
        kind = column.type
        if pa.types.is_struct(kind):
            # flatten(), not field(): under a null struct Arrow may hold any value, Parquet nulls
            for field, values in zip(kind, column.flatten()):
                self._add(f"{name}.{field.name}", values)
        elif pa.types.is_fixed_size_list(kind):
            self._add(f"{name}[]", column.flatten())
        elif pa.types.is_list(kind):
            self._feed(f"{name}#", _bytes(column.drop_null().value_lengths(), "<i8"))
            self._add(f"{name}[]", column.flatten())
        elif pa.types.is_binary(kind) or pa.types.is_string(kind):
            buffers = [value.as_buffer() for value in column.drop_null()]
            lengths = np.array([buffer.size for buffer in buffers], dtype="<i8")
            self._feed(f"{name}#", lengths.tobytes())
            for buffer in buffers:
                self._feed(name, buffer)
        elif pa.types.is_primitive(kind):
            self._feed(name, _bytes(column.drop_null()))
        else:
            raise TypeError(f"{name}: no digest of {kind}")

    def _feed(self, name: str, data: Any) -> None:
        self._streams.setdefault(name, hashlib.sha256()).update(data)


def _bytes(values: pa.Array, dtype: Any = None) -> bytes:
    """The bytes of an array without nulls, in its own type or another."""
    return np.ascontiguousarray(values.to_numpy(zero_copy_only=False), dtype=dtype).tobytes()


def _sha256(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _names(schema: pa.Schema) -> list[list[str]]:
    return [[field.name, _type_name(field.type)] for field in schema]


def _type_name(kind: pa.DataType) -> str:
    """The name of a type, the same in memory and in a file: Parquet renames the field of a list."""
    if pa.types.is_fixed_size_list(kind):
        return f"{_type_name(kind.value_type)}[{kind.list_size}]"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{field.name}: {_type_name(field.type)}' for field in kind)}>"
    return f"list<{_type_name(kind.value_type)}>" if pa.types.is_list(kind) else str(kind)
