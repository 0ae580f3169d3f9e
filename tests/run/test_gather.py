"""`catsight gather`: the tables of many shards, listed in one."""

import pytest

from catsight import tables
from catsight.__main__ import main
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.gathered import GATHERED

SCHEMA = features_schema({"a/mean": 2})


@pytest.fixture
def folder(tmp_path):
    """The frames and an encoder's features of two views, in two shards."""
    for view in ("frames", "cat", "human"):
        for shard in range(2):
            add(tmp_path, view, shard, 1.0)
    return tmp_path


def add(folder, view, shard, value):
    rows = [{"frame_id": f"f{shard}", "a/mean": [value, 2.0]}]
    tables.write(folder / view / f"{shard}.parquet", rows, SCHEMA, {})


def gather(folder, *more):
    views = [word for view in ("human", "cat") for word in ("--tables", view, str(folder / view))]
    output = folder / "all.parquet"
    code = main(
        ["gather", "--frames", str(folder / "frames"), *views, *more, "--output", str(output)]
    )
    return code, output


def test_every_table_is_listed_with_what_it_holds(folder):
    code, output = gather(folder, "--shards", "2")
    rows = [(row["view"], row["shard"], row["content"]) for row in tables.read(output).to_pylist()]
    wanted = [("", "frames"), ("human", "human"), ("cat", "cat")]
    assert tables.provenance(output)["stage"] == "gather"
    assert tables.schema(output).remove_metadata() == GATHERED
    assert code == 0 and rows == [
        (name, shard, tables.content(folder / place / f"{shard}.parquet"))
        for name, place in wanted
        for shard in range(2)
    ]


@pytest.mark.parametrize("view", ["frames", "cat", "human"])
def test_a_change_of_any_table_changes_it_and_nothing_else_does(folder, view):
    before = gather(folder)[1].read_bytes()
    add(folder, view, 1, 1.0)
    assert gather(folder)[1].read_bytes() == before  # Snakemake goes by the file's bytes
    add(folder, view, 1, 3.0)
    assert gather(folder)[1].read_bytes() != before


def test_a_missing_shard_is_named(folder, capsys):
    (folder / "cat" / "1.parquet").unlink()
    assert gather(folder, "--shards", "2")[0] == 1
    said = capsys.readouterr().err
    assert "1.parquet is missing: of 2 shards, 1 are there" in said and "Traceback" not in said
    assert "`make run` recomputes a deleted one" in said


def test_help_says_what_is_listed(capsys):
    with pytest.raises(SystemExit):
        main(["gather", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("usage: catsight gather ")
    for words in (
        "Lists the tables that later stages read together, each with the digest of its rows (tables of frames "
        "under the view ''). The workflow's jobs depend on the list, and so on every table; no command reads it.",
        "--tables NAME PATH the name of a view, and its table",
        "--output OUTPUT the table to write",
        "Example: catsight gather --frames results/mine/frames --tables cat results/mine/views/cat --output "
        "results/mine/views/all.parquet",
    ):  # fmt: skip
        assert words in said


@pytest.mark.parametrize("option", ["--frames", "--tables", "--output"])
def test_an_option_that_is_missing_is_named(option, capsys):
    given = {"--frames": ["f"], "--tables": ["cat", "c"], "--output": ["o"]}
    del given[option]
    with pytest.raises(SystemExit):
        main(["gather", *(word for name, values in given.items() for word in (name, *values))])
    assert f"the following arguments are required: {option}" in capsys.readouterr().err
