"""The eye files, ``resources/eyes/*.yaml``: every number with its unit, source and confidence."""

import copy
from collections.abc import Mapping
from pathlib import Path

from catsight import resources
from catsight.errors import CatsightError

#: The parts that every eye has, and that can be swapped between eyes.
PARTS = ("pupil", "acuity", "colour", "rods")


def names() -> list[str]:
    """The eyes that come with catsight."""
    return sorted(file.stem for file in resources.find("eyes").glob("*.yaml"))


def load(name: str) -> dict:
    """The numbers of an eye, by part: of ``resources/eyes/<name>.yaml``, or of the YAML file at the path ``name``.

    Only the values can change a picture, so units, sources and confidences are left out. Raises
    :class:`CatsightError` for an unknown eye, or a file that lacks a part.
    """
    path = Path(name) if str(name).endswith((".yaml", ".yml")) else resources.find("eyes") / f"{name}.yaml"
    if not path.is_file():
        raise CatsightError(f"the eye '{name}' is unknown; it may be {', '.join(names())}, or the path of a YAML file")
    eye = _values(resources.load_yaml(path))
    if missing := [part for part in PARTS if part not in eye]:
        raise CatsightError(f"{path} lacks the part {missing[0]}; an eye has {', '.join(PARTS)}")
    return {part: eye[part] for part in PARTS}


def _values(node):
    """The tree of an eye with every ``{value, unit, source, confidence}`` replaced by its value."""
    if isinstance(node, Mapping):
        if "value" in node:
            return copy.deepcopy(node["value"])
        return {key: _values(child) for key, child in node.items()}
    return node
