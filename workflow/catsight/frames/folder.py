"""The user's own photographs: all files under a folder."""

import os
from pathlib import Path

from catsight.errors import CatsightError
from catsight.files import list_files
from catsight.frames.photos import Photo

#: How the name of a depth map ends.
_DEPTH = ".depth.npy"


def from_folder(folder: str | os.PathLike, group_by: str) -> list[Photo]:
    """All files under ``folder``, whatever they hold, in the order of their paths.

    A photo's group is itself (``group_by`` "file") or the folder it lies in ("folder"); names and groups are paths
    relative to ``folder`` with forward slashes. A ``photo.depth.npy`` beside a ``photo.jpg`` is that photo's depth map.
    Raises :class:`CatsightError` where there is no file at all.
    """
    if not Path(folder).is_dir():
        raise CatsightError(f"frames.folder is '{folder}', which is not a folder")
    photos = []
    paths = [Path(file) for file in list_files(folder)]
    depths = {path.with_name(path.name.removesuffix(_DEPTH)): path for path in paths if path.name.endswith(_DEPTH)}
    taken = {depths.get(path.with_suffix("")) for path in paths}
    for path in paths:
        if path in taken:
            continue
        relative = path.relative_to(folder)
        group = relative if group_by == "file" else relative.parent
        depth = depths.get(path.with_suffix(""))
        photos.append(Photo(_text(relative), path, _text(group), "folder", depth=depth))
    if not photos:
        raise CatsightError(f"frames.folder is '{folder}', which holds no files")
    return photos


def _text(path: Path) -> str:
    # a file's name may be no UTF-8; a table's text must be
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")
