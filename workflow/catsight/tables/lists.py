"""Shards, and lists of tables: what lies where in a folder of results."""

import os
from pathlib import Path

from catsight.errors import CatsightError
from catsight.tables import table


def shards(path: str | os.PathLike, count: int | None = None) -> list[Path]:
    """The tables, in order, of a folder of shards: 0.parquet, 1.parquet and so on. Of a ``path`` to
    a table, itself.

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
        raise CatsightError(
            f"{path} is neither a table nor a folder of them (0.parquet, 1.parquet and so on)"
        )
    return [path / f"{shard}.parquet" for shard in wanted]


def listed(path: Path, frames: Path) -> list[tuple[str, Path]]:
    """The tables that the list ``path`` lists, each with its view: beside the list, in a folder for
    each view. Those of frames, in the folder ``frames``, are of the view "". Raises
    :class:`CatsightError` where the list is damaged."""
    rows = table.read(path, ["view", "shard"]).to_pylist()
    folders = {"": frames}
    return [
        (
            row["view"],
            folders.get(row["view"], path.parent / row["view"]) / f"{row['shard']}.parquet",
        )
        for row in rows
    ]


def forget(results: Path) -> None:
    """Removes the lists that are damaged, or of which a table is not there any more: whoever reads
    the tables depends on the list, and has what was deleted made anew with it, and what follows
    from that (the store answers)."""
    for path in [*results.glob("*/views/all.parquet"), *results.glob("*/features/*/all.parquet")]:
        frames = results / path.relative_to(results).parts[0] / "frames"
        try:
            whole = all(one.exists() for _, one in listed(path, frames))
        except CatsightError:
            whole = False
        if not whole:
            path.unlink()
