"""The shared parts of commands: options, sub-commands, and the report of errors."""

import argparse
import difflib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from catsight.errors import FORBIDDEN, FULL, CatsightError, printable


def parser(command: str, description: str | None) -> argparse.ArgumentParser:
    """A parser for ``catsight <command>`` with every job's options, ``--spec`` and ``--store``."""
    result = argparse.ArgumentParser(
        prog=f"catsight {command}",
        description=description,
        epilog="`catsight spec` prints the spec of a job; see `catsight spec --help`.",
    )
    result.add_argument(
        "--spec",
        type=spec,
        required=True,
        metavar="JSON",
        help="everything that can change the result, as JSON; @spec.json reads it from that file, "
        "@- from standard input",
    )
    result.add_argument(
        "--store",
        type=Path,
        default=Path("results/store"),
        metavar="FOLDER",
        help="the store of tables, where unchanged results are found (default: %(default)s)",
    )
    return result


def add_frames(parser: argparse.ArgumentParser) -> None:
    """Adds ``--frames``, and ``--shards``, the number of tables in each folder that a command is
    given.

    A folder and a number instead of every path: Linux limits an argument to 128 KiB, and to a shell
    a whole command is one argument.
    """
    parser.add_argument(
        "--frames", type=Path, required=True, help="the frames: a table, or a folder of shards"
    )
    parser.add_argument(
        "--shards",
        type=int,
        metavar="N",
        help="number of tables in each folder: 4 reads 0.parquet to 3.parquet "
        "(default: all that are there)",
    )


def add_tables(parser: argparse.ArgumentParser, option: str, of: str) -> None:
    """Adds ``--frames``, ``--shards``, and an ``option`` that takes a name and its table, once for
    each ``of`` (such as "view").
    """
    parser.add_argument(
        option,
        nargs=2,
        action="append",
        required=True,
        metavar=("NAME", "PATH"),
        help=f"the name of a {of}, and its table, or its folder of shards in the order of the "
        f"frames; repeat for each {of}",
    )
    add_frames(parser)


#: Sub-command -> its function and one line of help.
Commands = Mapping[str, tuple[Callable[[Sequence[str]], None], str]]


def choose(
    command: str, commands: Commands, arguments: Sequence[str], default: str | None = None
) -> None:
    """Runs the sub-command of ``catsight <command>`` that ``arguments`` name first.

    Options without a sub-command are those of ``default``, as in earlier versions. ``-h`` and
    ``--help`` print the sub-commands. Raises :class:`CatsightError`, with the same help if none is
    named, or with a near miss if it is unknown.
    """
    if arguments and arguments[0] in commands:
        return commands[arguments[0]][0](arguments[1:])
    if default and arguments and arguments[0].startswith("--") and arguments[0] != "--help":
        alias(command, f"{command} {default}")
        return commands[default][0](arguments)
    about = {name: line for name, (_, line) in commands.items()}
    lines = [f"usage: catsight {command} COMMAND ...", "", *columns(about), ""]
    lines.append(f"Options of a command: catsight {command} COMMAND --help")
    if arguments and arguments[0] in ("-h", "--help"):
        return print("\n".join(lines))
    if arguments:
        raise CatsightError(unknown(f"catsight {command}", arguments[0], commands))
    raise CatsightError("\n".join(["say which command", *lines]))


def unknown(program: str, name: str, known: Iterable[str]) -> str:
    """What an error says of a command ``name`` that ``program`` does not have."""
    near = difflib.get_close_matches(name, list(known), 1)
    guess = f" (did you mean {near[0]}?)" if near else ""
    return f"there is no command '{name}'{guess}; `{program} --help` lists the commands"


def cores() -> int:
    """The number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def columns(about: Mapping[str, str]) -> list[str]:
    """Lines of help in two columns: names, and what each does."""
    width = max(map(len, about)) + 2
    return [f"  {name:{width}}{line}" for name, line in about.items()]


def alias(old: str, new: str) -> None:
    """Prints on standard error that the command ``old`` is now called ``new``."""
    print(
        f"`catsight {old}` is now `catsight {new}`; the next version drops the old name",
        file=sys.stderr,
    )


def spec(text: str) -> dict[str, Any]:
    """The value of ``--spec``: JSON, or ``@FILE`` with JSON in it, or ``@-`` for standard input."""
    try:
        if text == "@-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
        return json.loads(text)
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"not a spec ({error}); `catsight spec --help` says how to print one"
        ) from None


def run(main: Callable[[Sequence[str]], None], name: str, arguments: Sequence[str]) -> int:
    """Runs the command ``name`` and returns its exit status.

    0 if it succeeds; 1, after one line on standard error, for an error that the user can correct.
    """
    try:
        main(arguments)
    except CatsightError as error:
        return _failed(name, str(error))
    except BrokenPipeError:
        return 1
    except OSError as error:
        what, reason = error.filename or "a file (the log?)", os.strerror(error.errno or 0).lower()
        if error.errno in FULL:
            said = "cannot be written: {}. Nothing else is lost; make room and run again"
        elif error.errno in FORBIDDEN and error.filename:
            said = "cannot be read or changed: {}. It may be another user's: ask them"
        else:
            raise
        return _failed(name, printable(f"{what} {said.format(reason)}"))
    return 0


def _failed(name: str, message: str) -> int:
    line = f"catsight {name}: error: {message}"
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:  # the log is on the full disk; standard output may still reach the user
        print(line, flush=True)
    return 1
