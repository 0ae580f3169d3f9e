"""What jobs ask a cluster for."""

import pytest

from catsight import tables
from catsight.run import needs
from catsight.tables.columns.gathered import GATHERED


class Inputs(list):
    """As Snakemake hands a job's inputs over: files, some of them by name."""

    def __init__(self, files, **named):
        super().__init__([*files, *(file for group in named.values() for file in group)])
        self.get = named.get


def write(folder, name, megabytes):
    (folder / name).write_bytes(bytes(round(megabytes * 1e6)))
    return str(folder / name)


@pytest.mark.parametrize("job", needs.MEMORY)
def test_more_is_asked_for_more_and_at_every_attempt(job):
    asked = [needs.memory(job, read, weights=read / 2) for read in (0, 10, 1000)]
    assert asked == sorted(asked) and asked[0] >= 2000
    assert needs.memory(job, 10, 5, attempt=3) == 3 * needs.memory(job, 10, 5)
    lasting = [needs.minutes(job, read, weights=read / 2) for read in (0, 10, 1000)]
    assert lasting == sorted(lasting) and lasting[0] >= 10
    assert needs.minutes(job, 10, 5, attempt=2) == 2 * needs.minutes(job, 10, 5)


def test_a_rule_asks_by_the_files_that_its_job_reads(tmp_path):
    weights, view = write(tmp_path, "weights", 0.5), write(tmp_path, "view", 2)
    asked = needs.of("features")
    inputs = Inputs([], weights=[weights], views=[view, view])
    assert asked["mem_mb"](None, inputs, 2) == needs.memory("features", 4.5, 0.5, 2)
    assert asked["runtime"](None, inputs, 1) == needs.minutes("features", 4.5, 0.5, 1)
    assert needs.of("metrics")["mem_mb"](None, Inputs([view]), 1) == needs.memory("metrics", 2)
    assert needs.of("frames")["mem_mb"](None, Inputs([]), 1) == needs.memory("frames", 0)
    assert needs.of("frames", 900)["runtime"](None, Inputs([view]), 1) == needs.minutes(
        "frames", 900
    )


def test_a_list_of_tables_stands_for_the_tables(tmp_path):
    """And not for what lies beside them: of a view that is no more in the study, of a shard, links
    to nothing.
    """
    for view, size in (("human", 3), ("cat[1]", 1), ("left over", 5)):
        (tmp_path / view).mkdir()
        for shard in range(3):
            write(tmp_path / view, f"{shard}.parquet", size)
    (tmp_path / "left over" / "3.parquet").symlink_to("nothing")
    (tmp_path / "cat[1]" / "1.parquet").unlink()
    rows = [
        {"view": view, "shard": shard, "content": ""}
        for view in ("", "human", "cat[1]")
        for shard in range(2)
    ]
    tables.write(tmp_path / "all.parquet", rows, GATHERED, {})
    listed = Inputs([str(tmp_path / "all.parquet")])
    assert needs.of("metrics")["mem_mb"](None, listed, 1) == needs.memory("metrics", 7)
    assert needs.of("metrics", view="cat[1]")["mem_mb"](None, listed, 1) == needs.memory(
        "metrics", 1
    )
    tables.write(tmp_path / "all.parquet", rows[:4], GATHERED, {})
    assert needs.of("metrics")["mem_mb"](None, listed, 1) == needs.memory("metrics", 6)


def test_what_is_not_there_yet_is_said_by_name(tmp_path):
    """So that Snakemake asks again when it is."""
    for name in ("later", "later/all.parquet"):
        with pytest.raises(FileNotFoundError) as caught:
            needs.of("views")["runtime"](None, Inputs([str(tmp_path / name)]), 1)
        assert caught.value.filename == str(tmp_path / name)
