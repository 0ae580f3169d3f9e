"""The source ``video``: stills of the user's clips."""

from collections.abc import Iterator
from functools import partial

from catsight.frames.clip import SUFFIXES, stills
from catsight.frames.item import (
    Found,
    Item,
    Picture,
    Rejected,
    group_of,
    rejected_if_it_fails,
    rejecting,
)
from catsight.run.specs import SourceSpec


def items(source: SourceSpec, found: Found, max_pixels: int) -> Iterator[Item]:
    """One item for each chosen frame of each clip, called ``clip.mp4#000030`` by its number.

    All frames of a clip are one group, or all frames of the clips in one folder. A clip that is
    damaged inside gives the frames before the damage, and is listed as rejected.
    """
    for file in found["path"]:
        group = group_of(file.name, source["group_by"])
        try:
            # FFmpeg would read pictures and texts as clips, too
            if file.path.suffix.lower() not in SUFFIXES:
                raise Rejected("not a clip", f"its suffix is not one of {', '.join(SUFFIXES)}")
            with file.unchanged() as path, rejected_if_it_fails():
                chosen = stills(
                    path,
                    every=source["every"],
                    seconds=source["seconds"],
                    scenes=source["scenes"],
                    past=source["past"],
                    max_pixels=max_pixels,
                )
                for still in chosen:
                    picture = partial(Picture, still.rgb, past=still.past)
                    pixels = still.rgb.size // 3 * (1 + len(still.past))
                    yield Item(f"{file.name}#{still.number:06}", group, picture, pixels=pixels)
        except Rejected as problem:
            yield rejecting(file.name, group, problem)
