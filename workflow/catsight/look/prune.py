"""``catsight prune``: removes from the store the tables and weights that no study refers to."""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from catsight.errors import CatsightError, tell
from catsight.run import locks
from catsight.tables.store import Store

_ABOUT = """\
Removes from the store the tables and weights that no study refers to, such as those of deleted
studies or of earlier settings. Counts them first, and asks. What other folders of results need,
that share the store by a link, stays.
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
    with _alone(store):
        unused = store.unused()
        count = sum(map(len, unused.values()))
        if count == 0:
            tell(f"{store.root}: some study refers to every file, so there is nothing to remove")
            return
        _print_sizes(unused)
        if not options.yes and not _confirmed(store, count):
            return
        _remove([path for paths in unused.values() for path in paths])
    tell(f"{store.root}: {_files(count)} removed")


def _remove(paths: Sequence[Path]) -> None:
    """Removes files; raises :class:`CatsightError` at the end if some cannot be removed."""
    kept = []
    for path in paths:
        try:
            path.unlink()
        except OSError as error:
            kept.append(f"{path} ({error.strerror})")
    if kept:
        raise CatsightError(
            f"{_files(len(paths) - len(kept))} removed; {_files(len(kept))} cannot be, {kept[0]} "
            "for one: ask whoever owns its folder to run `catsight prune`"
        )


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Keeps all runs out of the folders that use the store, in the block.

    Raises :class:`CatsightError` if one of the folders that share it is not there, so that what it
    needs is not known, or cannot be locked.
    """
    users = store.users()
    for folder, note in users.items():
        if not os.path.isdir(folder):  # False, too, where one may not look
            raise CatsightError(
                f"{folder} shares {store.root}, but is not there, or in a folder that you may not "
                "read, so what it needs is not known. Bring it back (is its disk mounted?), ask "
                f"its owner to prune, or, if it was deleted or moved, remove {note}"
            )
    others = [store.root.resolve().parent, *users]
    with ExitStack() as stack:
        stack.enter_context(locks.alone(store.root.parent))
        for folder in {folder.resolve() for folder in others} - {store.root.parent.resolve()}:
            if os.path.exists(folder / ".at-work"):  # others hold no runs
                stack.enter_context(locks.alone(folder))
        yield


def _print_sizes(unused: Mapping[str, Sequence[Path]]) -> None:
    """Prints how many files there are of each stage, and their size."""
    for stage, paths in sorted(unused.items()):
        size = sum(path.stat().st_size for path in paths)
        tell(f"{stage:10} {_files(len(paths)):>12} {size / 1e6:12.1f} MB")


def _confirmed(store: Store, count: int) -> bool:
    """Whether the user wants the files removed."""
    told = f"No study in {store.root.parent} refers to {_files(count)} in {store.root}."
    if not sys.stdin.isatty():
        tell(f"{told} `catsight prune --yes` removes them")
        return False
    if input(f"{told} Remove them? [y/N] ").strip().lower() in ("y", "yes"):
        return True
    tell("nothing removed")
    return False


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"
