"""Folders of shards, and lists of tables."""

import pytest

from catsight import CatsightError, tables
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.gathered import GATHERED
from catsight.tables.columns.rejected import REJECTED
from catsight.tables.columns.views import VIEWS
from catsight.tables.lists import listed_tables, remove_stale, shards

SCHEMA = features_schema({"a/mean": 2})


def test_shards_of_a_folder(tmp_path):
    for shard in (0, 1, 2, 10):
        tables.write(tmp_path / f"{shard}.parquet", [], VIEWS, {})
    tables.write(tmp_path / "rejected.parquet", [], REJECTED, {})
    assert [path.name for path in shards(tmp_path, 3)] == [
        "0.parquet",
        "1.parquet",
        "2.parquet",
    ]
    assert shards(tmp_path / "10.parquet", 3) == [tmp_path / "10.parquet"]  # a table is a table
    # by hand, without a number, as many as there are: a gap is no end
    for count, wanted, there in ((None, 11, 4), (4, 4, 3), (6, 6, 3)):
        with pytest.raises(CatsightError) as raised:
            shards(tmp_path, count)
        assert str(raised.value) == (
            f"{tmp_path / '3.parquet'} is missing: of {wanted} shards, {there} are there; `make run` "
            "recomputes a deleted one"
        )
    (tmp_path / "10.parquet").unlink()
    assert shards(tmp_path) == shards(tmp_path, 3)
    (tmp_path / "empty").mkdir()
    for name in ("none.parquet", "empty"):
        with pytest.raises(CatsightError) as raised:
            shards(tmp_path / name)
        assert str(raised.value) == (
            f"{tmp_path / name} is neither a table nor a folder of them (0.parquet, 1.parquet and so on)"
        )
    with pytest.raises(
        CatsightError, match=r"empty/0\.parquet is missing: of 2 shards, 0 are there"
    ):
        shards(tmp_path / "empty", 2)


def test_a_list_names_tables_beside_it_and_those_of_frames(tmp_path):
    rows = [("", 0), ("", 1), ("cat", 10), ("human", 0)]
    listed = [{"view": view, "shard": shard, "content": "x"} for view, shard in rows]
    tables.write(tmp_path / "features" / "vit" / "all.parquet", listed, GATHERED, {})
    places = tmp_path / "frames", tmp_path / "features" / "vit"
    assert listed_tables(places[1] / "all.parquet", places[0]) == [
        ("", places[0] / "0.parquet"),
        ("", places[0] / "1.parquet"),
        ("cat", places[1] / "cat" / "10.parquet"),
        ("human", places[1] / "human" / "0.parquet"),
    ]


def add(folder, view, shard):
    rows = [{"frame_id": f"f{shard}", "a/mean": [1.0, 2.0]}]
    tables.write(folder / view / f"{shard}.parquet", rows, SCHEMA, {})


def studies(results):
    """The lists of two studies, of views and of an encoder's features each, all of whose tables are
    there.
    """
    for study in ("one", "two"):
        places = {"views": results / study / "views", "vit": results / study / "features" / "vit"}
        for shard in range(2):
            add(results / study, "frames", shard)
            for place in places.values():
                add(place, "cat", shard)
        for place in places.values():
            rows = [
                {"view": view, "shard": shard, "content": ""}
                for view in ("", "cat")
                for shard in range(2)
            ]
            tables.write(place / "all.parquet", rows, GATHERED, {})
    return lists_in(results)


def lists_in(results):
    return {str(path.relative_to(results).parent) for path in results.rglob("all.parquet")}


@pytest.mark.parametrize(
    ("gone", "stale"),
    [
        ("one/frames/1.parquet", {"one/views", "one/features/vit"}),
        ("one/views/cat/0.parquet", {"one/views"}),
        ("one/features/vit/cat/1.parquet", {"one/features/vit"}),
    ],
)
def test_lists_of_what_is_not_there_are_removed(tmp_path, gone, stale):
    every = studies(tmp_path)
    remove_stale(tmp_path)
    assert lists_in(tmp_path) == every and len(every) == 4
    (tmp_path / gone).unlink()
    (tmp_path / gone).symlink_to("nothing")  # as `catsight check --redo` leaves it
    remove_stale(tmp_path)
    assert lists_in(tmp_path) == every - stale


def test_a_damaged_list_is_removed(tmp_path):
    every = studies(tmp_path)
    damaged = tmp_path / "two" / "views" / "all.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    remove_stale(tmp_path)
    assert lists_in(tmp_path) == every - {"two/views"}


@pytest.mark.parametrize("link", ["theirs", "theirs/views", "theirs/features/vit"])
def test_lists_behind_a_link_are_left_alone(tmp_path, link):
    """They lie elsewhere. A folder of results that is itself a link is this one's, though."""
    results = tmp_path / "results"
    results.mkdir()
    studies(tmp_path / "elsewhere")
    for path in (tmp_path / "elsewhere").rglob("[0-9].parquet"):
        path.unlink()
    (results / link).parent.mkdir(parents=True, exist_ok=True)
    (results / link).symlink_to(tmp_path / "elsewhere" / link.replace("theirs", "one"))
    every = lists_in(tmp_path / "elsewhere")
    remove_stale(results)
    assert lists_in(tmp_path / "elsewhere") == every and len(every) == 4
    (tmp_path / "reached").symlink_to(tmp_path / "elsewhere")
    remove_stale(tmp_path / "reached")
    assert lists_in(tmp_path / "elsewhere") == set()
