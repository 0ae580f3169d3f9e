"""Stills of the user's clips."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from catsight.frames.decode import Rejected
from catsight.frames.folder import group_of
from catsight.frames.item import File, Item, Picture, rejecting


def items(source: Mapping, found: Mapping[str, Sequence[File]], max_pixels: int) -> Iterator[Item]:
    """One item for each chosen frame of each clip, called ``clip.mp4#000030`` by its number.

    All frames of a clip are one group (or those of all clips in a folder). A clip that is damaged
    inside gives what comes before, and is listed as rejected.
    """
    from catsight.frames.clip import SUFFIXES, stills

    choice = {key: source[key] for key in ("every", "seconds", "scenes")}
    for file in found["path"]:
        group = group_of(file.name, source["group_by"])
        try:
            if (
                file.path.suffix.lower() not in SUFFIXES
            ):  # else FFmpeg reads pictures and texts for clips, too
                raise Rejected("not a clip", f"its name ends in none of {', '.join(SUFFIXES)}")
            with file.unchanged() as path:
                for still in stills(path, max_pixels=max_pixels, **choice):
                    yield Item(f"{file.name}#{still.number:06}", group, partial(Picture, still.rgb))
        except Rejected as problem:
            yield rejecting(file.name, group, problem)
