"""Folders of shards, lists of tables, and the groups of frames."""

import os
from collections.abc import Sequence
from pathlib import Path

from catsight.errors import CatsightError
from catsight.tables import table


def shards(path: str | os.PathLike, count: int | None = None) -> list[Path]:
    """The tables of a folder of shards, 0.parquet, 1.parquet and so on; of a table, itself.

    With ``count``, that many: a folder may hold more, left by an earlier run with more shards.
    Raises :class:`CatsightError`, naming the folder or table, if one is missing.
    """
    path = Path(path)
    if path.is_file():
        return [path]
    there = {int(one.stem) for one in path.glob("*.parquet") if one.stem.isdecimal()}
    wanted = range(max(there, default=-1) + 1 if count is None else count)
    if missing := [shard for shard in wanted if shard not in there]:
        first, present = path / f"{missing[0]}.parquet", len(wanted) - len(missing)
        raise CatsightError(
            f"{first} is missing: of {len(wanted)} shards, {present} are there; "
            "`make run` recomputes a deleted one"
        )
    if not there:
        raise CatsightError(
            f"{path} is neither a table nor a folder of them (0.parquet, 1.parquet and so on)"
        )
    return [path / f"{shard}.parquet" for shard in wanted]


def read_groups(paths: Sequence[Path]) -> dict[str, str]:
    """The group of each frame by its id, in the frames' order, from the shards of the frames.

    Raises :class:`CatsightError` if an id comes twice.
    """
    groups: dict[str, str] = {}
    for path in paths:
        for row in table.read(path, ["frame_id", "group"]).to_pylist():
            if row["frame_id"] in groups:
                raise CatsightError(
                    f"{path}: the frame '{row['frame_id']}' comes twice in this study"
                )
            groups[row["frame_id"]] = row["group"]
    return groups


def listed_tables(path: Path, frames: Path) -> list[tuple[str, Path]]:
    """The view and path of every table in the list ``path``, which ``catsight gather`` wrote.

    A view's tables lie in a folder beside the list. Those of frames have the view "" and lie in the
    folder ``frames``. Raises :class:`CatsightError` if the list is damaged.
    """
    found = []
    for row in table.read(path, ["view", "shard"]).to_pylist():
        folder = path.parent / row["view"] if row["view"] else frames
        found.append((row["view"], folder / f"{row['shard']}.parquet"))
    return found


def remove_stale(results: Path) -> None:
    """Removes lists that are damaged or that name a missing table.

    Jobs that read the tables depend on the list, so the next run restores the missing table and
    then the list. Lists behind a link to a folder, which lie elsewhere, are left alone.
    """
    for path in [*results.glob("*/views/all.parquet"), *results.glob("*/features/*/all.parquet")]:
        below = path.relative_to(results)
        if any((results / folder).is_symlink() for folder in [*below.parents][:-1]):
            continue
        frames = results / below.parts[0] / "frames"
        try:
            complete = all(one.exists() for _, one in listed_tables(path, frames))
        except CatsightError:
            complete = False
        if not complete:
            path.unlink()
