"""Finds the YAML files that come with catsight, and reads any YAML file safely."""

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from catsight.errors import CatsightError

_PACKAGE = Path(__file__).parents[1]
#: The largest number of values that a YAML file may expand to.
_MOST = 1_000_000
#: The bytes of the largest YAML file: reading it takes seconds.
_LARGEST = 1 << 19
#: The letters of the longest number in base 60 (1:30:00).
_LONGEST = 1000


def find(*parts: str) -> Path:
    """The path of ``resources/<parts>`` or ``schemas/<file>``, in the repository or in a wheel."""
    in_repository = _PACKAGE.parent if parts[0] == "schemas" else _PACKAGE.parents[1] / "resources"
    in_wheel = _PACKAGE if parts[0] == "schemas" else _PACKAGE / "resources"
    for root in (in_repository, in_wheel):
        if (path := root.joinpath(*parts)).exists():
            return path
    raise CatsightError(f"{'/'.join(parts)} is missing from this installation of catsight")


@cache
def load_yaml(path: str | os.PathLike) -> Any:
    """The contents of a YAML file.

    Raises :class:`CatsightError`, with file and line, if it is not YAML, if a mapping has a key
    twice (YAML silently takes the last), or if its aliases expand to more than a million values.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise CatsightError(f"{path} is not a file")
        found = yaml.load(_text(path), _Loader)
    except FileNotFoundError:
        raise CatsightError(f"{path} is missing") from None
    except OSError as error:
        raise CatsightError(f"{path} cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise CatsightError(f"{path} is not YAML{line}: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:  # an impossible date or number; not UTF-8
        raise CatsightError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise CatsightError(f"{path} cannot be read as YAML: it is nested too deeply") from None
    if sum(1 for _ in itertools.islice(_values(found), _MOST)) == _MOST:
        raise CatsightError(
            f"{path} expands to more than {_MOST:,} values; its aliases (*name) repeat one another"
        )
    return found


def line_of(path: str | os.PathLike[str], keys: Iterable[str | int]) -> int | None:
    """The line of a YAML file, from 1, with the last of the ``keys`` that lead to a value.

    None if the value is not written there, because a merged alias (``<<: *name``) supplies it.
    """
    node = _nodes(Path(path))
    line = node.start_mark.line
    for key in keys:
        if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            node = node.value[key]
            line = node.start_mark.line
        elif isinstance(node, yaml.MappingNode):
            named = {name.value: (name, child) for name, child in node.value}
            if key not in named:
                return None
            name, node = named[key]
            line = name.start_mark.line
        else:
            return None
    return line + 1


@cache
def _nodes(path: Path) -> yaml.Node:
    """The tree of a YAML file, in which every value knows its line."""
    return yaml.compose(_text(path), _Loader)


def _text(path: Path) -> str:
    """A file's text. Raises :class:`CatsightError` if it is too large to be YAML by hand."""
    if (size := path.stat().st_size) > _LARGEST:
        raise CatsightError(
            f"{path} has {size:,} bytes; YAML of more than {_LARGEST:,} is not read"
        )
    return path.read_text(encoding="utf-8-sig")


class _Loader(yaml.SafeLoader):
    """YAML of plain values, in which a repeated key is an error, and merges have a limit."""

    _merged = 0

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise yaml.constructor.ConstructorError(
                        problem=f"the key '{key.value}' comes twice", problem_mark=key.start_mark
                    )
                seen.add((key.tag, key.value))
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """A plain value. PyYAML lets errors of all kinds pass (``!!int ""``, ``!!bool x``), and
        takes 16 s for a number in base 60 of 400 kB.
        """
        if isinstance(node, yaml.ScalarNode) and not node.tag.endswith((":str", ":binary")):
            if len(node.value) > _LONGEST and ":" in node.value:
                raise yaml.constructor.ConstructorError(
                    problem=f"a number of {len(node.value):,} letters", problem_mark=node.start_mark
                )
            try:
                return super().construct_object(node, deep)
            except (LookupError, ArithmeticError, AttributeError):
                raise yaml.constructor.ConstructorError(
                    problem=f"{node.value!r} is no {node.tag.rpartition(':')[2]}",
                    problem_mark=node.start_mark,
                ) from None
        return super().construct_object(node, deep)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merges ``<<: *name`` into a mapping, once it is known how many pairs that gives."""
        parts = [
            part
            for key, value in node.value
            if key.tag == "tag:yaml.org,2002:merge"
            for part in (value.value if isinstance(value, yaml.SequenceNode) else [value])
            if isinstance(part, yaml.MappingNode)
        ]
        for part in parts:
            self.flatten_mapping(part)
            self._merged += len(part.value)
            if self._merged > _MOST:
                raise yaml.constructor.ConstructorError(
                    problem=f"its merges (<<: *name) give more than {_MOST:,} values",
                    problem_mark=node.start_mark,
                )
        super().flatten_mapping(node)


def _values(tree: Any) -> Iterator[Any]:
    """Every value of a tree, as often as an alias refers to it."""
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, Mapping):
            waiting += [*value, *value.values()]
        elif isinstance(value, list | tuple):
            waiting += value
