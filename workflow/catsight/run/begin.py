"""How a run begins: one at a time, after what a killed one left is cleared away, with a study's
file that can be read.

:func:`prepare` is what ``workflow/run`` does before it becomes ``snakemake``, :func:`begin` and :func:`planned` what
every Snakemake does. Called as ``python -m catsight.run.begin LOCK ARGUMENTS``, with the number of
the open file ``results/.running`` and what snakemake will be given.
"""

import argparse
import atexit
import gc
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from catsight.errors import CatsightError
from catsight.inputs import yaml_files
from catsight.run import locks, watchdog
from catsight.tables import lists

#: Seconds that a run which is ending is waited for, and what is left of a killed run's jobs: they
#: look every second.
_PATIENCE, _JOBS_PATIENCE = 4, 30


def main(arguments: Sequence[str]) -> int:
    try:
        prepare(int(arguments[0]), arguments[1:])
    except CatsightError as error:
        print(f"catsight: {error}", file=sys.stderr)
        return 1
    return 0


def prepare(lock: int, arguments: Sequence[str], results: Path = Path("results")) -> None:
    """Makes the folder ready for a run. Raises :class:`CatsightError` where another is at work in
    it, or a study's file holds no study. That may remove files, before a dry run too: halves of
    tables, and lists of what is not there.

    The ``lock`` is on the open file, so it is the run's as long as that goes on.
    """
    for study in studies(arguments):
        if not isinstance(yaml_files.load_yaml(study), Mapping):
            raise CatsightError(
                f"{study}: config: it must be a mapping of keys to values, as config.yaml is"
            )
    try:
        _clear(lock, results)
    except (
        OSError
    ) as error:  # that is for a person to know, and Snakemake's own lock is left to hold
        print(
            f"catsight: {results} cannot be locked ({error.strerror}), so nothing is cleared away: see that no other "
            "run is at work here; where a killed one left its lock, `snakemake --unlock` removes it",
            file=sys.stderr,
        )


def _clear(lock: int, results: Path) -> None:
    if not locks.taken(lock, _PATIENCE):
        raise CatsightError(f"another run is at work in {Path.cwd()}; wait for it, or end it")
    with open(results / ".at-work", "a") as file:
        if not locks.taken(file.fileno(), _JOBS_PATIENCE):
            raise CatsightError(
                f"another run is at work in {Path.cwd()} (a plain snakemake, or jobs that an earlier run left on other "
                "machines); wait for it, or end it"
            )
        # nothing else is at work here, so Snakemake's own lock and the halves of files are a killed
        # run's
        shutil.rmtree(".snakemake/locks", ignore_errors=True)
        try:
            for part in results.rglob("*.part"):
                part.unlink(missing_ok=True)
            lists.forget(results)
        except OSError as error:
            raise CatsightError(
                f"{error.filename} is left of an earlier run and cannot be removed ({error.strerror}); remove it"
            ) from None


def begin(studies: Sequence[str]) -> IO | None:
    """What a Snakemake does when it reads the workflow: its jobs shall not outlive it, nobody
    clears up here while it is at work (as long as what is returned is kept), and its ``studies``'
    files hold no key twice."""
    # A plan is millions of objects that stay. Looking for rubbish among them, on the way and at the
    # end, took 7 of the 45 s in which 1,000 shards were planned.
    gc.disable()
    atexit.register(gc.freeze)
    watchdog.announce()
    for study in studies:
        yaml_files.load_yaml(study)
    return locks.share()


def planned() -> None:
    """What a Snakemake does when its plan is made and its jobs are about to run (unless it is
    called with --no-hooks): from here on rubbish is looked for again."""
    gc.freeze()
    gc.enable()


def studies(arguments: Sequence[str]) -> list[Path]:
    """The study's files among the ``arguments`` for snakemake, which would answer a bad one with a
    traceback.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument(
        "--configfile", "--configfiles", nargs="+", action="extend", type=Path, default=[]
    )
    return parser.parse_known_args(arguments)[0].configfile or [Path("config.yaml")]


def gone(*lists: Sequence[str]) -> list[str]:
    """Those of the files that are links to nothing, as ``catsight check --redo`` leaves them: to be
    made anew.
    """
    return [
        path
        for paths in lists
        for path in paths
        if os.path.islink(path) and not os.path.exists(path)
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
