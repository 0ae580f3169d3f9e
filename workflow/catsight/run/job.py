"""What the stages' commands share: their options, and how they end when something is wrong."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from catsight.errors import FULL, CatsightError


def parser(command: str, description: str | None) -> argparse.ArgumentParser:
    """A parser for ``catsight <command>`` with the options that every job has: ``--spec`` and
    ``--store``.
    """
    result = argparse.ArgumentParser(
        prog=f"catsight {command}",
        description=description,
        epilog="The spec of a job is printed by: catsight spec --help",
    )
    result.add_argument(
        "--spec",
        type=spec,
        required=True,
        metavar="JSON",
        help="all that can change the result, as canonical JSON; @FILE reads it from a file, @- from standard input",
    )
    result.add_argument(
        "--store",
        type=Path,
        default=Path("results/store"),
        help="content-addressed store of tables",
    )
    return result


def add_shards(parser: argparse.ArgumentParser) -> None:
    """Adds ``--shards``: how many tables there are in each folder of a command that takes folders
    of them.

    A folder and a number, not all paths: Linux limits an argument, which to a shell a whole command
    is, to 128 KiB.
    """
    parser.add_argument(
        "--shards", type=int, metavar="N",
        help="how many tables are in each folder, 0.parquet to N-1.parquet (default: as many as there are)",
    )  # fmt: skip


def choose(
    command: str, commands: Mapping[str, tuple[Callable[[Sequence[str]], None], str]], arguments
) -> None:
    """Runs the one of ``catsight <command>``'s sub-commands (a function and a line of help each)
    that is asked for.
    """
    if arguments and arguments[0] in commands:
        return commands[arguments[0]][0](arguments[1:])
    lines = [f"usage: catsight {command} COMMAND ...", ""]
    lines += [f"  {name:10}{about}" for name, (_, about) in commands.items()]
    lines += ["", f"`catsight {command} COMMAND --help` says more."]
    if arguments and arguments[0] in ("-h", "--help"):
        return print("\n".join(lines))
    problem = f"there is no command '{arguments[0]}'" if arguments else "say which command"
    raise CatsightError("\n".join([problem, *lines]))


def spec(text: str) -> dict:
    """Reads the ``--spec`` option: JSON, or ``@FILE`` with JSON in it."""
    try:
        if text == "@-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
        return json.loads(text)
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"not a spec ({error}); `catsight spec --help` makes one"
        ) from None


def versions(*packages: str) -> dict[str, str]:
    """The installed version of each package, for specs and provenance."""
    return {package: _version(package) for package in packages}


#: Looked up once: it takes milliseconds, and every job's spec asks.
_version = cache(version)


def run(main: Callable[[Sequence[str]], None], name: str, arguments: Sequence[str]) -> int:
    """Runs a command: 0 when it is done, 1 with one line on standard error for what the user can
    mend.
    """
    try:
        main(arguments)
    except CatsightError as error:
        return _failed(name, str(error))
    except BrokenPipeError:
        return 1
    except OSError as error:
        if error.errno not in FULL:
            raise
        what, reason = error.filename or "a file (the log?)", os.strerror(error.errno).lower()
        return _failed(
            name,
            f"{what} cannot be written: {reason}. Nothing else is lost; make room and run again",
        )
    return 0


def _failed(name: str, message: str) -> int:
    line = f"catsight {name}: error: {message}"
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:  # the log lies on the disk that is full; what goes to standard output is seen
        print(line, flush=True)
    return 1
