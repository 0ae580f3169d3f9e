"""The models of an eye: functions, found by the names that the eye's file gives them."""

from collections.abc import Mapping
from typing import TypeVar

from catsight.errors import CatsightError

_M = TypeVar("_M")


def model(models: Mapping[str, _M], name: str, key: str) -> _M:
    """The one of the ``models`` that is called ``name``.

    Raises :class:`CatsightError`, with the ``key`` that holds the name, if there is none.
    """
    if name not in models:
        raise CatsightError(f"an eye's {key} is '{name}'; it may be {', '.join(models)}")
    return models[name]
