"""A digest of the code that a job runs, so that an edit recomputes what it may have changed, and
nothing else.
"""

import ast
import hashlib
import os
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

from catsight.errors import CatsightError
from catsight.inputs import modules
from catsight.inputs.modules import Places
from catsight.inputs.schema import near_miss

_FOLDER = Path(__file__).parents[2]
#: What cannot change a number: how jobs run (options, logs, progress, locks, what they ask of a
#: cluster), and checks of the user's YAML, whose values stand in the specs; datasets are hashed.
NOT_FOLLOWED = (
    "catsight.run.",
    "catsight.inputs.schema.",
    "catsight.inputs.yaml_files.",
    "catsight.inputs.hub.",
)
#: Packages whose versions stand in the specs of features; their code is not read even if they are
#: editable, unless the factory itself is theirs.
_VERSIONED = frozenset({"catsight", "torch", "torchvision", "timm", "PIL", "numpy"})


@cache
def code_digest(*roots: str, folder: Path | Places = _FOLDER) -> str:
    """Digest of the ``roots`` (as ``catsight.views.viewer``) and all that they import, 16 hex
    digits.

    Modules are hashed as syntax trees without docstrings, so comments, docstrings and layout do not
    count. The data files in the folder of a package count byte by byte: templates shape an output,
    too. For what is imported, see :func:`reached`. The specs hold the versions of other
    packages beside this digest.
    """
    digests = sorted((name, _read(name, folder)[0]) for name in reached(*roots, folder=folder))
    return hashlib.sha256(repr(digests).encode()).hexdigest()[:16]


def reached(*roots: str, folder: Path | Places = _FOLDER) -> set[str]:
    """Names of the ``roots`` and of all in ``folder`` that they import.

    Imports are read from the source, including those inside functions. Those of
    :data:`NOT_FOLLOWED` are left out.
    """
    seen: set[str] = set()
    waiting = [one for module in roots for one in _with_packages(module, folder)]
    while waiting:
        name = waiting.pop()
        if name in seen or f"{name}.".startswith(NOT_FOLLOWED):
            continue
        seen.add(name)
        waiting += _read(name, folder)[1]
    return seen


def factory_digest(factory: str) -> str:
    """The digest or version of a user's ``package.module:function``, without importing it.

    A :func:`code_digest` if the module is the user's own: in the working folder, on PYTHONPATH, in
    an editable install, or a single file among installed packages. What it imports counts where
    that is the user's own, too. Otherwise the versions of the distributions that it is from. Raises
    :class:`CatsightError` if there is no such module, or if one of the user's has no such function.
    """
    module, top = factory.partition(":")[0], factory.partition(".")[0].partition(":")[0]
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    folders = tuple(Path(folder) for folder in filter(None, path))
    places = Places(Path.cwd(), folders, _VERSIONED - {top})
    if file := places.find(module):
        return _own_digest(factory, file, places)
    if distributions := metadata.packages_distributions().get(top):
        return ", ".join(f"{name} {metadata.version(name)}" for name in sorted(set(distributions)))
    if file := modules.imported_from(module):
        return _own_digest(factory, file, modules.root_of(module, file))
    hint = "; leave out .py" if module.endswith(".py") else ""
    raise CatsightError(
        f"the factory '{factory}': there is no module {module} in {os.getcwd()}, nor a package "
        f"{top}{hint}"
    )


def _own_digest(factory: str, file: Path, places: Path | Places) -> str:
    """The digest of a factory in a module of the user's own, whose source is ``file``."""
    module, _, function = factory.partition(":")
    try:
        _check_function(factory, function, file)
        return code_digest(module, folder=places)
    except SyntaxError as error:
        raise CatsightError(f"{error.filename}, line {error.lineno}: {error.msg}") from None


def _check_function(factory: str, function: str, path: Path) -> None:
    """Raises :class:`CatsightError` if the module in ``path`` does not bind the ``function``."""
    if path.suffix != ".py":  # compiled
        return
    names: set[str] = set()
    for node in ast.parse(path.read_bytes(), filename=str(path)).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        else:  # an assignment, perhaps inside an if or try
            names |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            names |= {one.name for one in ast.walk(node) if isinstance(one, ast.FunctionDef)}
    if function not in names and "*" not in names:
        guess = near_miss(function, names)
        raise CatsightError(f"the factory '{factory}': {path} has no function {function}{guess}")


@cache
def _read(module: str, folder: Path | Places) -> tuple[str, tuple[str, ...]]:
    """The digest of one module's own code, and the modules in ``folder`` that it imports."""
    path = _file(module, folder)
    if path is None:
        raise ModuleNotFoundError(f"there is no module {module} in {folder}")
    if path.suffix != ".py":
        return hashlib.sha256(path.read_bytes()).hexdigest(), ()
    tree = ast.parse(path.read_bytes(), filename=str(path))
    is_package = path.name == "__init__.py"
    imported = tuple(_imports(tree, module if is_package else module.rpartition(".")[0], folder))
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:]
    digest = hashlib.sha256(ast.dump(tree).encode())
    for file in _data_files(module, path.parent) if is_package else ():
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest(), imported


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _data_files(package: str, folder: Path) -> list[Path]:
    """The data files of a package of catsight, sorted, with those in folders that are no packages.

    Not those of a user's package, which may be large, nor those beside all packages.
    """
    if not package.startswith("catsight."):
        return []
    files = []
    for path in folder.iterdir():
        if path.is_dir() and path.name != "__pycache__" and not (path / "__init__.py").exists():
            files += [file for file in path.rglob("*") if file.is_file()]
        elif path.is_file() and path.suffix not in (".py", ".pyc"):
            files.append(path)
    return sorted(file for file in files if not file.name.startswith("."))


def _imports(tree: ast.Module, package: str, folder: Path | Places) -> Iterator[str]:
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
            yield from _with_packages(name, folder)


def _with_packages(module: str, folder: Path | Places) -> list[str]:
    """A module in ``folder`` and the packages that Python runs to import it: a and a.b of a.b.c."""
    parts = module.split(".")
    prefixes = (".".join(parts[:i]) for i in range(1, len(parts) + 1))
    return [prefix for prefix in prefixes if _file(prefix, folder) is not None]


def _file(module: str, folder: Path | Places) -> Path | None:
    """The file of a module in a folder, or of one of the user's; None if there is none."""
    return folder.find(module) if isinstance(folder, Places) else modules.file_in(module, folder)
