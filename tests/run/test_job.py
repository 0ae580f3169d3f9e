"""What commands share: help, near misses, and old names."""

import argparse
import errno
import io
import os
import signal
import sys
from importlib import import_module

import pytest

import catsight
from catsight import CatsightError
from catsight import __main__ as program
from catsight.__main__ import main
from catsight.run import job

COMMANDS = {
    "a": (lambda arguments: print("a", *arguments), "does this"),
    "attribution": (lambda arguments: None, "does that"),
}


def test_columns_of_help_stand_apart(capsys):
    job.choose("stage", COMMANDS, ["--help"])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "usage: catsight stage COMMAND ..."
    assert said[2:4] == ["  a            does this", "  attribution  does that"]


def test_a_command_gets_its_arguments_and_an_unknown_one_a_near_miss(capsys):
    job.choose("stage", COMMANDS, ["a", "--b", "c"])
    assert capsys.readouterr().out == "a --b c\n"
    with pytest.raises(CatsightError) as unknown:
        job.choose("stage", COMMANDS, ["atribution"])
    assert str(unknown.value) == (
        "there is no command 'atribution' (did you mean attribution?); "
        "`catsight stage --help` lists the commands"
    )
    with pytest.raises(CatsightError, match=r"say which command\nusage: catsight stage"):
        job.choose("stage", COMMANDS, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["se", "a.png"], "catsight: error: there is no command 'se' (did you mean see?)"),
        (["zzz"], "catsight: error: there is no command 'zzz'; `catsight --help` lists"),
        (["figures", "summry"], "there is no command 'summry' (did you mean summary?)"),
        (["metrics", "copare"], "there is no command 'copare' (did you mean compare?)"),
    ],
)
def test_a_mistyped_command_costs_one_line(arguments, said, capsys):
    assert main(arguments) in (1, 2)
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line and "--help` lists the commands" in line


def test_an_old_name_says_the_new_one(capsys):
    job.alias("manifest", "frames manifest")
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith(
        "`catsight manifest` is now `catsight frames manifest`;"
    )


def test_a_spec_is_read_from_text_a_file_or_standard_input(tmp_path, monkeypatch):
    (tmp_path / "spec.json").write_text('{"a": 1}')
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"a": 1}'))
    for text in ('{"a": 1}', f"@{tmp_path / 'spec.json'}", "@-"):
        assert job.spec(text) == {"a": 1}
    for text, why in (
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("@nowhere.json", "[Errno 2] No such file or directory: 'nowhere.json'"),
    ):
        with pytest.raises(argparse.ArgumentTypeError) as raised:
            job.spec(text)
        assert str(raised.value) == (
            f"not a spec ({why}); `catsight spec --help` says how to print one"
        )


# -- options ---------------------------------------------------------------------------------------


def test_every_job_takes_a_spec_and_a_store(capsys):
    parser = job.parser("views make", "Makes views.")
    found = parser.parse_args(["--spec", '{"a": 1}'])
    assert found.spec == {"a": 1} and str(found.store) == "results/store"
    assert str(parser.parse_args(["--spec", "{}", "--store", "s"]).store) == "s"
    with pytest.raises(SystemExit):
        parser.parse_args([])
    assert "catsight views make: error: the following arguments are required: --spec" in capsys.readouterr().err  # fmt: skip
    helped = " ".join(parser.format_help().split())
    assert helped == (
        "usage: catsight views make [-h] --spec JSON [--store FOLDER] Makes views. options: -h, --help "
        "show this help message and exit --spec JSON everything that can change the result, as JSON; "
        "@spec.json reads it from that file, @- from standard input --store FOLDER the store of tables, "
        "where unchanged results are found (default: results/store) `catsight spec` prints the spec of a "
        "job; see `catsight spec --help`."
    )


def test_tables_and_frames_are_named_once_each():
    parser = argparse.ArgumentParser(prog="x", usage="x")
    job.add_tables(parser, "--features", "view")
    found = parser.parse_args(
        ["--features", "cat", "a", "--features", "human", "b", "--frames", "f"]
    )
    assert found.features == [["cat", "a"], ["human", "b"]] and str(found.frames) == "f"
    assert found.shards is None
    assert parser.parse_args(["--features", "a", "b", "--frames", "f", "--shards", "4"]).shards == 4
    for missing in ("--frames f", "--features cat a", "--features cat --frames f"):
        with pytest.raises(SystemExit):
            parser.parse_args(missing.split())
    assert " ".join(parser.format_help().split()) == (
        "usage: x options: -h, --help show this help message and exit --features NAME PATH the name of a "
        "view, and its table, or its folder of shards in the order of the frames; repeat for each view "
        "--frames FRAMES the frames: a table, or a folder of shards --shards N number of tables in each "
        "folder: 4 reads 0.parquet to 3.parquet (default: all that are there)"
    )


def test_options_without_a_command_are_those_of_the_default(capsys):
    job.choose("stage", COMMANDS, ["--b", "c"], default="a")
    said = capsys.readouterr()
    assert said.out == "a --b c\n"
    assert said.err == (
        "`catsight stage` is now `catsight stage a`; the next version drops the old name\n"
    )
    job.choose("stage", COMMANDS, ["--help"], default="a")
    said = capsys.readouterr()
    assert said.out.splitlines() == HELP and said.err == ""
    for arguments in (["b"], ["-b"]):
        with pytest.raises(CatsightError, match="there is no command"):
            job.choose("stage", COMMANDS, arguments, default="a")
    with pytest.raises(CatsightError) as raised:
        job.choose("stage", COMMANDS, ["--b", "c"])
    assert (
        str(raised.value) == "there is no command '--b'; `catsight stage --help` lists the commands"
    )


