"""Checking YAML against a JSON schema, with messages that name the key, what it holds and what it may hold."""

import copy
import difflib
from collections.abc import Mapping

import jsonschema

from catsight import resources


def problems(values: Mapping, schema: str, name: str) -> list[str]:
    """One line for each way in which ``values`` do not hold up to the schema ``schemas/<schema>.schema.yaml``.

    ``name`` is what the whole is called in the messages.
    """
    validator = jsonschema.Draft202012Validator(load(schema))
    return sorted({line for error in validator.iter_errors(values) for line in _messages(error, name)})


def load(schema: str) -> dict:
    """The schema ``schemas/<schema>.schema.yaml``."""
    return resources.load_yaml(resources.find("schemas", f"{schema}.schema.yaml"))


def fill_defaults(value: dict, schema: Mapping) -> None:
    for key, child in schema.get("properties", {}).items():
        if key not in value and "default" in child:
            value[key] = copy.deepcopy(child["default"])
        if isinstance(value.get(key), dict):
            fill_defaults(value[key], child)


def _messages(error: jsonschema.ValidationError, whole: str):
    """One line per problem: the key, what it holds, what it may hold."""
    if error.validator == "anyOf":  # null, or something with structure: the structure says more
        for child in error.context:
            if child.validator != "type" or not isinstance(error.instance, dict | None):
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
            yield f"{full} is not a key{guess}; {key} may hold {', '.join(known)}"
    elif error.validator == "required":
        yield f"{key} lacks {error.message.split(' is a required')[0]}"
    else:
        about = schema.get("description", "")
        meaning = f" ({' '.join(about.split())})" if about else ""
        yield f"{key} is {instance!r}; it must be {_allowed(error)}{meaning}"


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
