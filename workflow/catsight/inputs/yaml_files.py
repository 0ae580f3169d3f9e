"""Finds the data files that come with catsight: eyes, the encoder registry, photo credits, the
schema.
"""

import itertools
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import yaml

from catsight.errors import CatsightError

_PACKAGE = Path(__file__).parents[1]
#: Values that a YAML file may unfold to.
_MOST = 1_000_000


def find(*parts: str) -> Path:
    """The path of ``resources/<parts>`` (or ``schemas/<file>``), in the repository or in an
    installed wheel.
    """
    in_repository = _PACKAGE.parent if parts[0] == "schemas" else _PACKAGE.parents[1] / "resources"
    in_wheel = _PACKAGE if parts[0] == "schemas" else _PACKAGE / "resources"
    for root in (in_repository, in_wheel):
        if (path := root.joinpath(*parts)).exists():
            return path
    raise CatsightError(f"{'/'.join(parts)} is missing from this installation of catsight")


@cache
def load_yaml(path: str | os.PathLike):
    """What a YAML file holds.

    Raises :class:`CatsightError`, with file and line, where it is not YAML, a key comes twice in a
    mapping (YAML takes the last and says nothing), or aliases unfold to more than a million values.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise CatsightError(f"{path} is not a file")
        found = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)
    except FileNotFoundError:
        raise CatsightError(f"{path} is missing") from None
    except OSError as error:
        raise CatsightError(f"{path} cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise CatsightError(f"{path} is not YAML{line}: {error.problem or error.context}") from None
    except (
        yaml.YAMLError,
        ValueError,
    ) as error:  # a date or a number that is none, bytes that are no text
        raise CatsightError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise CatsightError(
            f"{path} is not YAML that can be read: it is nested too deeply"
        ) from None
    if sum(1 for _ in itertools.islice(_values(found), _MOST)) == _MOST:
        raise CatsightError(
            f"{path} unfolds to more than {_MOST:,} values; its aliases (*name) repeat one another"
        )
    return found


class _Loader(yaml.SafeLoader):
    """YAML of plain values; a key that comes twice is an error."""

    def compose_mapping_node(self, anchor):
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


def _values(tree) -> Iterator:
    """Every value of a tree, as often as it is referred to."""
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, Mapping):
            waiting += [*value, *value.values()]
        elif isinstance(value, list | tuple):
            waiting += value
