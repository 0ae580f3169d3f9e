"""Scenes that are made up: dead leaves."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from catsight.frames.item import File, Item, Picture


def items(source: Mapping, found: Mapping[str, Sequence[File]], max_pixels: int) -> Iterator[Item]:
    """``source["count"]`` scenes, called ``scene-000000`` and so on, each a group of its own.

    A scene depends on the study's seed and its own number alone, so more of them change none.
    """
    for number in range(source["count"]):
        name = f"scene-{number:06}"
        yield Item(name, name, partial(_picture, source, number))


def _picture(source: Mapping, number: int) -> Picture:
    from catsight.frames.dead_leaves import scene

    rgb, depth = scene(source["size"], seed=source["seed"], number=number)
    return Picture(rgb, depth if source["depth"] else None)