HELP = [
    "usage: catsight stage COMMAND ...",
    "",
    "  a            does this",
    "  attribution  does that",
    "",
    "Options of a command: catsight stage COMMAND --help",
]


def test_help_and_the_lack_of_a_command_list_them(capsys):
    for asked in ("-h", "--help"):
        job.choose("stage", COMMANDS, [asked, "a"])
        assert capsys.readouterr().out.splitlines() == HELP
    with pytest.raises(CatsightError) as raised:
        job.choose("stage", COMMANDS, [])
    assert str(raised.value).splitlines() == ["say which command", *HELP]


# -- errors ----------------------------------------------------------------------------------------

FULL = OSError(errno.ENOSPC, "No space left on device", "results/x.parquet")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (None, 0, ""),
        (CatsightError("x is wrong"), 1, "catsight views: error: x is wrong\n"),
        (BrokenPipeError(), 1, ""),
        (FULL, 1, "catsight views: error: results/x.parquet cannot be written: no space left on device. "
                  "Nothing else is lost; make room and run again\n"),
        (OSError(errno.EDQUOT, "x"), 1, "catsight views: error: a file (the log?) cannot be written: disk quota "
                                        "exceeded. Nothing else is lost; make room and run again\n"),
    ],
)  # fmt: skip
def test_an_error_that_the_user_can_correct_costs_one_line(capsys, error, code, said):
    def fail(arguments):
        assert arguments == ["--x"]
        if error:
            raise error

    assert job.run(fail, "views", ["--x"]) == code
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "x"), ValueError("x")])
def test_any_other_error_is_not_hidden(error):
    def fail(arguments):
        raise error

    with pytest.raises(type(error)):
        job.run(fail, "views", [])


def test_an_error_is_said_on_standard_output_if_the_log_is_full(capsys, monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(errno.ENOSPC, "full")

    def fail(arguments):
        raise CatsightError("x is wrong")

    monkeypatch.setattr(sys, "stderr", Full())
    assert job.run(fail, "views", []) == 1
    assert capsys.readouterr().out == "catsight views: error: x is wrong\n"


# -- the program -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", sorted(name for group in program.COMMANDS.values() for name in group)
)
def test_every_command_has_its_module_and_is_listed(name, capsys):
    ((module, about),) = [group[name] for group in program.COMMANDS.values() if name in group]
    assert callable(import_module(module).main)
    assert main(["--help"]) == 0
    assert f"  {name:10}{about}" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("given", "module", "arguments"),
    [
        (["see", "a.png"], "catsight.look.see", ["a.png"]),
        (["spec", "views", "cat"], "catsight.study.command", ["views", "cat"]),
        (["manifest", "--x"], "catsight.frames.command", ["manifest", "--x"]),
        (["portraits"], "catsight.views.command", ["portraits"]),
        (["features", "prune", "--y"], "catsight.look.prune", ["--y"]),
        (["features", "extract"], "catsight.features.command", ["extract"]),
    ],
)
def test_a_command_runs_its_module_with_the_arguments_after_it(
    monkeypatch, given, module, arguments
):
    ran = []
    monkeypatch.setattr(import_module(module), "main", ran.append)
    assert main(given) == 0 and ran == [arguments]


def test_the_program_says_its_version_its_usage_and_what_it_does_not_know(capsys, monkeypatch):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"catsight {catsight.__version__}\n"
    for arguments in ([], ["-h"], ["--help"]):
        assert main(arguments) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[:3] == [
            "usage: catsight COMMAND ...", "", "How a scene, and a vision network, look through a cat's eye.",
        ]  # fmt: skip
        assert [line for line in lines if line.endswith(":")] == [
            "By hand:", "Stages, as the workflow calls them:", "Around the stages:",
        ]  # fmt: skip
        assert lines[-3:] == [
            "", "`catsight COMMAND --help` says more. `make run` runs a whole study; see README.md.",
            "example: catsight see photo.jpg -o cat.png --fov 40",
        ]  # fmt: skip
    assert main(["zzz"]) == 2
    monkeypatch.setattr(sys, "argv", ["catsight", "--version"])
    assert main() == 0


def test_an_interrupted_command_has_its_own_status(monkeypatch):
    def interrupt(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("catsight.look.see"), "main", interrupt)
    assert main(["see"]) == 128 + signal.SIGINT


def test_cores_are_those_that_this_process_may_use(monkeypatch):
    """macOS does not say which, only how many there are."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5}, raising=False)
    assert job.cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert job.cores() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert job.cores() == 1


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_what_is_another_users_costs_one_line(number, capsys):
    def refused(arguments):
        raise OSError(number, os.strerror(number), "of\x1bothers")

    assert job.run(refused, "prune", []) == 1
    assert capsys.readouterr().err == (
        "catsight prune: error: of\\x1bothers cannot be read or changed: "
        f"{os.strerror(number).lower()}. It may be another user's: ask them\n"
    )
