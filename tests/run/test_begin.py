"""The start and the end of a run: which study file it reads, and where its report is."""

import atexit
import fcntl
import gc
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from catsight import CatsightError, tables
from catsight.inputs import files, stamps, yaml_files
from catsight.run import begin, locks, watchdog
from catsight.tables.columns.gathered import GATHERED
from catsight.tables.store import Store


def test_a_second_file_with_the_same_study_name_is_warned_of(tmp_path, capsys):
    begin.note_study_file("mine", ["a.yaml"], tmp_path)
    begin.note_study_file("mine", ["a.yaml"], tmp_path)
    begin.note_study_file("yours", ["b.yaml"], tmp_path)
    assert capsys.readouterr().err == ""
    begin.note_study_file("mine", ["b.yaml"], tmp_path)
    assert capsys.readouterr().err == (
        f"catsight: {tmp_path / 'mine'} holds the results of {os.path.relpath('a.yaml')}, which those of "
        "b.yaml now replace, as both files say `study: mine`. To keep both, give one of them another "
        "`study:` name; if the file was only renamed, ignore this\n"
    )
    assert (tmp_path / "mine" / "study-file.txt").read_text() == "b.yaml\n"
    begin.note_study_file("mine", ["b.yaml"], tmp_path)
    assert capsys.readouterr().err == ""


def test_a_moved_project_is_no_other_file(tmp_path, monkeypatch, capsys):
    """Files are recorded relative to the folder that a run works in."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    begin.note_study_file("mine", [str(tmp_path / "here" / "a.yaml")])
    (tmp_path / "here").rename(tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    begin.note_study_file("mine", ["a.yaml"])
    assert capsys.readouterr().err == ""


def test_a_finished_run_names_its_report(tmp_path, capsys):
    begin.finished("mine", tmp_path)  # a run of some other target
    assert capsys.readouterr().err == ""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "report.html").touch()
    begin.finished("mine", tmp_path)
    assert capsys.readouterr().err == f"report: {tmp_path / 'mine' / 'report.html'}\n"


def test_a_study_of_several_files_is_noted_by_all_of_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    begin.note_study_file("mine", ["a.yaml", str(tmp_path / "deep" / "b.yaml")])
    record = tmp_path / "results" / "mine" / "study-file.txt"
    assert record.read_text() == "a.yaml, deep/b.yaml\n" and capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ([], ["config.yaml"]),
        (["-n", "all", "--cores", "2"], ["config.yaml"]),
        (["--configfile", "a.yaml", "b.yaml", "-n"], ["a.yaml", "b.yaml"]),
        (["--configfiles", "a.yaml", "--configfile", "b.yaml"], ["a.yaml", "b.yaml"]),
        (["--configfile=a.yaml", "--config", "untrained=True"], ["a.yaml"]),
        (["--config", "x=1", "--conf", "a.yaml"], ["config.yaml"]),
    ],
)
def test_study_files_are_those_among_snakemakes_arguments(arguments, found):
    assert [str(path) for path in begin.studies(arguments)] == found


@pytest.fixture(autouse=True)
def nothing_announced_after(monkeypatch):
    """Jobs of later tests would watch this process."""
    monkeypatch.setenv("CATSIGHT_RUN", "")


@pytest.fixture(autouse=True)
def nothing_read_before():
    """Files of the same relative name lie in other folders."""
    yaml_files.load_yaml.cache_clear()
    yield
    yaml_files.load_yaml.cache_clear()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a study file, and with what a killed run left in its results."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("study: mine\n")
    views = tmp_path / "results" / "mine" / "views"
    tables.write(views / "all.parquet", [{"view": "cat", "shard": 0, "content": ""}], GATHERED, {})
    (views / "cat").mkdir()
    (views / "cat" / "0.parquet.12.part").touch()
    (tmp_path / ".snakemake" / "locks").mkdir(parents=True)
    (tmp_path / ".snakemake" / "locks" / "0.input.lock").touch()
    return tmp_path


def left(folder):
    """The files there, without those of locks and the study."""
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*")
        if path.is_file() and path.name not in ("config.yaml", ".at-work", ".running")
    }  # fmt: skip


def prepared(project, *arguments):
    with open(project / "results" / ".running", "a") as lock:
        return begin.main([str(lock.fileno()), *arguments])


def test_a_run_begins_by_clearing_away_what_a_killed_one_left(project):
    """Unfinished files, Snakemake's lock, and lists of tables that are not there."""
    assert len(left(project)) == 3
    assert prepared(project) == 0 and left(project) == set()


