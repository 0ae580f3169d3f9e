"""The source ``photos``: the photographs inside scikit-image, scikit-learn and matplotlib.

Their credits are in resources/photos.yaml.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from catsight.errors import CatsightError
from catsight.frames.decode import decode
from catsight.frames.item import Found, Item, Picture
from catsight.inputs import files
from catsight.run.specs import SourceSpec

_PROJECTS = {"skimage": "scikit-image", "sklearn": "scikit-learn"}


def items(source: SourceSpec, found: Found, max_pixels: int) -> list[Item]:
    """The photos in ``source["photos"]`` (the list of resources/photos.yaml), in that order.

    Raises :class:`CatsightError` if a package or file is missing, or a file's SHA-256 is not the
    one in the list.
    """
    return [_item(entry, max_pixels) for entry in source["photos"]]


def _item(entry: Mapping[str, Any], max_pixels: int) -> Item:
    path = locate(entry)
    credits = {key: entry[key] for key in ("title", "author", "licence", "link")}
    # ids read "chelsea-03"; in a file's id a dash could be part of another file's name
    return Item(
        entry["name"], entry["name"], lambda: Picture(decode(path, max_pixels)), credits, mark="-"
    )


def locate(entry: Mapping[str, Any]) -> Path:
    """The file of a photo. Raises as :func:`items` does."""
    name, package = entry["name"], entry["package"]
    spec = find_spec(package)  # finds it without importing it, which would take seconds
    project = _PROJECTS.get(package, package)
    if spec is None or not spec.submodule_search_locations:
        raise CatsightError(
            f"the photo '{name}' is part of {project}, which is not installed: "
            f"pip install {project}"
        )
    path = Path(spec.submodule_search_locations[0], entry["path"])
    digest = files.digest(path)
    if digest is None:
        raise CatsightError(
            f"{path} is missing; this {project} lacks the photo '{name}': reinstall {project}"
        )
    if digest != entry["sha256"]:
        raise CatsightError(
            f"{path} is not the photo '{name}' that resources/photos.yaml credits (SHA-256 "
            f"{digest[:12]}…, not {entry['sha256'][:12]}…): reinstall {project}, or correct the "
            "entry"
        )
    return path
