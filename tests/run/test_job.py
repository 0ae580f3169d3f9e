"""What commands share: help, near misses, and old names."""

import argparse
import io
import sys

import pytest

from catsight import CatsightError
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
    for text in ("{", "@nowhere.json"):
        with pytest.raises(argparse.ArgumentTypeError, match=r"not a spec .*catsight spec --help"):
            job.spec(text)
