"""The source ``hub``: a dataset of the Hugging Face hub.

``catsight frames manifest`` downloads it; frames are made from the local cache.
"""

from collections.abc import Iterable

from catsight.frames import folder, parquet
from catsight.frames.item import Found, Item
from catsight.run.specs import SourceSpec


def items(source: SourceSpec, found: Found, max_pixels: int) -> Iterable[Item]:
    """The rows of its tables if it has any, else one item for each file."""
    if any(file.name.endswith(".parquet") for file in found["path"]):
        return parquet.items(source, found, max_pixels)
    return folder.items(source, found, max_pixels)
