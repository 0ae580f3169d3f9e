"""The Parquet tables in which the stages meet.

A table is written whole or not at all, says where it came from (:func:`provenance`), and carries a digest of its rows
(:func:`content`). The digest is of the values alone: it does not change with compression, row groups or metadata, so a
stage that is run again and comes to the same rows does not make the next stage's answers stale.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catsight.errors import FULL, CatsightError

#: Keys of the Parquet metadata under which the provenance lies, as JSON, and the digest of that and of the columns.
_KEY, _SEAL = b"catsight", b"catsight_seal"

#: Bytes that a table's writer gathers into a row group: each has an entry for every column in the table's index, and
#: that is read whole whatever is asked of the table.
ROW_GROUP = 4_000_000

#: A picture inside a table: the layout of Hugging Face ``datasets``' Image feature.
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

FRAMES = pa.schema(
    [
        ("frame_id", pa.string()),
        ("group", pa.string()),  # frames of one group are not independent: the unit of inference
        ("source", pa.string()),
        ("image", IMAGE),  # PNG, sRGB
        ("width", pa.int32()),  # px
        ("height", pa.int32()),  # px
        ("sha256", pa.string()),  # of the sRGB pixels
        ("title", pa.string()),
        ("author", pa.string()),
        ("licence", pa.string()),
        ("link", pa.string()),  # where the picture or its licence can be read about
        ("left", pa.int32()),  # where the glance lies in its photo, px; null where the frame is the whole photo
        ("top", pa.int32()),
        ("depth", pa.binary()),  # a .npy file: float32 (height, width), metres from the eye; null where unknown
        ("partner", IMAGE),  # the picture that was recorded with it, as PNG, sRGB; null where there is none
    ]
)
#: The user's files that the frames are made from, as they were when they were listed.
MANIFEST = pa.schema(
    [
        ("source", pa.string()),  # its name in frames.sources; empty where there is one without a name
        ("key", pa.string()),  # of the source under which the file was found: path or partner
        ("path", pa.string()),  # below what the key names, as catsight.files.as_text writes it
        ("sha256", pa.string()),  # of its bytes; null where it cannot be read
        ("bytes", pa.int64()),  # how many; null where it cannot be read
    ]
)
#: Pictures of different groups that look nearly alike.
NEAR_DUPLICATES = pa.schema(
    [
        ("frame_id", pa.string()),  # of glances at one picture, the first
        ("group", pa.string()),
        ("other_id", pa.string()),
        ("other_group", pa.string()),
        ("distance", pa.int32()),  # bits in which their perceptual hashes differ, of 64
    ]
)
REJECTED = pa.schema([("path", pa.string()), ("reason", pa.string()), ("detail", pa.string())])
VIEWS = pa.schema([("frame_id", pa.string()), ("image", IMAGE)])
#: One eye (or one view's eye) to a row: what the figure of the eyes draws.
EYES = pa.schema(
    [
        ("eye", pa.string()),
        ("adapted_to", pa.float64()),  # cd/m²; the transfers and spreads are at this luminance
        ("luminance", pa.list_(pa.float64())),  # cd/m², of the next three
        ("pupil_width", pa.list_(pa.float64())),  # mm
        ("pupil_height", pa.list_(pa.float64())),  # mm
        ("rod_weight", pa.list_(pa.float64())),
        ("frequency", pa.list_(pa.float64())),  # c/deg, of the next four
        ("mtf_across", pa.list_(pa.float64())),
        ("mtf_along", pa.list_(pa.float64())),
        ("mtf_along_defocused", pa.list_(pa.float64())),
        ("contrast_sensitivity", pa.list_(pa.float64())),
        ("spread_degrees", pa.float64()),  # across both point spread functions, square
        ("spread", pa.list_(pa.float32())),
        ("spread_defocus", pa.float64()),  # dioptres
        ("spread_defocused", pa.list_(pa.float32())),
        ("wavelength", pa.list_(pa.float64())),  # nm
        ("receptors", pa.list_(pa.struct([("name", pa.string()), ("sensitivity", pa.list_(pa.float64()))]))),
        ("chart_degrees", pa.float64()),  # across the test chart
        ("chart", IMAGE),
        ("levels", pa.list_(pa.float64())),  # cd/m², of the charts as seen
        ("charts", pa.list_(IMAGE)),
    ]
)
#: What an estimate is of.
_OF_A_LAYER = [
    ("encoder", pa.string()),
    ("family", pa.string()),
    ("training", pa.string()),
    ("layer", pa.string()),
    ("layer_index", pa.int32()),
    ("depth", pa.float64()),  # 0 (first block) to 1 (last)
    ("pooling", pa.string()),
    ("reference", pa.string()),
    ("view", pa.string()),
    ("metric", pa.string()),
]
METRICS = pa.schema(
    [
        *_OF_A_LAYER,
        ("value", pa.float64()),
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
        ("p_value", pa.float64()),
        ("p_corrected", pa.float64()),  # for the number of layers, by the largest statistic
        ("null_mean", pa.float64()),
        ("null_low", pa.float64()),  # the middle 95 % of what rearranged frames give
        ("null_high", pa.float64()),
        ("n_frames", pa.int32()),
        ("n_groups", pa.int32()),
        ("n_features", pa.int32()),
        ("at_once", pa.int32()),  # frames that were set against each other: fewer than n_frames where in parts
        ("bandwidth", pa.float64()),
        ("seed", pa.int64()),
        ("reason", pa.string()),  # why a value or an interval is null
    ]
)
#: How a value depends on which frames there are, and on how many.
STABILITY = pa.schema(
    [
        ("encoder", pa.string()),
        ("layer", pa.string()),
        ("layer_index", pa.int32()),
        ("depth", pa.float64()),
        ("pooling", pa.string()),
        ("reference", pa.string()),
        ("view", pa.string()),
        ("metric", pa.string()),
        ("kind", pa.string()),  # size, split_half, ceiling, of_ceiling
        ("n_frames", pa.int32()),
        ("n_groups", pa.int32()),
        ("draws", pa.int32()),  # over which the value is a mean
        ("value", pa.float64()),
        ("low", pa.float64()),  # of the middle 95 % of the draws; of the interval, for ceilings
        ("high", pa.float64()),
        ("reason", pa.string()),  # why something is null
    ]
)
#: Each layer against each.
MAPS = pa.schema(
    [
        ("encoder", pa.string()),
        ("view", pa.string()),
        ("layer", pa.string()),
        ("layer_index", pa.int32()),
        ("other_encoder", pa.string()),
        ("other_view", pa.string()),
        ("other_layer", pa.string()),
        ("other_index", pa.int32()),
        ("pooling", pa.string()),
        ("metric", pa.string()),
        ("value", pa.float64()),
        ("n_frames", pa.int32()),
        ("reason", pa.string()),
    ]
)
#: Metrics as something is swept.
DOSES = pa.schema([("swept", pa.string()), ("dose", pa.float64()), *METRICS])
#: What of the loss of a metric is due to which part of the eye.
ATTRIBUTION = pa.schema(
    [
        *_OF_A_LAYER,
        ("part", pa.string()),  # or whole: the loss by all parts together, which is the sum of theirs
        ("value", pa.float64()),  # a fall of a similarity, or a rise of a distance
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
        ("alone", pa.float64()),  # by this part swapped alone
        ("last", pa.float64()),  # by this part when all others are swapped already
        ("n_frames", pa.int32()),
        ("n_groups", pa.int32()),
        ("reason", pa.string()),
    ]
)
#: The tables of all views, of pictures or of an encoder's features, and those of frames as the view "".
GATHERED = pa.schema([("view", pa.string()), ("shard", pa.int32()), ("content", pa.string())])
#: Each ordered pair of some frames, in an encoder's last layer.
PAIRS = pa.schema(
    [
        ("encoder", pa.string()),
        ("layer", pa.string()),
        ("pooling", pa.string()),
        ("reference", pa.string()),
        ("view", pa.string()),
        ("frame_id", pa.string()),
        ("group", pa.string()),  # of frame_id
        ("other_id", pa.string()),
        ("reference_dissimilarity", pa.float64()),  # as RSA takes it, of the two as the reference delivers them
        ("view_dissimilarity", pa.float64()),
        ("distance", pa.float64()),  # as retrieval takes it: of frame_id in the view from other_id in the reference
    ]
)


def features_schema(columns: Mapping[str, int]) -> pa.Schema:
    """Schema of a features table: ``frame_id`` and one fixed-size list of float32 per ``<layer>/<pooling>``.

    ``columns`` maps the column's name to its number of features, in network order.
    """
    vectors = [(name, pa.list_(pa.float32(), dims)) for name, dims in columns.items()]
    return pa.schema([("frame_id", pa.string()), *vectors])


class Writer:
    """Writes a table batch by batch, in constant memory, and lets it appear whole.

    Used as a context manager; ``rows`` counts what was written. The file is built beside ``path``, synced and renamed
    only when the block ends without an error, so a reader never sees half a table, whatever kills the writer.
    ``provenance`` may be added to until the block ends. Rows wait in memory until they are about ``row_group`` bytes.
    Raises :class:`CatsightError`, naming ``path``, where the disk is full or does not take it.
    """

    def __init__(self, path: str | os.PathLike, schema: pa.Schema, provenance: Mapping, row_group: int = ROW_GROUP):
        self.path = Path(path)
        self.schema = schema
        self.provenance = dict(provenance)
        self.rows = 0
        self._row_group, self._bytes = row_group, 0
        self._waiting: list[pa.RecordBatch] = []
        self._part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        self._digest = _RowsDigest(schema)

    def __enter__(self) -> "Writer":
        try:
            with _writing(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                # write_page_checksum lets every reader notice a damaged byte; PNGs do not compress again
                self._parquet = pq.ParquetWriter(self._part, self.schema, compression="zstd", write_page_checksum=True)
        except BaseException:
            self._part.unlink(missing_ok=True)
            raise
        return self

    def write(self, rows: pa.RecordBatch | pa.Table | Sequence[Mapping]) -> None:
        """Appends ``rows``: Arrow data of this schema, or one mapping per row."""
        if not isinstance(rows, pa.RecordBatch | pa.Table):
            rows = pa.Table.from_pylist(list(rows), schema=self.schema)
        batches = rows.to_batches() if isinstance(rows, pa.Table) else [rows]
        for batch in batches:
            self._digest.update(batch)
            self.rows += batch.num_rows
            self._waiting.append(batch)
            self._bytes += batch.nbytes
            if self._bytes >= self._row_group:
                self._flush()

    def __exit__(self, kind, error, trace) -> None:
        try:
            if kind is None:
                with _writing(self.path):
                    self._finish()
            else:
                with suppress(OSError):  # a full disk has no room for an index either
                    self._parquet.close()
        finally:
            self._part.unlink(missing_ok=True)

    def _flush(self) -> None:
        """Writes what waits as one row group."""
        if self._waiting:
            together = pa.Table.from_batches(self._waiting, self.schema)
            with _writing(self.path):
                self._parquet.write_table(together, row_group_size=together.num_rows)
        self._waiting, self._bytes = [], 0

    def _finish(self) -> None:
        self._flush()
        text = canonical_json({**self.provenance, "content": self._digest.hexdigest(), "rows": self.rows})
        self._parquet.add_key_value_metadata({_KEY.decode(): text, _SEAL.decode(): _seal(text, self.schema)})
        self._parquet.close()
        publish(self._part, self.path)


def write(path: str | os.PathLike, rows: pa.Table | Sequence[Mapping], schema: pa.Schema, provenance: Mapping) -> None:
    """Writes a small table in one go; see :class:`Writer`."""
    with Writer(path, schema, provenance) as writer:
        writer.write(rows)


def read(path: str | os.PathLike, columns: Sequence[str] | None = None) -> pa.Table:
    """Reads a table, or some ``columns`` of it.

    Raises :class:`CatsightError`, naming the file, where it is missing, cut short, damaged, or not one of ours.
    """
    wanted = provenance(path)["rows"]
    with _naming(path):
        table = pq.read_table(path, columns=columns, page_checksum_verification=True, partitioning=None)
        _count(table.num_rows, wanted)
    return table


def schema(path: str | os.PathLike) -> pa.Schema:
    """A table's columns and their types. Errors as :func:`read`."""
    return _footer(path)[1]


