"""Where compiled code is kept if code and home cannot be written."""

import atexit
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from catsight import __main__ as program
from catsight.run import caches


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Code and home in which nothing can be made: one is a file, as to root all is permitted."""
    monkeypatch.chdir(tmp_path)
    for name in ("NUMBA_CACHE_DIR", "MPLCONFIGDIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "")
    (tmp_path / "blocked").write_text("no folder")
    monkeypatch.setenv("HOME", str(tmp_path / "blocked"))
    monkeypatch.setattr(caches, "_CODE", tmp_path / "blocked" / "catsight" / "__pycache__")
    return tmp_path


def told():
    return [os.environ[name] for name in ("NUMBA_CACHE_DIR", "MPLCONFIGDIR")]


def test_it_is_kept_beside_the_results(machine, capsys):
    (machine / "results").mkdir()
    caches.provide()
    kept = machine / "results" / ".cache"
    assert told() == [str(kept / "numba"), str(kept / "mplconfigdir")]
    assert capsys.readouterr().err == "" and list(kept.iterdir()) == []


def test_without_results_it_ends_with_the_command_which_says_so(machine, capsys, monkeypatch):
    ends = []
    monkeypatch.setattr(atexit, "register", lambda *what, **how: ends.append((what, how)))
    caches.provide()
    numba, matplotlib = map(Path, told())
    assert numba.parent == matplotlib.parent and numba.parent.is_dir()
    assert machine not in numba.parents and not (machine / "results").exists()
    assert capsys.readouterr().err == (
        f"catsight: neither {machine}/blocked/catsight nor {machine}/blocked/.cache can be written, "
        "so each command compiles anew; NUMBA_CACHE_DIR may name a folder that keeps it\n"
    )
    (((remove, folder), how),) = ends
    remove(folder, **how)
    assert not numba.parent.exists()


@pytest.mark.parametrize("writable", ["home", "cache"])
def test_nothing_changes_where_the_home_can_be_written(machine, monkeypatch, writable):
    monkeypatch.setenv({"home": "HOME", "cache": "XDG_CACHE_HOME"}[writable], str(machine / "mine"))
    caches.provide()
    assert told() == ["", ""] and (machine / "mine").is_dir()


def test_compiled_code_stays_beside_code_that_can_be_written(machine, monkeypatch, capsys):
    monkeypatch.setattr(caches, "_CODE", machine / "code" / "__pycache__")
    (machine / "results").mkdir()
    caches.provide()
    assert told() == ["", str(machine / "results" / ".cache" / "mplconfigdir")]
    assert capsys.readouterr().err == ""


def test_what_the_environment_says_stays(machine, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "mine")
    monkeypatch.setenv("MPLCONFIGDIR", "mine, too")
    caches.provide()
    assert told() == ["mine", "mine, too"]


def test_results_that_cannot_be_written_are_not_needed(machine):
    (machine / "results").mkdir()
    (machine / "results" / ".cache").write_text("in the way")
    caches.provide()
    assert Path(told()[0]).parent.is_dir()


def test_every_command_looks_before_its_imports(monkeypatch):
    done = []
    monkeypatch.setattr(caches, "provide", lambda: done.append("looked"))
    monkeypatch.setattr(program, "import_module", lambda name: done.append(name))
    with pytest.raises(AttributeError):  # what was "imported" has no main
        program.main(["see"])
    assert done == ["looked", "catsight.look.see"]


# -- workflow/run ----------------------------------------------------------------------------------


def start(machine, **environment):
    """What snakemake gets as XDG_CACHE_HOME and HF_HOME from workflow/run."""
    root = Path(__file__).parents[2]
    (machine / "workflow").mkdir()
    shutil.copy(root / "workflow" / "run", machine / "workflow" / "run")
    (machine / ".venv" / "bin").mkdir(parents=True)
    for name, does in (("python", ""), ("snakemake", 'echo "$XDG_CACHE_HOME|${HF_HOME:-}|$1"')):
        tool = machine / ".venv" / "bin" / name
        tool.write_text(f"#!/bin/sh\n{does}\n")
        tool.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": ""} | environment
    done = subprocess.run(
        [machine / "workflow" / "run", "-n"], env=environment, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.strip().split("|")


def test_snakemake_gets_a_cache_where_the_home_cannot_be_written(machine):
    blocked = str(machine / "blocked")
    assert start(machine, HOME=blocked) == [f"{machine}/.snakemake/cache", "", "-n"]


def test_snakemake_gets_a_cache_where_there_is_no_home(machine):
    """What was brought into the hub's cache stays in use, though nothing can be added."""
    (machine / "given" / "huggingface").mkdir(parents=True)
    (machine / "given" / "snakemake").write_text("no folder")
    cache, hub, _ = start(machine, XDG_CACHE_HOME=str(machine / "given"))
    assert (cache, hub) == (f"{machine}/.snakemake/cache", f"{machine}/given/huggingface")


def test_snakemake_keeps_the_cache_that_it_has(machine):
    assert start(machine, HOME=str(machine / "home")) == ["", "", "-n"]
    assert (machine / "home" / ".cache" / "snakemake").is_dir()
