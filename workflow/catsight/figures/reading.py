"""Reads the frames and pictures that figures show, and no others, from their tables."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from catsight import tables
from catsight.errors import CatsightError
from catsight.inputs.pictures import decode_png


@dataclass(frozen=True)
class Scene:
    """A frame's title, and its picture in each view: uint8 sRGB (h, w, 3)."""

    title: str
    pictures: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Pictures:
    """Frames by their id: their pictures in the reference and in the view in focus, uint8 sRGB
    (h, w, 3), and their titles, if they are shown.
    """

    reference: Mapping[str, np.ndarray]
    view: Mapping[str, np.ndarray]
    titles: Mapping[str, str] = field(default_factory=dict)


def scenes(
    frames: Sequence[Path],
    views: Mapping[str, Sequence[Path]],
    wanted: Collection[str],
    count: int,
) -> list[Scene]:
    """The ``count`` frames that :func:`choose` takes, in each of the ``views``.

    ``frames``: the shards of the frames; ``views``: those of each view, by its name. Raises
    :class:`CatsightError` if a view is not one of ``wanted``.
    """
    rows = listed(frames)
    chosen = choose(rows, count)
    title_of = titles(rows)
    seen = {}
    for view, paths in views.items():
        if view not in wanted:
            raise CatsightError(
                f"'{view}' is not a view of this figure; it may be {', '.join(wanted)}"
            )
        seen[view] = pictures(paths, chosen)
    return [
        Scene(title_of[frame], {view: of_view[frame] for view, of_view in seen.items()})
        for frame in chosen
    ]


def listed(frames: Sequence[Path], more: Sequence[str] = ()) -> pd.DataFrame:
    """The id, group and title of all frames, and ``more`` columns. Raises :class:`CatsightError` if
    there are none, or if one is there twice.
    """
    columns = ["frame_id", "group", "title", *more]
    parts = [tables.read(path, columns).to_pandas() for path in frames]
    rows = pd.concat(parts, ignore_index=True)
    if rows.empty:
        raise CatsightError(
            f"{frames[0]}: there is no frame to show; rejected.parquet says why files were left out"
        )
    twice = rows["frame_id"].duplicated()
    if twice.any():
        raise CatsightError(
            f"{frames[0]}: the frame '{rows['frame_id'][twice].iloc[0]}' is in the tables of "
            "frames more than once"
        )
    return rows


def titles(rows: pd.DataFrame) -> dict[str, str]:
    """The title of each frame by its id; its id if it has none."""
    named = rows["title"].fillna("")
    return dict(zip(rows["frame_id"], named.where(named != "", rows["frame_id"])))


def turns(groups: Sequence[str]) -> list[int]:
    """0 for the first frame of each group, 1 for its second and so on, by the group of each frame.

    In the order of their turns, frames are of different groups as far as possible.
    """
    return pd.Series(list(groups), dtype=object).groupby(list(groups)).cumcount().tolist()


def choose(frames: pd.DataFrame, count: int) -> list[str]:
    """The ids of ``count`` frames, or of all if there are fewer; from different groups as far as
    possible.

    ``frames`` needs the columns ``frame_id`` and ``group``; the order of rows does not matter.
    """
    ordered = frames[["group", "frame_id"]].sort_values(["group", "frame_id"])
    turn = turns(ordered["group"])
    return ordered.assign(turn=turn).sort_values(["turn", "group"])["frame_id"].head(count).tolist()


def pictures(paths: Sequence[Path], chosen: Collection[str]) -> dict[str, np.ndarray]:
    """The pictures of the ``chosen`` frames by their id, uint8 sRGB (h, w, 3).

    ``paths``: the shards of one view, or of the frames. Of other frames only the ids are read.
    Raises :class:`CatsightError` if a frame is missing or is there twice.
    """
    seen: set[str] = set()
    found: dict[str, np.ndarray] = {}
    for path in paths:
        frames = tables.read(path, ["frame_id"])["frame_id"].to_pylist()
        for frame in frames:
            if frame in seen:
                raise CatsightError(f"{path}: the frame '{frame}' comes twice")
            seen.add(frame)
        wanted = [row for row, frame in enumerate(frames) if frame in chosen]
        for row in tables.rows(path, wanted, ["frame_id", "image"]):
            found[row["frame_id"]] = decode_png(row["image"]["bytes"])
    if missing := sorted(set(chosen) - set(found)):
        raise CatsightError(
            f"{paths[0]}: the frame '{missing[0]}' is missing, here and in the other shards"
        )
    return found