def batches(path: str | os.PathLike, rows: int, columns: Sequence[str] | None = None) -> Iterable[pa.RecordBatch]:
    """Reads a table ``rows`` rows at a time, in constant memory. Errors as :func:`read`."""
    wanted, found = provenance(path)["rows"], 0
    # pre_buffer would read all row groups at once
    with _naming(path), pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False) as parquet:
        for batch in parquet.iter_batches(batch_size=rows, columns=columns):
            found += batch.num_rows
            yield batch
        _count(found, wanted)


def rows(path: str | os.PathLike, wanted: Sequence[int], columns: Sequence[str] | None = None) -> Iterator[dict]:
    """The rows with the ``wanted`` numbers, ascending: only the row groups that they lie in are read. Errors as
    :func:`read`."""
    if not wanted:
        return
    provenance(path)
    with _naming(path), pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False) as parquet:
        first = 0
        for group in range(parquet.num_row_groups):
            end = first + parquet.metadata.row_group(group).num_rows
            if here := [row - first for row in wanted if first <= row < end]:
                yield from parquet.read_row_group(group, columns=columns).take(here).to_pylist()
            first = end


def provenance(path: str | os.PathLike) -> dict:
    """Where a table came from: its spec, inputs, versions, address, number of ``rows`` and ``content`` digest."""
    return _footer(path)[0]


