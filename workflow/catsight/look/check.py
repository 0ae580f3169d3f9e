"""``catsight check``: finds the tables and weights whose contents have changed since they were
written.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from catsight import tables
from catsight.errors import CatsightError, tell
from catsight.features import safe
from catsight.run import locks
from catsight.run.progress import track

_ABOUT = """\
Reads every table and weights file of a study, or of all studies and their store, and lists the
damaged ones: those that no longer hold the values that were written. A run checks the structure
of the files that it reads; this command checks every value.
"""
_EXAMPLES = """examples:
  catsight check                       all studies and their store
  catsight check results/quickstart    one study
  catsight check --redo                removes what is damaged; the next run recomputes it
"""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="catsight check",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=Path("results"),
        help="results/<study>, or results (default: %(default)s)",
    )
    parser.add_argument(
        "--redo",
        action="store_true",
        help="remove what is damaged, so that the next run recomputes it",
    )
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    if not folder.is_dir():
        raise CatsightError(f"{folder} is not a folder; name results/<study>, or results")

    found = files(folder)
    if not found:
        raise CatsightError(f"{folder} holds no tables; name results/<study>, or results")
    damaged = {}
    for path in track(found, "check", unit="files"):
        if problem := damage(path):
            damaged[path] = problem
    if not damaged:
        tell(f"{folder}: all {len(found)} tables and weights are as they were written")
        return
    lines = [f"{len(damaged)} of {len(found)} tables and weights are damaged:"]
    for path, problem in damaged.items():
        lines.append(f"{problem} ({', '.join(map(str, found[path]))})")
    if options.redo:
        lines.append(_remove(damaged, folder))
    else:
        lines.append("`catsight check --redo` removes them, and the next run recomputes them")
    raise CatsightError("\n  ".join(lines))


def _remove(damaged: Mapping[Path, str], folder: Path) -> str:
    """Removes the files, and returns a line that says what happens next.

    Raises :class:`CatsightError` if the folder is not one of results: then the files are not ours.
    """
    results = folder if (folder / "store").is_dir() else folder.parent
    if not (results / "store").is_dir():
        raise CatsightError(
            "--redo removes files, so it takes results/<study> or results alone; there is no "
            f"store in {folder} or beside it"
        )
    with locks.alone(results):
        for path in damaged:
            path.unlink(missing_ok=True)
    # links to removed files stay: the next run finds them (`rule all`) and recomputes the files
    return (
        "removed; the next run of each study that they belong to recomputes them (lists of tables, "
        "all.parquet, when another job needs them)"
    )


def files(folder: Path) -> dict[Path, list[Path]]:
    """The tables and weights in ``folder``, or that links there lead to, each with the paths that
    lead to it.
    """
    found: dict[Path, list[Path]] = {}
    for path in sorted([*folder.rglob("*.parquet"), *folder.rglob("*.safetensors")]):
        # weights that are neither a link nor in the store were put there by hand
        if path.suffix == ".parquet" or path.is_symlink() or _stored(path):
            found.setdefault(path.resolve(), []).append(path)
    return found


def damage(path: Path) -> str | None:
    """What is wrong with a table or weights file, in one line that names it; None if it is as it
    was written.
    """
    if not path.exists():
        return f"{path} is missing"
    try:
        if path.suffix == ".safetensors":
            about, unchanged = safe.about(path), safe.sound(path)
        else:
            about = tables.provenance(path)
            unchanged = about["content"] == tables.measure_content(path)
    except CatsightError as error:
        return str(error).partition("; ")[0]
    if _stored(path) and about.get("address") != path.stem:
        return f"{path} holds another entry of the store than its name says"
    return None if unchanged else f"{path} does not hold the values that were written"


def _stored(path: Path) -> bool:
    """Whether a file is in a store: results/store/ab/abcd...<suffix>."""
    return len(path.stem) == 64 and path.parent.name == path.stem[:2]
