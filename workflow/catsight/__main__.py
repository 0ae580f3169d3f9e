"""``catsight``: one command per stage, and a few for people."""

import signal
import sys
from importlib import import_module

#: command -> (module with ``main(arguments)``, one line of help); imported only when called.
COMMANDS = {
    "manifest": (
        "catsight.frames.manifest",
        "the files that frames are made from, with their hashes",
    ),
    "frames": ("catsight.frames.command", "pictures to frames in Parquet shards"),
    "views": ("catsight.views.command", "frames as an eye, or a filter, delivers them"),
    "gather": ("catsight.run.gather", "list tables of many shards in one, for what reads them all"),
    "features": (
        "catsight.features.command",
        "an encoder's weights, and its features of every view",
    ),
    "metrics": ("catsight.metrics.command", "how well two views' features agree, with intervals"),
    "figures": ("catsight.figures.command", "pictures, and the report"),
    "see": ("catsight.look.see", "show a photo, a clip or a folder of them as an eye sees it"),
    "eye": (
        "catsight.look.eye",
        "draw eyes: pupil, optics, receptors, and what a test chart becomes",
    ),
    "check": ("catsight.look.check", "find damaged tables and weights, and have them made anew"),
    "portraits": ("catsight.views.portraits", "tabulate a study's eyes, for their figure"),
    "spec": ("catsight.study.command", "print the spec of a job, to run it by hand"),
}


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in COMMANDS:
        try:
            return _run(arguments[0], arguments[1:])
        except KeyboardInterrupt:
            return (
                128 + signal.SIGINT
            )  # what was being written is gone; whoever pressed Ctrl-C needs no trace
    if arguments and arguments[0] == "--version":
        from catsight import __version__

        print(f"catsight {__version__}")
        return 0
    lines = [
        "usage: catsight COMMAND ...",
        "",
        "How a frozen vision network's world looks through a cat's eye.",
        "",
    ]
    lines += [f"  {name:10}{about}" for name, (_, about) in COMMANDS.items()]
    lines += [
        "",
        "`catsight COMMAND --help` says more. A whole study is run by snakemake; see README.md.",
    ]
    asked = not arguments or arguments[0] in ("-h", "--help")
    if not asked:
        lines.insert(0, f"catsight: '{arguments[0]}' is not a command\n")
    print("\n".join(lines), file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


def _run(command: str, arguments: list[str]) -> int:
    from catsight.run import watchdog

    watchdog.watch()  # before the imports, which take a while
    from catsight.run.job import run

    return run(import_module(COMMANDS[command][0]).main, command, arguments)


if __name__ == "__main__":
    sys.exit(main())
