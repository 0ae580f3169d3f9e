"""A digest of the code that a job runs, so that an edit redoes what it may have changed, and
nothing else does.
"""

import ast
import hashlib
import os
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

from catsight.errors import CatsightError

_FOLDER = Path(__file__).parents[2]
#: How jobs run cannot change a number: options, logs, progress, locks, what a cluster is asked for.
NOT_FOLLOWED = "catsight.run."
#: Files in a package's folder that shape an output.
_DATA = {".css", ".html", ".jinja", ".js", ".json", ".svg", ".txt", ".yaml"}


@cache
def code_digest(*modules: str, folder: Path = _FOLDER) -> str:
    """Digest of ``modules`` (as ``catsight.views.viewer``) and all that they import, 16 hex digits.

    Modules are hashed as syntax trees without docstrings, so comments, docstrings and layout do not
    count. The data files in the folder of a package count byte by byte: templates shape an output,
    too. What is imported: :func:`reached`. The versions of other packages stand in the specs beside
    this digest.
    """
    digests = sorted((name, _read(name, folder)[0]) for name in reached(*modules, folder=folder))
    return hashlib.sha256(repr(digests).encode()).hexdigest()[:16]


def reached(*modules: str, folder: Path = _FOLDER) -> set[str]:
    """Names of the ``modules`` and of all in ``folder`` that they import.

    Imports are followed as they stand in the source, including those inside functions, but for
    those of :data:`NOT_FOLLOWED`.
    """
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in seen and not f"{name}.".startswith(NOT_FOLLOWED):
            seen.add(name)
            waiting += _read(name, folder)[1]
    return seen


def factory_digest(factory: str) -> str:
    """What stands for the code of a user's ``package.module:function``, without importing any of
    it.

    A :func:`code_digest` where the module lies in the working folder or on PYTHONPATH; the
    distribution's version where it is an installed package. Raises :class:`CatsightError` where
    there is no such module.
    """
    module = factory.partition(":")[0]
    top = module.partition(".")[0]
    for folder in map(
        Path, [os.getcwd(), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    ):
        if _file(module, folder):
            try:
                return code_digest(module, folder=folder)
            except SyntaxError as error:
                raise CatsightError(f"{error.filename}, line {error.lineno}: {error.msg}") from None
    installed = metadata.packages_distributions().get(top)
    if not installed:
        raise CatsightError(
            f"the factory '{factory}': there is no module {module} in {os.getcwd()}, nor a package "
            f"{top}"
        )
    return ", ".join(f"{name} {metadata.version(name)}" for name in sorted(set(installed)))


@cache
def _read(module: str, folder: Path) -> tuple[str, tuple[str, ...]]:
    """The digest of one module's own code, and the modules in ``folder`` that it imports."""
    path = _file(module, folder)
    if path is None:
        raise ModuleNotFoundError(f"there is no module {module} in {folder}")
    tree = ast.parse(path.read_bytes(), filename=str(path))
    is_package = path.name == "__init__.py"
    imported = tuple(_imports(tree, module if is_package else module.rpartition(".")[0], folder))
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:]
    digest = hashlib.sha256(ast.dump(tree).encode())
    if is_package and module.partition(".")[0] == "catsight":  # not a user's, however large
        for file in _data_files(path.parent):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest(), imported


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _data_files(folder: Path) -> list[Path]:
    """The data files in a package's folder, sorted."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix in _DATA and not path.name.startswith(".")
    )


def _imports(tree: ast.Module, package: str, folder: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(filter(None, [package.rsplit(".", node.level - 1)[0], base]))
            # `from catsight import tables`: what is imported may be a module or a name inside one
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            # importing a.b.c runs a and a.b too
            parts = name.split(".")
            prefixes = (".".join(parts[:i]) for i in range(1, len(parts) + 1))
            yield from (prefix for prefix in prefixes if _file(prefix, folder) is not None)


def _file(module: str, folder: Path) -> Path | None:
    """The source file of a module in ``folder``, or None if the module does not live there."""
    path = folder.joinpath(*module.split("."))
    if os.path.isfile(path / "__init__.py"):
        return path / "__init__.py"
    if os.path.isfile(path.with_suffix(".py")):
        return path.with_suffix(".py")
    return None
