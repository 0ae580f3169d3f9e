"""What a key may hold in words, for the reference pages."""

from collections.abc import Iterator, Mapping
from typing import Any

Node = Mapping[str, Any]

_NAMES = {
    "string": "text",
    "boolean": "true or false",
    "object": "mapping",
    "array": "list",
    "null": "null",
}


def escaped(text: str) -> str:
    """A description as Markdown in a table."""
    return text.replace("<", "&lt;").replace("|", r"\|")


def value(node: Node) -> str:
    """The values that a key may have, in words: ``number from 1 to 120 degrees, or null``."""
    if "anyOf" in node:
        words = [value(one) for one in node["anyOf"] if one.get("type") != "null"]
        return " or ".join(words) + (", or null" if len(words) < len(node["anyOf"]) else "")
    if "enum" in node:
        names = [
            f"`{str(name).lower() if isinstance(name, bool) else name}`" for name in node["enum"]
        ]
        return names[0] if len(names) == 1 else "one of " + ", ".join(names)
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    kind = str(kinds[0])
    words = [_NAMES.get(kind, kind), *_limits(node)]
    if kind == "array" and "properties" not in node["items"]:
        item = value(node["items"]).removeprefix("one of ")
        words.append("of " + item.replace("number", "numbers"))
    if "unit" in node:
        words.append(node["unit"])
    return " ".join(words) + (", or null" if "null" in kinds else "")


def _limits(node: Node) -> Iterator[str]:
    """The range of a number, the length of a list or mapping, or the form of text."""
    least, most, above, below = (
        f"{limit:g}" if isinstance(limit := node.get(key), float) else limit
        for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    )
    if least is not None:
        yield f"from {least}" if most is not None else f"of {least} or more"
    if above is not None:
        yield f"above {above}"
    if most is not None:
        yield f"to {most}" if least is not None else f"and up to {most}"
    if below is not None:
        yield f"and below {below}"
    fewest = node.get("minItems", node.get("minProperties"))
    if fewest is not None:
        yield f"({fewest})" if fewest == node.get("maxItems") else f"({fewest} or more)"
    if "pattern" in node:
        yield f"matching `{node['pattern']}`"
