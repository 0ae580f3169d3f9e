"""The eye files, ``resources/eyes/*.yaml``: every number with its unit, source and confidence."""

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catsight.errors import CatsightError
from catsight.inputs import schema, yaml_files

#: The parts of every eye, which can be swapped between eyes.
PARTS = ("pupil", "acuity", "colour", "rods")


def names() -> list[str]:
    """The eyes that come with catsight."""
    return sorted(file.stem for file in yaml_files.find("eyes").glob("*.yaml"))


def load(name: str) -> dict:
    """The numbers of an eye, by part: ``resources/eyes/<name>.yaml``, or the YAML file ``name``.

    Units, sources and confidences are left out, as only values can change a picture. Raises
    :class:`CatsightError` for an unknown eye, and for values that are not valid.
    """
    if str(name).endswith((".yaml", ".yml")):
        path = Path(name)
    else:
        path = yaml_files.find("eyes") / f"{name}.yaml"
    if not os.path.isfile(path):  # Path.is_file raises for names that are too long
        known = names()
        raise CatsightError(
            f"the eye '{name}' is unknown{schema.near_miss(str(name), known)}; it may be "
            f"{', '.join(known)}, or the path of a YAML file"
        )
    eye = _values(yaml_files.load_yaml(path))
    check(eye, str(path))
    return {part: eye[part] for part in PARTS}


def check(parts: Mapping, name: str) -> None:
    """Raises :class:`CatsightError` unless ``parts`` are those of an eye, each number in its range.

    The message lists each number that is not, with its value and range; ``name`` says whose it is.
    """
    problems = schema.problems(parts, "eye", "the eye")
    if problems := problems or _contradictions(parts):
        raise CatsightError("\n  ".join([f"{name} is not valid:", *problems]))


def resolving(parts: Mapping[str, Any], cutoff: float) -> dict[str, Any]:
    """The eye with another acuity, ``cutoff`` in c/deg: nerves for colour and rods in proportion.

    An eye that is to resolve more needs better optics, too. So the defocus that is left in focus
    and the chromatic aberration shrink in proportion, as if the whole eye were scaled.
    """
    own = parts["acuity"]
    factor = cutoff / own["cutoff"]
    sharper = {
        **own,
        "cutoff": cutoff,
        "chromatic_cutoff": factor * own["chromatic_cutoff"],
        "rods": {**own["rods"], "cutoff": factor * own["rods"]["cutoff"]},
    }
    pupil = dict(parts["pupil"])
    if factor > 1:
        residual, chromatic = dict(pupil["residual"]), dict(pupil["chromatic"])
        if "dioptres" in residual:
            residual["dioptres"] /= factor
            chromatic["strength"] /= factor
        pupil |= {"residual": residual, "chromatic": chromatic}
    return {**parts, "acuity": sharper, "pupil": pupil}


def _contradictions(parts: Mapping) -> list[str]:
    """One line for each impossible combination of numbers that are each in range."""
    pupil, cones = parts["pupil"], parts["colour"]["cones"]
    problems = [
        f"pupil.{what}_min is {pupil[least]:g}; it may be at most {what}_max, {pupil[most]:g}"
        for what in ("area", "height")
        if (least := f"{what}_min") in pupil
        and (most := f"{what}_max") in pupil
        and pupil[least] > pupil[most]
    ]
    if pupil["model"] == "watson_yellott2012" and pupil["shape"] != "disc":
        problems.append(
            f"pupil.shape is {pupil['shape']!r}; with the model watson_yellott2012 it must be disc"
        )
    problems += [
        f"colour.cones.{name} has no column in the table of its `tabulated`; "
        "one that has is called L, M or S"
        for name, cone in cones.items()
        if "tabulated" in cone and name not in ("L", "M", "S")
    ]
    peaks = sorted((cone["peak"], name) for name, cone in cones.items() if "peak" in cone)
    problems += [
        f"colour.cones.{name}.peak is {peak:g}, and that of {other} is {near:g}; "
        "two pigments must differ by 1 nm"
        for (near, other), (peak, name) in zip(peaks, peaks[1:])
        if peak - near < 1
    ]
    return problems


def _values(node: Any) -> Any:
    """The tree of an eye with every ``{value, unit, source, confidence}`` replaced by its value."""
    if isinstance(node, Mapping):
        if "value" in node:
            return copy.deepcopy(node["value"])
        return {key: _values(child) for key, child in node.items()}
    return node
