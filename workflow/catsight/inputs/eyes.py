"""The eye files, ``resources/eyes/*.yaml``: every number with its unit, source and confidence.

The schema states the unit of each key; a number may have a range, ``low`` and ``high``.
"""

import copy
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from catsight.errors import CatsightError
from catsight.inputs import schema, yaml_files

#: The parts of every eye, which can be swapped between eyes.
PARTS = ("pupil", "acuity", "colour", "rods", "temporal")
#: How far a number of an eye may be trusted.
CONFIDENCES = ("high", "medium", "low")
#: What an entry of an eye's file must hold besides its ``value``, and what it may hold.
_NOTES, _RANGE = ("unit", "source", "confidence"), ("low", "high")
_ENTRY = ("value", *_NOTES, *_RANGE)
#: An area that exceeds that of a disc by 1 % is rounding of the published numbers.
_ROUNDING = 1.01
#: Integration time times critical flicker frequency of a response that can be: from one like a
#: Gaussian to an exponential decay (:func:`catsight.views.temporal.response`).
TIME_PRODUCTS = (1.25, 15.0)


def names() -> list[str]:
    """The eyes that come with catsight."""
    return sorted(file.stem for file in yaml_files.find("eyes").glob("*.yaml"))


def load(name: str) -> dict:
    """The numbers of an eye, by part: ``resources/eyes/<name>.yaml``, or the YAML file ``name``.

    Units, sources, confidences and ranges are left out, as only values can change a picture.
    Raises :class:`CatsightError` for an unknown eye, for values that are not valid, and for an
    entry without its unit, source or confidence.
    """
    eye = _values(_checked(name))
    return {part: eye[part] for part in PARTS}


def ranges(name: str) -> dict[str, tuple[float, float]]:
    """The least and the largest plausible value of an eye's numbers, by dotted key.

    Those that the file of the eye ``name`` states, as ``low`` and ``high`` beside the ``value``;
    in the unit of the value. Raises as :func:`load` does.

    >>> ranges("cat")["acuity.cutoff"]
    (3, 9)
    """
    return {
        ".".join(keys): (entry["low"], entry["high"])
        for keys, entry in _entries(_checked(name), ())
        if "low" in entry
    }


def check(parts: Mapping, name: str) -> None:
    """Raises :class:`CatsightError` unless ``parts`` are those of an eye, each number in its range.

    The numbers are bare, without unit and source. The message lists each number that is not valid,
    with its value and range; ``name`` says whose it is.
    """
    _refuse(name, schema.problems(parts, "eye", "the eye") or _contradictions(parts))


def _refuse(name: str, problems: list[str]) -> None:
    if problems:
        raise CatsightError("\n  ".join([f"{name} is not valid:", *problems]))


def _checked(name: str) -> dict:
    """The file of an eye as it is written, once its values and entries have been found valid."""
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
    written = yaml_files.load_yaml(path)
    check(_values(written), str(path))
    rules = schema.load("eye")
    problems = [
        problem
        for keys, entry in _entries(written, ())
        for problem in _notes_amiss(".".join(keys), entry, _unit(rules, keys))
    ]
    _refuse(str(path), problems or _ends_amiss(written))
    return written


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
    disc = math.pi * pupil.get("height_max", math.inf) ** 2 / 4
    if pupil["shape"] == "vesica" and pupil.get("area_max", 0) > _ROUNDING * disc:
        problems.append(
            f"pupil.area_max is {pupil['area_max']:g} and height_max {pupil['height_max']:g}, a "
            f"slit wider than tall; area_max may be at most {disc:.4g} mm²"
        )
    for sense, curve in parts["temporal"].items():
        time, (shortest, longest) = curve["integration_time"], TIME_PRODUCTS
        if not shortest <= time * curve["flicker"] <= longest:
            problems.append(
                f"temporal.{sense}.flicker is {curve['flicker']:g}; with an integration_time of "
                f"{time:g} s it may be {shortest / time:.3g} to {longest / time:.3g} Hz"
            )
    peaks = sorted((cone["peak"], name) for name, cone in cones.items() if "peak" in cone)
    problems += [
        f"colour.cones.{name}.peak is {peak:g}, and that of {other} is {near:g}; "
        "two pigments must differ by 1 nm"
        for (near, other), (peak, name) in zip(peaks, peaks[1:])
        if peak - near < 1
    ]
    return problems


