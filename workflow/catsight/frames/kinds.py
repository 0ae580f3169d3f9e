"""The kinds of source, found by name: the kind ``dead-leaves`` is the module ``dead_leaves``.

A kind's module has a function ``items(source, found, max_pixels)``, where ``source`` is the
source's part of the study's spec, and ``found`` its files in the manifest, by the key of the source
that names them. It returns :class:`catsight.frames.item.Item` objects in an order that is always
the same: a list, or an iterator in constant memory.
"""

from collections.abc import Iterable
from importlib import import_module

from catsight.errors import CatsightError
from catsight.frames.item import Found, Item
from catsight.run.specs import SourceSpec


def items_of(source: SourceSpec, found: Found, max_pixels: int) -> Iterable[Item]:
    """The items of a source.

    Raises :class:`CatsightError` if there is no such kind of source.
    """
    kind = source["source"]
    # imported by name: the code digest of a job follows the kinds that its study uses, and no other
    name = f"catsight.frames.{kind.replace('-', '_')}"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:  # the kind is there, and a package that it needs is not
            raise
        module = None
    items = getattr(module, "items", None)
    if items is None:
        raise CatsightError(
            f"there is no kind of source '{kind}': {name} has no function items; "
            "docs/frames.md describes the kinds"
        )
    return items(source, found, max_pixels)
