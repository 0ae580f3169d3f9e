"""The page docs/eye-files.md: every key of an eye's file, made from its schema."""

from collections.abc import Iterator, Mapping
from typing import Any

from catsight.inputs import eyes, schema
from catsight.study.config.words import escaped, value

Node = Mapping[str, Any]

_HEAD = """\
<!-- Made by `make schema` from workflow/schemas/eye.schema.yaml and the eyes. Do not edit. -->

# Every key of an eye's file

An eye is one YAML file like [`cat.yaml`](../resources/eyes/cat.yaml).
[An eye of your own](eyes.md#an-eye-of-your-own) says how to begin; this page lists every key.
[The equations](eyes.md#the-equations-in-the-order-in-which-light-meets-them) say how they are used.

Every number and name is an entry, `{value: …, unit: …, source: …, confidence: …}`. The unit must be
the one below (`none` if there is none), the confidence `high`, `medium` or `low`. `low` and `high`,
the ends of what the sources allow, may stand beside them. A key that an eye of another model needs
has a dash.
"""
#: The kinds of cones of the eyes that are shown as examples, for the keys of each cone.
_SHOWN = {"cat": "L", "human": "L"}


def page() -> str:
    """The page, Markdown."""
    rules = schema.load("eye")
    examples = {name: eyes.load(name) for name in _SHOWN}
    lines = [_HEAD]
    for part in eyes.PARTS:
        node = rules["properties"][part]
        lines += [f"## `{part}`\n", f"{escaped(node['description'])}\n"]
        lines.append(f"| key | value | {' | '.join(_SHOWN)} | meaning |\n|---|---|---|---|---|")
        for keys, one in _leaves(node, (part,), rules["$defs"]):
            shown = (_shown(eye, keys, _SHOWN[name]) for name, eye in examples.items())
            cells = [f"`{'.'.join(keys[1:])}`", escaped(value(one)), *shown]
            lines.append(f"| {' | '.join(cells)} | {escaped(one['description'])} |")
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _leaves(
    node: Node, keys: tuple[str, ...], shared: Node
) -> Iterator[tuple[tuple[str, ...], Node]]:
    """The keys that hold a value, each with its rules; ``<name>`` is one that the file chooses."""
    if "$ref" in node:  # what stands beside it narrows one of its keys
        own = shared[node["$ref"].rpartition("/")[2]]
        inner = {
            key: own["properties"][key] | one for key, one in node.get("properties", {}).items()
        }
        node = own | {"properties": own["properties"] | inner} if inner else own | node
    named = node.get("additionalProperties")
    children = dict(node.get("properties", {}))
    if isinstance(named, Mapping):
        children["<name>"] = named
    if not children:
        yield keys, node
    for key, child in children.items():
        yield from _leaves(child, (*keys, key), shared)


def _shown(eye: Node, keys: tuple[str, ...], cone: str) -> str:
    """The value that an eye has under these keys, or a dash."""
    node: Any = eye
    for key in keys:
        key = cone if key == "<name>" else key
        if key not in node:
            return "–"
        node = node[key]
    return f"{node:g}" if isinstance(node, int | float) else str(node)
