"""Tables of pictures: Parquet files in the layout of Hugging Face ``datasets``, catsight's own
frames among them.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catsight import tables
from catsight.frames.decode import Rejected, decode_bytes, read_depth
from catsight.frames.item import File, Item, Picture, rejecting

#: Rows held in memory at once.
_ROWS = 16
_CREDITS = ("title", "author", "licence", "link")


@dataclass(frozen=True)
class Columns:
    """What the columns of a table are."""

    image: str
    id: str | None
    group: str | None
    more: tuple[str, ...] = ()  #: what a table of catsight's frames says besides: depth, credits

    @property
    def names(self) -> list[str]:
        return [
            name for name in dict.fromkeys([self.image, self.id, self.group, *self.more]) if name
        ]


def items(source: Mapping, found: Mapping[str, Sequence[File]], max_pixels: int) -> Iterator[Item]:
    """One item for each row of each table, in their order.

    Tables of catsight's own that lie beside its frames and hold no pictures (rejected.parquet) are
    passed over.
    """
    for file in found["path"]:
        try:
            with file.unchanged() as path, opened(path) as parquet:
                if tables.ours(parquet) and source["image"] not in parquet.schema_arrow.names:
                    continue
                columns = columns_of(parquet, source)
                number = 0
                for batch in parquet.iter_batches(batch_size=_ROWS, columns=columns.names):
                    for row in batch.to_pylist():
                        yield _item(row, f"{file.name}#{number:06}", columns, max_pixels)
                        number += 1
        except Rejected as problem:
            yield rejecting(file.name, file.name, problem)


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file to read in the block. What is wrong with it raises :class:`Rejected`."""
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
            "truncated", f"it is no Parquet table, or damaged ({str(error).splitlines()[0]})"
        ) from None


def columns_of(parquet: pq.ParquetFile, source: Mapping) -> Columns:
    """The columns to read, as ``source`` names them or catsight's own tables call them. Raises
    :class:`Rejected`.
    """
    schema = parquet.schema_arrow
    for key in ("image", "id", "group"):
        if source[key] is not None and source[key] not in schema.names:
            raise Rejected(
                "no pictures",
                f"it has no column '{source[key]}' ({key}); it has {', '.join(schema.names[:20])}",
            )
    kind = schema.field(source["image"]).type
    if not (
        _binary(kind)
        or (pa.types.is_struct(kind) and any(f.name == "bytes" and _binary(f.type) for f in kind))
    ):
        raise Rejected(
            "no pictures", f"its column '{source['image']}' is {kind}, not a picture's bytes"
        )
    if not tables.ours(parquet):
        return Columns(source["image"], source["id"], source["group"])
    own = {name: name if name in schema.names else None for name in ("frame_id", "group")}
    more = tuple(name for name in ("depth", *_CREDITS) if name in schema.names)
    return Columns(
        source["image"], source["id"] or own["frame_id"], source["group"] or own["group"], more
    )


def _binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _item(row: Mapping, place: str, columns: Columns, max_pixels: int) -> Item:
    name = named(row, columns.id) or place
    return Item(
        name,
        named(row, columns.group) or name,
        lambda: picture(row, columns, max_pixels, name),
        credits_of(row),
    )


def named(row: Mapping, column: str | None) -> str | None:
    """What a column says, as text; None where it says nothing."""
    return None if column is None or row[column] is None else str(row[column])


def credits_of(row: Mapping) -> dict[str, str]:
    """The credits that a row of catsight's own holds."""
    return {key: row[key] for key in _CREDITS if row.get(key) is not None}


def picture(row: Mapping, columns: Columns, max_pixels: int, name: str) -> Picture:
    """The picture of a row, whatever kind of file its bytes are. Raises :class:`Rejected`.

    Where a row holds no bytes but a path, as ``datasets`` allows, that path is not followed: it may
    lead anywhere.
    """
    image = row[columns.image]
    data = image["bytes"] if isinstance(image, Mapping) else image
    if data is None:
        path = image.get("path") if isinstance(image, Mapping) else None
        raise Rejected("no bytes", f"the table holds no picture for it{_path_of(path)}")
    rgb = decode_bytes(data, max_pixels, name)
    depth = row["depth"] if "depth" in columns.more else None
    return Picture(rgb, None if depth is None else read_depth(io.BytesIO(depth), rgb.shape[:2]))


def _path_of(path: str | None) -> str:
    return f", only a path, which is not followed ({path})" if path else ""
