"""The schema file and the reference page of the configuration, made from its models, and the page
of an eye's file.

``python -m catsight.study.config`` (``make schema``) writes all three.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from catsight.inputs import yaml_files
from catsight.study.config import config_schema, eye_reference
from catsight.study.config.words import escaped, value

Node = Mapping[str, Any]

_SCHEMA_HEAD = """\
# Every key of a study's configuration, for editors. Made by `make schema` from the models in
# workflow/catsight/study/; docs/configuration.md is easier to read.
"""
_PAGE_HEAD = """\
<!-- Made by `make schema` from the models in workflow/catsight/study/. Do not edit. -->

# Every key of a study

A study is one YAML file. [Studies](studies.md) says what to ask for; this page lists every key,
what it may hold, and what it means. A key without a default may be left out, unless it says
*required*. A misspelt key or a value that does not fit is an error that names the key, before
anything runs.
"""


def files() -> dict[Path, str]:
    """The contents of the schema file and of the reference pages, by path."""
    schema = yaml_files.find("schemas", "config.schema.yaml")
    docs = schema.parents[2] / "docs"
    return {
        schema: _schema_file(),
        docs / "configuration.md": _page(),
        docs / "eye-files.md": eye_reference.page(),
    }


def _schema_file() -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **config_schema()}
    text = yaml.safe_dump(schema, sort_keys=False, allow_unicode=True, width=100)
    return _SCHEMA_HEAD + text


def _page() -> str:
    return "\n".join([_PAGE_HEAD, *_section("", config_schema())]).rstrip("\n") + "\n"


def _section(name: str, node: Node, above: Node | None = None, level: int = 1) -> Iterator[str]:
    """The lines of a section: its description, a table of its keys, and the sections below it."""
    keys = node["properties"]
    if name:
        yield f"{'#' * level} `{name}`\n"
        yield f"{escaped(node['description'])}\n"
    if above and set(keys) <= set(above["properties"]):
        yield f"The keys, {', '.join(f'`{key}`' for key in keys)}, mean the same as in the table"
        yield f"above; `{node['required'][0]}` is required.\n"
        return
    yield "| key | value | default | meaning |\n|---|---|---|---|"
    for key, one in keys.items():
        below = _below(key, one)
        label = f"[`{key}`](#{_anchor(_full(name, below[0]))})" if below else f"`{key}`"
        default = "*required*" if key in node.get("required", []) else _default(one)
        about = escaped(one.get("description", ""))
        held = escaped(value(one))
        yield f"| {label} | {held} | {default} | {about} |"
    yield ""
    for key, one in keys.items():
        if below := _below(key, one):
            yield from _section(_full(name, below[0]), below[1], node, min(level + 1, 3))


def _full(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


def _anchor(heading: str) -> str:
    """The name under which a heading can be linked to, as GitHub makes it."""
    return "".join(letter for letter in heading if letter.isalnum() or letter in "_-").lower()


def _below(key: str, node: Node) -> tuple[str, Node] | None:
    """The section that a key opens, and its name: of the key itself, of each of its names, or of
    each of its items.
    """
    of_a_name = node.get("additionalProperties")
    choices = (
        (key, node),
        (f"{key}.<name>", of_a_name if isinstance(of_a_name, dict) else {}),
        (f"{key}[]", node.get("items", {})),
    )
    return next((choice for choice in choices if "properties" in choice[1]), None)


def _default(node: Node) -> str:
    if "default" not in node:
        return ""
    return f"`{json.dumps(node['default'], ensure_ascii=False)}`".replace('"', "")