def test_unfinished_files_of_a_shared_store_stay(project, tmp_path_factory):
    """They may be of a run in another folder, which is at work."""
    part = project / "results" / "store" / "ab" / "abcd.parquet.12.part"
    part.parent.mkdir(parents=True)
    part.touch()
    other = tmp_path_factory.mktemp("other") / "results"
    other.mkdir()
    (other / "store").symlink_to(project / "results" / "store")
    Store(other / "store").note_user(other)
    assert prepared(project) == 0 and part.exists()
    assert not (project / "results" / "mine" / "views" / "cat" / "0.parquet.12.part").exists()
    for note in Store(other / "store").users().values():
        note.unlink()
    assert prepared(project) == 0 and not part.exists()


def test_a_store_whose_notes_cannot_be_read_counts_as_shared(project):
    part = project / "results" / "store" / "ab" / "abcd.parquet.12.part"
    part.parent.mkdir(parents=True)
    part.touch()
    (project / "results" / "store" / ".users" / "no file").mkdir(parents=True)
    assert prepared(project) == 0 and part.exists()


def test_a_run_in_a_store_that_cannot_be_written_to_says_what_prune_would_not_know(
    tmp_path, monkeypatch, capsys
):
    (tmp_path / "store").mkdir()
    (tmp_path / "mine" / "results").mkdir(parents=True)
    (tmp_path / "mine" / "results" / "store").symlink_to(tmp_path / "store")
    monkeypatch.chdir(tmp_path / "mine")
    (tmp_path / "store" / ".users").touch()  # in its place no folder can be made
    begin.begin([])
    said = capsys.readouterr().err
    assert said.startswith(f"catsight: {tmp_path}/store cannot be written to, so `catsight prune` ")
    (tmp_path / "store" / ".users").unlink()
    begin.begin([])
    assert capsys.readouterr().err == ""


def test_a_link_in_place_of_the_record_of_the_study_file_is_replaced(tmp_path):
    """It was planted there, say by who shares the results; its target is not overwritten."""
    (tmp_path / "theirs").write_text("a.yaml\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "study-file.txt").symlink_to(tmp_path / "theirs")
    begin.note_study_file("mine", ["b.yaml"], tmp_path)
    assert (tmp_path / "theirs").read_text() == "a.yaml\n"
    assert (tmp_path / "mine" / "study-file.txt").read_text() == "b.yaml\n"
    assert not (tmp_path / "mine" / "study-file.txt").is_symlink()


def test_a_record_that_is_no_text_or_cannot_be_written(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "study-file.txt").write_bytes(b"\xff.yaml\n")
    begin.note_study_file("mine", [os.fsdecode(b"\xff.yaml")], tmp_path)
    assert capsys.readouterr().err == ""
    assert (tmp_path / "mine" / "study-file.txt").read_bytes() == b"\xff.yaml\n"
    (tmp_path / "yours").touch()
    with pytest.raises(SystemExit, match=r"catsight: error: .*study-file\.txt cannot be written"):
        begin.note_study_file("yours", ["b.yaml"], tmp_path)


def test_a_run_that_is_refused_clears_nothing_away(project, capsys, monkeypatch):
    before = left(project)
    waited = []
    monkeypatch.setattr(locks, "acquire", lambda file, seconds=0: waited.append(seconds))
    assert prepared(project) == 1 and waited == [4]
    assert capsys.readouterr().err == (
        f"catsight: another run is at work in {project}; wait for it, or end it\n"
    )
    answers = iter([True, False])
    monkeypatch.setattr(
        locks, "acquire", lambda file, seconds=0: waited.append(seconds) or next(answers)
    )
    assert prepared(project) == 1 and waited == [4, 4, 30]
    assert capsys.readouterr().err == (
        f"catsight: another run is at work in {project} (a plain snakemake, or jobs that an earlier "
        "run left on other machines); wait for it, or end it\n"
    )
    assert left(project) == before


def test_a_run_waits_for_the_locks_of_its_own_results(project, monkeypatch):
    """.running, which workflow/run opened, and .at-work, which jobs share."""
    clock = iter(range(0, 100_000, 100))
    monkeypatch.setattr(
        locks, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda seconds: None)
    )
    for name in (".running", ".at-work"):
        with open(project / "results" / name, "a") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            assert prepared(project) == 1
    assert prepared(project) == 0


