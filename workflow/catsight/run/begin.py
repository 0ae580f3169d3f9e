"""How a run begins and ends: one run at a time, after clearing away what a killed one left.

``workflow/run`` calls :func:`prepare` before it becomes ``snakemake``, as
``python -m catsight.run.begin LOCK ARGUMENTS``: the number of the open file ``results/.running``,
and the arguments for snakemake. The workflow calls :func:`imported`, :func:`begin`,
:func:`look_over`, :func:`gone`, :func:`planned`, :func:`note_study_file` and :func:`finished`.
"""

import argparse
import atexit
import gc
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from catsight.errors import CatsightError, say
from catsight.inputs import stamps, yaml_files
from catsight.inputs.files import appearing
from catsight.run import causes, dangling, locks, slurm, watchdog
from catsight.tables import lists
from catsight.tables.store import Store

#: Seconds to wait for a run that is ending, and for a killed run's jobs, which check every second.
_PATIENCE, _JOBS_PATIENCE = 4, 30
#: File in a study's results that names the study file of its last run.
_STUDY_FILE = "study-file.txt"
#: Signs that have a meaning for a shell within quotes, that end these, or that Snakemake fills in.
_OBEYED = re.compile(r"""['"`$\\{}<>|;&*?!\0-\x1f\x7f]""")


#: Links to nothing that this process has hidden from Snakemake.
_hidden: set[str] = set()


def main(arguments: Sequence[str]) -> int:
    """Prepares a run; returns the exit status."""
    try:
        prepare(int(arguments[0]), arguments[1:])
    except CatsightError as error:
        say(f"catsight: {error}")
        return 1
    return 0


def prepare(lock: int, arguments: Sequence[str], results: Path = Path("results")) -> None:
    """Checks the study's file and clears away what a killed run left in ``results``.

    ``lock`` is the open file of the run's lock, which the run holds until it ends. Raises
    :class:`CatsightError` if another run is active there, or if the file holds no study. Even
    before a dry run this removes files: unfinished tables, and lists that name missing tables.
    """
    for study in studies(arguments):
        check_name(study)
        if not isinstance(yaml_files.load_yaml(study), Mapping):
            raise CatsightError(
                f"{study}: config: it must be a mapping of keys to values, as config.yaml is"
            )
    try:
        _clear(lock, results)
    except OSError as error:  # the run continues: Snakemake has its own lock
        say(
            f"catsight: {results} cannot be locked ({error.strerror}), so nothing is cleared away. "
            "Make sure that no other run is active here; if a killed run left its lock, "
            "`snakemake --unlock` removes it"
        )


def _clear(lock: int, results: Path) -> None:
    if not locks.acquire(lock, _PATIENCE):
        raise CatsightError(f"another run is at work in {Path.cwd()}; wait for it, or end it")
    with locks.opened(results / ".at-work") as file:
        if not locks.acquire(file.fileno(), _JOBS_PATIENCE):
            raise CatsightError(
                f"another run is at work in {Path.cwd()} (a plain snakemake, or jobs that an "
                "earlier run left on other machines); wait for it, or end it"
            )
        # nothing else is active here, so Snakemake's lock and unfinished files are a killed run's
        shutil.rmtree(".snakemake/locks", ignore_errors=True)
        try:
            shared = _shared(Store(results / "store"))
            for part in results.rglob("*.part"):
                # in a shared store it may be another folder's, whose run is at work
                if not (shared and part.is_relative_to(results / "store")):
                    part.unlink(missing_ok=True)
            lists.remove_stale(results)
        except OSError as error:
            raise CatsightError(
                f"{error.filename} is left of an earlier run and cannot be removed "
                f"({error.strerror}); remove it"
            ) from None


def _shared(store: Store) -> bool:
    """Whether other folders share the store, or may: their notes cannot be read."""
    try:
        return bool(store.users())
    except CatsightError:
        return True


