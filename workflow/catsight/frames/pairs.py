"""The source ``pairs``: pictures recorded in pairs, for example by a human's and a cat's camera.

Each side is a folder or tables.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from catsight.errors import CatsightError
from catsight.frames import folder, parquet
from catsight.frames.item import (
    File,
    Found,
    Item,
    Picture,
    Rejected,
    rejected_if_it_fails,
    rejecting,
)
from catsight.run.specs import SourceSpec

#: Row groups kept in memory for each side. One would do if both sides had the same order.
_KEPT = 2
#: Bytes of the largest row group.
_LARGEST = 1 << 28


def items(source: SourceSpec, found: Found, max_pixels: int) -> Iterator[Item]:
    """One item for each pair, in the order of the side ``path``; then the rejected pictures.

    Files are matched by their path below the folder without its suffix, rows of tables by id; in
    Unicode's composed form, since file systems write accents in two ways (NFC, NFD). A picture
    without a partner is rejected.
    """
    with ExitStack() as stack:
        first = _side(found["path"], source, max_pixels, stack)
        second = _side(found["partner"], source, max_pixels, stack)
        for key in first.keys:
            try:
                if key not in second.keys:
                    raise _unmatched(source["path"], source["partner"])
                with rejected_if_it_fails():
                    pair = Item(*first.about(key), _together(first.fetch(key), second.fetch(key)))
            except Rejected as problem:
                pair = rejecting(first.name(key), first.name(key), problem)
            yield pair
        for key in second.keys:
            if key not in first.keys:
                name = second.name(key)
                yield rejecting(name, name, _unmatched(source["partner"], source["path"]))
        for name, why in [*first.rejected, *second.rejected]:
            yield rejecting(name, name, why)


def _unmatched(here: str, there: str) -> Rejected:
    return Rejected("unmatched", f"{here} holds it, but {there} holds nothing of this name")


def _together(one: Callable[[], Picture], other: Callable[[], Picture]) -> Callable[[], Picture]:
    def load() -> Picture:
        picture = one()
        try:
            partner = other().rgb
        except Rejected as problem:
            raise Rejected(problem.reason, f"its partner: {problem.detail}") from None
        return Picture(picture.rgb, picture.depth, partner)

    return load


def _side(
    found: Sequence[File], source: SourceSpec, max_pixels: int, stack: ExitStack
) -> "_Folder | _Tables":
    if any(file.name.endswith(".parquet") for file in found):
        return _Tables(found, source, max_pixels, stack)
    return _Folder(found, source, max_pixels)


class _Folder:
    """One side of the pairs: the pictures of a folder, by the key that they are matched by."""

    def __init__(self, found: Sequence[File], source: SourceSpec, max_pixels: int):
        self.keys: dict[str, folder.Photo] = {}
        self.rejected: list[tuple[str, Rejected]] = []
        self.max_pixels = max_pixels
        for photo in folder.photos(found, source["group_by"], source.get("depth_unit")):
            name = photo.file.name
            key = str(PurePosixPath(name).with_suffix(""))
            same = self.keys.setdefault(key, photo)
            if same is not photo:
                problem = f"its name without the suffix is also that of {same.file.name}"
                self.rejected.append((name, Rejected("unmatched", problem)))

    def name(self, key: str) -> str:
        return self.keys[key].file.name

    def about(self, key: str) -> tuple[str, str]:
        """Name and group."""
        return self.name(key), self.keys[key].group

    def fetch(self, key: str) -> Callable[[], Picture]:
        """A function that reads the picture, for another thread."""
        photo = self.keys[key]
        return lambda: photo.picture(self.max_pixels)


class _Tables:
    """One side of the pairs: the rows of tables, by id. Ids and a few row groups are in memory."""

    def __init__(
        self, found: Sequence[File], source: SourceSpec, max_pixels: int, stack: ExitStack
    ):
        self.keys: dict[str, tuple[int, int, int]] = {}  # id -> table, row group, row
        self.rejected: list[tuple[str, Rejected]] = []
        self.max_pixels = max_pixels
        self.tables: list[tuple[File, parquet.Columns]] = []
        self.kept: dict[tuple[int, int], pa.Table | Rejected] = {}  # by table and row group
        for file in found:
            try:
                with rejected_if_it_fails():
                    self._index(file, source, stack)
            except Rejected as problem:
                self.rejected.append((file.name, problem))

    def _index(self, file: File, source: SourceSpec, stack: ExitStack) -> None:
        with parquet.opened(stack.enter_context(file.unchanged())) as table:
            columns = parquet.columns_of(table, source)
            if columns.id is None:
                raise CatsightError(
                    f"{file.path}: rows are paired by id; name the column that holds it (id: ...)"
                )
            self.tables.append((file, columns))
            for group in range(table.num_row_groups):
                parts = parquet.batches(table, file.path, columns, group, only=columns.id)
                ids = (one for part in parts for one in parquet.rows_of(part, columns))
                for row, key in enumerate(parquet.text_of(one, columns.id) for one in ids):
                    if key is None:
                        place = f"{file.name}, row {row} of row group {group}"
                        problem = f"its id in {file.path} is null, so it has no partner"
                        self.rejected.append((place, Rejected("unmatched", problem)))
                        continue
                    if key in self.keys:
                        problem = f"{file.name} holds another row of this id"
                        self.rejected.append((key, Rejected("unmatched", problem)))
                    self.keys.setdefault(key, (len(self.tables) - 1, group, row))

    def name(self, key: str) -> str:
        return key

    def about(self, key: str) -> tuple[str, str]:
        row, columns = self._row(key)
        return key, parquet.text_of(row, columns.group) or key

    def fetch(self, key: str) -> Callable[[], Picture]:
        row, columns = self._row(key)
        return lambda: parquet.picture(row, columns, self.max_pixels, key)

    def _row(self, key: str) -> tuple[Mapping[str, Any], parquet.Columns]:
        at, group, row = self.keys[key]
        file, columns = self.tables[at]
        if (at, group) not in self.kept:
            try:
                self.kept[at, group] = _row_group(file, columns, group)
            except Rejected as problem:
                self.kept[at, group] = problem
            while len(self.kept) > _KEPT or sum(map(_size, self.kept.values())) > 2 * _LARGEST:
                del self.kept[next(iter(self.kept))]
        kept = self.kept[at, group]
        if isinstance(kept, Rejected):
            raise kept
        return parquet.rows_of(kept.slice(row, 1), columns)[0], columns


def _row_group(file: File, columns: parquet.Columns, group: int) -> pa.Table:
    """The rows of a row group. Raises :class:`Rejected` if they take more memory than they may."""
    parts, size = [], 0
    with parquet.opened(file.path) as table:
        for part in parquet.batches(table, file.path, columns, group):
            parts.append(part)
            size += part.nbytes
            if size > _LARGEST:
                raise Rejected(
                    "too large",
                    f"row group {group} of {file.name} takes more than {_LARGEST:,} bytes; write "
                    "it with smaller row groups",
                )
    return pa.Table.from_batches(parts)


def _size(kept: pa.Table | Rejected) -> int:
    return kept.nbytes if isinstance(kept, pa.Table) else 0