@pytest.mark.parametrize(
    "name",
    ["s'$(touch x) {y}.yaml", "a`b`.yaml", 'a"b.yaml', "a;b.yaml", "a\nb.yaml", "{x}/a.yaml"],
)
def test_a_study_file_whose_name_a_shell_would_obey_is_refused(project, capsys, monkeypatch, name):
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("study: a\n")
    before = left(project)
    assert prepared(project, "--configfile", name) == 1
    said = capsys.readouterr().err
    assert said.startswith("catsight: the study file ") and "rename it" in said
    assert said.count("\n") == 1 and left(project) == before
    monkeypatch.chdir(project)
    with pytest.raises(CatsightError, match="rename it"):
        begin.begin([str(project / name)])


@pytest.mark.parametrize(
    "name", ["a b.yaml", "\u732b-caf\u00e9_1,2+3=4@5.yaml", "a(1)[2]#~^%:.yaml"]
)
def test_other_names_of_study_files_are_fine(project, name):
    begin.check_name(project / name)


@pytest.mark.parametrize("before", [None, "other"])
@pytest.mark.parametrize("name", ["plain", "a $(touch x) `touch x`", 'it\'s {y} "q" \\'])
def test_the_name_of_the_workflows_folder_is_no_command(tmp_path, name, before):
    """Every job's command begins with it; Snakemake formats it, and bash reads it."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    said = subprocess.run(
        ["bash", "-c", begin.prefix(f"/tmp/{name}").format() + 'echo "$PYTHONPATH"'],
        cwd=tmp_path,
        env=environment | ({"PYTHONPATH": before} if before else {}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"/tmp/{name}{':other' if before else ''}\n" and said.stderr == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("text", "name"), [("3\n", "config.yaml"), ("- a\n", "b.yaml")])
def test_a_file_that_holds_no_study_is_named_before_anything_is_cleared(
    project, capsys, text, name
):
    before = left(project)
    (project / name).write_text(text)
    arguments = ["--configfile", "config.yaml", name] if name == "b.yaml" else []
    assert prepared(project, *arguments) == 1
    assert capsys.readouterr().err == (
        f"catsight: {name}: config: it must be a mapping of keys to values, as config.yaml is\n"
    )
    assert left(project) - {"b.yaml"} == before


def test_results_without_locks_are_not_cleared(project, capsys, monkeypatch):
    def none(*arguments):
        raise OSError(38, "Function not implemented")

    before = left(project)
    monkeypatch.setattr(locks, "acquire", none)
    assert prepared(project) == 0 and left(project) == before
    assert capsys.readouterr().err == (
        "catsight: results cannot be locked (Function not implemented), so nothing is cleared away. "
        "Make sure that no other run is active here; if a killed run left its lock, `snakemake "
        "--unlock` removes it\n"
    )


def test_what_cannot_be_removed_is_named(project, capsys, monkeypatch):
    def refuse(self, missing_ok=False):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    assert prepared(project) == 1
    assert capsys.readouterr().err == (
        "catsight: results/mine/views/cat/0.parquet.12.part is left of an earlier run and cannot be "
        "removed (Permission denied); remove it\n"
    )


def test_a_snakemake_announces_itself_checks_its_studies_and_is_active(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CATSIGHT_RUN", raising=False)
    (tmp_path / "twice.yaml").write_text("a: 1\na: 2\n")
    (tmp_path / "good.yaml").write_text("a: 1\n")
    (tmp_path / "results").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "results" / "store").symlink_to(tmp_path / "elsewhere")
    at_exit = []
    monkeypatch.setattr(atexit, "register", at_exit.append)
    enabled = gc.isenabled()
    try:
        with pytest.raises(CatsightError, match="the key 'a' comes twice"):
            begin.begin(["good.yaml", "twice.yaml"])
        with begin.begin(["good.yaml"]) as shared:
            assert shared.name == "results/.at-work"
            assert list(Store("elsewhere").users()) == [tmp_path / "results"]
            with pytest.raises(CatsightError, match="a run is at work"), locks.alone("results"):
                pass
        assert os.environ["CATSIGHT_RUN"].split()[1] == str(os.getpid())
        assert not gc.isenabled() and at_exit == [gc.freeze, gc.freeze]
        begin.planned(SimpleNamespace(executor_plugin=None))
        assert gc.isenabled() and gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        (gc.enable if enabled else gc.disable)()


def test_a_module_runs_its_own_library_without_a_prefix(tmp_path):
    """The library may be reached by a link."""
    here = Path(begin.__file__).parents[2]
    (tmp_path / "workflow").symlink_to(here)
    for library in (here, tmp_path / "workflow"):
        begin.imported(str(library), lambda path: path)
        with pytest.raises(CatsightError, match="takes no `prefix`"):
            begin.imported(str(library), lambda path: f"cats/{path}")
    with pytest.raises(CatsightError) as raised:
        begin.imported(str(tmp_path / "clone" / "workflow"), lambda path: path)
    assert str(raised.value).startswith(
        f"the workflow in {tmp_path / 'clone'} would run the catsight in {here}. To import it"
    )


@pytest.mark.parametrize(("planning", "seen"), [(True, b"new"), (True, b"old"), (False, b"new")])
def test_the_list_of_files_is_made_early_if_one_was_replaced(tmp_path, planning, seen):
    """The link's own time, not that of the table in the store; 1, the earliest but 0."""
    (tmp_path / "frames").mkdir()
    path, manifest = tmp_path / "a.jpg", tmp_path / "frames" / "manifest.parquet"
    table = tmp_path / "table"
    path.write_bytes(b"old"), table.touch(), manifest.symlink_to(table)
    record = {str(path): (stamps.of(path), files.digest(path))}
    stamps.write(manifest.with_name(stamps.RECORD), record)
    path.write_bytes(seen)
    os.utime(path, (5, 5))
    begin.look_over([str(path)], str(tmp_path), planning)
    assert (manifest.lstat().st_mtime == 1) == (planning and seen == b"new")
    assert table.stat().st_mtime > 1


