"""Digests of tables: of their rows, of their provenance and columns, and canonical JSON."""

import hashlib
import json

import numpy as np
import pyarrow as pa


def canonical_json(value) -> str:
    """JSON that is the same string for the same value, whatever the order of its keys."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def seal(text: str, columns: pa.Schema) -> str:
    """The digest of a provenance (its JSON) and the columns' names and types, which no checksum of
    Parquet's covers.
    """
    nullable = [field.nullable for field in columns]
    return hashlib.sha256(canonical_json([text, _names(columns), nullable]).encode()).hexdigest()


class RowsDigest:
    """SHA-256 of a table's rows, independent of how they are cut into batches.

    Every leaf array (a column, or a field of a struct) is hashed on its own, as three streams that
    do not depend on where batches end: which values are null, how long the variable-length ones
    are, and the values themselves.
    """

    def __init__(self, schema: pa.Schema):
        self._names = canonical_json(_names(schema))
        self._streams: dict[str, hashlib._Hash] = {}

    def update(self, batch: pa.RecordBatch) -> None:
        for field, column in zip(batch.schema, batch.columns):
            self._leaf(field.name, column)

    def hexdigest(self) -> str:
        parts = sorted((name, stream.hexdigest()) for name, stream in self._streams.items())
        return hashlib.sha256(canonical_json([self._names, parts]).encode()).hexdigest()

    def _feed(self, name: str, data) -> None:
        self._streams.setdefault(name, hashlib.sha256()).update(data)

    def _leaf(self, name: str, column: pa.Array) -> None:
        if len(column) == 0:
            return  # so that an empty batch leaves no trace
        self._feed(
            f"{name}?", column.is_null().to_numpy(zero_copy_only=False).astype(np.uint8).tobytes()
        )
        if pa.types.is_struct(column.type):
            # flatten(), not field(): under a null struct, Arrow holds nulls or anything else, and
            # Parquet nulls
            for field, values in zip(column.type, column.flatten()):
                self._leaf(f"{name}.{field.name}", values)
        elif pa.types.is_fixed_size_list(column.type):
            self._leaf(f"{name}[]", column.flatten())
        elif pa.types.is_list(column.type):
            lengths = column.drop_null().value_lengths()
            self._feed(f"{name}#", lengths.to_numpy(zero_copy_only=False).astype("<i8").tobytes())
            self._leaf(f"{name}[]", column.flatten())
        elif pa.types.is_binary(column.type) or pa.types.is_string(column.type):
            values = [value.as_buffer() for value in column.drop_null()]
            self._feed(
                f"{name}#", np.array([value.size for value in values], dtype="<i8").tobytes()
            )
            for value in values:
                self._feed(name, value)
        elif pa.types.is_primitive(column.type):
            self._feed(
                name,
                np.ascontiguousarray(column.drop_null().to_numpy(zero_copy_only=False)).tobytes(),
            )
        else:
            raise TypeError(f"{name}: no digest of {column.type}")


def _names(schema: pa.Schema) -> list[list[str]]:
    return [[field.name, _type_name(field.type)] for field in schema]


def _type_name(kind: pa.DataType) -> str:
    """A type's name that survives a file: Parquet renames the field inside a list."""
    if pa.types.is_fixed_size_list(kind):
        return f"{_type_name(kind.value_type)}[{kind.list_size}]"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{field.name}: {_type_name(field.type)}' for field in kind)}>"
    return f"list<{_type_name(kind.value_type)}>" if pa.types.is_list(kind) else str(kind)