def studies(arguments: Sequence[str]) -> list[Path]:
    """The study files among the ``arguments`` for snakemake; ``config.yaml`` if they name none.

    They are read here because snakemake would report a bad one with a traceback.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument(
        "--configfile", "--configfiles", nargs="+", action="extend", type=Path, default=[]
    )
    return parser.parse_known_args(arguments)[0].configfile or [Path("config.yaml")]


def imported(library: str, moved: Callable[[str], str]) -> None:
    """Called when a Snakemake process reads the workflow, perhaps as a module of another one, with
    the folder of its ``library`` and what the module makes of a path.

    Raises :class:`CatsightError` if this is another catsight than the module's own, or if the
    module has a prefix.
    """
    here = Path(__file__).parents[2]
    if here.resolve() != Path(library).resolve():
        raise CatsightError(
            f"the workflow in {os.path.dirname(library)} would run the catsight in {here}. To "
            "import it as a module, clone it, let `snakefile:` name the clone's Snakefile, and "
            "import no other catsight before it"
        )
    if moved("results/study") != "results/study":
        raise CatsightError(
            "a module of catsight takes no `prefix` (nor `replace_prefix` of results): Snakemake "
            "would move the files of its rules, but not the folders in its commands. Leave it out; "
            "results are in results/<study>, so another `study:` name keeps them apart"
        )


def prefix(library: str) -> str:
    """What each command of a job begins with, so that it runs the catsight in the ``library``.

    In it Snakemake fills in {names}, and then a shell reads it.
    """
    path = shlex.quote(library).replace("{", "{{").replace("}", "}}")
    return f"export PYTHONPATH={path}${{{{PYTHONPATH:+:$PYTHONPATH}}}}; "


def begin(studies: Sequence[str], inner: bool = False) -> IO | None:
    """Called when a Snakemake process reads the workflow: checks the study files for repeated keys.

    From here on the process's jobs end with it, and an ``inner`` process, which runs one job for
    another Snakemake, with what started it. No other process clears away files while the returned
    file is open.
    """
    for folder in ("results", "results/store"):
        dangling.check_folder(folder)
    # A plan keeps millions of objects. Garbage collection among them, during planning and at exit,
    # took 7 of the 45 s in which 1,000 shards were planned.
    gc.disable()
    atexit.register(gc.freeze)
    if inner:
        watchdog.follow()
    watchdog.announce()
    causes.explain()
    for study in studies:
        check_name(study)
        yaml_files.load_yaml(study)
    kept = locks.share()
    if os.path.islink("results/store"):
        noted = Store("results/store").note_user(Path("results"))
        if not noted and not inner:
            say(
                f"catsight: {os.path.realpath('results/store')} cannot be written to, so `catsight "
                "prune` there does not know which tables are needed here"
            )
    return kept


def check_name(study: str | os.PathLike) -> None:
    """Raises :class:`CatsightError` if the path of a study file holds signs that a shell or
    Snakemake obeys: on a cluster Snakemake writes it into the command of each job.
    """
    path = os.path.relpath(study)
    if found := sorted(set(_OBEYED.findall(path))):
        raise CatsightError(
            f"the study file {path!r} has in its path {''.join(found)!r}, which a shell or "
            "Snakemake would read as commands; rename it"
        )


def look_over(files: Sequence[str], results: str, planning: bool) -> None:
    """Readies a study's ``results``, and what Snakemake sees of its ``files``, for a plan.

    Does nothing in a process that is not ``planning``, but runs a job. Raises
    :class:`CatsightError` if a folder of results is a link to one that is not there.
    """
    if planning:
        dangling.check_folder(results)
        _note_replaced(files, Path(results, "frames"))
        _hidden.update(dangling.hide(results))


def _note_replaced(files: Sequence[str], folder: Path) -> None:
    """Makes Snakemake look into the study's files if one of them was replaced, maybe by an older.

    It compares contents only of files that are newer than what was made of them, so the list of
    files, a link, gets an early time.
    """
    manifest = folder / "manifest.parquet"
    if manifest.exists() and stamps.replaced(folder / stamps.RECORD, files):
        with suppress(OSError):  # results that cannot be written to are of no use to a run
            os.utime(manifest, (1, 1), follow_symlinks=False)  # for 0, it looks at nothing


def planned(workflow: Any) -> None:
    """Called when the plan is complete (not with ``--no-hooks``), before any job.

    Re-enables garbage collection, and ends a run of Snakemake's ``workflow`` that would wait for
    ever, since its Slurm forgets jobs.
    """
    gc.freeze()
    gc.enable()
    try:
        slurm.check(workflow)
    except CatsightError as error:
        sys.exit(f"catsight: error: {error}")


def note_study_file(name: str, studies: Sequence[str], results: Path = Path("results")) -> None:
    """Records which file a study was read from, and warns if its last run read another one."""
    record = results / name / _STUDY_FILE
    files = ", ".join(os.path.relpath(study) for study in studies)
    before = files
    if record.is_file():
        before = record.read_text(encoding="utf-8", errors="surrogateescape").strip()
    if before != files:
        say(
            f"catsight: {record.parent} holds the results of {before}, which those of {files} now "
            f"replace, as both files say `study: {name}`. To keep both, give one of them another "
            "`study:` name; if the file was only renamed, ignore this"
        )
    try:
        with appearing(record) as part:  # a link there is replaced, not followed
            part.write_text(f"{files}\n", encoding="utf-8", errors="surrogateescape")
    except CatsightError as error:
        sys.exit(f"catsight: error: {error}")


def finished(name: str, results: Path = Path("results")) -> None:
    """Called when a run has succeeded: names the study's report, if the run made one."""
    report = results / name / "report.html"
    if report.is_file():
        say(f"report: {report}")


def gone(*lists: Sequence[str]) -> list[str]:
    """The files among these in whose place :func:`look_over` found a link to nothing.

    They have to be recomputed even if no later job needs them.
    """
    return [path for paths in lists for path in paths if path in _hidden]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