def test_links_to_nothing_are_to_be_made_again(tmp_path):
    (tmp_path / "file.parquet").touch()
    for name, to in (("good", "file"), ("gone", "none"), ("lost", "none")):
        (tmp_path / f"{name}.parquet").symlink_to(f"{to}.parquet")
    begin.look_over([], str(tmp_path), planning=True)
    gone, good, file, never, lost = (
        str(tmp_path / f"{name}.parquet") for name in ("gone", "good", "file", "never", "lost")
    )
    assert begin.gone([gone, good, file, never], [lost]) == [gone, lost]


@pytest.mark.parametrize("link", ["results", "results/store", "results/mine"])
def test_folders_that_are_not_mounted_are_named(tmp_path, monkeypatch, link):
    monkeypatch.chdir(tmp_path)
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to("/not/mounted")
    with pytest.raises(CatsightError, match=f"^{link} is a link to /not/mounted, which is not the"):
        begin.look_over([], "results/mine", planning=True)
        begin.begin([])


# -- jobs of a run that has died -------------------------------------------------------------------


def test_a_process_is_known_by_when_it_started():
    mine = watchdog._started(os.getpid())
    assert mine.isdecimal() and watchdog._started(os.getppid()) != "gone"
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert watchdog._started(child) == "gone"  # a zombie
    os.waitpid(child, 0)
    assert watchdog._started(child) == "gone"


