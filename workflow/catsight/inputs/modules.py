"""Where Python would import a module from, found without importing anything."""

import importlib.machinery
import os
import sys
import sysconfig
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

#: Ends of files of a module, in Python's order: compiled, then source.
_ENDS = (*importlib.machinery.EXTENSION_SUFFIXES, *importlib.machinery.SOURCE_SUFFIXES)
#: Folders of what is installed, whatever the environment that they lie in.
_INSTALLED = ("site-packages", "dist-packages")


def installed(path: str | os.PathLike[str]) -> bool:
    """Whether a file is Python's own, or of an installed package that is not editable."""
    where = Path(path)
    return any(part in _INSTALLED for part in where.parts) or any(
        where.is_relative_to(folder) for folder in _standard_library()
    )


def file_in(module: str, folder: Path) -> Path | None:
    """The source file of a module in ``folder``, or None if the module does not live there."""
    path = folder.joinpath(*module.split("."))
    if os.path.isfile(path / "__init__.py"):
        return path / "__init__.py"
    if os.path.isfile(path.with_suffix(".py")):
        return path.with_suffix(".py")
    return None


def root_of(module: str, file: Path) -> Path:
    """The folder in which the top package of a module in ``file`` lies."""
    return file.parents[module.count(".") + (file.name.partition(".")[0] == "__init__")]


class Places(NamedTuple):
    """Where a user's modules are looked for: ``here``, then wherever Python would find them, first
    in the ``folders`` of PYTHONPATH.

    What lies among installed packages is not the user's, nor are the packages ``apart``.
    """

    here: Path
    folders: tuple[Path, ...] = ()
    apart: frozenset[str] = frozenset()

    def find(self, module: str) -> Path | None:
        """The file of a module of the user's, or None."""
        if module.partition(".")[0] in self.apart:
            return None
        if path := file_in(module, self.here):
            return path
        found = (file_in(module, folder) for folder in self.folders)
        path = next(filter(None, found), None) or imported_from(module)
        if path is None or installed(path) or _has_distributions(root_of(module, path)):
            return None
        return path


def _has_distributions(folder: Path) -> bool:
    """Whether packages were installed into a folder (``pip install --target``)."""
    try:
        return any(name.endswith(".dist-info") for name in os.listdir(folder))
    except OSError:
        return False


def imported_from(module: str) -> Path | None:
    """The file that ``import module`` would run, or None. Editable installs are followed: those
    that add a folder to the path, and those that bring a finder of their own.
    """
    parent, _, _ = module.rpartition(".")
    found = _spec(module, _folders(parent) if parent else None)
    origin = getattr(found, "origin", None)
    return Path(origin) if origin and os.path.isfile(origin) else None


def _folders(package: str) -> tuple[str, ...]:
    """The folders that a package's modules lie in; several for a namespace package."""
    parent, _, _ = package.rpartition(".")
    found = _spec(package, _folders(parent) if parent else None)
    return tuple(getattr(found, "submodule_search_locations", None) or ())


class _Found(NamedTuple):
    """A module's file, and the folders of its own modules if it is a package."""

    origin: str | None
    submodule_search_locations: list[str]


def _spec(module: str, folders: Sequence[str] | None) -> Any:
    """What the import system knows of a module whose parent has these ``folders`` (None for a
    module at the top).
    """
    name = module.rpartition(".")[2]
    namespace = []
    for folder in sys.path if folders is None else folders:
        path = os.path.join(folder, name)
        for init in (f"__init__{end}" for end in _ENDS):
            if os.path.isfile(os.path.join(path, init)):
                return _Found(os.path.join(path, init), [path])
        for end in _ENDS:
            if os.path.isfile(path + end):
                return _Found(path + end, [])
        if os.path.isdir(path):
            namespace.append(path)
    if found := _of_finders(module, folders):
        return found
    return _Found(None, namespace) if namespace else None


def _of_finders(module: str, folders: Sequence[str] | None) -> Any:
    """What the finders of editable installs know of a module. Python's own are left out: for a
    namespace package inside another they import the outer one.
    """
    for finder in sys.meta_path:
        if getattr(finder, "__module__", "").startswith(("_frozen_importlib", "importlib")):
            continue
        try:
            found = finder.find_spec(module, folders, None)
        except Exception:  # another's code, which may expect its parent to be imported
            continue
        if found is not None:
            return found
    return None


@cache
def _standard_library() -> tuple[str, ...]:
    return tuple({sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib")})
