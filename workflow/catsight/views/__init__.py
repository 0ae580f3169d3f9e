"""Views: frames as an eye or a filter delivers them.

>>> from catsight.views import Eye
>>> cat = Eye.load("cat")
>>> seen = cat.see(rgb, field_of_view=16, luminance=100)  # doctest: +SKIP
"""

from importlib import import_module
from typing import Any

#: Public name -> the module that holds it.
_MODULES = {"FILTERS": "filters", "Eye": "eye", "Pupil": "pupil"}

__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    # not by import statements, which would put the filters into the digest of every eye's views
    if name in _MODULES:
        return getattr(import_module(f"catsight.views.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'catsight.views' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