def ours(parquet: pq.ParquetFile) -> bool:
    """Whether this is one of catsight's own tables."""
    return _KEY in (parquet.metadata.metadata or {})


def content(path: str | os.PathLike) -> str:
    """The digest of the table's rows, as recorded when they were written."""
    return provenance(path)["content"]


def measure_content(path: str | os.PathLike) -> str:
    """The digest of the table's rows, computed anew by reading them all."""
    # pre_buffer would read all row groups at once
    with _naming(path), pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False) as parquet:
        digest = _RowsDigest(parquet.schema_arrow)
        for batch in parquet.iter_batches(batch_size=64):
            digest.update(batch)
    return digest.hexdigest()


def shards(path: str | os.PathLike, count: int | None = None) -> list[Path]:
    """The tables, in order, of a folder of shards: 0.parquet, 1.parquet and so on. Of a ``path`` to a table, itself.

    With ``count``, that many: a folder may hold more of an earlier run that had more shards. Raises
    :class:`CatsightError`, naming the folder or table, where one is missing.
    """
    path = Path(path)
    if path.is_file():
        return [path]
    there = {int(one.stem) for one in path.glob("*.parquet") if one.stem.isdecimal()}
    wanted = range(max(there, default=-1) + 1 if count is None else count)
    if missing := [shard for shard in wanted if shard not in there]:
        first = path / f"{missing[0]}.parquet"
        raise CatsightError(
            f"{first} is missing: of {len(wanted)} shards, {len(wanted) - len(missing)} are there; where it was "
            "deleted, `make run` makes it anew"
        )
    if not there:
        raise CatsightError(f"{path} is neither a table nor a folder of them (0.parquet, 1.parquet and so on)")
    return [path / f"{shard}.parquet" for shard in wanted]


