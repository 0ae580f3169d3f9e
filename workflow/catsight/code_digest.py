"""A digest of the code that a job runs, so that an edit redoes what it may have changed, and nothing else does."""

import ast
import hashlib
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent
_NAME = "catsight"


def code_digest(module: str) -> str:
    """Digest of ``module`` (as ``catsight.views.command``) and all of catsight that it imports, 16 hex digits.

    Modules are hashed as syntax trees without docstrings, so comments, docstrings and layout do not count. Imports are
    followed as they stand in the source, those inside functions too. Not followed: other packages (their versions stand
    in the specs beside this digest) and data files.
    """
    seen: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen[name], imported = _read(name, _file(name))
            waiting += imported
    return hashlib.sha256(repr(sorted(seen.items())).encode()).hexdigest()[:16]


@cache
def _read(module: str, path: Path) -> tuple[str, tuple[str, ...]]:
    """The digest of one module's own code, and the catsight modules that it imports."""
    tree = ast.parse(path.read_bytes(), filename=str(path))
    imported = tuple(_imports(tree, module, path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), imported


def _imports(tree: ast.Module, module: str, path: Path):
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
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
            if name == _NAME or name.startswith(f"{_NAME}."):
                # importing a.b.c runs a and a.b too
                parts = name.split(".")
                prefixes = (".".join(parts[:i]) for i in range(1, len(parts) + 1))
                yield from (prefix for prefix in prefixes if _file(prefix) is not None)


def _file(module: str) -> Path | None:
    """The source file of a catsight module, or None where the name is no module."""
    path = _PACKAGE.joinpath(*module.split(".")[1:])
    if (path / "__init__.py").is_file():
        return path / "__init__.py"
    if path.with_suffix(".py").is_file():
        return path.with_suffix(".py")
    return None
