"""``catsight prune``: removes from the store the tables and weights that no study refers to."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from catsight.run import locks
from catsight.tables.store import Store

_ABOUT = """\
Removes from the store the tables and weights that no study refers to, such as those of deleted
studies or of earlier settings. Counts them first, and asks.
"""
_EXAMPLES = """examples:
  catsight prune          shows the sizes of unused files, and asks before it removes them
  catsight prune --yes    removes them without asking

To free the space of a whole study, delete its folder (results/<study>) first.
"""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="catsight prune",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--store",
        type=Path,
        default=Path("results/store"),
        metavar="FOLDER",
        help="the store, inside the folder of the studies that use it (default: %(default)s)",
    )
    parser.add_argument("--yes", action="store_true", help="remove without asking")
    options = parser.parse_args(arguments)
    store = Store(options.store)
    with locks.alone(store.root.parent):
        unused = store.unused()
        count = sum(map(len, unused.values()))
        if count == 0:
            print(f"{store.root}: some study refers to every file, so there is nothing to remove")
            return
        _print_sizes(unused)
        if not options.yes and not _confirmed(store, count):
            return
        for paths in unused.values():
            for path in paths:
                path.unlink()
    print(f"{store.root}: {_files(count)} removed")


def _print_sizes(unused: Mapping[str, Sequence[Path]]) -> None:
    """Prints how many files there are of each stage, and their size."""
    for stage, paths in sorted(unused.items()):
        size = sum(path.stat().st_size for path in paths)
        print(f"{stage:10} {_files(len(paths)):>12} {size / 1e6:12.1f} MB")


def _confirmed(store: Store, count: int) -> bool:
    """Whether the user wants the files removed."""
    told = f"No study in {store.root.parent} refers to {_files(count)} in {store.root}."
    if not sys.stdin.isatty():
        print(f"{told} `catsight prune --yes` removes them")
        return False
    if input(f"{told} Remove them? [y/N] ").strip().lower() in ("y", "yes"):
        return True
    print("nothing removed")
    return False


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"