def canonical_json(value) -> str:
    """JSON that is the same string for the same value, whatever the order of its keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def publish(part: Path, path: Path) -> None:
    """Makes the finished file ``part`` appear as ``path``: its bytes reach the disk before its name does."""
    with open(part, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, path)


@contextmanager
def appearing(path: str | os.PathLike) -> Iterator[Path]:
    """A path beside ``path`` to write to in the block: it appears as ``path`` when that ends, and not at all if it
    ends in an error. Raises :class:`CatsightError`, naming ``path``, where it cannot be written."""
    path = Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with _writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield part
            publish(part, path)
    finally:
        part.unlink(missing_ok=True)


def _footer(path) -> tuple[dict, pa.Schema]:
    """A table's provenance and columns, if they and the number of rows are as they were written."""
    with _naming(path):
        footer = pq.read_metadata(path)
        metadata, columns = footer.metadata or {}, footer.schema.to_arrow_schema()
        groups = sum(footer.row_group(group).num_rows for group in range(footer.num_row_groups))
    if _KEY not in metadata:
        raise CatsightError(f"{path} is a Parquet file, but not a catsight table: it does not say where it came from")
    text, seal = (metadata.get(key, b"").decode(errors="replace") for key in (_KEY, _SEAL))
    if seal == _seal(text, columns):
        about = json.loads(text)
        if about["rows"] == footer.num_rows == groups:
            return about, columns
    raise CatsightError(f"{path} cannot be read as a table (its index is not what was written); {_MEND}")