def _entries(node: Any, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each entry of an eye's file, with the keys that lead to it; a bare number is one, too."""
    if isinstance(node, Mapping) and "value" not in node:
        for key, child in node.items():
            yield from _entries(child, (*keys, key))
    else:
        yield keys, node


def _notes_amiss(key: str, entry: Any, unit: str) -> list[str]:
    """One line for each thing besides the value that an entry lacks or states wrongly."""
    if not isinstance(entry, Mapping):
        return [
            f"{key} is {entry!r} alone; write {{value: {entry}, unit: {unit}, source: …, "
            f"confidence: {', '.join(CONFIDENCES[:-1])} or {CONFIDENCES[-1]}}}"
        ]
    problems = [
        f"{key} lacks its {note}" + (f", {unit!r}" if note == "unit" else "")
        for note in _NOTES
        if note not in entry
    ]
    problems += [
        f"{key}.{note} is not a key{schema.near_miss(str(note), _ENTRY)}; "
        f"{key} may hold {', '.join(_ENTRY)}"
        for note in entry
        if note not in _ENTRY
    ]
    if entry.get("unit", unit) != unit:
        problems.append(f"{key} has the unit {entry['unit']!r}; it must be {unit!r}")
    if not (isinstance(said := entry.get("source", "?"), str) and said.strip()):
        problems.append(f"{key}.source is {said!r}; it must be text")
    if (trust := entry.get("confidence", "low")) not in CONFIDENCES:
        known = ", ".join(CONFIDENCES)
        problems.append(f"{key}.confidence is {trust!r}; it must be one of {known}")
    return problems + _range_amiss(key, entry)


def _range_amiss(key: str, entry: Mapping) -> list[str]:
    """One line if an entry's ``low`` and ``high`` are not a range around its value."""
    ends = [entry[end] for end in _RANGE if end in entry]
    if not ends:
        return []
    if len(ends) == 1:
        return [f"{key} has one end of a range; it must have both low and high, or neither"]
    low, value, high = ends[0], entry["value"], ends[1]
    if not all(map(_is_number, (low, value, high))):
        return [f"{key} is {value!r}, from low {low!r} to high {high!r}; a range is of numbers"]
    if low <= value <= high:
        return []
    return [f"{key} is {value:g}, outside its range, low {low:g} to high {high:g}"]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _ends_amiss(written: Mapping) -> list[str]:
    """One line for each ``low`` or ``high`` that the value itself could not be."""
    return [
        f"{end}: {problem}"
        for end in _RANGE
        for problem in schema.problems(_values(written, end), "eye", "the eye")
    ]


def _unit(rules: Mapping, keys: tuple[str, ...]) -> str:
    """The unit that the schema states for the value under ``keys``; ``none`` if it states none."""
    node: Mapping = rules
    for key in keys:
        node = node.get("properties", {}).get(key) or node["additionalProperties"]
        if "$ref" in node:  # what stands beside it narrows a table's name, which has no unit
            node = rules["$defs"][node["$ref"].rpartition("/")[2]]
    return node.get("unit", "none")


def _values(node: Any, end: str = "value") -> Any:
    """The tree of an eye with every ``{value, unit, source, confidence}`` replaced by its value.

    Or by its ``end``, low or high, where it has one.
    """
    if isinstance(node, Mapping):
        if "value" in node:
            return copy.deepcopy(node.get(end, node["value"]))
        return {key: _values(child, end) for key, child in node.items()}
    return node
