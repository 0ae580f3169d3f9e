"""`catsight gather`: the tables of many shards, listed in one."""

import pytest

from catsight import tables
from catsight.__main__ import main
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.gathered import GATHERED
from catsight.tables.lists import forget

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
    assert "`make run` makes it anew" in said


def studies(results):
    """The lists of two studies, of views and of an encoder's features each, all of whose tables are
    there.
    """
    for study in ("one", "two"):
        places = {"views": results / study / "views", "vit": results / study / "features" / "vit"}
        for shard in range(2):
            add(results / study, "frames", shard, 1.0)
            for place in places.values():
                add(place, "cat", shard, 1.0)
        for place in places.values():
            rows = [
                {"view": view, "shard": shard, "content": ""}
                for view in ("", "cat")
                for shard in range(2)
            ]
            tables.write(place / "all.parquet", rows, GATHERED, {})
    return lists(results)


def lists(results):
    return {str(path.relative_to(results).parent) for path in results.rglob("all.parquet")}


@pytest.mark.parametrize(
    ("gone", "forgotten"),
    [
        ("one/frames/1.parquet", {"one/views", "one/features/vit"}),
        ("one/views/cat/0.parquet", {"one/views"}),
        ("one/features/vit/cat/1.parquet", {"one/features/vit"}),
    ],
)
def test_lists_of_what_is_not_there_are_forgotten(tmp_path, gone, forgotten):
    every = studies(tmp_path)
    forget(tmp_path)
    assert lists(tmp_path) == every and len(every) == 4
    (tmp_path / gone).unlink()
    (tmp_path / gone).symlink_to("nothing")  # as `catsight check --redo` leaves it
    forget(tmp_path)
    assert lists(tmp_path) == every - forgotten


def test_a_damaged_list_is_forgotten(tmp_path):
    every = studies(tmp_path)
    damaged = tmp_path / "two" / "views" / "all.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    forget(tmp_path)
    assert lists(tmp_path) == every - {"two/views"}
