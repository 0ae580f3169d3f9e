"""A Slurm that forgets jobs before Snakemake asks for them is refused."""

import os
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from catsight import CatsightError
from catsight.run import slurm

NONE, SOME = "accounting_storage/none", "accounting_storage/slurmdbd"
ADMINISTRATOR = "MinJobAge=300 or for accounting"


@pytest.mark.parametrize(
    ("age", "storage", "command", "first", "sacct", "way_out"),
    [
        # Slurm's default, and a little less; and squeue is asked every 180 s at most
        ("300 sec", NONE, "squeue", 20, True, ""),
        ("300 sec", NONE, "squeue", 20, False, ""),
        ("200 sec", NONE, "squeue", 20, True, ""),
        ("199 sec", NONE, "squeue", 20, True, ADMINISTRATOR),
        ("199 sec", SOME, "squeue", 20, True, "--slurm-status-command sacct"),
        ("2 sec", NONE, "squeue", 20, False, ADMINISTRATOR),
        ("2 sec", NONE, None, 20, False, ADMINISTRATOR),
        # the plugin itself turns to sacct
        ("2 sec", NONE, "squeue", 20, True, ADMINISTRATOR),
        ("2 sec", SOME, "squeue", 20, True, ""),
        ("300 sec", NONE, "squeue", 101, True, "MinJobAge=303 or for accounting"),
        ("300 sec", SOME, "squeue", 101, True, ""),
        # 0 is for ever, but not to the plugin
        ("0 sec", NONE, "squeue", 20, False, ""),
        ("0 sec", NONE, "squeue", 20, True, ADMINISTRATOR),
        # sacct is what it asks without our profile
        ("2 sec", SOME, "sacct", 40, True, ""),
        ("300 sec", NONE, "sacct", 40, True, "--slurm-status-command squeue"),
        ("300 sec", "(null)", "sacct", 40, True, "--slurm-status-command squeue"),  # Slurm 23.11
        ("2 sec", "(null)", "sacct", 40, True, ADMINISTRATOR),
        ("300 sec", NONE, "sacct", 40, False, ""),
    ],
)
def test_a_slurm_that_forgets_jobs_is_refused_with_the_way_out(
    age, storage, command, first, sacct, way_out
):
    settings = {"MinJobAge": age, "AccountingStorageType": storage}
    said = slurm.forgets(settings, command, first, sacct)
    assert said.endswith(way_out) and bool(said) == bool(way_out)


def fake_scontrol(folder, monkeypatch, script):
    """Makes `script` all that there is of Slurm."""
    (folder / "scontrol").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "scontrol").chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), "/bin"]))
    monkeypatch.setattr(slurm.shutil, "which", lambda program: None)


def workflow(name):
    """A run of Snakemake, as far as it matters, by the executor of this name."""
    settings = SimpleNamespace(status_command="squeue", init_seconds_before_status_checks=20)
    return SimpleNamespace(
        executor_plugin=SimpleNamespace(name=name),
        executor_settings=settings,
        main_snakefile="Snakefile",
    )


#: What Slurm 22.05 prints, in part.
SAID = r"""cat <<'END'
Configuration data as of 2026-11-27T15:45:00
AccountingStorageTRES   = cpu,mem,energy,node,billing,fs/disk,vmem,pages
AccountingStorageType   = accounting_storage/none
AccountingStoreFlags    = (null)
MinJobAge               = 2 sec
SlurmctldParameters     = (null)
END"""


def test_slurm_is_asked_for_its_settings(tmp_path, monkeypatch):
    fake_scontrol(tmp_path, monkeypatch, f'[ "$*" = "show config" ] || exit 1\n{SAID}')
    with pytest.raises(CatsightError) as refused:
        slurm.check(workflow("slurm"))
    assert str(refused.value) == (
        "Snakemake would wait for ever: it asks squeue, up to 180 s after a job's end, and "
        "MinJobAge is 2 s; ask the cluster's administrator for MinJobAge=300 or for accounting "
        "(docs/cluster.md)"
    )
    for executor in ("local", "dryrun", "kubernetes", "slurm-jobstep"):
        slurm.check(workflow(executor))
    slurm.check(SimpleNamespace(executor_plugin=None))


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        f"{SAID}\nexit 1",
        "echo MinJobAge=300",
        "echo MinJobAge = soon",
        r"printf '\377\n'",
        ":",
    ],
)
def test_a_slurm_that_does_not_answer_is_not_refused(script, tmp_path, monkeypatch):
    fake_scontrol(tmp_path, monkeypatch, script)
    slurm.check(workflow("slurm"))
    (tmp_path / "scontrol").unlink()
    slurm.check(workflow("slurm"))


@pytest.mark.parametrize("name", ["a $(touch x)", "a`b`", 'a"b', "it's", "a\\b", "a\nb"])
def test_a_folder_whose_name_a_shell_would_obey_is_refused(name, tmp_path, monkeypatch):
    fake_scontrol(tmp_path, monkeypatch, "exit 1")
    (tmp_path / name).mkdir()
    away = workflow("slurm")
    away.main_snakefile = str(tmp_path / name / "Snakefile")
    with pytest.raises(CatsightError, match=r"a shell would obey the .* in it; rename it"):
        slurm.check(away)
    monkeypatch.chdir(tmp_path / name)
    for executor, refused in (("local", False), ("slurm", True)):
        with pytest.raises(CatsightError) if refused else nullcontext():
            slurm.check(workflow(executor))


def test_other_names_of_folders_are_fine(tmp_path, monkeypatch):
    fake_scontrol(tmp_path, monkeypatch, "exit 1")
    (tmp_path / "a (b) & c; d {e}").mkdir()
    monkeypatch.chdir(tmp_path / "a (b) & c; d {e}")
    slurm.check(workflow("slurm"))