def without_proc(monkeypatch):
    """A machine that has no /proc, as macOS."""
    real = os.path.exists
    monkeypatch.setattr(
        os.path, "exists", lambda path: not str(path).startswith("/proc") and real(path)
    )
    monkeypatch.setattr(watchdog, "_by_proc", None)


def test_a_process_is_known_by_when_it_started_on_macos(monkeypatch):
    without_proc(monkeypatch)
    before = time.time()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = watchdog._started(child.pid)
    assert abs(float(began) - before) < 60 and watchdog._started(child.pid) == began
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert watchdog._started(child.pid) == "gone"  # a zombie
    child.wait()
    assert watchdog._started(child.pid) == "gone"


def test_a_job_without_psutil_ends_only_with_its_run(monkeypatch):
    """Its environment may lack what Snakemake's has: then a living process is taken for the run."""
    without_proc(monkeypatch)
    monkeypatch.setitem(sys.modules, "psutil", None)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    monkeypatch.setenv("CATSIGHT_RUN", f"{socket.gethostname()} {child.pid} 12345.6")
    checks, slept, ended = [], [], []
    monkeypatch.setattr(
        watchdog.threading, "Thread",
        lambda target, **more: SimpleNamespace(start=lambda: checks.append(target)),
    )  # fmt: skip
    monkeypatch.setattr(watchdog.locks, "share", lambda: None)
    watchdog.watch()

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 2:
            child.communicate()

    monkeypatch.setattr(watchdog, "time", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(watchdog.os, "_exit", ended.append)
    checks[0]()
    assert slept == [1.0] * 2 and ended == [1]


def test_a_number_that_another_users_process_has_since_is_not_the_run(monkeypatch):
    def kill(pid, number):
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    assert watchdog._started(1) == "of another user"


@pytest.mark.parametrize("about", ["", "elsewhere 1 0"])
def test_a_job_of_no_run_or_of_another_host_watches_nothing(monkeypatch, tmp_path, about):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATSIGHT_RUN", about)
    started = []
    monkeypatch.setattr(watchdog.threading, "Thread", lambda **more: started.append(more))
    watchdog.watch()
    assert started == [] and not (tmp_path / "results").exists()


def test_a_job_ends_when_its_run_has_ended(monkeypatch, tmp_path, capsys):
    """It looks once a second, in a thread that ends with the job, and is active meanwhile."""
    monkeypatch.chdir(tmp_path)
    watchdog.announce()
    threads, slept, ended = [], [], []
    looks = iter([*[os.environ["CATSIGHT_RUN"].split()[2]] * 3, "gone"])

    class Thread:
        def __init__(self, target, name, daemon):
            threads.append((target, daemon))

        def start(self):
            threads.append("started")

    monkeypatch.setattr(watchdog.threading, "Thread", Thread)
    monkeypatch.setattr(
        watchdog, "_started", lambda pid: next(looks) if pid == os.getpid() else "no"
    )
    monkeypatch.setattr(watchdog, "time", SimpleNamespace(sleep=slept.append))
    monkeypatch.setattr(watchdog.os, "_exit", ended.append)
    watchdog.watch()
    (check, daemon), started = threads
    assert daemon is True and started == "started"
    with pytest.raises(CatsightError), locks.alone("results"):
        pass
    check()
    assert slept == [1.0] * 3 and ended == [1]
    assert capsys.readouterr().err == (
        "catsight: the run that started this job is gone, so the job ends too\n"
    )
