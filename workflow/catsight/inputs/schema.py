"""Checking YAML against a JSON schema, with messages that name the key, what it holds and what it
may hold.
"""

import copy
import difflib
import math
import re
from collections.abc import Mapping

import jsonschema

from catsight.inputs import yaml_files

#: Letters of a value that a message repeats.
_LONG = 200


def problems(values: Mapping, schema: str, name: str) -> list[str]:
    """One line for each way in which ``values`` do not hold up to the schema
    ``schemas/<schema>.schema.yaml``.

    Besides the schema, keys must be text and numbers finite. ``name`` is what the whole is called
    in the messages.
    """
    if found := sorted(
        {line for key, value in _walk(values) for line in _unfit(key or name, value)}
    ):
        return found
    return sorted(
        {
            line
            for error in _VALIDATOR(load(schema)).iter_errors(values)
            for line in _messages(error, name)
        }
    )


def load(schema: str) -> dict:
    """The schema ``schemas/<schema>.schema.yaml``."""
    return yaml_files.load_yaml(yaml_files.find("schemas", f"{schema}.schema.yaml"))


def fill_defaults(value: dict, schema: Mapping) -> None:
    for key, child in schema.get("properties", {}).items():
        if key not in value and "default" in child:
            value[key] = copy.deepcopy(child["default"])
        if isinstance(value.get(key), dict):
            fill_defaults(value[key], child)


def _walk(node, key: str = ""):
    """Every value in the tree, and its key."""
    yield key, node
    children = (
        node.items()
        if isinstance(node, Mapping)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for name, child in children:
        yield from _walk(child, f"{key}.{name}" if key else str(name))


def _unfit(key: str, value):
    """What no study and no eye can hold, whatever the schema says."""
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                yield f"{key} has the key {name!r}, which is no text; in quotes it is"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{key} is {value}; it must be finite"


def _integer(checker, value) -> bool:
    """2.0 is none: counts are counts."""
    return isinstance(value, int) and not isinstance(value, bool)


def _pattern(validator, pattern: str, value, schema):
    r"""As JSON Schema has it: to Python, $ would match before a last line break, too."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


_VALIDATOR = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    {"pattern": _pattern},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _integer),
)


def _messages(error: jsonschema.ValidationError, whole: str):
    """One line per problem: the key, what it holds, what it may hold."""
    if error.validator == "anyOf":  # null, or something with structure: the structure says more
        told = [
            child
            for child in error.context
            if child.validator != "type" or not isinstance(error.instance, dict)
        ]
        for child in told or error.context:
            yield from _messages(child, whole)
        return
    key = ".".join(str(part) for part in error.absolute_path) or whole
    schema, instance = error.schema, error.instance
    if error.validator == "additionalProperties":
        known = sorted(schema.get("properties", {}))
        for name in sorted(set(instance) - set(known)):
            near = difflib.get_close_matches(str(name), known, 1)
            full = name if key == whole else f"{key}.{name}"
            guess = f" (did you mean {near[0]}?)" if near else ""
            yield f"{_shortened(full)} is not a key{guess}; {key} may hold {', '.join(known)}"
    elif error.validator == "required":
        yield f"{key} lacks {error.message.split(' is a required')[0]}"
    else:
        about = schema.get("description", "")
        meaning = f" ({' '.join(about.split())})" if about else ""
        yield f"{key} is {_shortened(repr(instance))}; it must be {_allowed(error)}{meaning}"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def _allowed(error: jsonschema.ValidationError) -> str:
    limit = error.validator_value
    types = limit if isinstance(limit, list) else [limit]
    articles = {"integer": "an integer", "object": "a mapping", "array": "a list", "null": "null"}
    return {
        "type": lambda: " or ".join(articles.get(t, f"a {t}") for t in types),
        "enum": lambda: "one of " + ", ".join(map(str, limit)),
        "minimum": lambda: f"at least {limit}",
        "maximum": lambda: f"at most {limit}",
        "exclusiveMinimum": lambda: f"greater than {limit}",
        "exclusiveMaximum": lambda: f"less than {limit}",
        "pattern": lambda: f"text that matches {limit}",
        "minItems": lambda: f"a list of at least {limit}",
        "maxItems": lambda: f"a list of at most {limit}",
        "minProperties": lambda: f"a mapping of at least {limit}",
        "uniqueItems": lambda: "a list without repeats",
    }.get(error.validator, lambda: error.message)()
