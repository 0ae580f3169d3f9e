"""A dataset of pictures from the Hugging Face hub, which ``catsight manifest`` has fetched."""

from collections.abc import Iterator, Mapping, Sequence

from catsight.frames import folder, parquet
from catsight.frames.item import File, Item


def items(source: Mapping, found: Mapping[str, Sequence[File]], max_pixels: int) -> Iterator[Item]:
    """The rows of its tables, where it has any; else one item for each file."""
    tables = any(file.name.endswith(".parquet") for file in found["path"])
    yield from (parquet if tables else folder).items(source, found, max_pixels)
