"""The photographs that come inside scikit-image, scikit-learn and matplotlib; their credits: resources/photos.yaml."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from catsight.errors import CatsightError

_PROJECTS = {"skimage": "scikit-image", "sklearn": "scikit-learn"}


@dataclass(frozen=True)
class Photo:
    """A file that frames are made from. ``name`` becomes the frames' id, ``credits`` are columns of their table."""

    name: str
    path: Path
    group: str
    source: str
    credits: Mapping[str, str] = field(default_factory=dict)
    depth: Path | None = None  #: a .npy file with the distance of each pixel in metres


def from_packages(entries: Sequence[Mapping]) -> list[Photo]:
    """The photos that ``entries`` (the list in resources/photos.yaml) name, in that order.

    Raises :class:`CatsightError` where a package or file is missing, or holds other bytes than it did when its credits
    were read.
    """
    return [_find(entry) for entry in entries]


def file_digest(path: Path) -> str | None:
    """SHA-256 of a file's bytes; None where it cannot be read."""
    if not path.is_file():  # opening a named pipe would wait for ever
        return None
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _find(entry: Mapping) -> Photo:
    name, package = entry["name"], entry["package"]
    spec = find_spec(package)  # finds it without importing it, which would take seconds
    project = _PROJECTS.get(package, package)
    if spec is None:
        raise CatsightError(f"the photo '{name}' lies in {project}, which is not installed: pip install {project}")
    path = Path(spec.submodule_search_locations[0], entry["path"])
    digest = file_digest(path)
    if digest is None:
        raise CatsightError(f"{path} is missing; this {project} lacks the photo '{name}': reinstall {project}")
    if digest != entry["sha256"]:
        raise CatsightError(
            f"{path} is not the photo '{name}' that resources/photos.yaml credits (SHA-256 {digest[:12]}…, not "
            f"{entry['sha256'][:12]}…): reinstall {project}, or correct the entry"
        )
    credits = {key: entry[key] for key in ("title", "author", "licence", "link")}
    return Photo(name, path, group=name, source="photos", credits=credits)
