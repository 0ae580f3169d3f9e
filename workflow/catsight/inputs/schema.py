"""Checks YAML against a JSON schema, with messages that name the key, its value and the values that
it may have.
"""

import difflib
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema

from catsight.errors import printable
from catsight.inputs import yaml_files

#: The most letters of a value that a message repeats.
_LONG = 200
#: Whole numbers reach this at most, in files of all kinds.
_LARGE = 2**63


class _Problem(NamedTuple):
    """What is wrong, and where: the keys that lead to it from the top of the file."""

    keys: tuple[str | int, ...]
    text: str


def problems(
    values: Mapping[str, Any],
    schema: str | Mapping[str, Any],
    name: str,
    files: Sequence[str | os.PathLike[str]] = (),
) -> list[str]:
    """One line for each way in which ``values`` do not follow the schema; sorted.

    ``schema`` may be the name of a file, ``schemas/<schema>.schema.yaml``. In addition,
    keys must be text and numbers finite. ``name`` stands for the whole in the messages. If a
    value stands in one of ``files``, the line starts with the file and the line number.
    """
    found = set(_unfit(values, (), name))
    if not found:
        validator = _Validator(load(schema) if isinstance(schema, str) else schema)
        found = {one for error in validator.iter_errors(values) for one in _explain(error, name)}
    if not found:
        found = set(_strange(values, ()))
    lines = {}
    for problem in found:
        file, line = _place(problem.keys, values, files)
        lines[f"{file}, line {line}: {problem.text}" if file else problem.text] = file, line
    return sorted(lines, key=lambda text: (*lines[text], text))


def load(schema: str) -> dict[str, Any]:
    """The schema ``schemas/<schema>.schema.yaml``."""
    return yaml_files.load_yaml(yaml_files.find("schemas", f"{schema}.schema.yaml"))


def near_miss(name: str, known: Iterable[str]) -> str:
    """`` (did you mean …?)`` if one of the ``known`` names is like this one, else nothing."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f" (did you mean {near[0]}?)" if near else ""


def _place(
    keys: tuple[str | int, ...], values: Any, files: Sequence[str | os.PathLike[str]]
) -> tuple[str, int]:
    """The file and line of the value under ``keys``; "" and 0 if no file holds it.

    A value may come from elsewhere: Snakemake's --config overrides what the file says.
    """
    for file in files:
        try:
            held = _at(yaml_files.load_yaml(Path(file)), keys)
        except (LookupError, TypeError):
            continue
        line = yaml_files.line_of(Path(file), keys)
        if [held] == [_at(values, keys)] and line:  # in lists, since NaN differs from itself
            return os.fspath(file), line
    return "", 0


def _at(node: Any, keys: Iterable[str | int]) -> Any:
    for key in keys:
        node = node[key]
    return node


def _unfit(node: Any, keys: tuple[str | int, ...], name: str) -> Iterator[_Problem]:
    """Problems in any file, whatever its schema: keys and text that JSON cannot hold, numbers that
    are too large.
    """
    where = _joined(keys) or name
    if isinstance(node, str) and printable(node) != node:
        text = f"{where} is {_shown(node)}; it must be of letters that can be shown"
        yield _Problem(keys, text)
    elif isinstance(node, int) and abs(node) >= _LARGE:
        yield _Problem(keys, f"{where} is {_shown(node)}; it must be less than {_LARGE}")
    if isinstance(node, float) and not math.isfinite(node):
        yield _Problem(keys, f"{where} is {node}; it must be finite")
    if isinstance(node, Mapping):
        for key in node:
            if not isinstance(key, str):
                text = f"{where} has the key {_shown(key)}, which is not text; put it in quotes"
                yield _Problem(keys, text)
            elif printable(key) != key:
                text = f"{where} has the key {_shown(key)}; it must be of letters that can be shown"
                yield _Problem(keys, text)
    if isinstance(node, Mapping | list):
        for key, child in node.items() if isinstance(node, Mapping) else enumerate(node):
            yield from _unfit(child, (*keys, key), name)


def _strange(node: Any, keys: tuple[str | int, ...]) -> Iterator[_Problem]:
    """Values that a schema lets pass, where it allows anything, and that JSON does not have."""
    if isinstance(node, Mapping | list):
        for key, child in node.items() if isinstance(node, Mapping) else enumerate(node):
            yield from _strange(child, (*keys, key))
    elif not isinstance(node, str | int | float | None):
        kind = type(node).__name__
        yield _Problem(keys, f"{_joined(keys)} is {node}, a {kind}; put it in quotes")


def _joined(keys: Iterable[str | int]) -> str:
    return ".".join(key if isinstance(key, str) else _shown(key) for key in keys)


def _integer(checker: Any, value: Any) -> bool:
    """Whether a value is an integer. 2.0 is not one: counts are counts."""
    return isinstance(value, int) and not isinstance(value, bool)


def _pattern(
    validator: Any, pattern: str, value: Any, schema: Any
) -> Iterator[jsonschema.ValidationError]:
    r"""Matches as JSON Schema does: Python's $ would match before a last line break, too."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


_Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    {"pattern": _pattern},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _integer),
)


def _explain(error: jsonschema.ValidationError, name: str) -> Iterator[_Problem]:
    """The problems that an error stands for: the key, what it holds, what it may hold."""
    keys, schema, value = tuple(error.absolute_path), error.schema, error.instance
    where = _joined(keys) or name
    if error.validator == "anyOf" and any(one.validator != "type" for one in error.context):
        # the alternative whose type fits gives the better message
        unfit = {one.schema_path[0] for one in error.context if one.validator == "type"}
        for child in error.context:
            if child.schema_path[0] not in unfit:
                yield from _explain(child, name)
    elif error.validator == "additionalProperties":
        known = sorted(schema.get("properties", {}))
        for key in sorted(set(value) - set(known)):
            full = _shortened(_joined((*keys, key)))
            guess = near_miss(key, known)
            text = f"{full} is not a key{guess}; {where} may hold {', '.join(known)}"
            yield _Problem((*keys, key), text)
    elif error.validator == "required":
        missing = error.message.split(" is a required")[0]
        yield _Problem(keys, f"{where} lacks {missing}")
    else:
        about = " ".join(schema.get("description", "").split())
        meaning = f" ({about})" if about else ""
        text = f"{where} is {_shortened(repr(value))}; it must be {_allowed(error)}{meaning}"
        yield _Problem(keys, text)


def _shown(value: Any) -> str:
    """A value as a message repeats it; large numbers in base 16, of which Python prints any."""
    large = isinstance(value, int) and abs(value) >= _LARGE**2
    return _shortened(hex(value) if large else repr(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


#: What names may be made of: they are parts of paths and of Snakemake's wildcards.
NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"
_TYPES = {
    "integer": "an integer",
    "object": "a mapping of keys to values",
    "array": "a list",
    "null": "null",
}
_LIMITS = {
    "minimum": "at least {limit}{unit}",
    "maximum": "at most {limit}{unit}",
    "exclusiveMinimum": "greater than {limit}{unit}",
    "exclusiveMaximum": "less than {limit}{unit}",
    "pattern": "text that matches {limit}",
    "minItems": "a list of at least {limit}",
    "maxItems": "a list of at most {limit}",
    "minProperties": "a mapping of at least {limit}",
    "uniqueItems": "a list without repeats",
}


def _allowed(error: jsonschema.ValidationError) -> str:
    """The values that are allowed instead, in words."""
    limit = error.validator_value
    if error.validator in ("type", "anyOf"):
        types = [one.validator_value for one in error.context] or [limit]
        flat = [one for some in types for one in (some if isinstance(some, list) else [some])]
        return " or ".join(_TYPES.get(one, f"a {one}") for one in flat)
    if error.validator == "enum":
        near = difflib.get_close_matches(str(error.instance), map(str, limit), 1)
        guess = f"; did you mean {near[0]}?" if near else ""
        return f"one of {', '.join(map(str, limit))}{guess}"
    if limit == NAME_PATTERN:
        return "a name of letters, digits, - and _, without spaces, of 100 letters at most"
    if error.validator in _LIMITS:
        unit = error.schema.get("unit", "")
        if limit == 1:
            unit = unit.replace("degrees", "degree")
        return _LIMITS[error.validator].format(limit=limit, unit=unit and f" {unit}")
    return error.message