def _count(found: int, wanted: int) -> None:
    if found != wanted:
        raise ValueError(f"it holds {found} of {wanted} rows")


def _seal(text: str, columns: pa.Schema) -> str:
    """The digest of a provenance (its JSON) and the columns' names and types, which no checksum of Parquet's covers."""
    nullable = [field.nullable for field in columns]
    return hashlib.sha256(canonical_json([text, _names(columns), nullable]).encode()).hexdigest()


class _RowsDigest:
    """SHA-256 of a table's rows, independent of how they are cut into batches.

    Every leaf array (a column, or a field of a struct) is hashed on its own, as three streams that do not depend on
    where batches end: which values are null, how long the variable-length ones are, and the values themselves.
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
        self._feed(f"{name}?", column.is_null().to_numpy(zero_copy_only=False).astype(np.uint8).tobytes())
        if pa.types.is_struct(column.type):
            # flatten(), not field(): under a null struct, Arrow holds nulls or anything else, and Parquet nulls
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
            self._feed(f"{name}#", np.array([value.size for value in values], dtype="<i8").tobytes())
            for value in values:
                self._feed(name, value)
        elif pa.types.is_primitive(column.type):
            self._feed(name, np.ascontiguousarray(column.drop_null().to_numpy(zero_copy_only=False)).tobytes())
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


#: What to do about a bad table.
_MEND = "`catsight check --redo` removes what is damaged, and the next run computes it anew"


@contextmanager
def _naming(path) -> Iterator[None]:
    """Turns whatever Arrow says about a bad file into one line that names it."""
    try:
        yield
    except FileNotFoundError:
        raise CatsightError(f"{path} is missing") from None
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: a name that is not UTF-8
        raise CatsightError(f"{path} cannot be read as a table ({str(error).splitlines()[0]}); {_MEND}") from None


@contextmanager
def _writing(path) -> Iterator[None]:
    """Turns what the system says about a full disk, or one that takes no file, into one line that names the file."""
    try:
        yield
    except OSError as error:
        advice = "make room" if error.errno in FULL else "mend that"
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CatsightError(
            f"{path} cannot be written: {reason.lower()}. Nothing else is lost; {advice} and run again"
        ) from None
