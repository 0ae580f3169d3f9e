"""``catsight``: commands for use by hand, and one for each stage of the workflow."""

import signal
import sys
from importlib import import_module

#: Title -> command -> (module with ``main(arguments)``, one line of help); imported when called.
COMMANDS = {
    "By hand": {
        "see": ("catsight.look.see", "show photographs, clips or folders as an eye sees them"),
        "eye": ("catsight.look.eye", "draw eyes: pupil, optics, receptors, a test chart"),
        "power": ("catsight.look.power", "how many groups it takes to tell a difference"),
        "validate": ("catsight.look.validate", "set published values beside the eyes' own"),
        "check": ("catsight.look.check", "find damaged tables and weights, and remove them"),
        "prune": ("catsight.look.prune", "delete from the store what no study refers to"),
    },
    "Stages, as the workflow calls them": {
        "frames": ("catsight.frames.command", "pictures to frames in Parquet shards"),
        "views": ("catsight.views.command", "frames as an eye, or a filter, delivers them"),
        "features": ("catsight.features.command", "an encoder's weights, and its features"),
        "metrics": ("catsight.metrics.command", "how well two views' features agree"),
        "figures": ("catsight.figures.command", "pictures, tables of numbers, the report"),
    },
    "Around the stages": {
        "spec": ("catsight.study.command", "print the spec of a job, to run it by hand"),
        "gather": ("catsight.run.gather", "list the tables of many shards in one table"),
    },
}
#: Old commands, which the next version drops, and their present names.
ALIASES = {
    ("manifest",): ("frames", "manifest"),
    ("portraits",): ("views", "portraits"),
    ("features", "prune"): ("prune",),
}


def main(arguments: list[str] | None = None) -> int:
    """Runs ``catsight`` with these ``arguments`` (by default those of the process).

    Returns the exit status.
    """
    arguments = _current(sys.argv[1:] if arguments is None else arguments)
    known = {name: module for group in COMMANDS.values() for name, (module, _) in group.items()}
    if arguments and arguments[0] in known:
        try:
            return _run(known[arguments[0]], arguments[0], arguments[1:])
        except KeyboardInterrupt:
            return 128 + signal.SIGINT  # unfinished files are gone; Ctrl-C needs no traceback
    if arguments and arguments[0] == "--version":
        from catsight import __version__

        print(f"catsight {__version__}")
        return 0
    asked = not arguments or arguments[0] in ("-h", "--help")
    if asked:
        print(usage())
        return 0
    from catsight.errors import say
    from catsight.run.job import unknown

    say(f"catsight: error: {unknown('catsight', arguments[0], known)}")
    return 2


def usage() -> str:
    """The text that ``catsight --help`` prints."""
    about = "How a scene, and a vision network, look through a cat's eye."
    lines = ["usage: catsight COMMAND ...", "", about]
    for title, group in COMMANDS.items():
        lines += ["", f"{title}:"]
        lines += [f"  {name:10}{about}" for name, (_, about) in group.items()]
    lines += [
        "",
        "`catsight COMMAND --help` says more. `make run` runs a whole study; see README.md.",
        "example: catsight see photo.jpg -o cat.png --fov 40",
    ]
    return "\n".join(lines)


def _current(arguments: list[str]) -> list[str]:
    """The arguments with an old command replaced by its present name."""
    for old, new in ALIASES.items():
        if tuple(arguments[: len(old)]) == old:
            from catsight.run.job import alias

            alias(" ".join(old), " ".join(new))
            return [*new, *arguments[len(old) :]]
    return arguments


def _run(module: str, command: str, arguments: list[str]) -> int:
    from catsight.run import caches, watchdog

    watchdog.watch()  # before the imports, which take a while
    caches.provide()  # before numba and matplotlib look for theirs
    from catsight.run.job import run

    return run(import_module(module).main, command, arguments)


if __name__ == "__main__":
    sys.exit(main())
