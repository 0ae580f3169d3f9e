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


@cache
def code_digest(module: str, folder: Path = _FOLDER) -> str:
    """Digest of ``module`` (as ``catsight.views.command``) and all in its ``folder`` that it
    imports, 16 hex digits.

    Modules are hashed as syntax trees without docstrings, so comments, docstrings and layout do not
    count. Imports are followed as they stand in the source, those inside functions too. Not
    followed: what lies elsewhere (the versions of other packages stand in the specs beside this
    digest) and data files.
    """
    seen: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen[name], imported = _read(name, folder)
            waiting += imported
    return hashlib.sha256(repr(sorted(seen.items())).encode()).hexdigest()[:16]


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
                return code_digest(module, folder)
            except SyntaxError as error:
                raise CatsightError(f"{error.filename}, line {error.lineno}: {error.msg}") from None
    installed = metadata.packages_distributions().get(top)
    if not installed:
        raise CatsightError(
            f"the factory '{factory}': there is no module {module} in {os.getcwd()}, nor a package {top}"
        )
    return ", ".join(f"{name} {metadata.version(name)}" for name in sorted(set(installed)))


@cache
def _read(module: str, folder: Path) -> tuple[str, tuple[str, ...]]:
    """The digest of one module's own code, and the modules in ``folder`` that it imports."""
    path = _file(module, folder)
    if path is None:
        raise ModuleNotFoundError(f"there is no module {module} in {folder}")
    tree = ast.parse(path.read_bytes(), filename=str(path))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    imported = tuple(_imports(tree, package, folder))
    for node in ast.walk(tree):
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), imported


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
    """The source file of a module in ``folder``, or None where it is none of there."""
    path = folder.joinpath(*module.split("."))
    if os.path.isfile(path / "__init__.py"):
        return path / "__init__.py"
    if os.path.isfile(path.with_suffix(".py")):
        return path.with_suffix(".py")
    return None
