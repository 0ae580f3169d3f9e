"""``catsight check``: whether the tables and weights of a study, or of all, are what was written."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from catsight import tables
from catsight.errors import CatsightError
from catsight.features import safe
from catsight.run import locks
from catsight.run.progress import track


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="catsight check",
        description="Reads every table and weights file of a study, or of all studies and their store, and says which "
        "are not what was written. Every read checks pages and index; this checks all values, too.",
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path("results"),
                        help="results/<study>, or results (default: %(default)s)")  # fmt: skip
    parser.add_argument("--redo", action="store_true",
                        help="remove what is damaged, so that the next run computes it anew")  # fmt: skip
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        raise CatsightError(f"{options.folder} is not a folder; name results/<study>, or results")

    found = files(options.folder)
    damaged = {path: why for path in track(found, "check", unit="files") if (why := damage(path))}
    if not damaged:
        return print(f"{options.folder}: all {len(found)} tables and weights are what was written")
    lines = [f"{damaged[path]} ({', '.join(map(str, found[path]))})" for path in damaged]
    if not options.redo:
        lines.append(
            "`catsight check --redo` removes what is damaged, and the next run computes it anew"
        )
    else:
        whole = options.folder if (options.folder / "store").is_dir() else options.folder.parent
        with locks.alone(whole):
            for path in damaged:
                path.unlink(missing_ok=True)
        # links to nothing are left where they are: they are what tells the next run (`rule all`)
        lines.append(
            "removed; the next run of each study that they are of computes them anew (lists of tables, "
            "all.parquet, when something depends on them)"
        )
    raise CatsightError(
        "\n  ".join([f"{len(damaged)} of {len(found)} tables and weights are damaged:", *lines])
    )


def files(folder: Path) -> dict[Path, list[Path]]:
    """The tables and weights under ``folder``, or that links there lead to: the places where each
    is found.
    """
    found: dict[Path, list[Path]] = {}
    for path in sorted(
        path for kind in ("*.parquet", "*.safetensors") for path in folder.rglob(kind)
    ):
        # weights that are neither a link nor in the store were put there by hand
        if path.suffix == ".parquet" or path.is_symlink() or _stored(path):
            found.setdefault(path.resolve(), []).append(path)
    return found


def damage(path: Path) -> str | None:
    """What is wrong with a table or weights file, in a line that names it; None where it is what
    was written.
    """
    if not path.exists():
        return f"{path} is missing"
    try:
        if path.suffix == ".safetensors":
            about, same = safe.about(path), safe.sound(path)
        else:
            about = tables.provenance(path)
            same = about["content"] == tables.measure_content(path)
    except CatsightError as error:
        return str(error).partition("; ")[0]
    if _stored(path) and about.get("address") != path.stem:
        return f"{path} is not what its name says"
    return None if same else f"{path} does not hold the values that were written"


def _stored(path: Path) -> bool:
    """Whether a file lies in a store: results/store/ab/abcd...<suffix>."""
    return len(path.stem) == 64 and path.parent.name == path.stem[:2]
